"""Trains the plate reader on generated plates: python -m gatehouse_train.train_reader --samples N --out FOLDER"""

import os

import torch

from . import reader_data, reader_net, training
from .glyphs import BLANK, make_faces
from .real import RealPlates

# Faces and pictures of the check are made from other seeds than those of the training.
CHECK_SEED = 77


def more(arguments):
    arguments.add_argument("--real", nargs="*", default=[], metavar="FOLDER", help="folders of real crops with labels.csv")
    arguments.add_argument("--real-without", nargs="*", default=[], metavar="CSV", help="labels whose plates are kept out")
    arguments.add_argument("--real-share", type=float, default=0.25, help="share of each batch that is real")


def main():
    options = training.parse(__doc__, extra=more, samples=1_500_000, batch=128, faces=150)
    faces = make_faces(options.faces, options.seed)
    plates = RealPlates(options.real, options.real_without) if options.real else None
    if plates:
        print(f"mixing in {plates.pictures} pictures of {plates.plates} real plates", flush=True)
    check_parts = [torch.from_numpy(part) for part in reader_data.batch(CHECK_SEED, 0, 300, make_faces(20, CHECK_SEED))]

    def check(net):
        """Share of whole strings and of glyphs read right on plates of faces never trained on."""
        net.eval()
        image, glyphs = check_parts[0].permute(0, 3, 1, 2).float().to(options.device), check_parts[1]
        with torch.no_grad():
            read = torch.cat([net(part)["glyphs"].argmax(-1).cpu() for part in image.split(100)])
        known = glyphs[:, 0] >= 0
        known &= glyphs[:, 0] != BLANK
        right = (read == glyphs)[known]
        return {"check_exact": round(float(right.all(1).float().mean()), 4), "check_slots": round(float(right.float().mean()), 4)}

    net = reader_net.Reader()
    training.train(
        net=net,
        make_batch=lambda number: reader_data.batch(options.seed, number, options.batch, faces, plates, options.real_share),
        loss=reader_net.loss,
        batches=options.samples // options.batch,
        path=os.path.join(options.out, "reader.pt"),
        lr=options.lr,
        workers=options.workers,
        device=options.device,
        minutes=options.minutes,
        start=options.start,
        check=check,
    )


if __name__ == "__main__":
    main()
