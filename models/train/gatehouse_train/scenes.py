"""Street and gate pictures with plates in them, all painted: what the plate detector learns from.

A picture is a ground (painted, or a real one shrunk until any plate in it is too small to be one), vehicles painted
roughly as boxes, lamps and wheels, things that resemble plates (signs, windows, stickers, grilles), and plates with
their four corners.
"""

import glob
import os

import cv2
import numpy as np

from . import camera
from .plates import SCALE, draw_plate
from .reader_data import GLYPH_MM, place
from .texts import random_text

# Side of a training picture, pixels.
SIDE = 256
# A plate narrower than this many pixels is not to be found, nor to be punished when it is.
WIDTH_MIN_PX = 12
# Real grounds are shrunk until their longer side is this long.
GROUND_SIDE_MAX = 300
PLATES_MAX = 6


class Grounds:
    """Real pictures to lay under the painted ones, from a folder that the user names; none is fine too."""

    def __init__(self, folder):
        self.images = []
        for path in sorted(glob.glob(os.path.join(folder, "*.jpg"))) if folder else []:
            image = cv2.imread(path)
            if image is None:
                continue
            k = GROUND_SIDE_MAX / max(image.shape[:2])
            self.images.append(cv2.resize(image, None, fx=k, fy=k, interpolation=cv2.INTER_AREA))

    def pick(self, rng, side):
        image = self.images[rng.integers(len(self.images))]
        if rng.random() < 0.5:
            image = image[:, ::-1]
        k = side / min(image.shape[:2]) * rng.uniform(1.0, 1.15)
        image = cv2.resize(image, None, fx=k, fy=k, interpolation=cv2.INTER_LINEAR)
        y, x = rng.integers(0, image.shape[0] - side + 1), rng.integers(0, image.shape[1] - side + 1)
        return image[y : y + side, x : x + side].astype(np.float32)


def _colour(rng, low=0, high=255):
    grey = rng.uniform(low, high)
    return tuple(float(np.clip(grey + v, 0, 255)) for v in rng.normal(0, 30 if rng.random() < 0.4 else 8, 3))


