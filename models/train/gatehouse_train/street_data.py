"""Training samples of the street detector: pictures of the pool, cut, mirrored, mixed, darkened, with the teachers'
boxes moved along."""

import csv
import hashlib
import json
import os
import re

import cv2
import numpy as np

from . import camera
from .street_teach import ASKED_MIN, POSITIVE_MIN

# What the student takes, pixels: wide as cameras are, multiples of 32. It learns from smaller views, in which things
# are of the same sizes: that costs half as much.
WIDTH, HEIGHT = 416, 256
VIEW_WIDTH, VIEW_HEIGHT = 320, 192
BOXES_MAX = 28
# A box whose visible part is smaller than this share of it, or narrower than so many pixels, is neither to be found
# nor to be punished.
VISIBLE_MIN, SIDE_MIN_PX = 0.35, 4.0
# Of the scenes, one in so many is kept for checking.
CHECKED_OF = 6
# Groups whose rights are unclear, or that are meant for checking, are never trained on.
CHECK_GROUPS = ("coco", "vn_cctv", "vn_gate", "vn_vehicle", "th_street")


def scene_of(source: str, group: str) -> str:
    """What two pictures of one place have in common: the name before its numbers. A fixed camera is cut into runs of
    neighbouring frames, which are what resembles."""
    name = os.path.basename(source)
    frame = re.match(r"(.*?)(\d+)_(?:jpg|png)", name)
    if group in ("th_gate", "highway_cctv") and frame:
        return f"{group}-{frame[1]}{int(frame[2]) // 60}"
    return f"{group}-{name}"


def is_for_checking(source: str, group: str) -> bool:
    scene = scene_of(source, group)
    return group in CHECK_GROUPS or hashlib.sha256(scene.encode()).digest()[0] % CHECKED_OF == 0


class Streets:
    """Pictures and labels in memory."""

    def __init__(self, folder: str, table: str, labels: str, checking: bool):
        with open(labels, encoding="utf-8") as file:
            labels = json.load(file)
        self.pictures, self.groups = [], {}
        with open(table, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        missing = {"file", "source", "group"} - set(rows[0] if rows else [])
        if missing:
            raise SystemExit(f"{table}: no column {', '.join(sorted(missing))}")
        for row in rows:
            if row["file"] not in labels or is_for_checking(row["source"], row["group"]) != checking:
                continue
            picture = cv2.imread(os.path.join(folder, row["file"]))
            if picture is None:
                continue
            boxes = np.array(labels[row["file"]], np.float32).reshape(-1, 6)
            self.groups.setdefault(row["group"], []).append(len(self.pictures))
            self.pictures.append((picture, boxes))

    def pick(self, rng):
        """A group in proportion to the root of its size, then one of its pictures: small groups are heard too."""
        names = list(self.groups)
        sizes = np.sqrt([len(self.groups[name]) for name in names])
        group = self.groups[names[rng.choice(len(names), p=sizes / sizes.sum())]]
        return self.pictures[group[rng.integers(len(group))]]


def _view(picture, boxes, rng, w, h):
    """A random part of a picture brought to w × h, with its boxes in pixels."""
    ph, pw = picture.shape[:2]
    scale = np.exp(rng.uniform(np.log(0.4), np.log(1.3)))  # of the picture's side that the view shows
    stretch = np.exp(rng.normal(0, 0.12))
    vw = pw * scale * stretch
    vh = vw * h / w / stretch**2
    if rng.random() < 0.4:
        # As the program sees it: the whole picture's scale, stretched to its shape, as much of it as the view holds.
        k = rng.uniform(0.75, 1.0)
        vw, vh = pw * k, ph * k
    x, y = rng.uniform(min(0, pw - vw), max(0, pw - vw)), rng.uniform(min(0, ph - vh), max(0, ph - vh))
    mirror = rng.random() < 0.5
    kx, ky = w / vw, h / vh
    matrix = np.array([[kx, 0, -x * kx], [0, ky, -y * ky]], np.float32)
    if mirror:
        matrix = np.array([[-kx, 0, w + x * kx], [0, ky, -y * ky]], np.float32)
    if min(kx, ky) < 0.6:
        k = max(kx, ky) * 1.2
        if k < 1:
            picture = cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            matrix[:, :2] /= k
    level = float(rng.uniform(30, 200))
    out = cv2.warpAffine(picture, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(level,) * 3)
    moved = boxes.copy()
    moved[:, [0, 2]] = (boxes[:, [0, 2]] * pw - x) * kx
    moved[:, [1, 3]] = (boxes[:, [1, 3]] * ph - y) * ky
    if mirror:
        moved[:, [0, 2]] = w - moved[:, [2, 0]]
    return out.astype(np.float32), moved


def _night(image, rng):
    """What the pool nearly lacks: dusk, lamps, noise, rain."""
    out = 255 * (np.clip(image, 0, 255) / 255) ** rng.uniform(1.4, 2.6) * rng.uniform(0.35, 0.9)
    h, w = out.shape[:2]
    for _ in range(rng.integers(0, 5)):
        at = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
        lamp = np.zeros((h, w), np.float32)
        cv2.circle(lamp, at, int(rng.uniform(2, 14)), float(rng.uniform(80, 255)), -1)
        out += cv2.GaussianBlur(lamp, (0, 0), rng.uniform(2, 10))[..., None]
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(20, 120))):
            x, y, length = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(4, 16)
            cv2.line(out, (int(x), int(y)), (int(x + length * 0.2), int(y + length)), (float(rng.uniform(90, 190)),) * 3, 1)
    if rng.random() < 0.5:
        out = np.repeat(out.mean(2, keepdims=True), 3, 2)
    return out + rng.normal(0, rng.uniform(2, 12), out.shape).astype(np.float32)


