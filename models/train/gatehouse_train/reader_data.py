"""Training samples of the plate reader: a rectified crop and everything that is true of it."""

from dataclasses import dataclass

import cv2
import numpy as np

from . import camera, real
from .glyphs import ALPHABET, BLANK, INDEX
from .plates import SCALE, draw_plate
from .texts import COLOURS, Text, random_text

# What the reader takes: 3 × HEIGHT × WIDTH, blue-green-red, 0–255.
WIDTH, HEIGHT = 128, 64
SLOTS = 12
# Roughly how high a glyph is on each plate, in millimetres.
GLYPH_MM = {"car_long": 72, "car_short": 64, "motorbike": 53}
# What the crop is, in the order of the reader's output.
STATES = ["plate", "cut", "not_a_plate"]  # "cut": not all of it can be seen
IGNORE = -1
# A photographed plate is never made smaller than this, in pixels of a glyph's height: below it nobody can read.
RETAKEN_GLYPH_MIN = 9.0


@dataclass
class Sample:
    image: np.ndarray  # HEIGHT × WIDTH × 3, uint8
    glyphs: np.ndarray  # SLOTS; index into ALPHABET, BLANK after the last, IGNORE where nothing is known
    centres: np.ndarray  # SLOTS × 2, x and y in 0–1, NaN where there is no glyph
    rows: int  # 0 one row, 1 two rows, IGNORE
    colour: int
    state: int


