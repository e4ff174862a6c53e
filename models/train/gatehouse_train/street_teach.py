"""What permissive detectors say of a folder of street pictures: the labels that the small one is taught.

python -m gatehouse_train.street_teach --pictures FOLDER --models FOLDER --out labels.json

Two teachers are asked (models/manifest.toml has their origin and licence): person-vehicle-bike-detection-2001, which
finds persons and vehicles from any height, on the picture, its mirror image and two halves; and YOLOX-Nano, which
tells a car from a bus, a lorry, a bicycle and a motorbike. No human label is used.
"""

import argparse
import glob
import json
import os

import cv2
import numpy as np
import onnxruntime

CLASSES = ["person", "bicycle", "motorbike", "car", "bus", "truck"]
PERSON, BICYCLE, MOTORBIKE, CAR, BUS, TRUCK = range(6)
VEHICLE, BIKE = -1, -2  # what the first teacher knows no better
# Below this nothing is said; up to POSITIVE the student is neither told that it is there nor that it is not.
ASKED_MIN, POSITIVE_MIN = 0.15, 0.42
COCO = {0: PERSON, 1: BICYCLE, 2: CAR, 3: MOTORBIKE, 5: BUS, 7: TRUCK}


def iou(boxes, box):
    x0, y0 = np.maximum(boxes[:, 0], box[0]), np.maximum(boxes[:, 1], box[1])
    x1, y1 = np.minimum(boxes[:, 2], box[2]), np.minimum(boxes[:, 3], box[3])
    shared = np.clip(x1 - x0, 0, None) * np.clip(y1 - y0, 0, None)
    area = lambda b: (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return shared / np.maximum(area(boxes) + area(box) - shared, 1e-9)


def suppress(boxes, scores, most):
    order, keep = np.argsort(-scores), []
    while len(order):
        keep.append(order[0])
        order = order[1:][iou(boxes[order[1:]], boxes[order[0]]) < most]
    return np.array(keep, int)


class Teachers:
    def __init__(self, folder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = lambda name: onnxruntime.InferenceSession(os.path.join(folder, name), options, providers=["CPUExecutionProvider"])
        self.finder, self.namer = session("person_vehicle_bike_2001_384.onnx"), session("yolox_nano_416.onnx")

    def find(self, picture):
        """Boxes in shares, scores, and person, VEHICLE or BIKE."""
        image = cv2.resize(picture, (384, 384), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)[None].astype(np.float32)
        boxes, scores = (part[0] for part in self.finder.run(["boxes", "scores"], {"image": image}))
        found = []
        for channel, what in ((0, VEHICLE), (1, PERSON), (2, BIKE)):
            s = scores[:, channel]
            at = np.where(s > ASKED_MIN)[0]
            at = at[suppress(boxes[at], s[at], 0.5)] if len(at) else at
            found += [(np.clip(boxes[i], 0, 1), float(s[i]), what) for i in at]
        return found

    def name(self, picture):
        h, w = picture.shape[:2]
        k = 416 / max(h, w)
        small = cv2.resize(picture, (int(w * k), int(h * k)), interpolation=cv2.INTER_AREA)
        image = np.full((416, 416, 3), 114, np.uint8)
        image[: small.shape[0], : small.shape[1]] = small
        out = self.namer.run(None, {self.namer.get_inputs()[0].name: image.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        cells = np.concatenate([np.stack([*np.meshgrid(np.arange(416 // s), np.arange(416 // s)), np.full((416 // s, 416 // s), s)], -1).reshape(-1, 3) for s in (8, 16, 32)])
        centre, size = (out[:, :2] + cells[:, :2]) * cells[:, 2:], np.exp(out[:, 2:4]) * cells[:, 2:]
        boxes = np.concatenate([centre - size / 2, centre + size / 2], 1) / (k * np.array([w, h, w, h]))
        known = list(COCO)
        scores = out[:, 4:5] * out[:, 5:][:, known]
        best, score = scores.argmax(1), scores.max(1)
        at = np.where(score > ASKED_MIN)[0]
        at = at[suppress(boxes[at], score[at], 0.5)] if len(at) else at
        return [(np.clip(boxes[i], 0, 1), float(score[i]), COCO[known[best[i]]]) for i in at]

    def teach(self, picture):
        """What both say together: a list of [x0, y0, x1, y1, score, class or -1 for a vehicle of unknown kind]."""
        views = [(picture, lambda b: b), (picture[:, ::-1], lambda b: np.array([1 - b[2], b[1], 1 - b[0], b[3]]))]
        if picture.shape[1] >= 400:
            w = picture.shape[1]
            half = int(w * 0.6)
            share = half / w
            views.append((picture[:, :half], lambda b: b * [share, 1, share, 1]))
            views.append((picture[:, w - half :], lambda b: b * [share, 1, share, 1] + [1 - share, 0, 1 - share, 0]))
        said = {PERSON: [], VEHICLE: [], BIKE: []}
        for number, (view, back) in enumerate(views):
            for box, score, what in self.find(np.ascontiguousarray(view)):
                # What the edge of a half cuts says nothing of the whole.
                if number == 2 and box[2] > 0.97 or number == 3 and box[0] < 0.03:
                    continue
                said[what].append((back(box), score))
        named = self.name(picture)
        labels = []
        for what, group in said.items():
            if not group:
                continue
            boxes, scores = np.array([b for b, _ in group]), np.array([s for _, s in group])
            for i in suppress(boxes, scores, 0.45):
                same = iou(boxes, boxes[i]) > 0.6
                # Two views that agree are surer than one; a box is the mean of those that speak of it.
                score = float(scores[i]) if same.sum() > 1 else float(scores[i]) * 0.85
                box = np.average(boxes[same], axis=0, weights=scores[same])
                kind = PERSON if what == PERSON else -1
                if what != PERSON:
                    fits = [BICYCLE, MOTORBIKE] if what == BIKE else [CAR, BUS, TRUCK, MOTORBIKE]
                    rivals = [(s * float(iou(b[None], box)[0]), c) for b, s, c in named if c in fits and iou(b[None], box)[0] > 0.45]
                    kind = max(rivals)[1] if rivals else (MOTORBIKE if what == BIKE else -1)
                labels.append([*map(float, box), score, kind])
        for box, score, kind in named:
            # The second teacher alone: two-wheelers and large vehicles that the first is weak at, where it is sure.
            alone = not labels or iou(np.array(labels)[:, :4], box).max() < 0.45
            if alone and score > 0.3:
                labels.append([*map(float, box), score * 0.9, kind])
        return labels


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pictures", required=True)
    arguments.add_argument("--models", required=True)
    arguments.add_argument("--out", required=True)
    options = arguments.parse_args()
    teachers, labels = Teachers(options.models), {}
    paths = sorted(glob.glob(os.path.join(options.pictures, "*.jpg")))
    for number, path in enumerate(paths):
        picture = cv2.imread(path)
        if picture is None:
            print(f"{path}: no picture that OpenCV can read, left out")
            continue
        labels[os.path.basename(path)] = teachers.teach(picture)
        if number % 100 == 99:
            print(f"{number + 1}/{len(paths)}", flush=True)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(labels, file)
    print(f"{len(labels)} pictures, {sum(map(len, labels.values()))} boxes in {options.out}")


if __name__ == "__main__":
    main()
