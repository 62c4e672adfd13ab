"""Gradients by time step: against a hand-worked chain rule, finite differences in numpy, and the network itself."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("keras")

import keras

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.errors import TrainingError
from speechrnn.training.batches import one_hot, pad_features
from speechrnn.training.features import Example
from speechrnn.training.gradients import _norms, _summarise, count_steps, recurrent_layer, state_gradients, unroll
from speechrnn.training.network import build_network
from speechrnn.training.weights import get_weights, set_weights

Array = npt.NDArray[np.float64]
LABELS = ("0", "1", "2")
# features reach the recurrent layer as they are
PLAIN = {"features.normalization": "none", "features.standardize": False, "network.conv": []}


def build(name: str, overrides: dict[str, Any], seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_network(Config.load(name, overrides), len(LABELS))


def example(n_frames: int, n_mfcc: int = 20, label: str = "1", seed: int = 0) -> Example:
    features = np.random.default_rng((seed, n_frames)).normal(size=(n_frames, n_mfcc))
    return Example(Clip(Path("a.wav"), label, None), features.astype(np.float32), "")


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("rnn", {}),
        ("rnn-relu", {"network.pooling": "mean"}),
        ("lstm", {"network.recurrent.layers": 2}),
        ("gru", {"network.recurrent.bidirectional": True}),
        ("gru", {"network.pooling": "max", "network.hidden": [7]}),
        ("default", {}),
        ("default", {"network.pooling": "flatten", "network.recurrent.layers": 2}),
        ("tutorial", {}),
    ],
)
def test_the_unrolled_network_answers_as_the_network(name: str, overrides: dict[str, Any]) -> None:
    network = build(name, {"network.recurrent.units": 8, **overrides})
    inputs = pad_features([example(n).features for n in (23, 5, 1)])
    unrolled = unroll(network, recurrent_layer(network), inputs, lambda _: None)
    answer = keras.ops.convert_to_numpy(keras.ops.softmax(unrolled.logits))
    expected, *_ = keras.tree.flatten(network(inputs, training=False))
    np.testing.assert_allclose(answer, np.asarray(expected), atol=1e-5)
    stride = 2 if name == "default" else 1
    assert len(unrolled.states) == inputs["mfcc"].shape[1] // stride


def test_one_unit_follows_the_chain_rule() -> None:
    """h_t = tanh(w h_{t-1} + u x_t + b); dL/dh_t = w^k prod tanh'(a) * sum_j (p_j - y_j) v_j, worked by hand."""
    w, u, b, v = 0.7, 1.3, -0.2, np.array([0.5, -1.0, 2.0])
    network = build("rnn", {**PLAIN, "features.n_mfcc": 1, "network.recurrent.units": 1})
    weights = {"kernel": [[u]], "recurrent_kernel": [[w]], "bias": [b]}
    arrays = {f"recurrent_0/forward/{role}": np.array(value, np.float32) for role, value in weights.items()}
    arrays |= {"output/kernel": v[None].astype(np.float32), "output/bias": np.zeros(3, np.float32)}
    set_weights(network, arrays)
    clip = example(6, n_mfcc=1)

    h, slopes = 0.0, []
    for x in clip.features[:, 0]:
        h = np.tanh(w * h + u * x + b)
        slopes.append(1 - h**2)
    p = np.exp(h * v) / np.exp(h * v).sum()
    last = abs((p - [0, 1, 0]) @ v)
    expected = [last * w**k * np.prod(slopes[len(slopes) - k :]) for k in range(6)]

    found = state_gradients(network, [clip], LABELS)
    assert found is not None
    assert found.steps_back.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose(found.norm, expected, rtol=1e-5)


def sigmoid(x: Array) -> Array:
    y: Array = 1 / (1 + np.exp(-x))
    return y


def lstm_loss(arrays: dict[str, Array], clip: Example, start: int, state: Array) -> tuple[float, list[Array]]:
    """The loss of an LSTM that is put into a state after frame `start`, and all states from there on."""
    kernel, recurrent, bias = (arrays[f"recurrent_0/forward/{role}"] for role in ("kernel", "recurrent_kernel", "bias"))
    h, c = np.split(state, 2)
    states = [state]
    for x in clip.features[start + 1 :].astype(np.float64):
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(np.concatenate([h, c]))
    logits = h @ arrays["output/kernel"] + arrays["output/bias"]
    return float(np.log(np.exp(logits).sum()) - logits[LABELS.index(clip.clip.label)]), states