def make_sample(rng, streets, w=VIEW_WIDTH, h=VIEW_HEIGHT):
    """A picture (h × w, uint8) and its boxes (BOXES_MAX × 6: corners in pixels, the teachers' score, class or -1)."""
    if rng.random() < 0.35:
        out, parts = np.empty((h, w, 3), np.float32), []
        cx, cy = int(w * rng.uniform(0.35, 0.65)), int(h * rng.uniform(0.35, 0.65))
        for x0, y0, x1, y1 in ((0, 0, cx, cy), (cx, 0, w, cy), (0, cy, cx, h), (cx, cy, w, h)):
            view, boxes = _view(*streets.pick(rng), rng, x1 - x0, y1 - y0)
            out[y0:y1, x0:x1] = view
            parts.append(_kept(boxes, x1 - x0, y1 - y0) + [x0, y0, x0, y0, 0, 0])
        boxes = np.concatenate(parts)
    else:
        out, boxes = _view(*streets.pick(rng), rng, w, h)
        boxes = _kept(boxes, w, h)
    if rng.random() < 0.15:
        out = _night(out, rng)
    elif rng.random() < 0.8:
        out = camera.light(out, rng)
    image, _ = camera.sensor(camera.blur(out, rng, 12.0, 0.6), rng)
    padded = np.full((BOXES_MAX, 6), np.nan, np.float32)
    boxes = boxes[np.argsort(-boxes[:, 4])][:BOXES_MAX]
    padded[: len(boxes)] = boxes
    return image, padded


def _kept(boxes, w, h):
    """Boxes cut by the picture's edge; what is left of too little of one is kept as something not to be punished."""
    if not len(boxes):
        return boxes
    cut = boxes.copy()
    cut[:, [0, 2]] = np.clip(boxes[:, [0, 2]], 0, w)
    cut[:, [1, 3]] = np.clip(boxes[:, [1, 3]], 0, h)
    size, whole = cut[:, 2:4] - cut[:, :2], boxes[:, 2:4] - boxes[:, :2]
    share = size.prod(1) / np.maximum(whole.prod(1), 1e-6)
    doubtful = (share < VISIBLE_MIN) | (size.min(1) < SIDE_MIN_PX)
    cut[doubtful, 4] = np.minimum(cut[doubtful, 4], (ASKED_MIN + POSITIVE_MIN) / 2)
    return cut[(size > 1).all(1)]


def batch(seed, number, size, streets):
    rng = np.random.default_rng([seed, 3, number])
    made = [make_sample(rng, streets) for _ in range(size)]
    return np.stack([image for image, _ in made]), np.stack([boxes for _, boxes in made])