def rectify(image: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The plate inside four corners, brought to WIDTH × HEIGHT. Large plates are averaged, not point-sampled; the
    program that uses the model does the same."""
    across = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    k = int(np.clip(np.ceil(across / WIDTH), 1, 4))
    target = np.array([[0, 0], [WIDTH * k, 0], [WIDTH * k, HEIGHT * k], [0, HEIGHT * k]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    out = cv2.warpPerspective(image, matrix, (WIDTH * k, HEIGHT * k), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(out, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) if k > 1 else out


def place(flat: np.ndarray, quad: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """Lays a flat picture over `canvas` (float) inside four corners; returns the matrix from flat to canvas pixels."""
    h, w = flat.shape[:2]
    across = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    k = min(1.0, across / w * 1.15)
    small = cv2.resize(flat, (max(4, int(w * k)), max(4, int(h * k))), interpolation=cv2.INTER_AREA) if k < 0.9 else flat
    sh, sw = small.shape[:2]
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [sw, 0], [sw, sh], [0, sh]], np.float32), quad.astype(np.float32))
    alpha = np.full((sh, sw), 255, np.uint8)
    size = (canvas.shape[1], canvas.shape[0])
    over = cv2.warpPerspective(small, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpPerspective(alpha, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    canvas *= 1 - alpha
    canvas += over.astype(np.float32) * alpha
    return matrix @ np.diag([sw / w, sh / h, 1.0])


def _view(quad, rng, cut):
    """The four corners of what is cut out: near the plate's own, or its upright box, as a detector gives them."""
    w, h = np.ptp(quad[:, 0]), np.ptp(quad[:, 1])
    if rng.random() < 0.6:
        view = quad + rng.normal(0, 0.022, (4, 2)) * [w, h]
        centre = view.mean(0)
        view = centre + (view - centre) * (1 + rng.uniform(-0.02, 0.12))
    else:
        (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
        left, right = rng.uniform(-0.03, 0.1, 2) * w
        up, down = rng.uniform(-0.03, 0.12, 2) * h
        view = np.array([[x0 - left, y0 - up], [x1 + right, y0 - up], [x1 + right, y1 + down], [x0 - left, y1 + down]])
    if cut:
        a = rng.uniform(0.12, 0.5)
        side = rng.integers(0, 4)
        pairs = [((0, 1), (3, 2)), ((1, 0), (2, 3)), ((0, 3), (1, 2)), ((3, 0), (2, 1))][side]
        moved = view.copy()
        for edge, opposite in pairs:
            moved[edge] = view[edge] + (view[opposite] - view[edge]) * a
        view = moved
    return view.astype(np.float32)


def _sign(rng):
    """A board with writing that is no plate: other letter shapes, several sizes, slanted."""
    h, w = int(rng.uniform(60, 160)), int(rng.uniform(120, 420))
    board = np.empty((h, w, 3), np.uint8)
    board[:] = rng.uniform(0, 255, 3)
    ink = tuple(float(v) for v in rng.uniform(0, 255, 3))
    for _ in range(rng.integers(1, 6)):
        text = "".join(chr(rng.integers(97, 123)) if rng.random() < 0.7 else chr(rng.integers(33, 91)) for _ in range(rng.integers(3, 14)))
        font = int(rng.integers(0, 8)) | (16 if rng.random() < 0.3 else 0)
        at = (int(rng.uniform(-0.1, 0.4) * w), int(rng.uniform(0.2, 1.0) * h))
        cv2.putText(board, text, at, font, rng.uniform(0.5, 3), ink, int(rng.integers(1, 7)), cv2.LINE_AA)
    return board.astype(np.float32)


def _negative(rng, faces):
    kind = rng.random()
    glyphs = np.full(SLOTS, BLANK)
    if kind < 0.3:
        board = _sign(rng)
        glyphs[:] = IGNORE
    elif kind < 0.6:
        board = draw_plate(random_text(rng), faces, rng).image.astype(np.float32)[:, ::-1]
        glyphs[:] = IGNORE
    else:
        board = camera.clutter(int(rng.uniform(20, 120)), int(rng.uniform(30, 260)), rng)
    h, w = board.shape[:2]
    canvas = camera.clutter(int(h * 1.4), int(w * 1.4), rng)
    quad = random_quad(rng, w, h)[0] + [w * 0.7, h * 0.7]
    place(np.clip(board, 0, 255).astype(np.uint8), quad, canvas)
    image, _ = camera.sensor(camera.blur(camera.light(canvas, rng), rng, h * 0.4), rng)
    crop = rectify(image, _view(quad, rng, cut=False))
    return Sample(crop, glyphs, np.full((SLOTS, 2), np.nan, np.float32), IGNORE, IGNORE, STATES.index("not_a_plate"))


def random_quad(rng, w, h, hard=1.0):
    quad = camera.random_pose(rng, w, h, hard)
    return quad, quad.max(0) - quad.min(0)


def make_sample(rng: np.random.Generator, faces: list, text: Text = None) -> Sample:
    if text is None and rng.random() < 0.06:
        return _negative(rng, faces)
    text = text or random_text(rng)
    glyph_px = float(np.exp(rng.uniform(np.log(8.0), np.log(44.0))))
    flat = draw_plate(text, faces, rng, float(np.clip(1.6 * glyph_px / GLYPH_MM[text.shape], 0.3, SCALE)))
    fh, fw = flat.image.shape[:2]
    glyph_flat = flat.boxes[0][4] - flat.boxes[0][2]
    scale = glyph_px / glyph_flat
    quad, extent = random_quad(rng, fw * scale, fh * scale)
    cut = rng.random() < 0.06
    margin = extent * 0.22 + 3
    cw, ch = (extent + 2 * margin).astype(int)
    quad = quad - quad.min(0) + margin
    canvas = camera.clutter(ch, cw, rng)
    if rng.random() < 0.4:
        # A frame or holder round the plate, darker or brighter than it, or the dark of a bumper.
        centre = quad.mean(0)
        frame = (centre + (quad - centre) * rng.uniform(1.02, 1.3)).astype(np.int32)
        cv2.fillConvexPoly(canvas, frame, (float(rng.choice([8, 20, 60, 200])),) * 3, cv2.LINE_AA)
    matrix = place(flat.image, quad.astype(np.float32), canvas)
    image, grey = camera.sensor(camera.blur(camera.light(canvas, rng), rng, glyph_px), rng)

    view = _view(quad, rng, cut)
    target = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    to_crop = cv2.getPerspectiveTransform(view, target) @ matrix
    glyphs = np.full(SLOTS, BLANK)
    centres = np.full((SLOTS, 2), np.nan, np.float32)
    corners = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [(x0 + x1) / 2, (y0 + y1) / 2]] for _, x0, y0, x1, y1, _ in flat.boxes], np.float32)
    seen = cv2.perspectiveTransform(corners.reshape(1, -1, 2), to_crop).reshape(-1, 5, 2)
    slot, lost = 0, 0
    for (ch_, *_), points, hidden in zip(flat.boxes, seen, flat.hidden):
        clipped = np.clip(points[:4], 0, 1)
        whole = max(np.prod(np.ptp(points[:4], axis=0)), 1e-9)
        share = np.prod(np.ptp(clipped, axis=0)) / whole
        if share < 0.9 or hidden:
            lost += 1
        if share < 0.6:
            continue
        if slot < SLOTS:
            # Under a sticker there is a glyph, and nobody knows which: the reader is not taught to guess.
            glyphs[slot] = IGNORE if hidden else INDEX[ch_]
            centres[slot] = np.clip(points[4], 0.001, 0.999)
        slot += 1
    colour = IGNORE if grey else COLOURS.index(text.colour)
    state = STATES.index("cut" if lost else "plate")
    return Sample(rectify(image, view), glyphs, centres, len(text.rows) - 1, colour, state)


