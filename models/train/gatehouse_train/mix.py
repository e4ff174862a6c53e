"""Lays two trainings of one net over each other: python -m gatehouse_train.mix BEFORE AFTER --share 0.6 --out FILE

What a training on real crops gains on pictures like them it may lose on others. Between the weights before it and those
after it lies a net that has most of both (Wortsman and others, 2022), as long as the second began with the first.
"""

import argparse

import torch


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("before", help="checkpoint that the training began with")
    arguments.add_argument("after", help="checkpoint that it ended with")
    arguments.add_argument("--share", type=float, default=0.6, help="share of the weights after it")
    arguments.add_argument("--out", required=True)
    options = arguments.parse_args()
    before, after = (torch.load(path, map_location="cpu", weights_only=True)["average"] for path in (options.before, options.after))
    if before.keys() != after.keys() or any(before[name].shape != after[name].shape for name in after):
        raise SystemExit(f"{options.before} and {options.after} are not of the same net")
    # Counters are no weights: those of the later training stay.
    mixed = {name: torch.lerp(before[name], value, options.share) if value.dtype.is_floating_point else value for name, value in after.items()}
    torch.save({"average": mixed}, options.out)
    print(f"{options.out}: {options.share:.0%} of {options.after}, the rest of {options.before}")


if __name__ == "__main__":
    main()
