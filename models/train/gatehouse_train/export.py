"""Writes the trained models as ONNX: python -m gatehouse_train.export --out FOLDER --models FOLDER [--int8]

The ONNX files take any number of plates (reader), any picture whose sides are multiples of 32 (plate detector), and
pictures of one size (street detector). With
--int8 each is quantised as well (QDQ, per channel, activations measured on generated pictures), and the two are held
against each other on generated pictures that nothing else uses.
"""

import argparse
import hashlib
import json
import os

import numpy as np
import onnx
import onnxruntime
import torch

from . import detector_net, reader_data, reader_net, scenes, street_data, street_net
from .glyphs import BLANK, make_faces

SEED = 991


def _export(module, example, path, inputs, outputs, axes):
    module.eval()
    torch.onnx.export(module, (example,), path, input_names=inputs, output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False)
    model = onnx.load(path)
    onnx.checker.check_model(model)
    model.producer_name, model.doc_string = "gatehouse", "trained by models/train"
    onnx.save(model, path)


def export_reader(checkpoint, path):
    net = reader_net.Reader()
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    names = ["glyphs", "centres", "rows", "colour", "state"]
    example = torch.zeros(2, 3, reader_data.HEIGHT, reader_data.WIDTH)
    _export(reader_net.Exported(net), example, path, ["plates"], names, {name: {0: "n"} for name in ["plates", *names]})


def export_detector(checkpoint, path):
    net = detector_net.Detector()
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    names = [f"{what}_{stride}" for stride in detector_net.STRIDES for what in ("score", "corners")]
    axes = {"picture": {0: "n", 2: "height", 3: "width"}} | {name: {0: "n", 1: f"cells_{name.split('_')[1]}"} for name in names}
    _export(detector_net.Exported(net), torch.zeros(1, 3, 384, 640), path, ["picture"], names, axes)


def export_street(checkpoint, path):
    net = street_net.Street()
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    with open(os.path.join(os.path.dirname(checkpoint), street_net.CALIBRATION), encoding="utf-8") as file:
        calibration = json.load(file)
    example = torch.zeros(1, 3, street_data.HEIGHT, street_data.WIDTH)
    _export(street_net.Exported(net, calibration), example, path, ["picture"], ["boxes"], {})


def quantise(path, to, name, pictures):
    """Static int8 of everything but the heads: their numbers are the answer."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Pictures(CalibrationDataReader):
        def __init__(self):
            self.left = iter(pictures)

        def get_next(self):
            picture = next(self.left, None)
            return None if picture is None else {name: picture}

    prepared = f"{to}.prepared"
    quant_pre_process(path, prepared, skip_symbolic_shape=True)
    heads = [node.name for node in onnx.load(prepared).graph.node if node.op_type not in ("Conv",)]
    last = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv" and ("score" in node.name or "corners" in node.name)]
    quantize_static(
        prepared, to, Pictures(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, op_types_to_quantize=["Conv"], nodes_to_exclude=[*heads, *last],
        extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
    )
    os.remove(prepared)


def reader_exact(path, images, glyphs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    read = np.concatenate([session.run(["glyphs"], {"plates": part})[0].argmax(-1) for part in np.array_split(images, max(1, len(images) // 50))])
    known = (glyphs[:, 0] >= 0) & (glyphs[:, 0] != BLANK)
    return float((read == glyphs)[known].all(1).mean())


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", default="out", help="where the checkpoints are")
    arguments.add_argument("--models", default="../bundled", help="where the ONNX files go")
    arguments.add_argument("--int8", action="store_true")
    options = arguments.parse_args()
    os.makedirs(options.models, exist_ok=True)
    made = []
    reader_checkpoint = os.path.join(options.out, "reader.pt")
    if os.path.exists(reader_checkpoint):
        path = os.path.join(options.models, "gatehouse_plate_reader.onnx")
        export_reader(reader_checkpoint, path)
        images, glyphs, *_ = reader_data.batch(SEED, 0, 1500, make_faces(30, SEED))
        images = images.transpose(0, 3, 1, 2).astype(np.float32)
        print(f"reader: {reader_exact(path, images[500:], glyphs[500:]):.4f} of 1000 generated plates read exactly")
        made.append(path)
        if options.int8:
            small = path.replace(".onnx", "_int8.onnx")
            quantise(path, small, "plates", np.array_split(images[:500], 50))
            print(f"reader int8: {reader_exact(small, images[500:], glyphs[500:]):.4f}")
            made.append(small)
    detector_checkpoint = os.path.join(options.out, "detector.pt")
    if os.path.exists(detector_checkpoint):
        path = os.path.join(options.models, "gatehouse_plate_detector.onnx")
        export_detector(detector_checkpoint, path)
        made.append(path)
        if options.int8:
            small = path.replace(".onnx", "_int8.onnx")
            images, _ = scenes.batch(SEED, 0, 200, make_faces(30, SEED), scenes.Grounds(None))
            images = images.transpose(0, 3, 1, 2).astype(np.float32)
            quantise(path, small, "picture", np.array_split(images, 100))
            made.append(small)
    street_checkpoint = os.path.join(options.out, "street.pt")
    if os.path.exists(street_checkpoint):
        path = os.path.join(options.models, "gatehouse_street_detector.onnx")
        export_street(street_checkpoint, path)
        made.append(path)
    for path in made:
        with open(path, "rb") as file:
            content = file.read()
        print(f'file = "{os.path.basename(path)}"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\nbytes = {len(content)}\n')


if __name__ == "__main__":
    main()