def test_an_lstm_agrees_with_finite_differences_by_h_and_c_together() -> None:
    units, eps = 3, 1e-5
    network = build("lstm", {**PLAIN, "features.n_mfcc": 4, "network.recurrent.units": units}, seed=3)
    arrays = {name: array.astype(np.float64) for name, array in get_weights(network).items()}
    clip = example(7, n_mfcc=4)
    _, states = lstm_loss(arrays, clip, -1, np.zeros(2 * units))

    def differences(t: int) -> Array:
        steps = eps * np.eye(2 * units)
        up, down = ([lstm_loss(arrays, clip, t, states[t + 1] + sign * e)[0] for e in steps] for sign in (1, -1))
        slope: Array = (np.array(up) - np.array(down)) / (2 * eps)
        return slope

    expected = [float(np.linalg.norm(differences(t))) for t in range(6, -1, -1)]
    found = state_gradients(network, [clip], LABELS)
    assert found is not None
    np.testing.assert_allclose(found.norm, expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["gru", "default"])
def test_clips_beside_it_do_not_change_the_gradient_of_a_clip(name: str) -> None:
    network = build(name, {"network.recurrent.units": 6})
    layer = recurrent_layer(network)
    clips = [example(9), example(40)]
    inputs, targets = pad_features([clip.features for clip in clips]), one_hot(["1", "2"], LABELS)
    among = _norms(network, layer, inputs, targets)
    alone = _norms(network, layer, pad_features([clips[0].features]), targets[:1])
    n = count_steps(network, np.array([9]))[0]
    assert n == (5 if name == "default" else 9)
    np.testing.assert_allclose(among[0, :n], alone[0, :n], rtol=1e-4)


def test_clips_are_aligned_at_their_ends_and_steps_that_few_have_are_left_out() -> None:
    nan = np.nan
    by_frame = np.array([[1.0, 2.0, nan, nan], [3.0, 4.0, 8.0, nan], [0.0, 5.0, 6.0, 16.0]])
    found = _summarise(by_frame, np.array([2, 3, 4]))
    assert found.steps_back.tolist() == [0, 1, 2]
    assert found.norm.tolist() == [8.0, 4.0, 4.0]


def test_a_small_recurrent_weight_makes_the_gradient_vanish_and_an_open_forget_gate_does_not() -> None:
    rnn = build("rnn", {**PLAIN, "network.recurrent.units": 8})
    arrays = get_weights(rnn)
    set_weights(rnn, {**arrays, "recurrent_0/forward/recurrent_kernel": 0.1 * np.eye(8, dtype=np.float32)})
    lstm = build("lstm", {**PLAIN, "network.recurrent.units": 8})
    arrays = get_weights(lstm)
    bias = np.zeros(32, np.float32)
    bias[8:16] = 20.0  # Keras' second gate forgets
    still = {"kernel": np.zeros((20, 32), np.float32), "recurrent_kernel": np.zeros((8, 32), np.float32), "bias": bias}
    set_weights(lstm, {**arrays, **{f"recurrent_0/forward/{role}": array for role, array in still.items()}})
    vanishing, constant = (state_gradients(network, [example(20)], LABELS) for network in (rnn, lstm))
    assert vanishing is not None
    assert constant is not None
    assert vanishing.norm[19] <= 0.1**19 * vanishing.norm[0]  # 0.1 a step, and tanh' is at most one
    np.testing.assert_allclose(constant.norm[1:], constant.norm[1], rtol=1e-5)  # the constant error carousel


def test_a_network_without_recurrence_has_none() -> None:
    assert state_gradients(build("cnn1d", {}), [example(9)], LABELS) is None


def test_another_backend_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("rnn", {"network.recurrent.units": 2})
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match="jax, needed TensorFlow"):
        state_gradients(network, [example(3)], LABELS)
