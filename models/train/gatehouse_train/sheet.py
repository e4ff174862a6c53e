"""Contact sheets: python -m gatehouse_train.sheet --out FILE.png [--real FOLDER]

Without --real: generated samples as the reader sees them, with what they say. With --real: generated ones on the left
and pictures from the folder on the right, so that the gap between the two can be seen. The second sheet shows somebody's
plates: it is for the developer's own eyes and belongs into no repository.
"""

import argparse
import glob
import os

import cv2
import numpy as np

from .glyphs import make_faces
from .reader_data import HEIGHT, WIDTH, batch, rectify, text_of

SEED = 4711


def _tile(image, text):
    tile = np.zeros((HEIGHT + 16, WIDTH + 4, 3), np.uint8)
    tile[:HEIGHT, :WIDTH] = image
    cv2.putText(tile, text.replace("Đ", "D-"), (2, HEIGHT + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 255, 255), 1, cv2.LINE_AA)
    return tile


def _grid(tiles, columns):
    tiles = list(tiles)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", default="out/sheet.png")
    arguments.add_argument("--real", help="folder of crops of real plates (*.jpg)")
    arguments.add_argument("--rows", type=int, default=5)
    options = arguments.parse_args()
    count = options.rows * 6
    images, glyphs, *_ = batch(SEED, 0, count, make_faces(30, SEED))
    sheet = _grid((_tile(image, text_of(one)) for image, one in zip(images, glyphs)), 6)
    if options.real:
        paths = sorted(glob.glob(os.path.join(options.real, "*.jpg")))
        if not paths:
            raise SystemExit(f"no *.jpg in {options.real}")
        tiles = []
        for path in paths[:: max(1, len(paths) // count)][:count]:
            image = cv2.imread(path)
            if image is None:
                raise SystemExit(f"{path} is no picture")
            h, w = image.shape[:2]
            tiles.append(_tile(rectify(image, np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)), ""))
        sheet = np.hstack([sheet, np.full((sheet.shape[0], 8, 3), 255, np.uint8), _grid(tiles, 6)[: sheet.shape[0]]])
    os.makedirs(os.path.dirname(options.out) or ".", exist_ok=True)
    # Fewer levels make a far smaller file; the eye does not miss them.
    cv2.imwrite(options.out, sheet & 0xF0 | 0x08, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(options.out)


if __name__ == "__main__":
    main()
