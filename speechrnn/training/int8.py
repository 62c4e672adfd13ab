"""A graph whose network stores its weights in eight bits, a fourth of the size, and computes in float from them.

onnxruntime's own quantiser also computes in eight bits; on single words that was no faster, and up to ten times further
from the truth (docs/adr/0021-exports.md). The front end stays as it is: it is what every answer rests on.
"""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

# below this many values eight bits spare nothing
_LEAST = 1024


def quantize(model: bytes) -> bytes:
    """Store the weights of a network in int8, with a scale for each row.

    Parameters
    ----------
    model : bytes
        From `speechrnn.training.export.to_onnx`.

    Returns
    -------
    bytes
        Of the same inputs and outputs, in ONNX's own operators.
    """
    whole = onnx.load_from_string(model)
    graph = whole.graph
    kept = _front_end_inputs(graph)
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size >= _LEAST and array.ndim > 1 and tensor.name not in kept:
            graph.initializer.remove(tensor)
            _add_int8(graph, tensor.name, array)
    data: bytes = whole.SerializeToString(deterministic=True)
    return data


def _front_end_inputs(graph: onnx.GraphProto) -> set[str]:
    """What the front end takes: it is written first, up to ``mfcc``."""
    last = next(i for i, node in enumerate(graph.node) if "mfcc" in node.output)
    return {name for node in graph.node[: last + 1] for name in node.input}


def _add_int8(graph: onnx.GraphProto, name: str, array: npt.NDArray[np.float32]) -> None:
    """Put integers and scales behind DequantizeLinear, which gives what had this name."""
    axis = int(np.argmax(array.shape[:2]))
    others = tuple(i for i in range(array.ndim) if i != axis)
    scale = np.maximum(np.abs(array).max(axis=others), 1e-12) / 127
    rounded = np.round(array / np.expand_dims(scale, others)).astype(np.int8)
    parts = {"int8": rounded, "scale": scale.astype(np.float32), "zero": np.zeros(len(scale), np.int8)}
    inputs = [f"{name}_{part}" for part in parts]
    for key, values in zip(inputs, parts.values(), strict=True):
        graph.initializer.append(numpy_helper.from_array(values, key))
    graph.node.insert(0, helper.make_node("DequantizeLinear", inputs, [name], axis=axis))
