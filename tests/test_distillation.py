"""Learning without forgetting: the user's own clips teach labels, all others what the network answered before."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.training.distillation import keep_answers
from speechrnn.training.feed import Batch
from speechrnn.training.inheritance import first_network
from speechrnn.training.material import Material
from speechrnn.training.network import build_network
from speechrnn.training.weights import get_weights, set_weights

SMALL = {"network.conv": [{"filters": 8, "kernel_size": 3, "stride": 2}], "network.recurrent.units": 8}
# a label of mine, a label of a source, a word of a source, noise of mine
OWN, LABELLED = np.array([True, False, False, True]), np.array([1, 1, 0, 0], np.float32)


@pytest.fixture
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_network(Config.load("default", SMALL), 3)


@pytest.fixture
def batch() -> Batch:
    mfcc = np.random.default_rng(0).normal(size=(4, 16, 20)).astype(np.float32)
    inputs: dict[str, np.ndarray] = {"mfcc": mfcc, "n_frames": np.array([16, 9, 12, 5], np.int32)}
    return Batch(inputs, np.eye(4, 3, dtype=np.float32) * LABELLED[:, None], LABELLED, LABELLED, OWN)


def test_what_is_not_mine_is_answered_as_before(network: keras.Model, batch: Batch) -> None:
    probabilities, known = network.predict_on_batch(batch.inputs)
    teach = keep_answers(network, 1.0)
    set_weights(network, {name: array + 0.5 for name, array in get_weights(network).items()})
    taught = teach(batch)
    np.testing.assert_array_equal(taught.targets[[0, 2, 3]], batch.targets[[0, 2, 3]])
    np.testing.assert_allclose(taught.targets[1], probabilities[1], atol=1e-6)
    np.testing.assert_array_equal(taught.known[[0, 3]], [1, 0])
    np.testing.assert_allclose(taught.known[[1, 2]], known[[1, 2], 0], atol=1e-6)
    np.testing.assert_array_equal(taught.labelled, LABELLED)


def test_a_share_lies_between(network: keras.Model, batch: Batch) -> None:
    whole, third = keep_answers(network, 1.0)(batch), keep_answers(network, 1 / 3)(batch)
    np.testing.assert_allclose(third.targets, (2 * batch.targets + whole.targets) / 3, atol=1e-6)
    np.testing.assert_allclose(third.known, (2 * batch.known + whole.known) / 3, atol=1e-6)
    assert keep_answers(network, 0.0)(batch) is batch


def test_who_answers_as_before_learns_nothing(network: keras.Model, batch: Batch) -> None:
    taught = keep_answers(network, 1.0)(replace(batch, own=np.zeros(4, bool)))
    losses = [keras.losses.CategoricalCrossentropy(), keras.losses.BinaryCrossentropy()]
    network.compile(keras.optimizers.SGD(0.1), losses)
    before = get_weights(network)
    weights = [taught.labelled, np.ones(4, np.float32)]
    for layer in network.layers:  # what is dropped at random would teach
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    network.train_on_batch(taught.inputs, [taught.targets, taught.known[:, None]], sample_weight=weights)
    for name, array in get_weights(network).items():
        np.testing.assert_allclose(array, before[name], atol=1e-6)


@pytest.mark.parametrize("preset", ["default", "strings"])
def test_without_a_model_to_start_from_there_are_no_answers_to_keep(preset: str) -> None:
    config = Config.load(preset, {"training.distillation": 0.5})
    kind = "single words" if preset == "default" else "strings"
    with pytest.raises(TrainingError, match=rf"training\.distillation is 0\.5, needed a model of {kind} with these"):
        first_network(config, Material((), (), ("0", "1"), ()), None)
