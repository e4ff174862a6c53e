"""The plate detector: one pass over a picture, and per cell of three grids a score and the plate's four corners.

A cell at stride 8, 16 or 32 answers for plates of a range of sizes (SIZES). Corners are offsets from the cell's
centre in units of the stride, in the order top left, top right, bottom right, bottom left *of the plate*.
"""

import torch
from torch import nn
from torch.nn import functional as F

STRIDES = (8, 16, 32)
# Longer side of the plate's upright box, pixels, that each grid learns; ranges overlap so that none falls between.
SIZES = ((0, 64), (44, 136), (96, 4000))


def _conv(a, b, k=3, s=1, groups=1):
    return nn.Sequential(nn.Conv2d(a, b, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))


class _Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = _conv(c, c)
        self.b = nn.Sequential(nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Detector(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        # Multiples of 16 throughout: ONNX Runtime's convolutions work on sixteen channels at a time.
        self.stem = nn.Sequential(_conv(3, 16, 4, 2), _conv(16, 16, 3, 2), _conv(16, c, 3, 2))
        self.stem[0][0].padding = (1, 1)
        self.stage8 = nn.Sequential(_Block(c), _Block(c))
        self.stage16 = nn.Sequential(_conv(c, 64, 3, 2), _Block(64), _Block(64))
        self.stage32 = nn.Sequential(_conv(64, 96, 3, 2), _Block(96), _Block(96))
        self.side = nn.ModuleList([nn.Conv2d(c, 48, 1), nn.Conv2d(64, 48, 1), nn.Conv2d(96, 48, 1)])
        self.smooth = nn.ModuleList([nn.Sequential(_conv(48, 48, 5, 1, 48), _conv(48, 48, 1), _conv(48, 48, 3, 1, 48), _conv(48, 48, 1)) for _ in STRIDES])
        self.score = nn.ModuleList([nn.Conv2d(48, 1, 1) for _ in STRIDES])
        self.corners = nn.ModuleList([nn.Conv2d(48, 8, 1) for _ in STRIDES])
        for layer in self.score:
            nn.init.constant_(layer.bias, -4.0)

    def forward(self, image):
        """image: N×3×H×W, blue-green-red, 0–255, H and W multiples of 32. Three (score logits, corners) of N×cells(×8)."""
        x8 = self.stage8(self.stem((image - 128.0) / 64.0))
        x16 = self.stage16(x8)
        x32 = self.stage32(x16)
        p32 = self.side[2](x32)
        p16 = self.side[1](x16) + F.interpolate(p32, scale_factor=2.0, mode="nearest")
        p8 = self.side[0](x8) + F.interpolate(p16, scale_factor=2.0, mode="nearest")
        out = []
        for p, smooth, score, corners in zip((p8, p16, p32), self.smooth, self.score, self.corners):
            y = smooth(F.relu(p))
            out.append((score(y).flatten(1), corners(y).flatten(2).transpose(1, 2)))
        return out


class Exported(nn.Module):
    """Probabilities, and names that say the stride."""

    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, image):
        out = []
        for score, corners in self.detector(image):
            out += [torch.sigmoid(score), corners]
        return tuple(out)


def _cells(side_h, side_w, stride, device):
    ys, xs = torch.meshgrid(torch.arange(side_h // stride, device=device), torch.arange(side_w // stride, device=device), indexing="ij")
    return (torch.stack([xs.flatten(), ys.flatten()], 1) + 0.5) * stride


def _inside(points, quad):
    """points: C×2, quad: N×P×4×2 (clockwise in pixels) → N×P×C."""
    inside = None
    for i in range(4):
        a, b = quad[:, :, i, None], quad[:, :, (i + 1) % 4, None]
        cross = (b[..., 0] - a[..., 0]) * (points[:, 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (points[:, 0] - a[..., 0])
        inside = cross >= 0 if inside is None else inside & (cross >= 0)
    return inside


def loss(out, corners, side):
    has = ~torch.isnan(corners[:, :, 0, 0])
    quad = torch.nan_to_num(corners)
    centre = quad.mean(2, keepdim=True)
    low, high = quad.amin(2), quad.amax(2)
    longer = (high - low).amax(-1)
    shown = (high.clamp(0, side) - low.clamp(0, side)).clamp(min=0).prod(-1) / (high - low).prod(-1).clamp(min=1)
    cut = shown < 0.85
    small = longer < 11
    total_score, total_corner, positives = 0.0, 0.0, 0.0
    for (score, offset), stride, (least, most) in zip(out, STRIDES, SIZES):
        points = _cells(side, side, stride, score.device)
        fits = has & (longer >= least) & (longer < most) & ~cut & ~small
        core = centre + (quad - centre) * 0.45
        near = (points[None, None] - centre).abs().amax(-1) < stride * 0.75
        positive_of = (_inside(points, core) | (near & _inside(points, quad))) & fits[..., None]
        positive = positive_of.any(1)
        around = _inside(points, centre + (quad - centre) * 1.15) & has[..., None]
        ignore = around.any(1) & ~positive
        probability = torch.sigmoid(score)
        focal_positive = F.softplus(-score) * (1 - probability) ** 2
        focal_negative = F.softplus(score) * probability**2
        total_score = total_score + (focal_positive * positive).sum() + 0.5 * (focal_negative * (~positive & ~ignore)).sum()
        which = positive_of.float().argmax(1)
        target = torch.gather(quad.flatten(2), 1, which[..., None].expand(-1, -1, 8))
        target = (target - points.repeat(1, 4)[None]) / stride
        # Errors count in proportion to the plate's size: 1 % of a large plate is as good as 1 % of a small one.
        scale = torch.gather(longer, 1, which).clamp(min=8) / stride
        miss = F.smooth_l1_loss(offset, target, reduction="none", beta=0.1).mean(-1) / scale
        total_corner = total_corner + (miss * positive).sum()
        positives = positives + positive.sum()
    positives = positives.clamp(min=1)
    score, corner = total_score / positives, total_corner / positives
    return score + 5.0 * corner, {"score": float(score.detach()), "corner": float(corner.detach())}
