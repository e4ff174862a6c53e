"""Counts which glyph the reader takes for which: python -m gatehouse_train.confusion --model FILE --out CSV

Paints plates of faces that no training saw and lets the model read them. Only plates whose number of glyphs it got
right are counted, glyph by glyph, and only where it was not sure to be blind (all glyphs whole, not too blurred to have
any reading). The table says how alike two plates are when one is looked for in a list.
"""

import argparse
import collections

import numpy as np
import onnxruntime

from .glyphs import ALPHABET, BLANK, make_faces
from .reader_data import STATES, make_sample

SEED = 41_411
# A plate of which fewer glyphs were read right than this share says more about blur than about glyphs.
RIGHT_MIN = 0.6


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", default="../bundled/gatehouse_plate_reader.onnx")
    arguments.add_argument("--out", default="../../crates/edge/src/plates/confusion.csv")
    arguments.add_argument("--count", type=int, default=6000)
    options = arguments.parse_args()
    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
    rng, faces = np.random.default_rng(SEED), make_faces(40, SEED)
    counts, plates = collections.Counter(), 0
    for _ in range(options.count // 50):
        samples = [make_sample(rng, faces) for _ in range(50)]
        samples = [sample for sample in samples if sample.state == STATES.index("plate")]
        images = np.stack([sample.image for sample in samples]).transpose(0, 3, 1, 2).astype(np.float32)
        read = session.run(["glyphs"], {"plates": images})[0].argmax(-1)
        for sample, glyphs in zip(samples, read):
            shown = [(true, got) for true, got in zip(sample.glyphs, glyphs) if true != BLANK or got != BLANK]
            if any(BLANK in pair for pair in shown) or not shown:
                continue
            if np.mean([true == got for true, got in shown]) < RIGHT_MIN:
                continue
            plates += 1
            counts.update(shown)
    with open(options.out, "w", encoding="utf-8") as file:
        file.write("truth,read,count\n")
        file.write(f"# How often each glyph of {plates} generated plates was read as which, by models/train (confusion).\n")
        for (true, got), count in sorted(counts.items()):
            file.write(f"{ALPHABET[true]},{ALPHABET[got]},{count}\n")
    wrong = sum(count for (true, got), count in counts.items() if true != got)
    print(f"{plates} plates, {sum(counts.values())} glyphs, {wrong} taken for another, in {options.out}")


if __name__ == "__main__":
    main()
