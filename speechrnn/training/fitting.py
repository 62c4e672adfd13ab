"""The passes over the data: cross-entropy, Adam, early stopping, the best weights kept, a checkpoint after each."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from speechrnn.config import Config, TrainingConfig
from speechrnn.errors import TrainingError
from speechrnn.history import Epoch
from speechrnn.training.batches import batches, shuffled_order, sorted_order
from speechrnn.training.checkpoint import Checkpoint, Progress, load_checkpoint, save_checkpoint
from speechrnn.training.features import Example, Features
from speechrnn.training.network import VARIANCE_FLOOR
from speechrnn.training.weights import Arrays, get_weights, set_weights

_EVALUATION_BATCH = 128


@dataclass(frozen=True, slots=True)
class Step:
    """Where a training is, for whoever shows its progress.

    Attributes
    ----------
    epoch, n_epochs : int
        The pass at work, counted from 1, and how many there can be.
    step, n_steps : int
        Batches done in this pass, and how many it has.
    loss, accuracy : float
        Running means over this pass.
    done : Epoch or None
        The row of the pass, when it has just ended.
    """

    epoch: int
    n_epochs: int
    step: int
    n_steps: int
    loss: float
    accuracy: float
    done: Epoch | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """What trains and what validates.

    Attributes
    ----------
    train, valid : sequence of Example
        `valid` may be empty: then the last weights are kept.
    labels : tuple of str
        In the order of the outputs.
    """

    train: Sequence[Example]
    valid: Sequence[Example]
    labels: tuple[str, ...]


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


def fit(
    network: keras.Model,
    material: Material,
    config: Config,
    journal: Journal,
    on_step: Callable[[Step], None] | None = None,
) -> Checkpoint:
    """Fit a network.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`; on return it has the best weights.
    material : Material
        Examples and labels.
    config : Config
        Its `training` decides.
    journal : Journal
        Where the state is kept.
    on_step : callable, optional
        Called after each batch and each epoch.

    Returns
    -------
    Checkpoint
        The last one, with history and best weights.

    Raises
    ------
    TrainingError
        The loss stopped being a number, or the checkpoint belongs to another training.
    OSError
        The checkpoint cannot be written.
    """
    training = config.training
    _compile(network, training, n_steps=math.ceil(len(material.train) / training.batch_size))
    checkpoint = Checkpoint(Progress(journal.fingerprint, (), best=0), get_weights(network))
    if journal.resume and journal.checkpoint.is_file():
        checkpoint = load_checkpoint(journal.checkpoint, network)
        if checkpoint.progress.fingerprint != journal.fingerprint:
            raise TrainingError(
                f"{journal.checkpoint}: this unfinished training had another configuration or other clips. "
                "Give the same ones, or start again with --force."
            )
    while not _finished(checkpoint.progress, training):
        row = _run_epoch(network, material, training, len(checkpoint.progress.history) + 1, on_step)
        checkpoint = _advance(checkpoint, row, get_weights(network))
        save_checkpoint(journal.checkpoint, network, checkpoint)
    set_weights(network, checkpoint.best_weights)
    return checkpoint


def fit_standardization(network: keras.Model, examples: Sequence[Example], normalization: str) -> None:
    """Set the figures of the standardization layer from the training clips.

    Parameters
    ----------
    network : keras.Model
        Left alone if it has no such layer.
    examples : sequence of Example
        The training clips.
    normalization : str
        What comes before that layer: ``features.normalization`` of the configuration.
    """
    layer = next((layer for layer in network.layers if layer.name == "standardization"), None)
    if layer is None:
        return
    frames = np.concatenate([_normalize(example.features, normalization) for example in examples])
    layer.mean.assign(frames.mean(axis=0, dtype=np.float64))
    # a coefficient that never changes says nothing; dividing by one leaves it so
    deviation = frames.std(axis=0, dtype=np.float64)
    layer.deviation.assign(np.where(deviation > 0, deviation, 1.0))


def _normalize(features: Features, normalization: str) -> Features:
    centred = features - features.mean(axis=0) if normalization != "none" else features
    if normalization == "mean_variance":
        centred = centred / np.sqrt((centred**2).mean(axis=0) + VARIANCE_FLOOR)
    return centred


def _compile(network: keras.Model, training: TrainingConfig, n_steps: int) -> None:
    rate: float | keras.optimizers.schedules.CosineDecay = training.learning_rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(training.learning_rate, decay_steps=n_steps * training.epochs)
    optimizer = keras.optimizers.Adam(rate, clipnorm=training.clip_norm)
    network.compile(optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    optimizer.build(network.trainable_variables)


def _run_epoch(
    network: keras.Model,
    material: Material,
    training: TrainingConfig,
    epoch: int,
    on_step: Callable[[Step], None] | None,
) -> Epoch:
    began = time.perf_counter()
    lengths = [len(example.features) for example in material.train]
    order = shuffled_order(lengths, training.batch_size, (training.seed, epoch))
    mean = _Mean()
    # batch by batch, because keras.Model.fit wants batches of one length
    for step, (features, targets) in enumerate(batches(material.train, material.labels, order), start=1):
        network.reset_metrics()  # Keras does so by itself from 3.15 on
        mean.add(network.train_on_batch(features, targets, return_dict=True), len(targets))
        if on_step:
            on_step(Step(epoch, training.epochs, step, len(order), mean.loss, mean.accuracy))
    loss, accuracy = mean.loss, mean.accuracy
    valid_loss, valid_accuracy = _validate(network, material)
    if not (math.isfinite(loss) and math.isfinite(valid_loss or 0.0)):
        raise TrainingError(
            f"the loss became {loss} (validation {valid_loss}) in epoch {epoch}, needed a finite number. "
            "Lower training.learning_rate or set training.clip_norm."
        )
    row = Epoch(epoch, loss, accuracy, valid_loss, valid_accuracy, time.perf_counter() - began)
    if on_step:
        on_step(Step(epoch, training.epochs, len(order), len(order), loss, accuracy, done=row))
    return row


def _validate(network: keras.Model, material: Material) -> tuple[float, float] | tuple[None, None]:
    if not material.valid:
        return None, None
    order = sorted_order([len(example.features) for example in material.valid], _EVALUATION_BATCH)
    mean = _Mean()
    for features, targets in batches(material.valid, material.labels, order):
        network.reset_metrics()
        mean.add(network.test_on_batch(features, targets, return_dict=True), len(targets))
    return mean.loss, mean.accuracy


@dataclass(slots=True)
class _Mean:
    """Loss and accuracy over the clips so far; Keras gives those of one batch."""

    n: int = 0
    _loss: float = 0.0
    _accuracy: float = 0.0

    def add(self, figures: dict[str, float], n: int) -> None:
        self.n += n
        self._loss += n * float(figures["loss"])
        self._accuracy += n * float(figures["accuracy"])

    @property
    def loss(self) -> float:
        return self._loss / self.n

    @property
    def accuracy(self) -> float:
        return self._accuracy / self.n


def _advance(checkpoint: Checkpoint, row: Epoch, weights: Arrays) -> Checkpoint:
    """Add an epoch; keep its weights if none before was better on the validation clips."""
    progress = checkpoint.progress
    history = (*progress.history, row)
    if (
        row.valid_loss is None
        or row.epoch == 1
        or row.valid_loss < (progress.history[progress.best - 1].valid_loss or 0.0)
    ):
        return Checkpoint(Progress(progress.fingerprint, history, row.epoch), weights)
    return Checkpoint(Progress(progress.fingerprint, history, progress.best), checkpoint.best_weights)


def _finished(progress: Progress, training: TrainingConfig) -> bool:
    n = len(progress.history)
    stopped = training.patience is not None and n - progress.best >= training.patience
    return n >= training.epochs or stopped
