"""Draws one plate: ground, border, glyphs, separators, screws, stickers and dirt, flat on, at a given scale.

Measures are millimetres, from the plate standard and from the older sizes still on the road; each is varied, because
plates were made by many workshops over twenty years.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .glyphs import ALPHABET, FACE_HEIGHT
from .texts import Text

# Pixels per millimetre of the flat drawing.
SCALE = 1.25
SIZES = {
    "car_long": [(520, 110), (470, 110)],
    "car_short": [(330, 165), (280, 200)],
    "motorbike": [(190, 140)],
}
# Blue, green, red of the grounds.
GROUNDS = {
    "white": (228, 230, 230),
    "yellow": (30, 175, 235),
    "blue": (150, 80, 25),
    "red": (45, 35, 175),
    "unknown": (200, 200, 200),
}


@dataclass
class Flat:
    """A flat plate: BGR picture, each glyph with its box (x0, y0, x1, y1) in its pixels, in reading order, and which of
    them are hidden by something that sticks on the plate."""

    image: np.ndarray
    boxes: list  # of (glyph, x0, y0, x1, y1, row)
    hidden: list  # of bool, one for each box


def _row_tokens(row, glyph_w, gap, rng):
    """Widths of a row's tokens in millimetres: (character, width, advance after it)."""
    tokens = []
    for ch in row:
        if ch in ALPHABET:
            tokens.append((ch, glyph_w * (1.12 if ch in "WĐ" else 1.0), gap))
        elif ch == "-":
            tokens.append((ch, glyph_w * rng.uniform(0.35, 0.6), gap * rng.uniform(0.5, 1.2)))
        elif ch == ".":
            tokens.append((ch, glyph_w * 0.24, gap * rng.uniform(0.3, 0.9)))
        else:
            tokens.append((" ", glyph_w * 0.5, 0.0))
    return tokens


def draw_plate(text: Text, faces: list, rng: np.random.Generator, scale: float = SCALE) -> Flat:
    """`scale` is pixels per millimetre; a plate that will be small in its picture need not be drawn large."""
    sizes = SIZES[text.shape]
    w_mm, h_mm = sizes[rng.integers(len(sizes))]
    w, h = int(w_mm * scale), int(h_mm * scale)
    face = faces[rng.integers(len(faces))]
    ground = np.clip(np.array(GROUNDS[text.colour], np.float32) + rng.normal(0, 10) + rng.normal(0, 7, 3), 0, 255)
    ink = (
        np.array((40, 35, 190), np.float32) + rng.normal(0, 12, 3)
        if text.red_ink
        else np.array((235.0,) * 3) - abs(rng.normal(0, 12))
        if text.colour in ("blue", "red")
        else np.full(3, abs(rng.normal(18, 14)) + (rng.uniform(20, 110) if rng.random() < 0.12 else 0))
    )
    image = np.empty((h, w, 3), np.float32)
    image[:] = ground

    mask = np.zeros((h, w), np.uint8)
    boxes = []
    one_row = len(text.rows) == 1
    tall = {"car_long": rng.uniform(0.56, 0.8), "car_short": rng.uniform(0.33, 0.42), "motorbike": rng.uniform(0.34, 0.425)}
    glyph_h = tall[text.shape] * h_mm
    shape_ratio = {"car_long": rng.uniform(0.5, 0.64), "car_short": rng.uniform(0.5, 0.66), "motorbike": rng.uniform(0.42, 0.56)}
    pen_jitter = rng.integers(-1, 2)
    spread = rng.uniform(0.17, 0.42)
    margin = rng.uniform(0.02, 0.07)
    centres = [0.5 + rng.normal(0, 0.015)] if one_row else [0.27 + rng.normal(0, 0.012), 0.73 + rng.normal(0, 0.012)]
    for number, (row, centre) in enumerate(zip(text.rows, centres)):
        glyph_w = glyph_h * shape_ratio[text.shape]
        gap = glyph_w * spread
        tokens = _row_tokens(row, glyph_w, gap, rng)
        length = sum(width + after for _, width, after in tokens) - tokens[-1][2]
        room = w_mm * (1 - 2 * margin)
        squeeze = min(1.0, room / length)
        # Most rows fill the plate; a short one may stand close together in the middle.
        if squeeze == 1.0 and rng.random() < 0.6:
            squeeze = min(room / length, rng.uniform(1.0, 1.25))
        x = (w_mm - length * squeeze) / 2 + rng.normal(0, 0.006 * w_mm)
        y0 = centre * h_mm - glyph_h / 2
        if rng.random() < 0.03:
            y0 += rng.normal(0, 3)
        for ch, width, after in tokens:
            width *= squeeze
            if ch in ALPHABET:
                source = face[ch]
                natural = source.shape[1] / source.shape[0] * glyph_h
                drawn = min(width, natural * 1.35) if ch == "I" else width
                gx0, gy0 = (x + (width - drawn) / 2) * scale, y0 * scale
                gw, gh = max(3, int(drawn * scale)), max(5, int(glyph_h * scale))
                stamp = cv2.resize(source, (gw, gh), interpolation=cv2.INTER_AREA if gh < FACE_HEIGHT else cv2.INTER_LINEAR)
                left, top = int(round(gx0)), int(round(gy0))
                l, t, r, b = max(left, 0), max(top, 0), min(left + gw, w), min(top + gh, h)
                if r > l and b > t:
                    mask[t:b, l:r] = np.maximum(mask[t:b, l:r], stamp[t - top : b - top, l - left : r - left])
                boxes.append((ch, left, top, left + gw, top + gh, number))
            elif ch == "-":
                y = int((y0 + glyph_h * rng.uniform(0.47, 0.55)) * scale)
                half = max(1, int(glyph_h * rng.uniform(0.045, 0.085) * scale))
                cv2.rectangle(mask, (int(x * scale), y - half), (int((x + width) * scale), y + half), 255, -1)
            elif ch == ".":
                centre_y = int((y0 + glyph_h * (rng.uniform(0.86, 0.95) if rng.random() < 0.85 else 0.5)) * scale)
                radius = max(1, int(glyph_h * rng.uniform(0.055, 0.085) * scale))
                at = (int((x + width / 2) * scale), centre_y)
                if rng.random() < 0.5:
                    cv2.circle(mask, at, radius, 255, -1, cv2.LINE_AA)
                else:
                    cv2.rectangle(mask, (at[0] - radius, at[1] - radius), (at[0] + radius, at[1] + radius), 255, -1)
            x += width + after * squeeze
    if pen_jitter and scale > 0.8:
        kernel = np.ones((2, 2), np.uint8)
        mask = cv2.dilate(mask, kernel) if pen_jitter > 0 else cv2.erode(mask, kernel)

    # Border line inside the edge, in the ink's colour.
    if rng.random() < 0.8:
        inset, thick = int(rng.uniform(1, 5) * scale), max(1, int(rng.uniform(1.5, 4) * scale))
        cv2.rectangle(mask, (inset, inset), (w - 1 - inset, h - 1 - inset), 255, thick)

    soft = mask.astype(np.float32)[..., None] / 255
    if rng.random() < 0.25:
        # Worn paint: patches where the ink has gone thin.
        noise = cv2.resize(rng.random((5, 9)).astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)[..., None]
        soft = soft * np.clip(0.45 + noise * rng.uniform(0.6, 1.2), 0, 1)
    image = image * (1 - soft) + ink.astype(np.float32) * soft
    if rng.random() < 0.6 and scale > 0.5:
        # Embossing: light on one flank of each stroke, shade on the other.
        step = rng.integers(1, 3)
        edge = np.roll(mask, (step, step), (0, 1)).astype(np.float32) - np.roll(mask, (-step, -step), (0, 1))
        image += edge[..., None] * rng.uniform(-0.22, 0.22)

    sticker = _extras(image, rng)
    return Flat(np.clip(image, 0, 255).astype(np.uint8), boxes, [_covers(sticker, box[1:5]) for box in boxes])


