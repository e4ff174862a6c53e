"""Plate glyphs drawn by this project: constant-stroke condensed capitals and digits, as stroke paths.

A glyph is a list of strokes; a stroke is a list of points on the unit square (x to the right, y down) that the middle
of the pen follows. One `Face` fixes the numbers that vary between plate makers (pen width, how round the bowls are,
where bars sit), so that a reader trained on many faces learns the letters and not one font.
"""

from dataclasses import dataclass

import cv2
import numpy as np

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZĐ"
BLANK = len(ALPHABET)
INDEX = {glyph: index for index, glyph in enumerate(ALPHABET)}

# Height in pixels at which a face is drawn once; plates are put together from these masks.
FACE_HEIGHT = 88


@dataclass
class Face:
    """The free choices of one plate maker. Lengths are fractions of the glyph's height unless said otherwise."""

    aspect: float  # width / height of an ordinary glyph
    pen: float
    bowl: float  # 1 = half circles at top and bottom, more = longer curves, less = squarer shoulders
    square: float  # exponent of the curves: 2 is an ellipse, more is a rounded rectangle
    waist: float  # where B, 3, 8, P and R are tied
    bar: float  # height of A's bar
    four: float  # height of 4's bar
    four_stem: float  # where 4's stem begins
    one_flag: float
    hook: float  # how far the ends of C, G, S, 2, 3, 5, 6, 9 come round
    six: str  # the back of 6 and 9: upright with a short top (crook), leaning in (bow), a full arc (hook), or straight
    six_reach: float  # how far right a bow begins
    g_bar: float  # height of G's bar
    g_start: float  # where it begins
    g_spur: bool  # G with a straight right side down to the foot
    seven_bend: float
    seven_foot: float  # where 7 stands
    flat_a: float  # width of A's flat top
    mid_m: float  # depth of M's middle
    corner: bool  # pen with round joints


def random_face(rng: np.random.Generator) -> Face:
    return Face(
        aspect=rng.uniform(0.44, 0.64),
        pen=rng.uniform(0.085, 0.18),
        bowl=rng.uniform(0.75, 1.35),
        square=rng.uniform(1.9, 3.0),
        waist=rng.uniform(0.44, 0.52),
        bar=rng.uniform(0.62, 0.76),
        four=rng.uniform(0.64, 0.78),
        four_stem=rng.choice([0.0, 0.3, 0.42, 0.5]),
        one_flag=rng.uniform(0.12, 0.3),
        hook=rng.uniform(0.0, 0.12),
        six=str(rng.choice(["crook", "bow", "hook", "straight"], p=[0.6, 0.2, 0.1, 0.1])),
        six_reach=rng.uniform(0.62, 1.0),
        g_bar=rng.uniform(0.48, 0.6),
        g_start=rng.uniform(0.4, 0.7),
        g_spur=rng.random() < 0.3,
        seven_bend=rng.choice([0.0, 0.0, 0.08, 0.15]),
        seven_foot=rng.uniform(0.12, 0.4),
        flat_a=rng.choice([0.0, 0.08, 0.2]),
        mid_m=rng.uniform(0.45, 0.95),
        corner=rng.random() < 0.5,
    )


def _arc(cx, cy, rx, ry, start, end, power, steps=14):
    """Points of a superellipse quarter by quarter; angles in degrees, 0 = right, 90 = down."""
    angles = np.radians(np.linspace(start, end, max(3, int(abs(end - start) / 180 * steps) + 2)))
    cos, sin = np.cos(angles), np.sin(angles)
    x = cx + rx * np.sign(cos) * np.abs(cos) ** (2 / power)
    y = cy + ry * np.sign(sin) * np.abs(sin) ** (2 / power)
    return list(zip(x, y))


