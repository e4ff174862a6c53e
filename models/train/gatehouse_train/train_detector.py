"""Trains the plate detector on painted scenes: python -m gatehouse_train.train_detector --samples N --out FOLDER"""

import argparse
import os

import torch

from . import detector_net, scenes, training
from .glyphs import make_faces


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=400_000)
    arguments.add_argument("--batch", type=int, default=32)
    arguments.add_argument("--lr", type=float, default=2e-3)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--faces", type=int, default=80)
    arguments.add_argument("--grounds", help="folder of real pictures (*.jpg) to lay under the painted ones")
    arguments.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments.add_argument("--out", default="out")
    arguments.add_argument("--minutes", type=float, help="end the schedule after this long, however far it came")
    arguments.add_argument("--threads", type=int, default=0)
    options = arguments.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    torch.manual_seed(options.seed)
    faces = make_faces(options.faces, options.seed + 1000)
    grounds = scenes.Grounds(options.grounds)
    print(f"{len(grounds.images)} real grounds", flush=True)
    training.train(
        net=detector_net.Detector(),
        make_batch=lambda number: scenes.batch(options.seed, number, options.batch, faces, grounds),
        loss=lambda out, corners: detector_net.loss(out, corners, scenes.SIDE),
        batches=options.samples // options.batch,
        path=os.path.join(options.out, "detector.pt"),
        lr=options.lr,
        workers=options.workers,
        device=options.device,
        minutes=options.minutes,
    )


if __name__ == "__main__":
    main()
