"""Trains the plate detector on painted scenes: python -m gatehouse_train.train_detector --samples N --out FOLDER"""

import os

import torch

from . import detector_net, scenes, training
from .glyphs import make_faces


def main():
    options = training.parse(__doc__, lambda arguments: arguments.add_argument("--grounds", help="folder of real pictures (*.jpg) to lay under the painted ones"), samples=400_000, batch=32, faces=80)
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
        start=options.start,
    )


if __name__ == "__main__":
    main()
