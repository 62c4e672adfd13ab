"""A graph whose network stores its weights in eight bits, a fourth of the size, and computes in float from them.

onnxruntime's own quantiser also computes in eight bits; on single words that was no faster, and up to ten times further
from the truth (docs/adr/0021-exports.md). The front end stays as it is: it is what every answer rests on.
"""

import math

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

# below this many values eight bits spare nothing
_LEAST = 2048
# about so many values share a scale: a network of strings says a digit in few frames, a coarser one moves it by one
_SHARED = 64


def quantize(model: bytes) -> bytes:
    """Store the weights of a network in int8, with a scale for each few of them.

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
    """Put integers and scales behind DequantizeLinear, and what it gives into the shape of what had this name."""
    n = array.size // array.shape[0]
    # of a prime number of units no few would divide them; and a scale for each would be no smaller than they are
    shared = min((i for i in range(1, n + 1) if n % i == 0), key=lambda i: abs(math.log(i / _SHARED)))
    rows = array.reshape(-1, shared)
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-12) / 127
    parts = {
        "int8": np.round(rows / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float32),
        "zero": np.zeros(len(scale), np.int8),
        "shape": np.array(array.shape, np.int64),
    }
    *taken, shape = (f"{name}_{part}" for part in parts)
    for key, values in zip((*taken, shape), parts.values(), strict=True):
        graph.initializer.append(numpy_helper.from_array(values, key))
    graph.node.insert(0, helper.make_node("DequantizeLinear", taken, [f"{name}_rows"], axis=0))
    graph.node.insert(1, helper.make_node("Reshape", [f"{name}_rows", shape], [name]))
