"""What both trainings share: a stream of seeded batches from worker processes, checkpoints, a moving average."""

import argparse
import copy
import json
import math
import os
import time

import cv2
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

# Before any worker is forked: OpenCV's own threads do not survive a fork.
cv2.setNumThreads(1)


def parse(doc, extra=None, **defaults):
    """The options that both trainings take, with each training's own defaults; makes the output folder, seeds torch."""
    arguments = argparse.ArgumentParser(description=doc)
    for name in ("samples", "batch", "faces"):
        arguments.add_argument(f"--{name}", type=int, default=defaults[name])
    arguments.add_argument("--lr", type=float, default=2e-3)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments.add_argument("--out", default="out")
    arguments.add_argument("--minutes", type=float, help="end the schedule after this long, however far it came")
    arguments.add_argument("--start", metavar="CHECKPOINT", help="begin with the weights of an earlier training")
    arguments.add_argument("--threads", type=int, default=0)
    if extra:
        extra(arguments)
    options = arguments.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    torch.manual_seed(options.seed)
    return options


class Stream(IterableDataset):
    """Batches `first`, `first` + 1, … of a seeded, endless stream, shared out over the workers."""

    def __init__(self, make, first: int, last: int):
        self.make, self.first, self.last = make, first, last

    def __iter__(self):
        info = get_worker_info()
        step, offset = (info.num_workers, info.id) if info else (1, 0)
        for number in range(self.first + offset, self.last, step):
            yield tuple(torch.from_numpy(part) for part in self.make(number))


# How many samples are kept to be seen again, in batches.
POOL_MAX = 200


class Pool:
    """Rendering a sample costs as much as learning from it: keep the newest ones and show each a few times, mixed
    anew, with another gain, level and noise."""

    def __init__(self, seed):
        self.parts, self.next, self.rng = [], 0, torch.Generator().manual_seed(seed)

    def add(self, parts):
        if len(self.parts) < POOL_MAX:
            self.parts.append(parts)
        else:
            self.parts[self.next % POOL_MAX] = parts
        self.next += 1

    def mixed(self, size):
        """A batch picked from up to sixteen of the kept ones."""
        chosen = [self.parts[int(i)] for i in torch.randint(len(self.parts), (16,), generator=self.rng)]
        rows = torch.randint(len(chosen[0][0]), (16, size // 16), generator=self.rng)
        return tuple(torch.cat([parts[k][row] for parts, row in zip(chosen, rows)]) for k in range(len(chosen[0])))


def vary(image):
    """N×3×H×W, 0–255: another gain, level and noise for each."""
    n = image.shape[0]
    draw = lambda low, high: torch.empty(n, 1, 1, 1, device=image.device).uniform_(low, high)
    return (image * draw(0.8, 1.2) + draw(-18, 18) + torch.randn_like(image) * draw(0, 5)).clamp_(0, 255)


def train(*, net, make_batch, loss, batches, path, lr, workers, device, repeat=3, minutes=None, start=None, every=200, check=None):
    """Trains `net` on `batches` batches, continuing from the checkpoint at `path` if there is one; every `repeat`-th
    batch is new, the others are mixed from the newest samples. A new training may `start` with the weights of a
    finished one.

    The learning rate warms up, then falls along a cosine to zero at the last batch, or after `minutes` of training if
    that comes first (for a machine of unknown speed; the result then depends on how far it came). A moving average of the weights
    is what is kept for use. Prints a progress line every `every` batches and writes a checkpoint beside it.
    """
    net.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(net).eval()
    decay, plain = [], []
    for parameter in net.parameters():
        (decay if parameter.ndim > 1 else plain).append(parameter)
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}], lr=lr)
    done, before = 0, 0.0
    if os.path.exists(path):
        saved = torch.load(path, map_location=device, weights_only=True)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        done, before = saved["done"], saved["seconds"]
        print(f"continuing at batch {done} of {batches}", flush=True)
    elif start:
        average.load_state_dict(torch.load(start, map_location=device, weights_only=True)["average"])
        net.load_state_dict(average.state_dict())
    loader = DataLoader(Stream(make_batch, done // repeat, -(-batches // repeat)), batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None)
    started, first = time.time(), done
    sums, count = {}, 0
    net.train()
    pool = Pool(done)

    def shown():
        for new in loader:
            pool.add(new)
            yield new
            for _ in range(repeat - 1):
                yield pool.mixed(len(new[0]))

    def save():
        """Writes the checkpoint, whole or not at all; gives the seconds trained so far."""
        state = {"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "done": done}
        state["seconds"] = before + time.time() - started
        torch.save(state, f"{path}.tmp")
        os.replace(f"{path}.tmp", path)
        return state["seconds"]

    for parts in shown():
        spent = before + time.time() - started
        share = max(done / batches, spent / 60 / minutes if minutes else 0.0)
        if share >= 1.0:
            break
        rate = lr * min(1.0, (done + 1) / 150) * 0.5 * (1 + math.cos(math.pi * share))
        for group in optimiser.param_groups:
            group["lr"] = rate
        parts = [part.to(device, non_blocking=True) for part in parts]
        image = vary(parts[0].permute(0, 3, 1, 2).float()).contiguous(memory_format=torch.channels_last)
        total, terms = loss(net(image), *parts[1:])
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        keep = min(0.998, 1 - 1 / (done + 10))
        with torch.no_grad():
            for a, b in zip(average.state_dict().values(), net.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.lerp_(b, 1 - keep)
                else:
                    a.copy_(b)
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + value
        count += 1
        done += 1
        if done % every == 0 or done == batches:
            speed = (done - first) / (time.time() - started)
            line = {name: round(value / count, 4) for name, value in sums.items()}
            if check:
                line |= check(average)
            left = spent / 60 * (1 / max(share, 1e-9) - 1)
            print(f"batch {done}/{batches} lr {rate:.2e} {speed:.2f} batches/s {left:.0f} min left {json.dumps(line)}", flush=True)
            sums, count = {}, 0
            save()
    seconds = save()
    print(f"done after {done} batches, {seconds / 60:.0f} minutes", flush=True)
    return average
