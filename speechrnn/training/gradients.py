"""How far back a recurrent network learns: the gradient of the loss with respect to its state, step by step.

Backpropagation through time multiplies that gradient by one Jacobian for each step back. Where their norms stay below
one it vanishes (Hochreiter 1991; Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013): what the network
heard early cannot teach it anything. The cells of LSTM (Hochreiter and Schmidhuber 1997) and GRU (Cho et al. 2014) add
to their state instead of writing it anew, so that a part of the gradient goes back unharmed.

How large that part is, the gates decide. With Keras' first weights a GRU's update gate stands half open, and its
gradient fades faster than that of a simple recurrence, whose first matrix is orthogonal; an LSTM starts with a forget
gate biased open. Training can open gates, and does: compare the curves of the start and of the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from speechrnn.errors import TrainingError
from speechrnn.extras import require
from speechrnn.training.batches import one_hot, pad_features
from speechrnn.training.features import Example
from speechrnn.training.layers import EveryNth


@dataclass(frozen=True, slots=True, eq=False)
class StateGradients:
    """How much the loss depends on the state at each step back from the last frame.

    Attributes
    ----------
    steps_back : np.ndarray [shape=(n,), dtype=int64]
        0 is the last frame of each clip.
    norm : np.ndarray [shape=(n,), dtype=float64]
        Euclidean norm of the total derivative of the loss, median over clips.
    """

    steps_back: npt.NDArray[np.int64]
    norm: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unrolled:
    """A forward pass whose states are tensors of their own.

    Attributes
    ----------
    states : list of list of tensor [shape=(batch, units)]
        For each frame, what goes on to the next one: h, and for an LSTM also c.
    logits : tensor [shape=(batch, n_labels)]
        What the softmax takes.
    """

    states: list[list[Any]]
    logits: Any


def state_gradients(network: keras.Model, examples: Sequence[Example], labels: Sequence[str]) -> StateGradients | None:
    """Measure how the gradient of the loss changes on its way back through time.

    It is the total derivative of each clip's cross-entropy with respect to the state of the first recurrent layer (its
    forward half, if it reads both ways) after each frame, through all later frames. The state is everything that the
    layer hands on to the next frame: h, and for an LSTM h and c together, because c is the path that was made for the
    gradient. The norm is that of both as one vector.

    Clips are aligned at their last frame and summed up by the median: norms of different clips lie powers of ten apart,
    so a mean would show the worst answered clip alone, and a geometric mean fails at the exact zeros of a ReLU. Steps
    that fewer than half of the clips have are left out. Behind a convolution with a stride of 2 a step is two frames.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`; used as in prediction, without dropout. Needs the TensorFlow
        backend, whose tape can look at tensors inside a network.
    examples : sequence of Example
        Clips with features, at least one.
    labels : sequence of str
        In the order of the outputs.

    Returns
    -------
    StateGradients or None
        None for a network without a recurrent layer.

    Raises
    ------
    TrainingError
        Keras runs on another backend than TensorFlow.
    """
    layer = recurrent_layer(network)
    if layer is None:
        return None
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            f"gradients by time step: Keras runs on {keras.backend.backend()}, needed TensorFlow. "
            "Set KERAS_BACKEND=tensorflow."
        )
    targets = one_hot([example.clip.label for example in examples], labels)
    by_frame = _norms(network, layer, pad_features([example.features for example in examples]), targets)
    return _summarise(by_frame, count_steps(network, np.array([len(example.features) for example in examples])))


def recurrent_layer(network: keras.Model) -> keras.layers.Layer | None:
    """Find the recurrent layer nearest to the features.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`.

    Returns
    -------
    keras.layers.Layer or None
        An RNN, or a Bidirectional around one; None if there is none.
    """
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    return next((layer for layer in network.layers if isinstance(layer, kinds)), None)


def unroll(
    network: keras.Model,
    layer: keras.layers.Layer,
    inputs: dict[str, npt.NDArray[np.generic]],
    watch: Callable[[Any], None],
) -> Unrolled:
    """Run a network with one recurrent layer taken apart into steps of its own cell.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`.
    layer : keras.layers.Layer
        From `recurrent_layer`.
    inputs : dict
        As `speechrnn.training.batches.pad_features` gives them.
    watch : callable
        Called with each state before anything is computed from it.

    Returns
    -------
    Unrolled
        Its softmax is what the network itself answers (a test says so).
    """
    tensors = [ops.convert_to_tensor(inputs[tensor.name]) for tensor in network.inputs]
    x = keras.Model(network.inputs, keras.tree.flatten(layer.input)[0])(tensors, training=False)
    mask = np.arange(x.shape[1]) < count_steps(network, inputs["n_frames"])[:, None]
    forward = layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else layer
    states = _step_through(forward.cell, x, mask, watch)
    y = ops.stack([state[0] for state in states], axis=1) if forward.return_sequences else states[-1][0]
    if forward is not layer:  # the backward half reads the same frames and knows nothing of the forward states
        both = layer(x, mask=ops.convert_to_tensor(mask), training=False)
        y = ops.concatenate([y, both[..., forward.units :]], axis=-1)
    head = network.get_layer("output")
    hidden = keras.Model([layer.output, *network.inputs], head.input)([y, *tensors], training=False)
    return Unrolled(states, ops.matmul(hidden, head.kernel) + head.bias)


def count_steps(network: keras.Model, n_frames: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Count the frames that reach the recurrent layer: a convolution with a stride leaves some out.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`.
    n_frames : np.ndarray [shape=(batch,), dtype=int]
        Frames of each clip.

    Returns
    -------
    np.ndarray [shape=(batch,), dtype=int64]
        Steps of the recurrence.
    """
    steps = np.asarray(n_frames, np.int64)
    for one in network.layers:
        if isinstance(one, EveryNth):
            steps = -(-steps // one.stride)
    return steps


def _step_through(cell: Any, x: Any, mask: npt.NDArray[np.bool_], watch: Callable[[Any], None]) -> list[list[Any]]:
    states = cell.get_initial_state(batch_size=x.shape[0])
    steps = []
    for t in range(x.shape[1]):
        _, new = cell(x[:, t], states, training=False)
        # a padded frame changes nothing; and `where` makes new tensors, so that the derivative by an LSTM's c does not
        # count the h of the same frame, which is a part of the state of its own
        states = [ops.where(mask[:, t, None], now, before) for now, before in zip(new, states, strict=True)]
        for state in states:
            watch(state)
        steps.append(states)
    return steps


def _norms(
    network: keras.Model,
    layer: keras.layers.Layer,
    inputs: dict[str, npt.NDArray[np.generic]],
    targets: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    """Norm of each clip's gradient after each frame (batch, frames)."""
    tensorflow = require("tensorflow", "train")
    with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
        unrolled = unroll(network, layer, inputs, tape.watch)
        # a sum, because a clip's loss depends on no state but its own; from logits, because a sure answer's probability
        # rounds to one and its gradient to nothing
        loss = ops.sum(ops.categorical_crossentropy(targets, unrolled.logits, from_logits=True))
    gradients = tape.gradient(loss, unrolled.states, unconnected_gradients="zero")
    joined = [np.concatenate([np.asarray(part, np.float64) for part in parts], axis=1) for parts in gradients]
    return np.stack([np.linalg.norm(step, axis=1) for step in joined], axis=1)


def _summarise(by_frame: npt.NDArray[np.float64], n_frames: npt.NDArray[np.int64]) -> StateGradients:
    """Align clips at their last frames and take the median of those that reach so far."""
    n_steps = int(np.sort(n_frames)[::-1][(n_frames.size - 1) // 2])  # at least half of the clips have these
    medians = [
        np.median([row[n - 1 - back] for row, n in zip(by_frame, n_frames, strict=True) if n > back])
        for back in range(n_steps)
    ]
    return StateGradients(np.arange(n_steps), np.array(medians, np.float64))
