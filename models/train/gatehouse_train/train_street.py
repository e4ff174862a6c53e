"""Trains the street detector on what its teachers say of a folder of pictures:
python -m gatehouse_train.train_street --pictures FOLDER --table CSV --labels JSON --out FOLDER"""

import json
import os

import cv2
import numpy as np
import torch

from . import street_data, street_net, training
from .street_net import CALIBRATION
from .street_teach import PERSON, POSITIVE_MIN, iou


def more(arguments):
    arguments.add_argument("--pictures", required=True, help="folder of street pictures (*.jpg)")
    arguments.add_argument("--table", required=True, help="CSV with the columns file, source, group")
    arguments.add_argument("--labels", required=True, help="what street_teach wrote")
    arguments.add_argument("--body", metavar="CHECKPOINT", help="a plate detector to take the first layers from")


def looked_at(net, pictures, score_min):
    """What the student finds in each whole picture, in shares of it, best first: corners, scores, kinds; and the teachers'
    boxes."""
    net.eval()
    for picture, boxes in pictures:
        image = cv2.resize(picture, (street_data.WIDTH, street_data.HEIGHT), interpolation=cv2.INTER_AREA)
        corners, scores, kinds = street_net.detect(net, image, score_min)
        yield corners / ([street_data.WIDTH, street_data.HEIGHT] * 2), scores, kinds, boxes


def agreement(net, streets, most=150):
    """On whole pictures never trained on: how many of the teachers' sure boxes the student finds, and how many of its
    boxes a teacher saw (even faintly), for persons and for vehicles."""
    sums = {"person": [0, 0, 0, 0], "vehicle": [0, 0, 0, 0]}
    some = streets.pictures[:: max(1, len(streets.pictures) // most)]
    for corners, _, kinds, boxes in looked_at(net, some, CHECKED_MIN):
        for group, counts in sums.items():
            of_group = boxes[(boxes[:, 5] == PERSON) == (group == "person")]
            mine = corners[(kinds == PERSON) == (group == "person")]
            sure = of_group[of_group[:, 4] >= POSITIVE_MIN]
            counts[0] += sum(1 for box in sure if len(mine) and iou(mine, box[:4]).max() > 0.5)
            counts[1] += len(sure)
            counts[2] += sum(1 for box in mine if len(of_group) and iou(of_group[:, :4], box).max() > 0.4)
            counts[3] += len(mine)
    told = {}
    for group, (found, wanted, right, said) in sums.items():
        told[f"{group}_found"] = round(found / max(wanted, 1), 3)
        told[f"{group}_right"] = round(right / max(said, 1), 3)
    return told


# Boxes below this do not count in the check between two lines of progress.
CHECKED_MIN = 0.35
# Boxes below this are not asked for the calibration, and pictures of these groups show few streets.
CALIBRATED_MIN, NO_STREETS = 0.08, ("coco",)
# From this score on the program begins to follow a box; of persons so sure this share shall be right.
BEGIN, BEGIN_RIGHT = 0.55, 0.8


def calibration(net, streets):
    """Slope and intercept of the objectness, from whole pictures that were never trained on: a net that is taught
    overlaps is surer of itself than it should be. The slope is fitted to how often a box is one that a teacher saw; the
    intercept is moved until what the program begins to follow is right often enough."""
    logits, right, persons = [], [], []
    skipped = {number for group in NO_STREETS for number in streets.groups.get(group, [])}
    shown = [one for number, one in enumerate(streets.pictures) if number not in skipped]
    for corners, scores, kinds, boxes in looked_at(net, shown, CALIBRATED_MIN):
        logits += list(np.log(scores / (1 - scores)))
        persons += list(kinds == PERSON)
        free = np.ones(len(boxes), bool)
        for box in corners:  # best first: each label answers for one box
            overlaps = iou(boxes[:, :4], box) * free if len(boxes) else np.zeros(1)
            hit = overlaps.max() > 0.4
            if hit:
                free[overlaps.argmax()] = False
            right.append(float(hit))
    x, y = torch.tensor(np.array(logits), dtype=torch.float64), torch.tensor(right, dtype=torch.float64)
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    fit = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        fit.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(line[0] * x + line[1], y)
        loss.backward()
        return loss

    fit.step(closure)
    slope, intercept = line.tolist()
    of_persons = np.array(persons)
    order = np.argsort(-np.array(logits)[of_persons])
    share = np.cumsum(np.array(right)[of_persons][order]) / np.arange(1, len(order) + 1)
    enough = np.where(share >= BEGIN_RIGHT)[0]
    last = np.array(logits)[of_persons][order][enough[-1]] if len(enough) else np.array(logits).max()
    moved = np.log(BEGIN / (1 - BEGIN)) - slope * last
    print(f"calibration on {len(right)} boxes: fitted {slope:.3f} {intercept:.3f}, moved to {moved:.3f}", flush=True)
    return [slope, float(moved)]


def borrow(net, path):
    """Takes over every layer of the plate detector that has the same shape: edges and corners are the same world."""
    theirs = torch.load(path, map_location="cpu", weights_only=True)["average"]
    own = net.state_dict()
    taken = {name: value for name, value in theirs.items() if name in own and own[name].shape == value.shape}
    net.load_state_dict(own | taken)
    print(f"{len(taken)} of {len(own)} tensors borrowed", flush=True)


def main():
    options = training.parse(__doc__, extra=more, samples=600_000, batch=32, faces=0)
    streets = street_data.Streets(options.pictures, options.table, options.labels, checking=False)
    unseen = street_data.Streets(options.pictures, options.table, options.labels, checking=True)
    print(f"{len(streets.pictures)} pictures to learn from, {len(unseen.pictures)} to check with", flush=True)
    net = street_net.Street()
    if options.body:
        borrow(net, options.body)
    size = (street_data.VIEW_WIDTH, street_data.VIEW_HEIGHT)
    average = training.train(
        net=net,
        make_batch=lambda number: street_data.batch(options.seed, number, options.batch, streets),
        loss=lambda out, boxes: street_net.loss(out, boxes, *size),
        batches=options.samples // options.batch,
        path=os.path.join(options.out, "street.pt"),
        lr=options.lr,
        workers=options.workers,
        device=options.device,
        minutes=options.minutes,
        start=options.start,
        check=lambda net: agreement(net, unseen),
    )
    with open(os.path.join(options.out, CALIBRATION), "w", encoding="utf-8") as file:
        json.dump(calibration(average, unseen), file)


if __name__ == "__main__":
    main()
