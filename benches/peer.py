"""The way a user would write it otherwise: a video counted with opencv-python-headless and onnxruntime from PyPI.

    python benches/peer.py --model FILE.onnx --output ssd|yolox --video FILE [--threads N] [--detections OUT.jsonl]

Decodes with OpenCV, scales, runs the model, picks among overlapping boxes, follows boxes by overlap and counts who goes
over the middle of the picture. Prints one JSON line: frames, processor seconds after start-up, wall seconds, crossings.
`benches/src/bin/edge.rs` runs it beside Gatehouse.
"""

import argparse
import json
import resource
import time

import cv2
import numpy as np
import onnxruntime

# As in models/manifest.toml.
SCORE_MIN, OVERLAP_MAX = 0.1, 0.5
SSD_CHANNELS = ["vehicle", "person", "bike"]
# Boxes below this are not followed.
FOLLOW_MIN, SAME_MIN, LOST_AFTER = 0.5, 0.3, 10


def decode_ssd(outputs):
    boxes, scores = outputs[0][0], outputs[1][0]
    for channel, name in enumerate(SSD_CHANNELS):
        at = np.where(scores[:, channel] >= SCORE_MIN)[0]
        yield name, boxes[at], scores[at, channel]


def yolox_grid(width, height):
    cells = []
    for stride in (8, 16, 32):
        xs, ys = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
        cells.append(np.stack([xs, ys, np.full_like(xs, stride)], -1).reshape(-1, 3))
    return np.concatenate(cells).astype(np.float32)


def decode_yolox(out, grid, size):
    centre, extent = (out[:, :2] + grid[:, :2]) * grid[:, 2:], np.exp(out[:, 2:4]) * grid[:, 2:]
    boxes = np.concatenate([centre - extent / 2, centre + extent / 2], 1) / [*size, *size]
    scores = out[:, 4:5] * out[:, 5:]
    for channel in range(scores.shape[1]):
        at = np.where(scores[:, channel] >= SCORE_MIN)[0]
        yield str(channel), boxes[at], scores[at, channel]


def suppress(boxes, scores):
    if not len(boxes):
        return []
    flat = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    return np.array(cv2.dnn.NMSBoxes(flat.tolist(), scores.tolist(), SCORE_MIN, OVERLAP_MAX)).reshape(-1)


def iou(a, b):
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    shared = max(0.0, x1 - x0) * max(0.0, y1 - y0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / max(area - shared, 1e-9)


class Follower:
    """Boxes joined by overlap, greedily; who changes sides of the middle is counted."""

    def __init__(self):
        self.tracks, self.crossings = [], 0

    def update(self, boxes, number):
        free = list(self.tracks)
        for box in boxes:
            best = max(free, key=lambda track: iou(track["box"], box), default=None)
            side = (box[1] + box[3]) / 2 > 0.5
            if best is None or iou(best["box"], box) < SAME_MIN:
                self.tracks.append({"box": box, "seen": number, "side": side})
                continue
            free.remove(best)
            self.crossings += best["side"] != side
            best.update(box=box, seen=number, side=side)
        self.tracks = [track for track in self.tracks if number - track["seen"] <= LOST_AFTER]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--output", required=True, choices=["ssd", "yolox"])
    arguments.add_argument("--video", required=True)
    arguments.add_argument("--threads", type=int, help="threads of OpenCV and ONNX Runtime; theirs to choose where absent")
    arguments.add_argument("--detections", help="write them here, one JSON object a frame")
    options = arguments.parse_args()
    session_options = onnxruntime.SessionOptions()
    if options.threads:
        cv2.setNumThreads(options.threads)
        session_options.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(options.model, session_options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    height, width = taken.shape[2:]
    grid = yolox_grid(width, height)
    video, follower, number = cv2.VideoCapture(options.video), Follower(), 0
    out = open(options.detections, "w", encoding="utf-8") if options.detections else None
    cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    wall_before, before = time.perf_counter(), cpu()
    while True:
        there, frame = video.read()
        if not there:
            break
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
        image = small.transpose(2, 0, 1)[None].astype(np.float32)
        outputs = session.run(["boxes", "scores"] if options.output == "ssd" else None, {taken.name: image})
        told = decode_ssd(outputs) if options.output == "ssd" else decode_yolox(outputs[0][0], grid, (width, height))
        found = []
        for name, boxes, scores in told:
            keep = suppress(boxes, scores)
            found += [(name, *map(float, box), float(score)) for box, score in zip(boxes[keep], scores[keep])]
        follower.update([box[1:5] for box in found if box[5] >= FOLLOW_MIN], number)
        if out:
            print(json.dumps({"frame": number, "detections": found}), file=out)
        number += 1
    spent = {"cpu_s": cpu() - before, "wall_s": time.perf_counter() - wall_before}
    print(json.dumps({"frames": number, "crossings": follower.crossings, **spent}))


if __name__ == "__main__":
    main()
