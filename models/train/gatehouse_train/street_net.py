"""The street detector: persons, two-wheelers and vehicles in one pass; the plate detector's body with a wider end.

Its output is that of a YOLOX head, [cells, 5 + classes]: x, y offset in cells, ln of width and height in strides,
objectness, classes; so the program needs no decoder of its own for it.
"""

import torch
from torch import nn
from torch.nn import functional as F

from .detector_net import STRIDES, _Block, _conv
from .street_teach import CLASSES, POSITIVE_MIN

# Boxes of one sort that overlap more than this are one thing; models/manifest.toml says the same to the program. Found
# on pictures that were not trained on: boxes of so small a net are rough.
OVERLAP_MAX = 0.35
# The file beside a checkpoint that holds its calibration.
CALIBRATION = "street_calibration.json"
# Longer side of a box, pixels, that each grid learns.
SIZES = ((0, 56), (40, 128), (96, 4000))
# How far around the middle cells of a box nothing is punished, as a multiple of their reach.
BESIDE = 1.7


class Street(nn.Module):
    def __init__(self, c=32, out=48):
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 16, 4, 2), _conv(16, 16, 3, 2), _conv(16, c, 3, 2))
        self.stem[0][0].padding = (1, 1)
        self.stage8 = nn.Sequential(_Block(c), _Block(c))
        self.stage16 = nn.Sequential(_conv(c, 64, 3, 2), _Block(64), _Block(64))
        self.stage32 = nn.Sequential(_conv(64, 112, 3, 2), _Block(112), _Block(112))
        self.side = nn.ModuleList([nn.Conv2d(n, out, 1) for n in (c, 64, 112)])
        self.smooth = nn.ModuleList([nn.Sequential(_conv(out, out, 5, 1, out), _conv(out, out, 1), _conv(out, out, 5, 1, out), _conv(out, out, 1)) for _ in STRIDES])
        self.head = nn.ModuleList([nn.Conv2d(out, 5 + len(CLASSES), 1) for _ in STRIDES])
        for head in self.head:
            nn.init.zeros_(head.bias)
            nn.init.constant_(head.bias[4], -4.0)

    def forward(self, image):
        """image: N×3×H×W, blue-green-red, 0–255. N × cells × (5 + classes), scores as logits."""
        x8 = self.stage8(self.stem((image - 128.0) / 64.0))
        x16 = self.stage16(x8)
        x32 = self.stage32(x16)
        p32 = self.side[2](x32)
        p16 = self.side[1](x16) + F.interpolate(p32, scale_factor=2.0, mode="nearest")
        p8 = self.side[0](x8) + F.interpolate(p16, scale_factor=2.0, mode="nearest")
        parts = [head(smooth(F.relu(p))).flatten(2).transpose(1, 2) for p, smooth, head in zip((p8, p16, p32), self.smooth, self.head)]
        return torch.cat(parts, 1)


class Exported(nn.Module):
    """With scores as probabilities; `calibration` is slope and intercept of the objectness."""

    def __init__(self, street, calibration=(1.0, 0.0)):
        super().__init__()
        self.street = street
        self.slope, self.intercept = calibration

    def forward(self, image):
        out = self.street(image)
        there = torch.sigmoid(out[..., 4:5] * self.slope + self.intercept)
        return torch.cat([out[..., :4], there, torch.sigmoid(out[..., 5:])], -1)