def _retake(picture, rows, rng):
    """A photographed plate as a camera further off and to the side would have it: small in a scene, and set upright
    again by corners that are near enough. Gives the crop, or nothing where the picture is too small for that."""
    h, w = picture.shape[:2]
    glyph_now = h * (0.4 if rows == 2 else 0.7)
    if glyph_now < RETAKEN_GLYPH_MIN * 1.3:
        return None
    glyph_px = float(np.exp(rng.uniform(np.log(RETAKEN_GLYPH_MIN), np.log(min(glyph_now, 30.0)))))
    quad, extent = random_quad(rng, w * glyph_px / glyph_now, h * glyph_px / glyph_now, 0.7)
    margin = extent * 0.22 + 3
    cw, ch = (extent + 2 * margin).astype(int)
    quad = quad - quad.min(0) + margin
    canvas = camera.clutter(ch, cw, rng)
    place(picture, quad.astype(np.float32), canvas)
    image, _ = camera.sensor(camera.blur(camera.light(canvas, rng), rng, glyph_px, 0.45), rng)
    return rectify(image, _view(quad, rng, cut=False))


def real_sample(rng: np.random.Generator, plates: real.RealPlates) -> Sample:
    """A look at a photographed plate: half of them at the crop as it is, half as a scene would have it. Where its glyphs
    stand and its colour are not known, and not taught."""
    plate, picture, rows = plates.pick(rng)
    crop = _retake(picture, rows, rng) if rng.random() < 0.5 else None
    if crop is None:
        image, quad, _ = real.vary(picture, rows, rng)
        crop = rectify(image, quad)
    nowhere = np.full((SLOTS, 2), np.nan, np.float32)
    return Sample(crop, real.labels(plate, SLOTS), nowhere, rows - 1, IGNORE, STATES.index("plate"))


def batch(seed: int, number: int, size: int, faces: list, plates: real.RealPlates = None, share: float = 0.0):
    """Batch `number` of the endless, seeded stream: the same numbers give the same pictures. `share` of them come
    from `plates`, if there are any."""
    rng = np.random.default_rng([seed, number])
    photographed = int(size * share) if plates else 0
    samples = [real_sample(rng, plates) for _ in range(photographed)]
    samples += [make_sample(rng, faces) for _ in range(size - photographed)]
    return (
        np.stack([s.image for s in samples]),
        np.stack([s.glyphs for s in samples]).astype(np.int64),
        np.stack([s.centres for s in samples]),
        np.array([s.rows for s in samples], np.int64),
        np.array([s.colour for s in samples], np.int64),
        np.array([s.state for s in samples], np.int64),
    )


def text_of(glyphs: np.ndarray) -> str:
    return "".join(ALPHABET[g] for g in glyphs if 0 <= g < BLANK)
