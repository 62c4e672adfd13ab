"""The state of an unfinished training: one file, written whole after each epoch.

It holds every variable of network and optimizer, the best weights so far and the history, so that a training that goes
on from it ends with the same weights as one that was never interrupted (a test says so).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import msgspec
import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from speechrnn.errors import TrainingError
from speechrnn.history import NOT_AVERAGED, Epoch
from speechrnn.settings import TrainingConfig
from speechrnn.storage import write_bytes
from speechrnn.training.weights import Arrays, get_weights

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training has come.

    Attributes
    ----------
    fingerprint : str
        Of configuration, clips and starting weights; another one is another training.
    history : tuple of Epoch
        One row an epoch done.
    best : int
        The epoch whose weights are kept.
    """

    fingerprint: str
    history: tuple[Epoch, ...]
    best: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Progress, and the best weights by name."""

    progress: Progress
    best_weights: Arrays


@dataclass(frozen=True, slots=True)
class Journal:
    """Where the state of a training is kept.

    Attributes
    ----------
    checkpoint : Path
        The file.
    fingerprint : str
        Of everything that decides the result; a checkpoint with another one is refused.
    resume : bool
        Whether to go on from the file, where it exists.
    """

    checkpoint: Path
    fingerprint: str
    resume: bool = False


def begin(journal: Journal, network: keras.Model) -> Checkpoint:
    """Begin a training, or go on from its checkpoint where the journal says so and there is one.

    Parameters
    ----------
    journal : Journal
        Where the state is kept.
    network : keras.Model
        Compiled, its optimizer built; set as it was where the training goes on.

    Returns
    -------
    Checkpoint
        What is done.

    Raises
    ------
    TrainingError
        The checkpoint is damaged or belongs to another training.
    """
    if not (journal.resume and journal.checkpoint.is_file()):
        return Checkpoint(Progress(journal.fingerprint, (), best=0), get_weights(network))
    return load_checkpoint(journal.checkpoint, network, journal.fingerprint)


def advance(checkpoint: Checkpoint, row: Epoch, weights: Arrays, training: TrainingConfig) -> Checkpoint:
    """Add an epoch; keep its weights, those of a better one before it, or the mean of several.

    Parameters
    ----------
    checkpoint : Checkpoint
        Before it.
    row : Epoch
        Its figures.
    weights : mapping of str to np.ndarray
        After it.
    training : TrainingConfig
        Its `select` says which weights are kept.

    Returns
    -------
    Checkpoint
        With the weights to keep if it was the last one.
    """
    progress = checkpoint.progress
    history = (*progress.history, row)
    now = Checkpoint(Progress(progress.fingerprint, history, row.epoch), weights)
    if training.select == "average":
        n = row.epoch - int(NOT_AVERAGED * training.epochs)
        return now if n <= 1 else replace(now, best_weights=_average(checkpoint.best_weights, weights, n))
    best = progress.history[progress.best - 1].valid_loss if progress.best else None
    if training.select == "last" or row.valid_loss is None or best is None or row.valid_loss < best:
        return now
    return Checkpoint(Progress(progress.fingerprint, history, progress.best), checkpoint.best_weights)


def is_finished(progress: Progress, training: TrainingConfig) -> bool:
    """Tell whether a training has all its epochs, or got no better for as many as its patience allows.

    Parameters
    ----------
    progress : Progress
        What is done.
    training : TrainingConfig
        Its `epochs` and `patience`; that counts the epochs since the least validation loss, whichever weights are kept.

    Returns
    -------
    bool
        True where nothing is left to do.
    """
    losses = [row.valid_loss for row in progress.history if row.valid_loss is not None]
    since = len(losses) - 1 - losses.index(min(losses)) if losses else 0
    return len(progress.history) >= training.epochs or (training.patience is not None and since >= training.patience)


def _average(mean: Arrays, weights: Arrays, n: int) -> Arrays:
    """Add the n-th to a running mean."""
    return {name: mean[name] + (weights[name] - mean[name]) / np.float32(n) for name in mean}


def save_checkpoint(path: Path, network: keras.Model, checkpoint: Checkpoint) -> None:
    """Write everything that going on needs, in one file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    network : keras.Model
        Compiled; its variables and its optimizer's are written.
    checkpoint : Checkpoint
        Progress and best weights.
    """
    arrays: dict[str, Array] = {f"best/{name}": array for name, array in checkpoint.best_weights.items()}
    arrays |= {name: _to_array(variable) for name, variable in _variables(network).items()}
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    progress = msgspec.json.encode(checkpoint.progress).decode()
    metadata = {"progress": progress, "sha256": _digest(progress, arrays)}
    write_bytes(path, safetensors.numpy.save(arrays, metadata))


def load_checkpoint(path: Path, network: keras.Model, fingerprint: str) -> Checkpoint:
    """Read a checkpoint and set network and optimizer as they were.

    Parameters
    ----------
    path : Path
        The file.
    network : keras.Model
        Compiled, of the same configuration, its optimizer built.
    fingerprint : str
        Of the training that goes on.

    Returns
    -------
    Checkpoint
        Progress and best weights.

    Raises
    ------
    TrainingError
        The file is damaged or belongs to another training.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- not a mapping
        progress = _read_progress(metadata, arrays)
        _check_same(path, progress, fingerprint)  # first: of another network no weight fits
        for name, variable in _variables(network).items():
            _assign(variable, arrays[name])
    except (safetensors.SafetensorError, msgspec.DecodeError, KeyError, ValueError) as error:
        raise TrainingError(f"{path}: a checkpoint that cannot be used ({error}). Start again with --force.") from error
    best = {name.removeprefix("best/"): array for name, array in arrays.items() if name.startswith("best/")}
    return Checkpoint(progress, best)


def _read_progress(metadata: Mapping[str, str], arrays: Mapping[str, Array]) -> Progress:
    written = metadata.get("progress", "")
    progress = msgspec.json.decode(written, type=Progress)
    if metadata.get("sha256") != _digest(written, arrays):
        raise ValueError("it is not what was written")
    return progress


def _check_same(path: Path, progress: Progress, fingerprint: str) -> None:
    if progress.fingerprint != fingerprint:
        raise TrainingError(
            f"{path}: this unfinished training had another configuration or other clips. "
            "Give the same ones, or start again with --force."
        )


def _digest(progress: str, arrays: Mapping[str, Array]) -> str:
    """A flipped bit would be a weight, and nobody would see it."""
    total = hashlib.sha256(progress.encode())
    for name in sorted(arrays):
        total.update(name.encode())
        total.update(arrays[name].data)
    return total.hexdigest()


def _variables(network: keras.Model) -> dict[str, keras.Variable]:
    named = {f"network/{i}": v for i, v in enumerate(network.variables)}  # the seeds of dropout are among them
    return named | {f"optimizer/{i}": v for i, v in enumerate(network.optimizer.variables)}


def _to_array(variable: keras.Variable) -> Array:
    array: Array = np.asarray(keras.ops.convert_to_numpy(variable))
    return array


def _assign(variable: keras.Variable, array: Array) -> None:
    if array.shape != tuple(variable.shape):
        raise ValueError(f"{variable.path} has shape {array.shape}, needed {tuple(variable.shape)}")
    variable.assign(array)
