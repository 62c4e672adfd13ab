"""Strings are learnt without forgetting: what the network had stays taught by it, what it had not is as without."""

from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import pytest

from speechrnn.config import Config
from speechrnn.training.checkpoint import Journal
from speechrnn.training.fitting import Step
from speechrnn.training.material import Material
from speechrnn.training.network import build_network
from speechrnn.training.string_fitting import fit_strings
from speechrnn.training.string_loss import add_loss
from speechrnn.training.weights import get_weights, set_weights
from tests.test_joining import example
from tests.test_string_training import SMALL

pytestmark = pytest.mark.train

Batch = dict[str, npt.NDArray[np.generic]]
STILL = {"network.dropout": 0.0}


@pytest.fixture
def network() -> keras.Model:
    """Sure, before it has learnt anything, that nothing is said."""
    keras.utils.set_random_seed(0)
    network = build_network(Config.load("strings", SMALL | STILL), 2)
    set_weights(network, get_weights(network) | {"output/bias": np.array([5, 0, 0], np.float32)})
    return network


@pytest.fixture
def batch() -> Batch:
    """Nothing is said in the first and the last, a word in the second; at every second frame is an answer."""
    return {
        "mfcc": np.random.default_rng(0).standard_normal((3, 16, 20)).astype(np.float32),
        "n_frames": np.array([16, 16, 9], np.int32),
        "targets": np.array([[0], [1], [0]], np.int32),
        "n_targets": np.array([0, 1, 0], np.int32),
    }


def shaken(network: keras.Model) -> dict[str, npt.NDArray[np.float32]]:
    rng = np.random.default_rng(1)
    return {
        name: (array + 0.3 * rng.standard_normal(array.shape)).astype(np.float32)
        for name, array in get_weights(network).items()
    }


def losses(model: keras.Model, batch: Batch) -> npt.NDArray[np.float64]:
    return np.asarray(keras.ops.convert_to_numpy(model(batch, training=False)), np.float64)


def answers(network: keras.Model, batch: Batch) -> npt.NDArray[np.float64]:
    return np.asarray(network.predict_on_batch({name: batch[name] for name in ("mfcc", "n_frames")}), np.float64)


def test_what_it_had_it_is_taught_by_how_it_answered(network: keras.Model, batch: Batch) -> None:
    plain, mixed = add_loss(network), add_loss(network, 0.4)
    before = answers(network, batch)
    assert len(mixed.trainable_variables) == len(network.trainable_variables)
    had = losses(plain, batch) < np.log(2)
    assert had.tolist() == [True, False, True]
    # who answers as before differs in nothing from the teacher
    np.testing.assert_allclose(losses(mixed, batch), losses(plain, batch) * np.where(had, 0.6, 1.0), rtol=1e-4)
    set_weights(network, shaken(network))
    after = answers(network, batch)
    divergence = [
        (np.exp(old[:n]) * (old[:n] - new[:n])).sum() for old, new, n in zip(before, after, (8, 8, 5), strict=True)
    ]
    assert min(divergence) > 0.01
    expected = np.where(had, 0.6 * losses(plain, batch) + 0.4 * np.array(divergence), losses(plain, batch))
    np.testing.assert_allclose(losses(mixed, batch), expected, rtol=1e-4)


def test_who_answers_as_before_learns_nothing_of_what_it_had(network: keras.Model, batch: Batch) -> None:
    model = add_loss(network, 1.0)
    first = get_weights(network)
    for rows, learns in (([0, 2], False), ([0, 1, 2], True)):
        model.compile(keras.optimizers.SGD(0.1), loss=lambda _, losses: keras.ops.mean(losses))
        model.train_on_batch({name: array[rows] for name, array in batch.items()}, np.zeros(len(rows), np.float32))
        moved = max(float(np.abs(array - first[name]).max()) for name, array in get_weights(network).items())
        assert (moved > 1e-3) is learns
        assert learns or moved < 1e-6


class PowerCutError(Exception):
    """What ends a training between two batches."""


def cut_power(step: Step) -> None:
    # the checkpoint of the first pass is written by then
    if step.epoch == 2:
        raise PowerCutError


def test_a_training_that_goes_on_has_the_same_teacher(network: keras.Model, tmp_path: Path) -> None:
    more = {"training.epochs": 2, "training.distillation": 0.5, "training.learning_rate": 0.05, "strings.empty": 0.5}
    more |= {"training.clips_per_epoch": 8, "training.batch_size": 8}
    config = Config.load("strings", SMALL | STILL | more)
    examples = [example(label, who, i) for i, (who, label) in enumerate((w, d) for w in ("ann", "bob") for d in "01")]
    material = Material(examples, (), ("0", "1"))
    broken, untaught = keras.models.clone_model(network), keras.models.clone_model(network)
    for one in (broken, untaught):
        set_weights(one, get_weights(network))
    with pytest.raises(PowerCutError):
        fit_strings(broken, material, config, Journal(tmp_path / "broken", "one"), cut_power)
    # by now it answers otherwise, so it would be another teacher
    fit_strings(broken, material, config, Journal(tmp_path / "broken", "one", resume=True))
    fit_strings(network, material, config, Journal(tmp_path / "whole", "one"))
    for name, array in get_weights(network).items():
        np.testing.assert_allclose(get_weights(broken)[name], array, atol=1e-6)
    # and it makes a difference
    fit_strings(untaught, material, config.override({"training.distillation": 0.0}), Journal(tmp_path / "other", "two"))
    assert float(np.abs(get_weights(untaught)["output/bias"] - get_weights(network)["output/bias"]).max()) > 1e-3