def strokes(glyph: str, f: Face) -> list:
    """The strokes of one glyph of a face, on the unit square."""
    c = min(0.42, 0.5 * f.aspect * f.bowl * 0.95)
    p, h, w = f.square, f.hook, f.waist

    def top(x0=0.0, x1=1.0, y=0.0, r=c, start=180, end=360):
        return _arc((x0 + x1) / 2, y + r, (x1 - x0) / 2, r, start, end, p)

    def bottom(x0=0.0, x1=1.0, y=1.0, r=c, start=0, end=180):
        return _arc((x0 + x1) / 2, y - r, (x1 - x0) / 2, r, start, end, p)

    def right_bowl(y0, y1, x0=0.0, x1=1.0):
        """From (x0, y0) over the right side back to (x0, y1)."""
        r = (y1 - y0) / 2
        rx = min((x1 - x0) * 0.7, r / max(f.aspect, 0.3) * 1.1)
        return [(x0, y0)] + _arc(x1 - rx, y0 + r, rx, r, -90, 90, p) + [(x0, y1)]

    ring = top() + bottom() + [(0.0, c)]
    low = max(c, 0.26)
    if glyph in "0OQ":
        return [ring] + ([[(0.55, 0.72), (1.05, 1.03)]] if glyph == "Q" else [])
    if glyph == "1":
        return [[(0.12, f.one_flag), (0.62, 0.0), (0.62, 1.0)]]
    if glyph == "2":
        return [[(0.0, c + h)] + top() + [(0.97, c + 0.08), (0.86, 0.5), (0.0, 1.0), (1.0, 1.0)]]
    if glyph == "3":
        upper = [(0.0, c * 0.9 + h)] + top(0.0, 0.96, r=min(c, w / 2)) + _arc(0.5, w - min(c, w / 2), 0.46, min(c, w / 2), 0, 90, p)
        lower = _arc(0.5, w + min(c, (1 - w) / 2), 0.5, min(c, (1 - w) / 2), -90, 0, p) + bottom(r=min(c, (1 - w) / 2)) + [(0.0, 1 - c * 0.9 - h)]
        return [upper + [(0.4, w)], [(0.4, w)] + lower]
    if glyph == "4":
        return [[(0.58, 0.0), (0.0, f.four), (1.0, f.four)], [(0.72, f.four_stem), (0.72, 1.0)]]
    if glyph == "5":
        r = min(c, 0.27)
        return [[(0.95, 0.0), (0.1, 0.0), (0.04, 0.5)] + _arc(0.5, 0.4 + r, 0.5, r, -150, 0, p) + bottom(r=r) + [(0.0, 1 - r - h)]]
    if glyph in "69":
        r = min(low, 0.29)
        bowl = _arc(0.5, 0.42 + r, 0.5, r, -180, 0, p) + bottom(r=r) + [(0.0, 0.42 + r)]
        if f.six == "straight":
            back = [(0.72, 0.0), (0.12, 0.5), (0.0, 0.42 + r)]
        elif f.six == "crook":
            back = [(f.six_reach, 0.0)] + _arc(0.5, c, 0.5, c, -90, -180, p) + [(0.0, 0.42 + r)]
        elif f.six == "bow":
            back = _arc(f.six_reach, 0.42 + r, f.six_reach, 0.42 + r, -90, -180, 2.0)
        else:
            back = [(1.0, c + h * 0.6)] + _arc(0.5, c, 0.5, c, 0, -180, p) + [(0.0, 0.42 + r)]
        six = [bowl, back]
        return six if glyph == "6" else [[(1 - x, 1 - y) for x, y in stroke] for stroke in six]
    if glyph == "7":
        foot = f.seven_foot
        bend = (foot + (1 - foot) * 0.5 - f.seven_bend, 0.5)
        return [[(0.0, 0.0), (1.0, 0.0), (1.0, 0.06), bend, (foot, 1.0)]]
    if glyph == "8":
        r0, r1, x = min(c, w / 2), min(c, (1 - w) / 2), 0.05
        upper = top(x, 1 - x, r=r0) + _arc(0.5, w - r0, 0.5 - x, r0, 0, 180, p) + [(x, r0)]
        lower = _arc(0.5, w + r1, 0.5, r1, 180, 360, p) + bottom(r=r1) + [(0.0, w + r1)]
        return [upper, lower]
    if glyph == "A":
        half, edge = f.flat_a / 2, 0.5 * f.bar
        peak = [(0.5 - half, 0.0), (0.5 + half, 0.0)] if half else [(0.5, 0.0)]
        return [[(0.0, 1.0), *peak, (1.0, 1.0)], [(0.5 - edge, f.bar), (0.5 + edge, f.bar)]]
    if glyph == "B":
        return [[(0.0, 0.0), (0.0, 1.0)], right_bowl(0.0, w, x1=0.94), right_bowl(w, 1.0)]
    if glyph == "C":
        return [[(1.0, c + h)] + top(start=360, end=180) + bottom(start=180, end=0) + [(1.0, 1 - c - h)]]
    if glyph in "DĐ":
        rx = min(1.0, c / max(f.aspect, 0.3) * 1.15)
        side = [(0.0, 0.0)] + _arc(1 - rx, c, rx, c, -90, 0, p) + _arc(1 - rx, 1 - c, rx, c, 0, 90, p) + [(0.0, 1.0)]
        bar = [[(-0.2, 0.5), (0.48, 0.5)]] if glyph == "Đ" else []
        return [[(0.0, 0.0), (0.0, 1.0)], side, *bar]
    if glyph == "E":
        return [[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], [(0.0, w), (0.88, w)]]
    if glyph == "F":
        return [[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)], [(0.0, w + 0.02), (0.85, w + 0.02)]]
    if glyph == "G":
        stroke = [(1.0, c + h)] + top(start=360, end=180) + bottom(start=180, end=0) + [(1.0, f.g_bar), (f.g_start, f.g_bar)]
        return [stroke] + ([[(1.0, f.g_bar), (1.0, 1.0)]] if f.g_spur else [])
    if glyph == "H":
        return [[(0.0, 0.0), (0.0, 1.0)], [(1.0, 0.0), (1.0, 1.0)], [(0.0, w), (1.0, w)]]
    if glyph == "I":
        return [[(0.5, 0.0), (0.5, 1.0)]]
    if glyph == "J":
        return [[(0.9, 0.0), (0.9, 1 - c)] + bottom(0.0, 0.9) + [(0.0, 1 - c - h)]]
    if glyph == "K":
        return [[(0.0, 0.0), (0.0, 1.0)], [(1.0, 0.0), (0.0, 0.62)], [(0.34, 0.42), (1.0, 1.0)]]
    if glyph == "L":
        return [[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]]
    if glyph == "M":
        return [[(0.0, 1.0), (0.0, 0.0), (0.5, f.mid_m), (1.0, 0.0), (1.0, 1.0)]]
    if glyph == "N":
        return [[(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0)]]
    if glyph in "PR":
        leg = [[(0.45, w + 0.06), (1.0, 1.0)]] if glyph == "R" else []
        return [[(0.0, 0.0), (0.0, 1.0)], right_bowl(0.0, w + 0.06), *leg]
    if glyph == "S":
        r0, r1 = min(c, w / 2), min(c, (1 - w) / 2)
        upper = [(0.98, r0 + h)] + top(0.02, 0.98, r=r0, start=360, end=180) + [(0.02, w - r0)] + _arc(0.5, w - r0, 0.48, r0, 180, 100, p)
        lower = _arc(0.5, w + r1, 0.5, r1, -80, 0, p) + bottom(r=r1) + [(0.0, 1 - r1 - h)]
        return [upper + lower]
    if glyph == "T":
        return [[(0.0, 0.0), (1.0, 0.0)], [(0.5, 0.0), (0.5, 1.0)]]
    if glyph == "U":
        return [[(0.0, 0.0), (0.0, 1 - c)] + bottom(start=180, end=0) + [(1.0, 0.0)]]
    if glyph == "V":
        return [[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]]
    if glyph == "W":
        return [[(0.0, 0.0), (0.25, 1.0), (0.5, 0.25), (0.75, 1.0), (1.0, 0.0)]]
    if glyph == "X":
        return [[(0.0, 0.0), (1.0, 1.0)], [(1.0, 0.0), (0.0, 1.0)]]
    if glyph == "Y":
        return [[(0.0, 0.0), (0.5, 0.5), (1.0, 0.0)], [(0.5, 0.5), (0.5, 1.0)]]
    if glyph == "Z":
        return [[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]]
    raise ValueError(f"no drawing of glyph {glyph!r}; known are {ALPHABET}")


