"""What stands on a plate: strings of every Vietnamese kind, in the share that a reader should see them.

The grammar here only has to *produce* plates; reading them by grammar is the business of `crates/vnplate`. About one
string in seven follows no grammar at all, so that the reader learns glyphs and does not learn to guess.
"""

from dataclasses import dataclass

import numpy as np

from .glyphs import ALPHABET

UNUSED = {13, 42, 44, 45, 46, 87, 91, 96}
CODES = [code for code in range(11, 100) if code not in UNUSED and code != 10]
SERIES_1 = "ABCDEFGHKLMNPSTUVXYZ"
SERIES_2 = "ABCDEFGHKLMNPRSTUVXYZ"
SERIES_STATE = "ABCDEFGHKLM"
SPECIAL = ["LD", "DA", "HC", "KT", "TĐ", "MK", "CD"]
MILITARY = (
    "AA AB AC AD AV AT AN AX AM BB BC BH BK BL BP BT CA CB CD CH CM CN CP CT CV HA HB HC HD HE HH HN HQ HT "
    "KA KB KC KD KK KP KT KV PA PG PK PM PP PQ PX QA QB QC QH QM TC TH TK TM TN TT VT"
).split()

# Colours of the ground, in the order of the reader's output.
COLOURS = ["white", "yellow", "blue", "red", "unknown"]


@dataclass
class Text:
    """The rows as they are painted, separators and all; `-` is a dash, `.` a dot, a blank is a gap."""

    rows: list
    shape: str  # car_long, car_short, motorbike
    colour: str
    red_ink: bool = False

    @property
    def glyphs(self) -> str:
        return "".join(ch for row in self.rows for ch in row if ch in ALPHABET)


def _digits(rng, n, first_nonzero=False):
    s = "".join(str(d) for d in rng.integers(0, 10, n))
    return (str(rng.integers(1, 10)) + s[1:]) if first_nonzero else s


def _serial(rng, n):
    """`123.45`, or four digits as older plates have them."""
    s = _digits(rng, n)
    return f"{s[:3]}.{s[3:]}" if n == 5 and rng.random() < 0.92 else s


def _pick(rng, letters):
    return letters[rng.integers(len(letters))]


def _code(rng):
    return f"{CODES[rng.integers(len(CODES))]}" if rng.random() < 0.9 else _digits(rng, 2)


def _car(rng, series, n, colour, red_ink=False):
    code, serial = _code(rng), _serial(rng, n)
    if rng.random() < 0.55:
        dash = rng.choice(["-", "-", "-", " ", ""])
        return Text([f"{code}{series}{dash}{serial}"], "car_long", colour, red_ink)
    return Text([f"{code}{series}", serial], "car_short", colour, red_ink)


def random_text(rng: np.random.Generator) -> Text:
    draw = rng.random()
    if draw < 0.30:
        colour = rng.choice(["white", "yellow", "blue"], p=[0.68, 0.2, 0.12])
        letters = SERIES_STATE if colour == "blue" else SERIES_1
        return _car(rng, _pick(rng, letters), 5 if rng.random() < 0.8 else 4, colour)
    if draw < 0.42:
        dash = "-" if rng.random() < 0.85 else ""
        return Text([f"{_code(rng)}{dash}{_pick(rng, SERIES_1)}{_pick(rng, SERIES_2)}", _serial(rng, 5)], "motorbike", "white")
    if draw < 0.64:
        colour = "blue" if rng.random() < 0.06 else "white"
        letters = SERIES_STATE if colour == "blue" else SERIES_2
        dash = "-" if rng.random() < 0.9 else ""
        top = f"{_code(rng)}{dash}{_pick(rng, letters)}{rng.integers(1, 10)}"
        return Text([top, _serial(rng, 5 if rng.random() < 0.65 else 4)], "motorbike", colour)
    if draw < 0.68:
        tail = str(rng.integers(1, 10)) if rng.random() < 0.85 else ""
        return Text([f"{_code(rng)}-MĐ{tail}", _serial(rng, 5)], "motorbike", "white")
    if draw < 0.74:
        colour = "blue" if rng.random() < 0.1 else "white"
        return _car(rng, SPECIAL[rng.integers(len(SPECIAL))], 5, colour)
    if draw < 0.755:
        return _car(rng, rng.choice(["CT", "LB"]), 5, "yellow", red_ink=True)
    if draw < 0.785:
        return Text([f"{_code(rng)}{rng.choice(['R', 'RM'])}", _serial(rng, 5)], "car_short", "white")
    if draw < 0.81:
        text = [f"T{_code(rng)}", _serial(rng, 5)]
        return Text(["-".join(text)], "car_long", "white") if rng.random() < 0.4 else Text(text, "car_short", "white")
    if draw < 0.84:
        group = rng.choice(["NG", "QT", "CV", "NN"])
        red = group in ("NG", "QT")
        country, serial = _digits(rng, 3), _digits(rng, 2 if rng.random() < 0.8 else 3)
        code = "80" if rng.random() < 0.6 else _code(rng)
        if rng.random() < 0.5:
            rows = [f"{code}-{country}", f"{group}-{serial}"]
        else:
            rows = [f"{code}-{group}", f"{country}-{serial}"]
        if rng.random() < 0.4 and len(serial) == 2:
            return Text(["-".join(rows)], "car_long", "white", red)
        return Text(rows, "motorbike" if len(serial) == 3 else "car_short", "white", red)
    if draw < 0.89:
        unit = MILITARY[rng.integers(len(MILITARY))]
        serial = _digits(rng, 4 if rng.random() < 0.75 else 3)
        serial = f"{serial[:2]}-{serial[2:]}" if len(serial) == 4 else serial
        if rng.random() < 0.4:
            return Text([f"{unit}-{serial}"], "car_long", "red")
        return Text([unit, serial], "car_short" if len(serial) > 3 else "motorbike", "red")
    # No grammar: any glyph anywhere.
    shape = rng.choice(["car_long", "car_short", "motorbike"])
    colour = rng.choice(COLOURS[:4], p=[0.6, 0.2, 0.1, 0.1])

    def run(n):
        letters = rng.random() < 0.6
        return "".join(ALPHABET[rng.integers(len(ALPHABET) if letters else 10)] for _ in range(n))

    if shape == "car_long":
        n = int(rng.integers(4, 12))
        cut = int(rng.integers(1, n))
        return Text([run(cut) + rng.choice(["-", ".", " ", ""]) + run(n - cut)], shape, colour)
    top, low = int(rng.integers(2, 6)), int(rng.integers(3, 7))
    cut = int(rng.integers(1, top))
    return Text([run(cut) + rng.choice(["-", ""]) + run(top - cut), run(low)], shape, colour)
