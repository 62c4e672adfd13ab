"""A graph with the network's weights in eight bits, a fourth of the size.

onnxruntime's own quantiser makes recurrent layers and products of matrices compute in int8; what it does not know
(convolutions, GRU and RNN, whose accuracy is not worth the speed) keeps computing in float from weights that are stored
in int8. The front end stays as it is: it is what every answer rests on.
"""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

# below this many values eight bits spare nothing
_LEAST = 1024


def quantize(model: bytes) -> bytes:
    """Store the weights of a network in int8.

    Parameters
    ----------
    model : bytes
        From `speechrnn.training.export.to_onnx`.

    Returns
    -------
    bytes
        Of the same inputs and outputs.
    """
    whole = onnx.load_from_string(model)
    front = _name_nodes(whole)
    with tempfile.TemporaryDirectory() as folder, _without_advice():
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(
            whole, path, op_types_to_quantize=["LSTM", "MatMul"], nodes_to_exclude=front,
            weight_type=QuantType.QInt8, per_channel=True, extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        whole = onnx.load(path)
    _store_in_int8(whole, set(front))
    data: bytes = whole.SerializeToString(deterministic=True)
    return data


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Keep the quantiser from recommending, on the root logger, a preparation that this graph does not need."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _name_nodes(model: onnx.ModelProto) -> list[str]:
    """Give every node a name, and say which belong to the front end: it is written first, up to ``mfcc``."""
    names = []
    for node in model.graph.node:
        node.name = next(name for name in node.output if name)
        names.append(node.name)
    return names[: names.index("mfcc") + 1]


def _store_in_int8(model: onnx.ModelProto, front: set[str]) -> None:
    """Replace what is still float by int8 and a scale for each row, behind DequantizeLinear."""
    graph = model.graph
    kept = {name for node in graph.node if node.name in front for name in node.input}
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < _LEAST or array.ndim < 2 or tensor.name in kept:
            continue
        axis = int(np.argmax(array.shape[:2]))
        others = tuple(i for i in range(array.ndim) if i != axis)
        scale = np.maximum(np.abs(array).max(axis=others), 1e-12) / 127
        shape = [-1 if i == axis else 1 for i in range(array.ndim)]
        rounded = np.round(array / scale.reshape(shape)).astype(np.int8)
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.extend(
            [
                numpy_helper.from_array(rounded, f"{name}_int8"),
                numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"),
                numpy_helper.from_array(np.zeros(len(scale), np.int8), f"{name}_zero"),
            ]
        )
        inputs = [f"{name}_{part}" for part in ("int8", "scale", "zero")]
        graph.node.insert(0, helper.make_node("DequantizeLinear", inputs, [name], name=f"{name}_dequantize", axis=axis))