def cells(w, h, device=None):
    """Column, row and stride of each cell, in the order of the output."""
    parts = []
    for stride in STRIDES:
        ys, xs = torch.meshgrid(torch.arange(h // stride, device=device), torch.arange(w // stride, device=device), indexing="ij")
        parts.append(torch.stack([xs.flatten(), ys.flatten(), torch.full((xs.numel(),), stride, device=device)], 1))
    return torch.cat(parts).float()


def boxes_of(out, grid):
    """Corners in pixels."""
    centre = (out[..., :2] + grid[:, :2]) * grid[:, 2:]
    size = torch.exp(out[..., 2:4].clamp(-4, 6)) * grid[:, 2:]
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def giou(a, b):
    x0, y0 = torch.maximum(a[..., 0], b[..., 0]), torch.maximum(a[..., 1], b[..., 1])
    x1, y1 = torch.minimum(a[..., 2], b[..., 2]), torch.minimum(a[..., 3], b[..., 3])
    shared = (x1 - x0).clamp(min=0) * (y1 - y0).clamp(min=0)
    area = lambda v: (v[..., 2] - v[..., 0]).clamp(min=0) * (v[..., 3] - v[..., 1]).clamp(min=0)
    union = (area(a) + area(b) - shared).clamp(min=1e-6)
    around = (torch.maximum(a[..., 2], b[..., 2]) - torch.minimum(a[..., 0], b[..., 0])) * (torch.maximum(a[..., 3], b[..., 3]) - torch.minimum(a[..., 1], b[..., 1]))
    iou = shared / union
    return iou, iou - (around - union) / around.clamp(min=1e-6)


def loss(out, boxes, w, h):
    grid = cells(w, h, out.device)
    middles = (grid[:, :2] + 0.5) * grid[:, 2:]
    has = ~torch.isnan(boxes[..., 0])
    box = torch.nan_to_num(boxes[..., :4])
    score, kind = torch.nan_to_num(boxes[..., 4]), torch.nan_to_num(boxes[..., 5], nan=-1.0).long()
    size = box[..., 2:] - box[..., :2]
    longer = size.amax(-1)
    at = middles[None, None]
    corner0, corner1 = box[:, :, None, :2], box[:, :, None, 2:]
    inside = ((at >= corner0) & (at <= corner1)).all(-1) & has[..., None]
    centre = (corner0 + corner1) / 2
    # The middle of a box answers for it, at least the cell that holds its centre.
    reach = torch.maximum(size[:, :, None] * 0.22, (grid[:, 2] * 0.75)[None, None, :, None])
    near = ((at - centre).abs() <= reach).all(-1)
    least = torch.tensor([s[0] for s in SIZES], device=out.device, dtype=torch.float32)
    most = torch.tensor([s[1] for s in SIZES], device=out.device, dtype=torch.float32)
    level = (torch.log2(grid[:, 2]) - 3).long()
    fits = (longer[..., None] >= least[level]) & (longer[..., None] < most[level])
    sure = (score >= POSITIVE_MIN) & has
    positive_of = near & (inside | ((at - centre).abs() <= grid[:, 2][None, None, :, None] * 0.75).all(-1)) & fits & sure[..., None]
    positive = positive_of.any(1)
    # Who stands just beside the middle of a box is neither right nor wrong; the rest of it is told to say nothing, as is
    # every grid that the box is not for: else each part of a lorry is a small car. What the teachers doubt is left open.
    beside = ((at - centre).abs() <= reach * BESIDE).all(-1)
    ignore = (inside & fits & (beside | ~sure[..., None])).any(1) & ~positive
    # Of several boxes the smallest is meant.
    which = torch.where(positive_of, size.prod(-1)[..., None], torch.full_like(positive_of, 1e9, dtype=torch.float32)).argmin(1)
    target = torch.gather(box, 1, which[..., None].expand(-1, -1, 4))
    target_score = torch.gather(score, 1, which)
    target_kind = torch.gather(kind, 1, which)
    found = boxes_of(out, grid)
    iou, g = giou(found, target)
    count = positive.sum().clamp(min=1)
    box_loss = ((1 - g) * positive).sum() / count
    logit = out[..., 4]
    p = torch.sigmoid(logit)
    # Objectness is taught the overlap, so that the best of several boxes wins; never below what the teachers make sure.
    wanted = torch.where(positive, (0.5 * target_score + 0.5 * iou.detach()).clamp(0.3, 1.0), torch.zeros_like(p))
    bce = F.binary_cross_entropy_with_logits(logit, wanted, reduction="none")
    weight = torch.where(positive, torch.ones_like(p), 0.75 * p.detach() ** 2)
    object_loss = (bce * weight * (~ignore)).sum() / count
    known = positive & (target_kind >= 0)
    one_hot = F.one_hot(target_kind.clamp(min=0), len(CLASSES)).float()
    kinds = F.binary_cross_entropy_with_logits(out[..., 5:], one_hot, reduction="none").sum(-1)
    kind_loss = (kinds * known).sum() / known.sum().clamp(min=1)
    total = 2.0 * box_loss + object_loss + 0.5 * kind_loss
    # A vehicle of unknown kind is at least no person and no two-wheeler.
    vague = positive & (target_kind < 0)
    not_person = F.softplus(out[..., 5:8]).sum(-1)
    total = total + 0.5 * (not_person * vague).sum() / vague.sum().clamp(min=1)
    return total, {"box": float(box_loss.detach()), "object": float(object_loss.detach()), "kind": float(kind_loss.detach())}


def detect(net, image, score_min):
    """For the check: boxes, scores, classes of one picture (H×W×3 uint8) at the student's size, best first."""
    from .street_teach import suppress

    h, w = image.shape[:2]
    with torch.no_grad():
        out = net(torch.from_numpy(image.transpose(2, 0, 1)[None]).float())
        corners = boxes_of(out, cells(w, h))[0].numpy()
        scores = (torch.sigmoid(out[0, :, 4:5]) * torch.sigmoid(out[0, :, 5:])).numpy()
    kind, score = scores.argmax(1), scores.max(1)
    at = score > score_min
    corners, kind, score = corners[at], kind[at], score[at]
    keep = suppress(corners, score, OVERLAP_MAX) if len(corners) else []
    return corners[keep], score[keep], kind[keep]