def draw(glyph: str, f: Face, height: int = FACE_HEIGHT) -> np.ndarray:
    """A mask (height × width, 0–255) of one glyph; curves and ends are drawn at four times the size."""
    scale = 3
    wide = {"W": 1.25, "M": 1.1, "I": 0.6, "O": 1.15, "Q": 1.15}.get(glyph, 1.0)
    full_h = height * scale
    full_w = int(round(full_h * f.aspect * wide))
    pen = f.pen * full_h
    pad = int(pen) if glyph == "Đ" else 0
    canvas = np.zeros((full_h, full_w + 2 * pad), np.uint8)
    for stroke in strokes(glyph, f):
        points = np.array(stroke, np.float64) * [full_w - pen, full_h - pen] + [pen / 2 + pad, pen / 2]
        points = points[np.insert(np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-6, 0, True)]
        closed = np.linalg.norm(points[0] - points[-1]) < 2 and len(points) > 3
        if not closed:
            # Ends on the glyph's edge run out and are cut by the box, as a punched letter's are.
            for end, before in ((0, 1), (-1, -2)):
                unit = (points[end] - points[before]) / np.linalg.norm(points[end] - points[before])
                if min(abs(points[end][1] - pen / 2), abs(points[end][1] - full_h + pen / 2)) < 1:
                    points[end] += unit * pen * 0.7
        for a, b in zip(points[:-1], points[1:]):
            unit = (b - a) / max(np.linalg.norm(b - a), 1e-6)
            side = np.array([-unit[1], unit[0]]) * pen / 2
            quad = np.round(np.array([a + side, b + side, b - side, a - side]) * 16).astype(np.int32)
            cv2.fillConvexPoly(canvas, quad, 255, cv2.LINE_AA, 4)
        joints = points if closed else points[1:-1]
        for x, y in joints:
            if f.corner or len(points) > 6:
                cv2.circle(canvas, (int(x * 16), int(y * 16)), int(pen * 8), 255, -1, cv2.LINE_AA, 4)
            else:
                # Mitred corner: a square that the box cuts.
                half = pen / 2
                cv2.rectangle(canvas, (int(x - half), int(y - half)), (int(x + half), int(y + half)), 255, -1)
    return cv2.resize(canvas, ((full_w + 2 * pad) // scale, height), interpolation=cv2.INTER_AREA)


def make_faces(count: int, seed: int) -> list:
    """`count` faces, each a dict from glyph to mask."""
    rng = np.random.default_rng(seed)
    faces = []
    for _ in range(count):
        face = random_face(rng)
        faces.append({glyph: draw(glyph, face) for glyph in ALPHABET})
    return faces
