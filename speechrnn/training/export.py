"""A trained network as one ONNX graph, waveform to probabilities, with ONNX's own recurrent operators.

The graph is written from the configuration and the named weights, not traced: Keras' own export turns a recurrent layer
into a Loop, twenty times slower. Each function here stands beside the layer of the same name in `network`.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from speechrnn.config import Config, NetworkConfig, RecurrentConfig
from speechrnn.training.frontend import FrontEnd, add_front_end
from speechrnn.training.graph import Graph, column
from speechrnn.training.layers import FAR_BELOW, SUREST, VARIANCE_FLOOR, same_padding
from speechrnn.training.weights import Arrays

_OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
# Keras keeps an LSTM's gates as input, forget, cell, output; ONNX as input, output, forget, cell. The others agree.
_GATES = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "rnn": (0,)}


def to_onnx(config: Config, weights: Arrays, n_labels: int) -> bytes:
    """Write front end and network as ``model.onnx``.

    Parameters
    ----------
    config : Config
        What the weights were trained with.
    weights : mapping of str to np.ndarray
        As `speechrnn.training.weights.get_weights` gives them.
    n_labels : int
        Units of the softmax.

    Returns
    -------
    bytes
        From ``waveform`` float32 (batch, samples) and ``length`` int64 (batch,) to ``probabilities``
        (batch, n_labels), ``known`` (batch,), ``mfcc`` (batch, frames, n_mfcc), ``start`` and ``end`` int64 (batch,).
        For strings to ``log_probs`` (batch, frames, 1 + n_labels), the blank first, and how many of the frames are
        true, ``n_log_probs`` int64 (batch,).
    """
    g = Graph()
    front = add_front_end(g, config)
    x = _normalize(g, front, config, weights)
    x, front = _convolve(g, x, front, config.network, weights)
    x = _recur(g, x, front, config.network, weights)
    float32, int64, value = TensorProto.FLOAT, TensorProto.INT64, helper.make_tensor_value_info
    inputs = [value("waveform", float32, ["batch", "samples"]), value("length", int64, ["batch"])]
    if config.strings is not None:
        _answer_frames(g, x, front, config.network, weights)
        return _serialize(
            g.build(
                inputs,
                [
                    value("log_probs", float32, ["batch", "frames", 1 + n_labels]),
                    value("n_log_probs", int64, ["batch"]),
                ],
            )
        )
    x = _pool(g, x, front, config.network, weights)
    for i in range(len(config.network.hidden)):
        x = g("Relu", _dense(g, x, f"hidden_{i}", weights))
    _answer(g, x, config.network, weights)
    model = g.build(
        inputs,
        [
            value("probabilities", float32, ["batch", n_labels]),
            value("known", float32, ["batch"]),
            value("mfcc", float32, ["batch", "frames", config.features.n_mfcc]),
            value("start", int64, ["batch"]),
            value("end", int64, ["batch"]),
        ],
    )
    return _serialize(model)


def _serialize(model: ModelProto) -> bytes:
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _normalize(g: Graph, front: FrontEnd, config: Config, weights: Arrays) -> str:
    """Frames last, as ONNX convolves: (batch, values, frames), zeros on padding."""
    mfcc = g("Transpose", front.mfcc, perm=[0, 2, 1])
    kind, x = config.features.normalization, mfcc
    if kind != "none":
        x = g("Sub", x, _mean(g, x, front))
    if kind in ("mean_variance", "both"):
        x = _masked(g, x, front)
        variance = g("Add", _mean(g, g("Mul", x, x), front), g.number(VARIANCE_FLOOR))
        x = g("Div", x, g("Sqrt", variance))
    if kind == "both":
        x = g("Concat", x, _without_level(g, mfcc, front, config.features.n_mfcc), axis=1)
    if config.features.standardize:
        x = g("Sub", x, g.constant(weights["standardization/mean"][:, None]))
        x = g("Div", x, g.constant(weights["standardization/deviation"][:, None]))
    return _masked(g, x, front)


def _without_level(g: Graph, mfcc: str, front: FrontEnd, n_mfcc: int) -> str:
    """The first coefficient less its largest value over true frames, the others as they are."""
    loudest = g("ReduceMax", g("Add", mfcc, _far_below(g, front, 1)), g.integers(2), keepdims=1)
    return g("Sub", mfcc, g("Mul", loudest, g.constant(np.eye(n_mfcc, 1))))


def _convolve(g: Graph, x: str, front: FrontEnd, network: NetworkConfig, weights: Arrays) -> tuple[str, FrontEnd]:
    """Convolve, and leave frames out where a stride says so: lengths and mask then count those that stay."""
    for i, conv in enumerate(network.conv):
        kernel, bias = g.constant(weights[f"conv_{i}/kernel"].transpose(2, 1, 0)), g.constant(weights[f"conv_{i}/bias"])
        x = g("Conv", x, kernel, bias, pads=[*same_padding(conv.kernel_size)], strides=[conv.stride])
        if conv.stride > 1:
            front = _stride(g, front, conv.stride)
        x = _masked(g, g("Relu", x), front)
    return x, front


def _stride(g: Graph, front: FrontEnd, n: int) -> FrontEnd:
    """ceil(frames / n) frames are left."""
    frames = g("Div", g("Add", front.n_frames, g.number(n - 1, np.int64)), g.number(n, np.int64))
    every_nth = (g.integers(0), g.integers(np.iinfo(np.int64).max), g.integers(1), g.integers(n))
    return replace(front, n_frames=frames, mask=g("Slice", front.mask, *every_nth))


def _recur(g: Graph, x: str, front: FrontEnd, network: NetworkConfig, weights: Arrays) -> str:
    """From frames last to frames first: (batch, frames, values), for `last` (batch, values)."""
    config = network.recurrent
    if config is None:
        return g("Transpose", x, perm=[0, 2, 1])
    ways = ("forward", "backward") if config.bidirectional else ("forward",)
    lengths = g("Cast", front.n_frames, to=TensorProto.INT32)
    x, y, last = g("Transpose", x, perm=[2, 0, 1]), "", ""
    for i in range(config.layers):
        if i:  # (frames, ways, batch, units) -> (frames, batch, ways * units)
            x = g("Reshape", g("Transpose", y, perm=[0, 2, 1, 3]), g.integers(0, 0, len(ways) * config.units))
        cells = [_cell_weights(config, f"recurrent_{i}/{way}", weights) for way in ways]
        w, r, b = (g.constant(np.stack(parts)) for parts in zip(*cells, strict=True))
        y, last = g.multiple(
            _OPERATORS[config.cell], x, w, r, b, lengths, names=(f"recurrent_{i}", f"recurrent_{i}_last"),
            hidden_size=config.units, direction="bidirectional" if config.bidirectional else "forward",
            **_cell_attributes(config, len(ways)),
        )  # fmt: skip
    if network.pooling == "last":
        return g("Reshape", g("Transpose", last, perm=[1, 0, 2]), g.integers(0, len(ways) * config.units))
    # rows beyond a clip's length are zeros
    return g("Reshape", g("Transpose", y, perm=[2, 0, 1, 3]), g.integers(0, 0, len(ways) * config.units))


def _cell_attributes(config: RecurrentConfig, n_ways: int) -> dict[str, object]:
    if config.cell == "rnn":
        return {"activations": [config.activation.capitalize()] * n_ways}
    return {"linear_before_reset": 1} if config.cell == "gru" else {}


def _cell_weights(config: RecurrentConfig, name: str, weights: Arrays) -> list[npt.NDArray[np.float32]]:
    """From Keras' (inputs, gates * units) to ONNX's (gates * units, inputs), gates reordered, biases in one row."""
    kernel, recurrent = (_reorder(weights[f"{name}/{role}"].T, config) for role in ("kernel", "recurrent_kernel"))
    bias = weights[f"{name}/bias"]
    # a GRU has a bias on either side of the reset gate; the others have one in all
    rows = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    return [kernel, recurrent, np.concatenate([_reorder(row, config) for row in rows])]


def _reorder(gates_first: npt.NDArray[np.float32], config: RecurrentConfig) -> npt.NDArray[np.float32]:
    blocks = np.split(gates_first, len(_GATES[config.cell]))
    return np.concatenate([blocks[gate] for gate in _GATES[config.cell]])


def _pool(g: Graph, x: str, front: FrontEnd, network: NetworkConfig, weights: Arrays) -> str:
    match network.pooling:
        case "last":
            return x
        case "mean":
            total = g("ReduceSum", _masked(g, x, front, 2), g.integers(1), keepdims=0)
            return g("Div", total, g("Cast", column(g, front.n_frames, 1), to=TensorProto.FLOAT))
        case "max":
            return _highest(g, x, front)
        case "flatten":
            return _flatten(g, _masked(g, x, front, 2), network, weights)
        case "attention_max":
            return g("Concat", _attend(g, x, front, weights), _highest(g, x, front), axis=1)
    return _attend(g, x, front, weights)


def _highest(g: Graph, x: str, front: FrontEnd) -> str:
    return g("ReduceMax", g("Add", x, _far_below(g, front, 2)), g.integers(1), keepdims=0)


def _attend(g: Graph, x: str, front: FrontEnd, weights: Arrays) -> str:
    hidden = g("MatMul", x, g.constant(weights["attention/kernel"]))
    hidden = g("Tanh", g("Add", hidden, g.constant(weights["attention/bias"])))
    scores = g("Transpose", g("MatMul", hidden, g.constant(weights["attention/query"])), perm=[0, 2, 1])
    shares = g("Softmax", g("Add", scores, _far_below(g, front, 1)), axis=2)
    return g("Squeeze", g("MatMul", shares, x), g.integers(1))


def _flatten(g: Graph, x: str, network: NetworkConfig, weights: Arrays) -> str:
    n = network.flatten_frames
    longer = g("Pad", x, g.integers(0, 0, 0, 0, n, 0))
    kept = g("Slice", longer, g.integers(0), g.integers(n), g.integers(1))
    first = "hidden_0/kernel" if network.hidden else "output/kernel"
    return g("Reshape", kept, g.integers(-1, weights[first].shape[0]))


def _answer(g: Graph, x: str, network: NetworkConfig, weights: Arrays) -> None:
    """The outputs ``probabilities`` and ``known``; without rejection everything is known."""
    logits, n_labels = _dense(g, x, "output", weights), weights["output/bias"].size
    if not network.rejection:
        g("Softmax", logits, axis=1, name="probabilities")
        g("Cast", g("GreaterOrEqual", "length", g.number(0, np.int64)), to=TensorProto.FLOAT, name="known")
        return
    scores = g("Div", logits, g.constant(weights["calibration/temperature"]))
    g("Softmax", scores, axis=1, name="probabilities")
    # log-odds of the most probable label: its score against those of all others
    most = g(
        "OneHot", g("ArgMax", scores, axis=1, keepdims=0), g.number(n_labels, np.int64), g.constant([0, FAR_BELOW])
    )
    others = g("ReduceLogSumExp", g("Add", scores, most), g.integers(1), keepdims=1)
    margin = g("Sub", g("ReduceMax", scores, g.integers(1), keepdims=1), others)
    margin = g("Clip", margin, g.number(-SUREST), g.number(SUREST))
    of_known, of_margin, offset = (g.number(value) for value in weights["calibration/known"])
    own = g("Sub", g("ReduceLogSumExp", logits, g.integers(1), keepdims=1), _dense(g, x, "unknown", weights))
    sure = g("Mul", own, of_known)
    sure = g("Add", g("Add", sure, g("Mul", margin, of_margin)), offset)
    g("Squeeze", g("Sigmoid", sure), g.integers(1), name="known")


def _answer_frames(g: Graph, x: str, front: FrontEnd, network: NetworkConfig, weights: Arrays) -> None:
    """The outputs ``log_probs`` and ``n_log_probs`` of a network for strings."""
    for i in range(len(network.hidden)):
        x = g("Relu", _dense_frames(g, x, f"hidden_{i}", weights))
    g("LogSoftmax", _dense_frames(g, x, "output", weights), axis=2, name="log_probs")
    g("Identity", front.n_frames, name="n_log_probs")


def _dense_frames(g: Graph, x: str, name: str, weights: Arrays) -> str:
    return g("Add", g("MatMul", x, g.constant(weights[f"{name}/kernel"])), g.constant(weights[f"{name}/bias"]))


def _dense(g: Graph, x: str, name: str, weights: Arrays) -> str:
    return g("Gemm", x, g.constant(weights[f"{name}/kernel"]), g.constant(weights[f"{name}/bias"]))


def _masked(g: Graph, x: str, front: FrontEnd, axis: int = 1) -> str:
    """Zeros on padding; `axis` is that of the values, which the mask lacks."""
    return g("Mul", x, column(g, front.mask, axis))


def _far_below(g: Graph, front: FrontEnd, axis: int) -> str:
    """What is added to values so that no maximum is found on padding."""
    return column(g, g("Mul", g("Sub", g.number(1.0), front.mask), g.number(FAR_BELOW)), axis)


def _mean(g: Graph, x: str, front: FrontEnd) -> str:
    """Mean over true frames, the last axis, of what is zero on padding."""
    count = g("Cast", column(g, front.n_frames, 1, 2), to=TensorProto.FLOAT)
    return g("Div", g("ReduceSum", x, g.integers(2), keepdims=1), count)
