"""Real crops of plates, mixed into the training of the reader.

A folder holds pictures and `labels.csv` with the columns image, plate and, if known, rows. Only part of the plates is
used: which part a plate belongs to follows from the plate itself (`is_for_training`), so that two pictures of one
plate never stand on both sides, and anyone can make the same division again.
"""

import csv
import hashlib
import os

import cv2
import numpy as np

from . import camera
from .glyphs import BLANK, INDEX

# Out of ten plates this many are trained on; the others are for measuring.
TRAINED_OF_TEN = 7
IGNORE = -1


def is_for_training(plate: str) -> bool:
    return hashlib.sha256(plate.encode()).digest()[0] % 10 < TRAINED_OF_TEN


def _rows(folder: str):
    path = os.path.join(folder, "labels.csv")
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"image", "plate"} - set(reader.fieldnames or [])
        if missing:
            raise SystemExit(f"{path}: no column {', '.join(sorted(missing))}; image and plate are needed, rows is welcome")
        yield from reader


class RealPlates:
    """The training part of one or more folders, in memory."""

    def __init__(self, folders: list, without: list):
        """`without`: label files whose plates are kept out altogether, as they are measured whole."""
        kept_out = set()
        for path in without:
            with open(path, newline="", encoding="utf-8") as file:
                kept_out |= {row["plate"] for row in csv.DictReader(file)}
        self.folders, self.pictures, self.plates = [], 0, 0
        for folder in folders:
            plates = {}
            for row in _rows(folder):
                plate = row["plate"]
                if not is_for_training(plate) or plate in kept_out:
                    continue
                picture = cv2.imread(os.path.join(folder, row["image"]))
                if picture is None:
                    raise SystemExit(f"{folder}/{row['image']}: no picture that OpenCV can read")
                plates.setdefault(plate, []).append((picture, int(row.get("rows") or 1)))
                self.pictures += 1
            self.folders.append(_by_form(plates))
            self.plates += len(plates)

    def pick(self, rng: np.random.Generator):
        """A plate of a folder and one of its pictures: (text, picture, rows). Folders are as likely as each other, and so
        are the plates of one form; a form is drawn by the square root of how many plates it has, so that the
        commonest does not teach how many glyphs there are."""
        forms, shares = self.folders[rng.integers(len(self.folders))]
        plates = forms[rng.choice(len(forms), p=shares)]
        plate, pictures = plates[rng.integers(len(plates))]
        return plate, *pictures[rng.integers(len(pictures))]


def _by_form(plates: dict):
    """The plates with as many rows and glyphs together, and how often each such form is drawn."""
    forms = {}
    for plate, pictures in sorted(plates.items()):
        forms.setdefault((pictures[0][1], len(plate)), []).append((plate, pictures))
    shares = np.sqrt([len(form) for form in forms.values()])
    return list(forms.values()), shares / shares.sum()


def labels(plate: str, slots: int) -> np.ndarray:
    """Labels write D for Đ too; where a series could hold either, the glyph is left out of the loss."""
    out = np.full(slots, BLANK)
    for slot, glyph in enumerate(plate):
        doubtful = glyph == "D" and plate[slot - 1] in "MT"
        out[slot] = IGNORE if doubtful else INDEX[glyph]
    return out


def vary(picture: np.ndarray, rows: int, rng: np.random.Generator):
    """Another look at the same plate: the picture under other light, and the four corners to cut it by."""
    h, w = picture.shape[:2]
    glyph_px = h * (0.4 if rows == 2 else 0.7)
    image = picture.astype(np.float32)
    if rng.random() < 0.3 and glyph_px > 14:
        k = rng.uniform(max(0.4, 9 / glyph_px), 1.0)
        image = cv2.resize(image, (max(8, int(w * k)), max(8, int(h * k))), interpolation=cv2.INTER_AREA)
        h, w = image.shape[:2]
        glyph_px *= k
    if rng.random() < 0.6:
        image = camera.light(image, rng)
    if rng.random() < 0.5:
        image = camera.blur(image, rng, glyph_px, 0.7)
    grey = False
    if rng.random() < 0.6:
        image, grey = camera.sensor(image, rng)
    image = np.clip(image, 0, 255).astype(np.uint8)
    quad = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    centre = quad.mean(0)
    quad = centre + (quad - centre) * (1 + rng.uniform(-0.03, 0.10, 2))
    quad = quad + rng.normal(0, 0.02, (4, 2)) * [w, h]
    if rng.random() < 0.4:
        slant = rng.normal(0, 0.06) * w
        quad[:2, 0] += slant
        quad[2:, 0] -= slant
    return image, quad.astype(np.float32), grey


def main():
    """Writes the labels of the plates that no training uses, to measure with."""
    import argparse

    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("folder", help="folder with labels.csv")
    arguments.add_argument("--out", required=True)
    options = arguments.parse_args()
    rows = [row for row in _rows(options.folder) if not is_for_training(row["plate"])]
    if not rows:
        raise SystemExit(f"{options.folder}/labels.csv names no plate that is kept for measuring")
    with open(options.out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} pictures of {len({row['plate'] for row in rows})} plates in {options.out}")


if __name__ == "__main__":
    main()
