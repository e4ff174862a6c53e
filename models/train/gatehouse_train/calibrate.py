"""Fits the confidence of readings: python -m gatehouse_train.calibrate --edge PROGRAM

Paints plates of faces that no training saw, lets the program read them with the installed models, and fits slope and
intercept on the log-odds of its confidence (Platt, 1999). The two numbers go into the manifest. Run it with
`calibration = [1.0, 0.0]` there.
"""

import argparse
import csv
import os
import subprocess
import tempfile

import cv2
import numpy as np

from .glyphs import make_faces
from .reader_data import STATES, make_sample, text_of
from .texts import random_text

SEED = 31_337


def fit(confidence, right, steps=4000):
    """Newton's method would do; plain gradient descent on two numbers is clear and quick enough."""
    p = np.clip(confidence, 1e-6, 1 - 1e-6)
    x = np.log(p / (1 - p))
    a, b = 1.0, 0.0
    for _ in range(steps):
        q = 1 / (1 + np.exp(-(a * x + b)))
        a -= 0.05 * np.mean((q - right) * x)
        b -= 0.2 * np.mean(q - right)
    return a, b


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--edge", default="../../target/release/gatehouse-edge")
    arguments.add_argument("--count", type=int, default=3000)
    options = arguments.parse_args()
    faces = make_faces(40, SEED)
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        labels, each = os.path.join(folder, "labels.csv"), os.path.join(folder, "each.csv")
        with open(labels, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["image", "plate"])
            number = 0
            while number < options.count:
                sample = make_sample(rng, faces, random_text(rng))
                text = text_of(sample.glyphs)
                if sample.state != STATES.index("plate") or not 6 <= len(text) <= 10:
                    continue
                cv2.imwrite(os.path.join(folder, f"{number}.png"), sample.image)
                writer.writerow([f"{number}.png", text.replace("Đ", "D")])
                number += 1
        command = [options.edge, "eval", "plates", "--images", folder, "--labels", labels, "--json", os.path.join(folder, "o.json"), "--each", each]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(each, encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["outcome"] == "read"]
    confidence = np.array([float(row["confidence"]) for row in rows])
    right = np.array([row["exact"] == "1" for row in rows], float)
    a, b = fit(confidence, right)
    print(f"{len(rows)} of {options.count} read, {right.mean() * 100:.2f} % of them right")
    print(f"calibration = [{a:.3f}, {b:.3f}]")


if __name__ == "__main__":
    main()
