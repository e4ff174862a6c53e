"""From a flat plate to what a camera records of it: perspective, light, blur, noise, compression."""

import cv2
import numpy as np


def random_pose(rng: np.random.Generator, w: float, h: float, hard: float = 1.0) -> np.ndarray:
    """The four corners (top left, top right, bottom right, bottom left; 4×2) of a w × h plate seen at a random angle,
    in the plate's own units around (0, 0)."""
    calm = rng.random() < 0.5
    spread = (0.35 if calm else 1.0) * hard
    yaw, pitch = np.radians(np.clip(rng.normal(0, 20, 2) * spread, -50, 50))
    roll = np.radians(np.clip(rng.normal(0, 6) * (0.5 if calm else 1.2) * hard, -25, 25))
    corners = np.array([[-w, -h, 0], [w, -h, 0], [w, h, 0], [-w, h, 0]], np.float64) / 2
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array(
        [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]
    )
    world = corners @ turn.T
    distance = max(w, h) * rng.uniform(2.5, 12)
    return (world[:, :2] * distance / (distance + world[:, 2:])).astype(np.float32)


def light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, colour of the light, shadow, glare; float BGR in, float out."""
    h, w = image.shape[:2]
    gain = np.exp(rng.normal(0, 0.28))
    if rng.random() < 0.1:
        gain *= rng.uniform(0.25, 0.55)  # dusk
    tint = np.exp(rng.normal(0, 0.07, 3)) if rng.random() < 0.88 else np.exp(rng.normal(0, 0.2, 3))
    out = image * (gain * tint).astype(np.float32)
    if rng.random() < 0.5:
        ramp = np.linspace(-1, 1, w, dtype=np.float32)[None, :, None] * rng.normal(0, 0.25) + np.linspace(
            -1, 1, h, dtype=np.float32
        )[:, None, None] * rng.normal(0, 0.25)
        out *= np.exp(ramp)
    if rng.random() < 0.2:
        shade = np.ones((h, w), np.float32)
        points = (rng.uniform(-0.3, 1.3, (3, 2)) * [w, h]).astype(np.int32)
        cv2.fillConvexPoly(shade, points, float(rng.uniform(0.3, 0.75)), cv2.LINE_AA)
        out *= cv2.blur(shade, (3, 3))[..., None]
    if rng.random() < 0.15:
        glare = np.zeros((h, w), np.float32)
        at = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
        axes = (int(rng.uniform(0.05, 0.4) * w) + 1, int(rng.uniform(0.05, 0.35) * h) + 1)
        cv2.ellipse(glare, at, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(40, 220)), -1)
        size = max(3, int(min(axes) * 1.2) | 1)
        out += cv2.blur(glare, (size, size))[..., None]
    if rng.random() < 0.25:
        # Haze or a washed-out sensor: less contrast around a level.
        k, level = rng.uniform(0.25, 0.85), rng.uniform(40, 220)
        out = out * k + level * (1 - k)
    return out


def blur(image: np.ndarray, rng: np.random.Generator, glyph_px: float, strength: float = 1.0) -> np.ndarray:
    """Defocus and motion, both in proportion to how large a glyph is in the picture (pixels high)."""
    if rng.random() < 0.7:
        sigma = abs(rng.normal(0, 0.035)) * glyph_px * strength + rng.uniform(0, 0.5)
        if sigma > 0.25:
            image = cv2.GaussianBlur(image, (0, 0), min(sigma, 6.0))
    if rng.random() < 0.35:
        length = int(abs(rng.normal(0, 0.11)) * glyph_px * strength) + 1
        if length > 1:
            size = min(length, 25) | 1
            kernel = np.zeros((size, size), np.float32)
            angle = rng.uniform(0, np.pi)
            dx, dy = np.cos(angle) * size / 2, np.sin(angle) * size / 2
            mid = size // 2
            cv2.line(kernel, (int(mid - dx), int(mid - dy)), (int(mid + dx), int(mid + dy)), 1.0, 1)
            image = cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1e-6))
    return image


def sensor(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise, sharpening, grey infra-red, 8 bits, JPEG. Float BGR in; uint8 BGR out, and whether colour was lost."""
    h, w = image.shape[:2]
    if rng.random() < 0.6:
        sigma = abs(rng.normal(0, 7))
        noise = rng.standard_normal((h, w, 1 if rng.random() < 0.5 else 3), np.float32)
        image = image + noise * sigma
    if rng.random() < 0.35:
        image = image + (image - cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2.0))) * rng.uniform(0.3, 1.8)
    if rng.random() < 0.3:
        image = 255 * (np.clip(image, 0, 255) / 255) ** np.exp(rng.normal(0, 0.3))
    grey = rng.random() < 0.1
    if grey:
        image = np.repeat(image.mean(2, keepdims=True), 3, 2)
    out = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.65:
        quality = int(rng.uniform(12, 92))
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    if rng.random() < 0.12:
        # A sub-stream blown up, or a crop stored at another size.
        k = rng.uniform(0.5, 0.9)
        small = cv2.resize(out, (max(8, int(w * k)), max(8, int(h * k))), interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)
    return out, grey


def clutter(h: int, w: int, rng: np.random.Generator) -> np.ndarray:
    """Something that is no plate: a patchy ground with bars, ellipses and edges, float BGR."""
    base = rng.uniform(0, 255, (rng.integers(1, 5), rng.integers(1, 5), 3)).astype(np.float32) * rng.uniform(0.2, 1)
    out = cv2.resize(base, (w, h), interpolation=cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST)
    for _ in range(rng.integers(0, 5)):
        colour = tuple(float(v) for v in rng.uniform(0, 255, 3) * rng.uniform(0.2, 1))
        a = (rng.uniform(-0.2, 1.2, 2) * [w, h]).astype(int)
        b = (rng.uniform(-0.2, 1.2, 2) * [w, h]).astype(int)
        if rng.random() < 0.5:
            cv2.rectangle(out, tuple(map(int, a)), tuple(map(int, b)), colour, -1 if rng.random() < 0.6 else 2)
        else:
            axes = (int(abs(b[0] - a[0]) / 2) + 1, int(abs(b[1] - a[1]) / 2) + 1)
            cv2.ellipse(out, tuple(map(int, a)), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return out