def _covers(sticker, box) -> bool:
    """Whether so much of a glyph lies under a sticker that nobody can say what it is."""
    if sticker is None:
        return False
    x0, y0, x1, y1 = box
    across = max(0, min(x1, sticker[2]) - max(x0, sticker[0])) / max(x1 - x0, 1)
    down = max(0, min(y1, sticker[3]) - max(y0, sticker[1])) / max(y1 - y0, 1)
    return across * down > 0.35


def _extras(image: np.ndarray, rng: np.random.Generator):
    """Screws, stickers, dirt, scratches: in place. Gives the sticker's box, if there is one."""
    h, w = image.shape[:2]
    sticker = None
    if rng.random() < 0.6:
        radius = max(2, int(rng.uniform(0.018, 0.04) * h * (1.6 if w > 3 * h else 1)))
        shade = float(rng.choice([30, 90, 150, 210]))
        for x in rng.choice([0.08, 0.2, 0.26, 0.5, 0.74, 0.8, 0.92], rng.integers(1, 4), replace=False):
            y = rng.choice([0.09, 0.14, 0.5, 0.88])
            at = (int(x * w), int(y * h))
            cv2.circle(image, at, radius, (shade, shade, shade + 5), -1, cv2.LINE_AA)
            cv2.circle(image, at, radius, (shade * 0.5,) * 3, 1, cv2.LINE_AA)
    if rng.random() < 0.06:
        side = int(h * rng.uniform(0.15, 0.4))
        x = 2 if rng.random() < 0.6 else w - side - 2
        y = int(rng.uniform(0.02, 0.6) * h)
        if rng.random() < 0.3:
            x = int(rng.uniform(0, 0.9) * w)
        sticker = (x, y, x + side, y + side)
        cv2.rectangle(image, sticker[:2], sticker[2:], tuple(float(v) for v in rng.integers(0, 255, 3)), -1)
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 7)):
            layer = image.copy()
            at = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
            axes = (int(rng.uniform(0.01, 0.09) * w) + 1, int(rng.uniform(0.01, 0.14) * h) + 1)
            brown = tuple(float(v) for v in np.array((50, 80, 110)) * rng.uniform(0.4, 1.7))
            cv2.ellipse(layer, at, axes, float(rng.uniform(0, 180)), 0, 360, brown, -1, cv2.LINE_AA)
            alpha = rng.uniform(0.15, 0.75)
            image[:] = image * (1 - alpha) + layer * alpha
    if rng.random() < 0.2:
        haze = cv2.resize(rng.random((4, 7)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)[..., None]
        alpha = np.clip(haze - 0.35, 0, 1) * rng.uniform(0.3, 0.9)
        image[:] = image * (1 - alpha) + np.array((95, 120, 140), np.float32) * alpha
    if rng.random() < 0.15:
        for _ in range(rng.integers(1, 4)):
            a, b = (rng.uniform(0, 1, 2) * [w, h]).astype(int), (rng.uniform(0, 1, 2) * [w, h]).astype(int)
            cv2.line(image, tuple(map(int, a)), tuple(map(int, b)), (float(rng.uniform(60, 230)),) * 3, 1, cv2.LINE_AA)
    return sticker
