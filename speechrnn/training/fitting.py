"""The passes over the data: cross-entropy, Adam, early stopping, the best weights kept, a checkpoint after each."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from speechrnn.config import Config, TrainingConfig
from speechrnn.errors import TrainingError
from speechrnn.history import Epoch
from speechrnn.training.checkpoint import Checkpoint, Journal, advance, begin, is_finished, save_checkpoint
from speechrnn.training.distillation import keep_answers
from speechrnn.training.distribution import own_rows
from speechrnn.training.features import Features
from speechrnn.training.feed import Batch, Feed, validation_batches
from speechrnn.training.layers import VARIANCE_FLOOR
from speechrnn.training.material import Material
from speechrnn.training.optimizer import make_optimizer
from speechrnn.training.weights import get_weights, set_weights

_EVALUATION_BATCH = 128
# of the loss of `known`, beside that of the labels: telling digits apart comes first
KNOWN_WEIGHT = 0.5


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
    feed = Feed(material, config)
    compile_network(network, config, feed.n_steps)
    teach = keep_answers(network, training.distillation)  # as it begins: a checkpoint makes it another
    checkpoint = begin(journal, network)
    while not is_finished(checkpoint.progress, training):
        row = Pass(network, feed, material, training, teach).run(len(checkpoint.progress.history) + 1, on_step)
        checkpoint = advance(checkpoint, row, get_weights(network), training)
        save_checkpoint(journal.checkpoint, network, checkpoint)
    set_weights(network, checkpoint.best_weights)
    return checkpoint


def fit_standardization(network: keras.Model, features: Sequence[Features], normalization: str) -> None:
    """Set the figures of the standardization layer from features as training meets them.

    Parameters
    ----------
    network : keras.Model
        Left alone if it has no such layer.
    features : sequence of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
        From `speechrnn.training.feed.Feed.probe`.
    normalization : str
        What comes before that layer: ``features.normalization`` of the configuration.
    """
    layer = next((layer for layer in network.layers if layer.name == "standardization"), None)
    if layer is None:
        return
    frames = np.concatenate([_normalize(f, normalization) for f in features])
    layer.mean.assign(frames.mean(axis=0, dtype=np.float64))
    # a coefficient that never changes says nothing; dividing by one leaves it so
    deviation = frames.std(axis=0, dtype=np.float64)
    layer.deviation.assign(np.where(deviation > 0, deviation, 1.0))


def _normalize(features: Features, normalization: str) -> Features:
    """What stands before the standardization layer, clip by clip."""
    centred = features - features.mean(axis=0) if normalization != "none" else features
    if normalization in ("mean_variance", "both"):
        centred = centred / np.sqrt((centred**2).mean(axis=0) + VARIANCE_FLOOR)
    if normalization != "both":
        return centred
    level = features[:, :1] - features[:, :1].max()
    return np.concatenate([centred, level, features[:, 1:]], axis=1)


def compile_network(network: keras.Model, config: Config, n_steps: int) -> None:
    """Give a network its losses, metrics and optimizer.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`.
    config : Config
        Its `training` decides, and whether its network has the output `known`.
    n_steps : int
        Batches in a pass.
    """
    optimizer = make_optimizer(config.training, n_steps)
    cross_entropy = keras.losses.CategoricalCrossentropy(label_smoothing=config.training.label_smoothing)
    if config.network.rejection:
        losses = [cross_entropy, keras.losses.BinaryCrossentropy()]
        network.compile(optimizer, losses, loss_weights=[1.0, KNOWN_WEIGHT], weighted_metrics=[["accuracy"], []])
    else:
        network.compile(optimizer, loss=cross_entropy, weighted_metrics=["accuracy"])
    optimizer.build(network.trainable_variables)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the training clips, and the look at the validation clips after it.

    Attributes
    ----------
    network : keras.Model
        Compiled by `compile_network`.
    feed : Feed
        Gives the batches.
    material : Material
        Has the validation clips.
    training : TrainingConfig
        How many passes there can be.
    teach : callable
        Changes what a batch teaches; from `speechrnn.training.distillation.keep_answers`.
    """

    network: keras.Model
    feed: Feed
    material: Material
    training: TrainingConfig
    teach: Callable[[Batch], Batch]

    def run(self, number: int, on_step: Callable[[Step], None] | None) -> Epoch:
        """Make the pass of this number, counted from 1, and give its row."""
        began = time.perf_counter()
        mean, n_epochs = _Mean(), self.training.epochs
        # batch by batch, because keras.Model.fit wants batches of one length
        for step, batch in enumerate(self.feed.epoch(number), start=1):
            self.network.reset_metrics()  # Keras does so by itself from 3.15 on
            mean.add(self._see(self.network.train_on_batch, self.teach(batch)), batch)
            if on_step:
                on_step(Step(number, n_epochs, step, self.feed.n_steps, mean.loss, mean.accuracy))
        loss, accuracy = mean.loss, mean.accuracy
        valid_loss, valid_accuracy = self._validate()
        if not (math.isfinite(loss) and math.isfinite(valid_loss or 0.0)):
            raise TrainingError(
                f"the loss became {loss} (validation {valid_loss}) in epoch {number}, needed a finite number. "
                "Lower training.learning_rate or set training.clip_norm."
            )
        row = Epoch(number, loss, accuracy, valid_loss, valid_accuracy, time.perf_counter() - began)
        if on_step:
            on_step(Step(number, n_epochs, step, step, loss, accuracy, done=row))
        return row

    def _see(self, method: Callable[..., dict[str, float]], batch: Batch) -> dict[str, float]:
        """Let Keras train or test on a batch; what is no label teaches and tests the output `known` alone."""
        inputs, targets, labelled, known = batch.inputs, batch.targets, batch.labelled, batch.known
        weights = np.ones_like(known)
        if rows := own_rows(len(batch)):
            inputs = {name: array[rows.index] for name, array in inputs.items()}
            targets, labelled, known = targets[rows.index], labelled[rows.index], known[rows.index]
            weights = rows.weights
        if len(self.network.outputs) == 1:
            return method(inputs, targets, sample_weight=weights, return_dict=True)
        both = [labelled * weights, weights]
        return method(inputs, [targets, known[:, None]], sample_weight=both, return_dict=True)

    def _validate(self) -> tuple[float, float] | tuple[None, None]:
        if not self.material.valid:
            return None, None
        mean = _Mean()
        for batch in validation_batches(self.material, _EVALUATION_BATCH):
            self.network.reset_metrics()
            mean.add(self._see(self.network.test_on_batch, batch), batch)
        return mean.loss, mean.accuracy


@dataclass(slots=True)
class _Mean:
    """Loss over all clips so far, accuracy over those of a label; Keras gives those of one batch."""

    n: int = 0
    n_labels: int = 0
    _loss: float = 0.0
    _right: float = 0.0

    def add(self, figures: dict[str, float], batch: Batch) -> None:
        labels = int(batch.labelled.sum())
        self.n, self.n_labels = self.n + len(batch), self.n_labels + labels
        self._loss += len(batch) * float(figures["loss"])
        # the metric goes by the name of the layer where there are two outputs
        accuracy = next(value for name, value in figures.items() if name.endswith("accuracy"))
        self._right += labels * float(accuracy) if labels else 0.0

    @property
    def loss(self) -> float:
        return self._loss / self.n

    @property
    def accuracy(self) -> float:
        return self._right / max(1, self.n_labels)
