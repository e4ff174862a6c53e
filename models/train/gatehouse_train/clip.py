"""A short video of vehicles that come to a gate, painted: python -m gatehouse_train.clip --out FILE.mp4

Cars and motorbikes with plates of several kinds drive up to a barrier one after the other. Beside the video a JSON
file says which plates there are, for `gatehouse-edge eval visit`. The same seed gives the same pictures; the encoder is
GStreamer's x264enc, started as a program.
"""

import argparse
import json
import subprocess

import cv2
import numpy as np

from .glyphs import make_faces
from .plates import draw_plate
from .reader_data import place
from .texts import Text

WIDTH, HEIGHT, RATE = 1280, 720, 10

# What comes: rows, shape, colour, red ink. None of these plates is anybody's: the codes are real, the numbers are not.
VISITS = [
    Text(["29-A1", "000.17"], "motorbike", "white"),
    Text(["51G-008.42"], "car_long", "white"),
    Text(["43E", "001.25"], "car_short", "yellow"),
    Text(["65-MĐ2", "000.38"], "motorbike", "white"),
    Text(["80A-003.61"], "car_long", "blue"),
    Text(["72-NR", "004.90"], "motorbike", "white"),
]
SECONDS_EACH = 4.0


def ground(rng):
    """A yard in daylight: sky, wall, road, gate house, barrier post."""
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    image[:] = np.linspace(215, 165, HEIGHT, dtype=np.float32)[:, None, None] * np.array([1.02, 0.99, 0.95], np.float32)
    cv2.rectangle(image, (0, 150), (WIDTH, 300), (150, 165, 172), -1)
    for x in range(0, WIDTH, 64):
        cv2.line(image, (x, 150), (x, 300), (135, 150, 158), 2, cv2.LINE_AA)
    road = np.array([[440, 290], [840, 290], [1270, HEIGHT], [10, HEIGHT]], np.int32)
    cv2.rectangle(image, (0, 290), (WIDTH, HEIGHT), (112, 138, 128), -1)
    cv2.fillConvexPoly(image, road, (104, 106, 108), cv2.LINE_AA)
    for k in range(8):
        y0, y1 = 300 + 8 * k * k, 300 + 8 * k * k + 10 + 8 * k
        cv2.line(image, (640, y0), (640, min(y1, HEIGHT)), (205, 210, 212), 2 + k, cv2.LINE_AA)
    cv2.rectangle(image, (1000, 120), (1230, 420), (176, 190, 205), -1)
    cv2.rectangle(image, (1030, 170), (1130, 280), (90, 84, 70), -1)
    grain = rng.normal(0, 5, (HEIGHT // 2, WIDTH // 2, 1)).astype(np.float32)
    return image + cv2.resize(grain, (WIDTH, HEIGHT))[..., None]


def vehicle(image, x, y, k, motorbike, body):
    """The front of a vehicle whose plate, `k` pixels wide, has its middle at (x, y)."""
    p = lambda dx, dy: (int(x + dx * k), int(y + dy * k))
    if motorbike:
        cv2.ellipse(image, p(0, 0.85), (int(0.28 * k), int(0.95 * k)), 0, 0, 360, (25, 25, 28), -1, cv2.LINE_AA)
        cv2.ellipse(image, p(0, -0.75), (int(0.85 * k), int(0.7 * k)), 0, 0, 360, body, -1, cv2.LINE_AA)
        cv2.ellipse(image, p(0, -0.95), (int(0.3 * k), int(0.18 * k)), 0, 0, 360, (40, 40, 200), -1, cv2.LINE_AA)
        cv2.rectangle(image, p(-0.58, -0.48), p(0.58, 0.48), (48, 48, 52), -1)
        cv2.ellipse(image, p(0, -2.1), (int(0.62 * k), int(0.95 * k)), 0, 0, 360, (88, 70, 60), -1, cv2.LINE_AA)
        cv2.circle(image, p(0, -3.1), int(0.42 * k), (60, 120, 190), -1, cv2.LINE_AA)
        return
    cv2.ellipse(image, p(0, 0.62), (int(1.9 * k), int(0.25 * k)), 0, 0, 360, (60, 62, 64), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.rectangle(image, p(side * 1.25 - 0.24, 0.1), p(side * 1.25 + 0.24, 0.66), (22, 22, 24), -1)
    cv2.rectangle(image, p(-1.6, -1.0), p(1.6, 0.45), body, -1)
    roof = np.array([p(-1.35, -0.95), p(-1.0, -1.9), p(1.0, -1.9), p(1.35, -0.95)], np.int32)
    cv2.fillConvexPoly(image, roof, tuple(0.92 * c for c in body), cv2.LINE_AA)
    glass = np.array([p(-1.18, -1.0), p(-0.88, -1.78), p(0.88, -1.78), p(1.18, -1.0)], np.int32)
    cv2.fillConvexPoly(image, glass, (96, 88, 76), cv2.LINE_AA)
    for side in (-1, 1):
        cv2.ellipse(image, p(side * 1.2, -0.45), (int(0.3 * k), int(0.2 * k)), 0, 0, 360, (236, 240, 240), -1, cv2.LINE_AA)
    cv2.rectangle(image, p(-0.7, -0.62), p(0.7, -0.32), (40, 40, 42), -1)
    cv2.rectangle(image, p(-1.6, 0.2), p(1.6, 0.45), (70, 70, 74), -1)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", default="../bundled/gate_plates.mp4")
    arguments.add_argument("--seed", type=int, default=5)
    options = arguments.parse_args()
    rng = np.random.default_rng(options.seed)
    faces = make_faces(4, options.seed + 5000)
    empty = ground(rng)
    encoder = subprocess.Popen(
        ["bash", "-c", f"gst-launch-1.0 -q fdsrc fd=0 ! rawvideoparse format=bgr width={WIDTH} height={HEIGHT} framerate={RATE}/1 ! videoconvert ! "
         f"video/x-raw,format=I420 ! x264enc speed-preset=slow pass=quant quantizer=30 key-int-max=50 ! mp4mux ! filesink location='{options.out}'"],
        stdin=subprocess.PIPE,
    )
    truth = []
    bodies = [(60, 50, 150), (190, 190, 195), (60, 140, 190), (130, 90, 40), (70, 70, 75), (150, 120, 60)]
    per_visit = int(SECONDS_EACH * RATE)
    for number, text in enumerate(VISITS):
        flat = draw_plate(text, faces, np.random.default_rng(options.seed + number)).image
        h, w = flat.shape[:2]
        lane = rng.uniform(-60, 60)
        lean = rng.uniform(-0.10, 0.10)
        truth.append({"plate": text.glyphs.replace("Đ", "D"), "rows": len(text.rows), "from_s": number * SECONDS_EACH, "to_s": (number + 1) * SECONDS_EACH})
        for frame in range(per_visit):
            t = min(1.0, frame / (0.72 * per_visit))  # comes near, then waits at the barrier
            near = 0.18 + 0.82 * t**1.6
            full = {"car_long": 210, "car_short": 165, "motorbike": 135}[text.shape]
            k = full * near
            x, y = 640 + lane * near, 300 + 260 * near
            image = empty.copy()
            vehicle(image, x, y, k, text.shape == "motorbike", bodies[number])
            pw, ph = k / 2, k / 2 * h / w
            quad = np.array([[-pw, -ph], [pw, -ph * (1 + lean)], [pw, ph * (1 - lean)], [-pw, ph]], np.float32) + [x, y]
            place(flat, quad.astype(np.float32), image)
            image = camera_noise(image, rng)
            encoder.stdin.write(np.ascontiguousarray(image).tobytes())
        for _ in range(3):
            encoder.stdin.write(np.ascontiguousarray(camera_noise(empty, rng)).tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise SystemExit("the encoder failed: gstreamer1.0-tools and gstreamer1.0-plugins-ugly are needed")
    with open(options.out.rsplit(".", 1)[0] + ".truth.json", "w", encoding="utf-8") as file:
        json.dump({"video": options.out.rsplit("/", 1)[-1], "plates": truth}, file, indent=1, ensure_ascii=False)
        file.write("\n")


def camera_noise(image, rng):
    noisy = cv2.GaussianBlur(image, (0, 0), 0.8) + rng.standard_normal((HEIGHT, WIDTH, 1), np.float32) * 1.5
    return np.clip(noisy, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