def painted_ground(rng, side):
    out = camera.clutter(side, side, rng)
    if rng.random() < 0.6:
        # A road: grey below a horizon, with lines that run together.
        horizon = int(side * rng.uniform(0, 0.6))
        road = _colour(rng, 50, 170)
        cv2.rectangle(out, (0, horizon), (side, side), road, -1)
        for _ in range(rng.integers(0, 5)):
            a = (int(rng.uniform(0, side)), horizon)
            b = (int(rng.uniform(-side, 2 * side)), side)
            cv2.line(out, a, b, _colour(rng, 120, 255), int(rng.integers(1, 6)), cv2.LINE_AA)
    if rng.random() < 0.5:
        grain = rng.normal(0, rng.uniform(3, 18), (side // 2, side // 2, 1)).astype(np.float32)
        out += cv2.resize(grain, (side, side))[..., None]
    return out


def _lookalike(out, rng, side):
    """Something rectangular, bright, lettered or striped that is no plate."""
    w = int(rng.uniform(0.05, 0.6) * side)
    h = max(4, int(w / rng.uniform(0.7, 6)))
    kind = rng.integers(0, 6)
    board = np.empty((h * 2, w * 2, 3), np.uint8)
    board[:] = _colour(rng)
    ink = _colour(rng)
    if kind == 0:
        pass  # a bare panel
    elif kind == 1:
        for _ in range(rng.integers(1, 4)):
            text = "".join(chr(rng.integers(97, 123)) for _ in range(rng.integers(2, 12)))
            cv2.putText(board, text, (int(rng.uniform(-0.1, 0.3) * w), int(rng.uniform(0.5, 2) * h)), int(rng.integers(0, 8)), h / 25, ink, max(1, h // 12), cv2.LINE_AA)
    elif kind == 2:
        step = int(rng.integers(3, 14))
        board[::step] = ink
        if rng.random() < 0.5:
            board[:, ::step] = ink
    elif kind == 3:
        board[:, :: int(rng.integers(3, 16))] = ink
    elif kind == 4:
        cv2.ellipse(board, (w, h), (int(w * 0.8), int(h * 0.8)), 0, 0, 360, ink, -1, cv2.LINE_AA)
        cv2.ellipse(board, (w, h), (int(w * 0.5), int(h * 0.5)), 0, 0, 360, _colour(rng), -1, cv2.LINE_AA)
    else:
        # One huge letter or a few in a ring of colour: traffic signs, logos.
        cv2.rectangle(board, (0, 0), (w * 2, h * 2), ink, max(2, h // 6))
        cv2.putText(board, chr(rng.integers(65, 91)) * rng.integers(1, 3), (w // 3, int(h * 1.6)), int(rng.integers(0, 8)), h / 14, ink, max(2, h // 8), cv2.LINE_AA)
    quad = camera.random_pose(rng, w, h) + rng.uniform(0, side, 2)
    place(board, quad.astype(np.float32), out)


def _vehicle(out, rng, x, y, plate_w, motorbike):
    """A rear or front painted round a plate centre (x, y): dark body, lamps, bumper, wheels."""
    k = plate_w
    body = _colour(rng, 10, 240)
    if motorbike:
        cv2.ellipse(out, (int(x), int(y + 1.3 * k)), (int(0.35 * k), int(1.2 * k)), 0, 0, 360, _colour(rng, 5, 60), -1, cv2.LINE_AA)
        cv2.ellipse(out, (int(x), int(y - 0.5 * k)), (int(rng.uniform(0.7, 1.2) * k), int(rng.uniform(0.6, 1.2) * k)), 0, 0, 360, body, -1, cv2.LINE_AA)
        cv2.ellipse(out, (int(x), int(y - 0.8 * k)), (int(0.35 * k), int(0.2 * k)), 0, 0, 360, (20, 20, float(rng.uniform(90, 255))), -1, cv2.LINE_AA)
        cv2.rectangle(out, (int(x - 0.6 * k), int(y - 0.7 * k)), (int(x + 0.6 * k), int(y + 0.7 * k)), _colour(rng, 5, 90), -1)
    else:
        w, h = rng.uniform(1.5, 2.6) * k, rng.uniform(0.8, 2.2) * k
        cv2.rectangle(out, (int(x - w), int(y - h)), (int(x + w), int(y + 0.6 * k)), body, -1)
        glass = (int(x - 0.8 * w), int(y - 0.95 * h)), (int(x + 0.8 * w), int(y - 0.5 * h))
        cv2.rectangle(out, *glass, _colour(rng, 10, 120), -1)
        for side in (-1, 1):
            at = (int(x + side * 0.85 * w), int(y - 0.25 * h))
            lamp = (20, 20, float(rng.uniform(100, 255))) if rng.random() < 0.6 else (float(rng.uniform(150, 255)),) * 3
            cv2.ellipse(out, at, (int(0.22 * k), int(0.15 * k)), 0, 0, 360, lamp, -1, cv2.LINE_AA)
            cv2.rectangle(out, (at[0] - int(0.2 * k), int(y + 0.5 * k)), (at[0] + int(0.2 * k), int(y + 0.9 * k)), (15, 15, 15), -1)
        cv2.rectangle(out, (int(x - w), int(y + 0.25 * k)), (int(x + w), int(y + 0.6 * k)), _colour(rng, 10, 150), -1)
        if rng.random() < 0.5:
            for i in range(6):
                yy = int(y - (0.3 + 0.06 * i) * k)
                cv2.line(out, (int(x - 0.7 * k), yy), (int(x + 0.7 * k), yy), _colour(rng, 10, 200), 1)


def make_scene(rng, faces, grounds, side=SIDE):
    """A picture (side × side, uint8), the corners of its plates (PLATES_MAX × 4 × 2, NaN where there is none) and
    whether each is to be found (1), or too small, cut or hidden to say (0)."""
    out = grounds.pick(rng, side) if grounds.images and rng.random() < 0.5 else painted_ground(rng, side)
    for _ in range(rng.integers(0, 7)):
        _lookalike(out, rng, side)
    corners = np.full((PLATES_MAX, 4, 2), np.nan, np.float32)
    count = int(rng.choice([0, 1, 2, 3, 4], p=[0.12, 0.38, 0.3, 0.12, 0.08]))
    done, glyph_px = 0, 8.0
    for _ in range(count):
        text = random_text(rng)
        width = float(np.exp(rng.uniform(np.log(WIDTH_MIN_PX + 2), np.log(0.85 * side))))
        if text.shape != "car_long":
            width = float(np.exp(rng.uniform(np.log(WIDTH_MIN_PX), np.log(0.6 * side))))
        mm = {"car_long": 490, "car_short": 305, "motorbike": 190}[text.shape]
        flat = draw_plate(text, faces, rng, float(np.clip(1.5 * width / mm, 0.25, SCALE)))
        h, w = flat.image.shape[:2]
        pose = camera.random_pose(rng, w, h) * (width / w)
        at = rng.uniform(0.05, 0.95, 2) * side
        quad = (pose + at).astype(np.float32)
        (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
        taken = [c for c in corners[:done] if not (c[:, 0].max() < x0 or c[:, 0].min() > x1 or c[:, 1].max() < y0 or c[:, 1].min() > y1)]
        if taken:
            continue
        others = corners[:done].reshape(-1, 2)
        if rng.random() < 0.65 and not len(others):
            _vehicle(out, rng, at[0], at[1], width, text.shape == "motorbike" or (text.shape == "car_short" and rng.random() < 0.3))
        if rng.random() < 0.3:
            frame = (at + (quad - at) * rng.uniform(1.03, 1.15)).astype(np.int32)
            cv2.fillConvexPoly(out, frame, _colour(rng, 5, 220), cv2.LINE_AA)
        place(flat.image, quad, out)
        glyph_px = max(glyph_px, GLYPH_MM[text.shape] * width / mm)
        corners[done] = quad
        done += 1
    image, _ = camera.sensor(camera.blur(camera.light(out, rng), rng, min(glyph_px, 16.0)), rng)
    return image, corners


def batch(seed, number, size, faces, grounds):
    rng = np.random.default_rng([seed, 2, number])
    made = [make_scene(rng, faces, grounds) for _ in range(size)]
    return np.stack([image for image, _ in made]), np.stack([corners for _, corners in made])
