"""Which weights are kept after each pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.history import Epoch
from speechrnn.training.checkpoint import (
    Checkpoint,
    Progress,
    advance,
    is_finished,
    load_checkpoint,
    save_checkpoint,
)

pytestmark = pytest.mark.train


def kept(select: str, losses: list[float | None], epochs: int | None = None) -> tuple[float, int]:
    """Weight and epoch kept, where the weight after epoch n is 10 n."""
    training = Config.load("default", {"training.select": select, "training.epochs": epochs or len(losses)}).training
    checkpoint = Checkpoint(Progress("x", (), best=0), {"w": np.zeros(1, np.float32)})
    for n, loss in enumerate(losses, start=1):
        row = Epoch(n, 1.0, 0.5, loss, None if loss is None else 0.5, 1.0)
        checkpoint = advance(checkpoint, row, {"w": np.array([10.0 * n], np.float32)}, training)
    assert [row.epoch for row in checkpoint.progress.history] == list(range(1, len(losses) + 1))
    return float(checkpoint.best_weights["w"][0]), checkpoint.progress.best


def test_the_best_the_last_or_the_mean_is_kept() -> None:
    losses: list[float | None] = [0.9, 0.3, 0.5, 0.4, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9]
    assert kept("best", losses) == (20.0, 2)
    assert kept("last", losses) == (100.0, 10)
    # the first three of ten are left out
    assert kept("average", losses) == (70.0, 10)


@pytest.mark.parametrize("select", ["best", "last", "average"])
def test_patience_counts_from_the_least_loss_whichever_weights_are_kept(select: str) -> None:
    training = Config.load(
        "default", {"training.select": select, "training.patience": 2, "training.epochs": 9}
    ).training
    ends = []
    for losses in ([3.0, 1.0, 2.0], [3.0, 1.0, 2.0, 1.5], [3.0, 1.0, 2.0, 0.9, 1.0], [1.0 / n for n in range(1, 10)]):
        history = tuple(Epoch(n, 0.0, None, loss, None, 0.0) for n, loss in enumerate(losses, start=1))
        ends.append(is_finished(Progress("", history, len(history)), training))
    assert ends == [False, True, False, True]


def test_without_validation_the_last_is_the_best() -> None:
    assert kept("best", [None, None, None]) == (30.0, 3)


@pytest.mark.parametrize(("done", "expected"), [(1, 10.0), (2, 20.0), (4, 40.0), (5, 45.0)])
def test_a_mean_begins_with_the_first_pass_that_counts(done: int, expected: float) -> None:
    assert kept("average", [None] * done, epochs=10)[0] == pytest.approx(expected)


def small_network() -> Any:
    import keras

    network = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    return network


def test_a_checkpoint_sets_network_and_optimizer_as_they_were(tmp_path: Path) -> None:
    network, other = small_network(), small_network()
    network.fit(np.ones((4, 3), np.float32), np.ones((4, 2), np.float32), verbose=0)
    progress = Progress("x", (Epoch(1, 1.0, 0.5, None, None, 1.0),), best=1)
    weights = {"w": np.array([2.5, -0.0], np.float32)}
    save_checkpoint(tmp_path / "state", network, Checkpoint(progress, weights))
    found = load_checkpoint(tmp_path / "state", other, "x")
    assert found.progress == progress
    assert found.best_weights["w"].tobytes() == weights["w"].tobytes()
    for one, two in zip(network.variables, other.variables, strict=True):
        assert np.array_equal(one.numpy(), two.numpy())
    assert int(other.optimizer.iterations.numpy()) == int(network.optimizer.iterations.numpy()) == 1


@pytest.mark.parametrize("place", [40, -1, None])
def test_a_damaged_checkpoint_is_told(place: int | None, tmp_path: Path) -> None:
    network, path = small_network(), tmp_path / "state"
    save_checkpoint(path, network, Checkpoint(Progress("x", (), best=0), {"w": np.zeros(3, np.float32)}))
    data = bytearray(path.read_bytes())
    if place is None:
        del data[-1]
    else:
        data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(TrainingError, match=r"state: a checkpoint that cannot be used .* Start again with --force\."):
        load_checkpoint(path, network, "x")


def test_another_training_is_told_before_its_weights_are_tried(tmp_path: Path) -> None:
    import keras

    other = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(5)])
    other.compile("adam", "mse")
    other.optimizer.build(other.trainable_variables)
    save_checkpoint(tmp_path / "state", small_network(), Checkpoint(Progress("x", (), best=0), {}))
    with pytest.raises(TrainingError, match=r"had another configuration or other clips\. Give the same ones, or start"):
        load_checkpoint(tmp_path / "state", other, "y")
