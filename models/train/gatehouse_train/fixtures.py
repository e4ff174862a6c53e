"""Generated pictures for the tests of the programs: python -m gatehouse_train.fixtures --out FOLDER

Clear plates of every kind, so that every glyph occurs, and things that must not be read: mirrored, cut off, covered, a
phone number, a shop sign, a foreign plate. labels.csv says what each is; `outcome` names what a reader must say at most:
`read` or anything but a reading.
"""

import argparse
import csv
import os

import cv2
import numpy as np

from .glyphs import ALPHABET, make_faces
from .plates import draw_plate
from .reader_data import place
from .texts import Text

SEED = 20_261

PLATES = [
    Text(["30A-123.45"], "car_long", "white"), Text(["51G-678.90"], "car_long", "yellow"),
    Text(["80B-246.80"], "car_long", "blue"), Text(["43C", "135.79"], "car_short", "white"),
    Text(["29D-024.68"], "car_long", "white"), Text(["60E", "975.31"], "car_short", "yellow"),
    Text(["15F-112.23"], "car_long", "white"), Text(["92H-445.56"], "car_long", "white"),
    Text(["37K", "778.89"], "car_short", "white"), Text(["65L-990.01"], "car_long", "white"),
    Text(["20M-334.45"], "car_long", "white"), Text(["74N-556.67"], "car_long", "white"),
    Text(["88P", "889.90"], "car_short", "white"), Text(["19S-101.12"], "car_long", "white"),
    Text(["36T-131.41"], "car_long", "white"), Text(["99U-516.17"], "car_long", "white"),
    Text(["72V", "181.92"], "car_short", "white"), Text(["49X-021.22"], "car_long", "white"),
    Text(["77Y-232.42"], "car_long", "white"), Text(["68Z-526.27"], "car_long", "white"),
    Text(["29-AR", "123.45"], "motorbike", "white"), Text(["59-XR", "678.91"], "motorbike", "white"),
    Text(["66-NN", "246.81"], "motorbike", "white"), Text(["54-H1", "1357"], "motorbike", "white"),
    Text(["81-K5", "357.91"], "motorbike", "white"), Text(["47-MĐ1", "112.35"], "motorbike", "white"),
    Text(["61R", "813.21"], "car_short", "white"), Text(["18RM", "345.58"], "car_short", "white"),
    Text(["30LD-914.41"], "car_long", "white"), Text(["80-441", "NG-02"], "car_short", "white", True),
    Text(["KV-63-17"], "car_long", "red"), Text(["TH", "80-64"], "car_short", "red"),
    Text(["T80", "235.88"], "car_short", "white"), Text(["QA-54-29"], "car_long", "red"),
    Text(["BB-74-98"], "car_long", "red"), Text(["PG-21-36"], "car_long", "red"),
]


def _shoot(flat, rng, width, lean=0.05):
    """The plate nearly from the front, on a dark ground, a little soft and noisy."""
    h, w = flat.shape[:2]
    height = width * h / w
    canvas = np.full((int(height * 1.16), int(width * 1.1), 3), rng.uniform(25, 70), np.float32)
    quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + [width * 0.05, height * 0.08]
    quad += rng.uniform(-lean, lean, (4, 2)).astype(np.float32) * [width * 0.4, height]
    place(flat, quad.astype(np.float32), canvas)
    canvas = cv2.GaussianBlur(canvas * rng.uniform(0.75, 1.05), (0, 0), 0.7) + rng.standard_normal(canvas.shape, np.float32) * 3
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _width(text):
    return 230 if text.shape == "car_long" else 150


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", default="../../tests/data/plates")
    options = arguments.parse_args()
    os.makedirs(options.out, exist_ok=True)
    faces = make_faces(12, SEED)
    rows = []

    def keep(name, image, plate, count, outcome):
        cv2.imwrite(os.path.join(options.out, f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        rows.append({"image": f"{name}.jpg", "plate": plate, "rows": count, "outcome": outcome})

    for number, text in enumerate(PLATES):
        rng = np.random.default_rng([SEED, number])
        flat = draw_plate(text, faces, rng).image
        keep(f"plate_{number:02}", _shoot(flat, rng, _width(text)), text.glyphs.replace("Đ", "D"), len(text.rows), "read")
    missing = set(ALPHABET) - set("".join(text.glyphs for text in PLATES))
    print(f"glyphs of no plate: {''.join(sorted(missing))}")

    def other(name, text, change):
        rng = np.random.default_rng([SEED, len(rows)])
        image = _shoot(draw_plate(text, faces, rng).image, rng, _width(text), 0.0)
        keep(name, change(image), "", len(text.rows), "other")

    car, bike = Text(["51F-234.56"], "car_long", "white"), Text(["59-F2", "345.67"], "motorbike", "white")
    other("mirrored_one_row", car, lambda image: image[:, ::-1])
    other("mirrored_two_rows", bike, lambda image: image[:, ::-1])
    other("cut_off_right", car, lambda image: image[:, : int(image.shape[1] * 0.62)])
    other("cut_off_below", bike, lambda image: image[: int(image.shape[0] * 0.68)])

    def covered(image):
        image = image.copy()
        h, w = image.shape[:2]
        cv2.rectangle(image, (int(0.3 * w), 0), (int(0.78 * w), h), (45, 60, 70), -1)
        return image

    other("covered", car, covered)
    other("phone_number", Text(["0912.345.678"], "car_long", "yellow"), lambda image: image)
    other("letters_that_no_plate_has", Text(["IJO-WQI"], "car_long", "white"), lambda image: image)
    other("foreign_thai", Text(["1-4827"], "car_long", "white"), lambda image: image)
    other("foreign_cambodian", Text(["2I-3917"], "car_long", "white"), lambda image: image)

    def sign(words, ground, ink):
        board = np.full((70, 220, 3), ground, np.uint8)
        cv2.putText(board, words, (10, 48), cv2.FONT_HERSHEY_TRIPLEX, 1.1, ink, 2, cv2.LINE_AA)
        return board

    for number, (words, ground, ink) in enumerate([("PHO BO", (30, 30, 190), (240, 240, 240)), ("Cafe Mai", (60, 120, 60), (230, 240, 240)), ("HOTEL", (230, 230, 230), (120, 40, 20))]):
        keep(f"sign_{number}", sign(words, ground, ink), "", 1, "other")
    with open(os.path.join(options.out, "labels.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["image", "plate", "rows", "outcome"])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} pictures in {options.out}")


if __name__ == "__main__":
    main()
