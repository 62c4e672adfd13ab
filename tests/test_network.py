"""The Keras network: masks, sizes, names of weights."""

import keras
import numpy as np
import pytest

from speechrnn.config import Config, preset_names
from speechrnn.errors import TrainingError
from speechrnn.training.batches import pad_features
from speechrnn.training.layers import Calibration
from speechrnn.training.network import build_network
from speechrnn.training.weights import get_weights, load_weights, save_weights, set_weights
from tests.bundles import check_distribution
from tests.networks import VARIANTS, answers, random_network

# that of strings answers each frame: tests/test_string_training.py
ALL = [*(name for name in preset_names() if name != "strings"), *VARIANTS]


@pytest.mark.parametrize("name", ALL)
def test_padding_changes_no_answer_in_keras(name: str) -> None:
    network = random_network(name)
    n_mfcc = network.config.features.n_mfcc
    random = np.random.default_rng(0)
    features = [random.normal(0, 20, (n, n_mfcc)).astype(np.float32) for n in (3, 17, 40, 75)]
    together = answers(network, pad_features(features))
    garbage = pad_features(features)
    garbage["mfcc"][0, 3:] = 1e3
    for output, spoilt in zip(together, answers(network, garbage), strict=True):
        np.testing.assert_allclose(spoilt[0], output[0], atol=2e-6)
    for i, clip in enumerate(features):
        alone = answers(network, {"mfcc": clip[None], "n_frames": np.array([len(clip)])})
        for output, exact in zip(together, alone, strict=True):
            np.testing.assert_allclose(exact[0], output[i], atol=2e-6)


@pytest.mark.parametrize("name", ALL)
def test_rows_are_distributions(name: str) -> None:
    network = random_network(name)
    features = np.random.default_rng(0).normal(0, 20, (30, network.config.features.n_mfcc)).astype(np.float32)
    probabilities, *known = answers(network, pad_features([features]))
    check_distribution(probabilities)
    assert all(0 <= share <= 1 for [share] in known)


def test_tutorial_is_one_lstm_of_50_and_one_softmax() -> None:
    network = build_network(Config.load("tutorial"), 10)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert [kind for kind in kinds if kind not in {"InputLayer", "FrameMask", "Cast", "Dropout"}] == ["LSTM", "Dense"]
    # four gates of 50 units from 20 coefficients, 50 states and a bias; ten outputs from 50 states and a bias
    assert network.count_params() == 4 * 50 * (20 + 50 + 1) + 10 * (50 + 1)


def test_simple_recurrence_is_the_formula() -> None:
    """h_t = tanh(W_hh h_{t-1} + W_xh x_t + b_h), y_t = W_hy h_t + b_y, softmax of the last y_t."""
    network = random_network("rnn")
    w = network.weights
    features = np.random.default_rng(1).normal(0, 5, (6, 20)).astype(np.float32)
    x = features - features.mean(axis=0)
    x = (x - w["standardization/mean"]) / w["standardization/deviation"]
    h = np.zeros(128)
    for x_t in x:
        h = np.tanh(
            h @ w["recurrent_0/forward/recurrent_kernel"]
            + x_t @ w["recurrent_0/forward/kernel"]
            + w["recurrent_0/forward/bias"]
        )
    y = h @ w["output/kernel"] + w["output/bias"]
    expected = np.exp(y - y.max()) / np.exp(y - y.max()).sum()
    found = np.asarray(network.keras(pad_features([features]), training=False))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_weights_survive_a_file(name: str) -> None:
    network = random_network(name)
    fresh = build_network(network.config, 7)
    set_weights(fresh, load_weights(save_weights(get_weights(network.keras))))
    for key, array in get_weights(fresh).items():
        np.testing.assert_array_equal(array, network.weights[key])


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"recurrent_0/forward/kernel has shape .*this network needs \(20, 240\)"):
        set_weights(
            build_network(Config.load("tutorial", {"network.recurrent.units": 60}), 7),
            random_network("tutorial").weights,
        )


def test_bytes_that_are_no_weights_are_refused() -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        load_weights(b"not safetensors at all")


def test_a_fresh_calibration_is_one_softmax_over_labels_and_none_of_them() -> None:
    layer = Calibration()
    logits = np.random.default_rng(0).normal(0, 5, (6, 4)).astype(np.float32)
    unknown = np.array([[-40.0], [-2.0], [0.0], [1.0], [3.0], [40.0]], np.float32)
    probabilities, known = (np.asarray(output) for output in layer(logits, unknown))
    all_five = np.asarray(keras.ops.softmax(np.concatenate([logits, unknown], axis=1)))
    np.testing.assert_allclose(probabilities * known, all_five[:, :4], atol=1e-6)
    np.testing.assert_allclose(1 - known[:, 0], all_five[:, 4], atol=1e-6)
    assert layer.trainable_weights == []


def test_sure_answers_have_log_odds_too() -> None:
    """Probabilities of float32 near 1 are 6e-8 apart: out of them, a tenth and more would be missing."""
    layer = Calibration()
    logits = np.array([[14.9, 1.2, 0.9], [3.0, 3.0, 3.0], [90.0, 0.0, 0.0], [0.0, 13.1, -2.0]], np.float32)
    unknown = np.zeros((4, 1), np.float32)
    layer(logits, unknown)
    layer.known.assign([0.0, 0.1, 0.0])
    expected = [14.9 - np.log(np.exp(1.2) + np.exp(0.9)), -np.log(2), np.log(1e6 - 1), 13.1 - np.log(1 + np.exp(-2))]
    known = np.asarray(layer(logits, unknown)[1], np.float64)[:, 0]
    np.testing.assert_allclose(10 * np.log(known / (1 - known)), expected, atol=1e-5)


def test_training_moves_both_outputs_and_leaves_the_calibration() -> None:
    config = Config.load("default", {"network.conv": [], "network.recurrent.units": 4})
    network = build_network(config, 3)
    before = get_weights(network)
    network.compile("sgd", loss=["categorical_crossentropy", "binary_crossentropy"])
    features = np.random.default_rng(0).normal(0, 20, (30, config.features.n_mfcc)).astype(np.float32)
    network.train_on_batch(pad_features([features] * 2), [np.eye(3)[:2], np.array([[1.0], [0.0]])])
    moved = {name for name, array in get_weights(network).items() if not np.array_equal(array, before[name])}
    fixed = {name for name in before if name.startswith(("calibration/", "standardization/"))}
    assert len(fixed) == 4
    assert moved == set(before) - fixed


def test_other_labels_get_all_that_answers_anew() -> None:
    network = random_network("default")
    fresh = build_network(network.config, 3)
    before = get_weights(fresh)
    set_weights(fresh, network.weights, except_head=True)
    for name, array in get_weights(fresh).items():
        head = name.startswith(("output/", "unknown/", "calibration/"))
        np.testing.assert_array_equal(array, before[name] if head else network.weights[name])


def test_a_layer_on_top_of_those_of_the_start_begins_anew_and_none_is_lost() -> None:
    start = random_network("default")
    deeper = build_network(Config.load("default", {"network.recurrent.layers": 2}), 10)
    before = get_weights(deeper)
    set_weights(deeper, start.weights, except_head=True)
    for name, array in get_weights(deeper).items():
        anew = name.startswith(("output/", "unknown/", "calibration/", "recurrent_1/"))
        np.testing.assert_array_equal(array, before[name] if anew else start.weights[name])
    with pytest.raises(TrainingError, match="recurrent_1/forward/kernel is missing"):
        set_weights(deeper, start.weights)
