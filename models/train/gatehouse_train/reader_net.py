"""The plate reader: a small convolutional net with one self-attention layer, and a query per glyph position.

Each of the SLOTS queries looks for "the n-th glyph in reading order" anywhere in the crop, so one net reads one row
and two rows, and each position carries its own probability and its own place in the picture. While it is trained, the
place where a query looks is taught as well (the generator knows it), which is what makes it learn from few samples.
"""

import torch
from torch import nn
from torch.nn import functional as F

from .glyphs import ALPHABET
from .reader_data import HEIGHT, SLOTS, STATES, WIDTH
from .texts import COLOURS

CLASSES = len(ALPHABET) + 1
# Mean loss of a photographed plate's glyphs above which its label is not believed.
ABSURD = 0.5
GRID_H, GRID_W = HEIGHT // 8, WIDTH // 4


def cell_middles():
    """x and y of the middle of each cell, in 0–1, row by row."""
    ys, xs = torch.meshgrid((torch.arange(GRID_H) + 0.5) / GRID_H, (torch.arange(GRID_W) + 0.5) / GRID_W, indexing="ij")
    return torch.stack([xs.flatten(), ys.flatten()], 1)


def _conv(a, b, k=3, s=1, act=True):
    layers = [nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if act else nn.Sequential(*layers)


class _Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = _conv(c, c), _conv(c, c, act=False)

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Reader(nn.Module):
    def __init__(self, narrow=32, wide=64, dim=80):
        super().__init__()
        self.body = nn.Sequential(
            _conv(3, 24, 5, 2),
            _conv(24, narrow, 3, 2),
            _Block(narrow),
            _Block(narrow),
            _conv(narrow, wide, 3, (2, 1)),
            _Block(wide),
            _Block(wide),
            _conv(wide, dim, 1, act=False),
        )
        cells = GRID_H * GRID_W
        self.place = nn.Parameter(torch.randn(1, cells, dim) * 0.02)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ask, self.answer, self.out = nn.Linear(dim, dim), nn.Linear(dim, dim * 2), nn.Linear(dim, dim)
        self.feed = nn.Sequential(nn.Linear(dim, dim * 2), nn.ReLU(), nn.Linear(dim * 2, dim))
        self.queries = nn.Parameter(torch.randn(SLOTS, dim) * 0.1)
        self.key = nn.Linear(dim, dim)
        self.glyph = nn.Linear(dim, CLASSES)
        self.heads, self.dim = 4, dim
        self.whole = nn.Linear(dim, 2 + len(COLOURS) + len(STATES))
        self.register_buffer("grid", cell_middles())

    def forward(self, image):
        """image: N×3×64×128, blue-green-red, 0–255. Logits of everything."""
        x = self.body((image - 128.0) / 64.0)
        n = x.shape[0]
        x = x.flatten(2).transpose(1, 2) + self.place
        y = self.norm1(x)
        d = self.dim // self.heads
        # Every cell asks, but only each block of 2×2 cells answers: a quarter of the work.
        pooled = F.avg_pool2d(y.transpose(1, 2).reshape(n, self.dim, GRID_H, GRID_W), 2).flatten(2).transpose(1, 2)
        q = self.ask(y).reshape(n, -1, self.heads, d).transpose(1, 2)
        k, v = self.answer(pooled).reshape(n, -1, 2, self.heads, d).permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(context.transpose(1, 2).reshape(n, -1, self.dim))
        x = x + self.feed(self.norm2(x))
        x = self.norm3(x)
        look = (self.queries * (4.0 * self.dim**-0.5)) @ self.key(x).transpose(1, 2)  # N × SLOTS × cells
        weight = torch.softmax(look, -1)
        glyph = self.glyph(weight @ x)
        whole = self.whole(x.mean(1))
        return {
            "look": look,
            "glyphs": glyph,
            "dense": self.glyph(x),
            "centres": weight @ self.grid,
            "rows": whole[:, :2],
            "colour": whole[:, 2 : 2 + len(COLOURS)],
            "state": whole[:, 2 + len(COLOURS) :],
        }


class Exported(nn.Module):
    """What goes into the ONNX file: probabilities instead of logits, and only what the program uses."""

    def __init__(self, reader):
        super().__init__()
        self.reader = reader

    def forward(self, image):
        out = self.reader(image)
        return (
            torch.softmax(out["glyphs"], -1),
            out["centres"],
            torch.softmax(out["rows"], -1),
            torch.softmax(out["colour"], -1),
            torch.softmax(out["state"], -1),
        )


def loss(out, glyphs, centres, rows, colour, state):
    """Sum of the parts; a dict of the parts for the progress line."""
    parts = {}
    has = ~torch.isnan(centres[..., 0])
    each = F.cross_entropy(out["glyphs"].transpose(1, 2), glyphs, ignore_index=-1, reduction="none")
    known = glyphs >= 0
    # A photographed plate (its glyphs' places are not known) that the reader finds absurd is likely labelled wrong.
    absurd = ~has.any(1) & (each.detach().sum(1) / known.sum(1).clamp(min=1) > ABSURD) & (glyphs < CLASSES - 1).any(1)
    believed = known & ~absurd[:, None]
    parts["glyph"] = (each * believed).sum() / believed.sum().clamp(min=1)
    centre = torch.nan_to_num(centres)
    # Where to look: a small bump round the glyph's middle, one cell wide and half a cell high.
    middles = cell_middles().to(centres.device)
    dx = (middles[:, 0] - centre[..., None, 0]) * GRID_W
    dy = (middles[:, 1] - centre[..., None, 1]) * GRID_H
    bump = torch.exp(-0.5 * (dx**2 / 0.7**2 + dy**2 / 0.6**2)) + 1e-8
    bump = bump / bump.sum(-1, keepdim=True)
    away = -(bump * F.log_softmax(out["look"], -1)).sum(-1)
    parts["look"] = (away * has).sum() / has.sum().clamp(min=1)
    cell = (centre[..., 1] * GRID_H).long().clamp(0, GRID_H - 1) * GRID_W + (centre[..., 0] * GRID_W).long().clamp(0, GRID_W - 1)
    at = torch.gather(out["dense"], 1, cell[..., None].expand(-1, -1, CLASSES))
    target = torch.where(has, glyphs, torch.full_like(glyphs, -1))
    parts["dense"] = F.cross_entropy(at.flatten(0, 1), target.flatten(), ignore_index=-1)
    for name, truth in (("rows", rows), ("colour", colour), ("state", state)):
        parts[name] = F.cross_entropy(out[name], truth, ignore_index=-1) if (truth >= 0).any() else out[name].sum() * 0
    total = parts["glyph"] + 0.3 * parts["look"] + 0.3 * parts["dense"] + 0.1 * parts["rows"] + 0.1 * parts["colour"] + 0.1 * parts["state"]
    return total, {name: float(part.detach()) for name, part in parts.items()}
