"""Makes checkpoints of the bundled models, to train them on: python -m gatehouse_train.restore --models FOLDER --out FOLDER

An ONNX file holds what a net computes, not what it was trained as: each normalisation is part of the convolution before
it. Here it is taken apart again. A normalisation gets back the mean and the spread that its convolution has on
generated pictures, and undoes both, so that the net computes the same and can be trained. What comes out is held against
the ONNX file and refused where it differs. The way that the training had come, the optimiser's memory, is gone.
"""

import argparse
import os

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn

from . import detector_net, reader_data, reader_net, scenes, street_data, street_net
from .glyphs import make_faces

SEED = 977
# The outputs of both may differ by so much: they add up in another order.
DIFFERENCE_MAX = 2e-3


def _order(net, example):
    """Convolutions with the normalisation after each, and linear layers, in the order in which they are run."""
    convs, linears, hooks = [], [], []

    def ran(module, _inputs, _output):
        if isinstance(module, nn.Conv2d):
            convs.append([module, None])
        elif isinstance(module, nn.BatchNorm2d):
            convs[-1][1] = module
        elif module not in linears:
            linears.append(module)

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d, nn.Linear)):
            hooks.append(module.register_forward_hook(ran))
    with torch.no_grad():
        net(example)
    for hook in hooks:
        hook.remove()
    return convs, linears


def _take(net, path, prefix, example):
    """Fills `net` with the numbers of the ONNX file, its normalisations doing nothing yet."""
    graph = onnx.load(path).graph
    numbers = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    own = dict(net.named_parameters())
    with torch.no_grad():
        for name, value in numbers.items():
            kept = own.get(name.removeprefix(f"{prefix}."))
            if kept is not None and kept.shape == value.shape:
                kept.copy_(value)
        convs, linears = _order(net, example)
        nodes = [node for node in graph.node if node.op_type == "Conv"]
        assert len(nodes) == len(convs), f"{len(nodes)} convolutions in the file, {len(convs)} in the net"
        for node, (conv, norm) in zip(nodes, convs):
            conv.weight.copy_(numbers[node.input[1]])
            bias = numbers[node.input[2]]
            if norm is None:
                conv.bias.copy_(bias)
                continue
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0 - norm.eps)
            norm.weight.fill_(1.0)
            norm.bias.copy_(bias)
        # A linear layer over places is a product with the turned weight; one over the whole keeps its name.
        buffers = {f"{prefix}.{name}" for name, _ in net.named_buffers()}
        products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in numbers and node.input[1] not in buffers]
        turned = [layer for layer in linears if not any(numbers.get(f"{prefix}.{name}.weight") is not None for name, one in net.named_modules() if one is layer)]
        assert len(products) == len(turned), f"{len(products)} products in the file, {len(turned)} in the net"
        for node, layer in zip(products, turned):
            layer.weight.copy_(numbers[node.input[1]].T)
        if isinstance(net, reader_net.Reader):
            asked = [node.input[0] for node in graph.node if node.op_type == "MatMul" and node.input[0] in numbers]
            for name in asked:
                if numbers[name].shape == net.queries.shape:
                    net.queries.copy_(numbers[name] / (4.0 * net.dim**-0.5))
    return convs


def _loosen(net, convs, pictures):
    """Gives each normalisation what its convolution has on `pictures`, and has it undo that."""
    for conv, norm in convs:
        if norm is None:
            continue
        sums = {"n": 0, "sum": 0.0, "square": 0.0}

        def seen(_module, _inputs, output):
            sums["n"] += output.numel() // output.shape[1]
            sums["sum"] = sums["sum"] + output.sum((0, 2, 3))
            sums["square"] = sums["square"] + output.square().sum((0, 2, 3))

        hook = conv.register_forward_hook(seen)
        with torch.no_grad():
            for part in pictures.split(32):
                net(part)
            hook.remove()
            mean = sums["sum"] / sums["n"]
            spread = (sums["square"] / sums["n"] - mean.square()).clamp(min=1e-6)
            norm.bias.add_(mean)
            norm.weight.copy_((spread + norm.eps).sqrt())
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread)


def _differs(module, path, example):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        ours = module(example)
    ours = ours if isinstance(ours, (tuple, list)) else (ours,)
    theirs = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(ours, theirs))


def restore(net, exported, path, prefix, pictures, out):
    net.eval()
    example = pictures[:4]
    convs = _take(net, path, prefix, example)
    _loosen(net, convs, pictures)
    difference = _differs(exported.eval(), path, example[:1] if prefix == "street" else example)
    assert difference <= DIFFERENCE_MAX, f"{path}: the net differs from the file by {difference}"
    torch.save({"average": net.state_dict()}, out)
    print(f"{out}: computes what {path} computes, to within {difference:.1e}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", default="../bundled", help="where the ONNX files are")
    arguments.add_argument("--out", default="out", help="where the checkpoints go, as NAME.start.pt")
    arguments.add_argument("--only", choices=["reader", "detector", "street"])
    options = arguments.parse_args()
    os.makedirs(options.out, exist_ok=True)
    planar = lambda images: torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32).copy())
    at = lambda name: os.path.join(options.models, f"gatehouse_{name}.onnx")
    to = lambda name: os.path.join(options.out, f"{name}.start.pt")
    faces = make_faces(30, SEED)
    if options.only in (None, "reader"):
        net = reader_net.Reader()
        images, *_ = reader_data.batch(SEED, 0, 256, faces)
        restore(net, reader_net.Exported(net), at("plate_reader"), "reader", planar(images), to("reader"))
    if options.only in (None, "detector", "street"):
        images, _ = scenes.batch(SEED, 0, 64, faces, scenes.Grounds(None))
        pictures = planar(images)
        if options.only in (None, "detector"):
            net = detector_net.Detector()
            restore(net, detector_net.Exported(net), at("plate_detector"), "detector", pictures, to("detector"))
        if options.only in (None, "street"):
            net = street_net.Street()
            # The file holds the calibrated score; the net's own is what it was before.
            small = torch.nn.functional.interpolate(pictures, size=(street_data.HEIGHT, street_data.WIDTH))
            restore(net, street_net.Exported(net, _calibration(at("street_detector"))), at("street_detector"), "street", small, to("street"))


def _calibration(path):
    """Slope and intercept of the objectness, as the file multiplies and adds them."""
    graph = onnx.load(path).graph
    numbers = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            numbers[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    scalar = lambda node: next((float(numbers[name]) for name in node.input if name in numbers and numbers[name].size == 1), None)
    slopes = [node for node in graph.node if node.op_type == "Mul" and scalar(node) is not None]
    last = slopes[-1]
    added = next(node for node in graph.node if node.op_type == "Add" and last.output[0] in node.input)
    return scalar(last), scalar(added)


if __name__ == "__main__":
    main()
