"""Plate reading beside what a user would otherwise install: Gatehouse's reader and rapidocr-onnxruntime, in one run, on
the same pictures, one thread each.

    python benches/plates.py --edge target/release/gatehouse-edge --data ../shared/data/plates [--every 10]

Only plates that the reader was never trained on are taken (models/train/gatehouse_train/real.py tells which). The peer
gets its best case on each set: recognition alone where a plate has one row, its whole pipeline where it has two. Both
answers are compared without separators and with Đ as D.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

SETS = [("one_row", "one row, 94 × 24", False), ("crops", "crops, one row", False), ("crops", "crops, two rows", True)]


def rows_of(folder, name, every, two_rows):
    with open(os.path.join(folder, name, "labels.csv"), encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if hashlib.sha256(row["plate"].encode()).digest()[0] % 10 >= 7]
    if name == "crops":
        rows = [row for row in rows if (row["rows"] == "2") == two_rows]
    return rows[::every]


def canonical(text):
    return re.sub(r"[^0-9A-Z]", "", text.upper().replace("Đ", "D"))


def peer(folder, name, rows, whole):
    import cv2
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    exact, spent = 0, []
    for row in rows:
        image = cv2.imread(os.path.join(folder, name, row["image"]))
        started = time.perf_counter()
        result, _ = engine(image) if whole else engine(image, use_det=False, use_cls=False, use_rec=True)
        spent.append(time.perf_counter() - started)
        if not result:
            text = ""
        elif whole:
            text = "".join(line[1] for line in sorted(result, key=lambda line: min(point[1] for point in line[0])))
        else:
            text = "".join(line[0] for line in result)
        exact += canonical(text) == row["plate"]
    return exact / len(rows), sorted(spent)[len(spent) // 2] * 1e3


def ours(edge, folder, name, rows):
    with tempfile.TemporaryDirectory() as scratch:
        labels, out = os.path.join(scratch, "labels.csv"), os.path.join(scratch, "out.json")
        with open(labels, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["image", "plate"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        command = [edge, "eval", "plates", "--images", os.path.join(folder, name), "--labels", labels, "--json", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8") as file:
            scores = json.load(file)
    return scores["exact_rate"], scores["ms_p50"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--edge", default="target/release/gatehouse-edge")
    arguments.add_argument("--data", default="../shared/data/plates")
    arguments.add_argument("--every", type=int, default=10, help="every n-th picture of a set")
    options = arguments.parse_args()
    if not os.path.isdir(options.data):
        sys.exit(f"no pictures in {options.data}: this comparison needs them")
    print(f"{'set':<20}{'n':>6}{'Gatehouse %':>13}{'ms':>8}{'peer %':>9}{'ms':>9}{'times faster':>14}")
    for name, title, whole in SETS:
        rows = rows_of(options.data, name, options.every, whole)
        our_rate, our_ms = ours(options.edge, options.data, name, rows)
        peer_rate, peer_ms = peer(options.data, name, rows, whole)
        print(f"{title:<20}{len(rows):>6}{our_rate * 100:>13.1f}{our_ms:>8.2f}{peer_rate * 100:>9.1f}{peer_ms:>9.1f}{peer_ms / our_ms:>14.1f}", flush=True)


if __name__ == "__main__":
    main()
