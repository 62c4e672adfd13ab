"""The passes over strings: connectionist temporal classification (Graves et al. 2006), Adam, checkpoints."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.history import Epoch
from speechrnn.training.checkpoint import Checkpoint, Journal, advance, begin, save_checkpoint
from speechrnn.training.fitting import Step
from speechrnn.training.material import Material
from speechrnn.training.optimizer import make_optimizer
from speechrnn.training.string_feed import StringFeed
from speechrnn.training.string_loss import MORE_PROBABLE_THAN_NOT, add_loss
from speechrnn.training.weights import get_weights, set_weights


def fit_strings(
    network: keras.Model,
    material: Material,
    config: Config,
    journal: Journal,
    on_step: Callable[[Step], None] | None = None,
) -> Checkpoint:
    """Fit a network for strings.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`; on return it has the weights that are kept.
    material : Material
        What trains.
    config : Config
        Its `training` and `strings` decide.
    journal : Journal
        Where the state is kept.
    on_step : callable, optional
        Called after each batch and each epoch; its accuracy is the share of strings that were more probable than not.

    Returns
    -------
    Checkpoint
        The last one, with history and weights.

    Raises
    ------
    TrainingError
        The loss stopped being a number, or the checkpoint belongs to another training.
    OSError
        The checkpoint cannot be written.
    """
    training = config.training
    feed = StringFeed(material, config)
    model = add_loss(network, training.distillation)  # as it begins; a checkpoint has that network too
    _compile(model, config, feed.n_steps)
    checkpoint = begin(journal, model)
    while len(checkpoint.progress.history) < training.epochs:
        row = _run(model, feed, len(checkpoint.progress.history) + 1, training.epochs, on_step)
        checkpoint = advance(checkpoint, row, get_weights(network), training)
        save_checkpoint(journal.checkpoint, model, checkpoint)
    set_weights(network, checkpoint.best_weights)
    return checkpoint


def _compile(model: keras.Model, config: Config, n_steps: int) -> None:
    optimizer = make_optimizer(config.training, n_steps)
    model.compile(optimizer, loss=_mean_loss, metrics=[_more_probable_than_not])
    optimizer.build(model.trainable_variables)


def _mean_loss(_: Any, losses: Any) -> Any:
    return ops.mean(losses)


def _more_probable_than_not(_: Any, losses: Any) -> Any:
    return ops.mean(ops.cast(losses < MORE_PROBABLE_THAN_NOT, "float32"))


def _run(
    model: keras.Model, feed: StringFeed, number: int, n_epochs: int, on_step: Callable[[Step], None] | None
) -> Epoch:
    began = time.perf_counter()
    n, loss, right = 0, 0.0, 0.0
    for step, batch in enumerate(feed.epoch(number), start=1):
        model.reset_metrics()
        figures = model.train_on_batch(batch.inputs, np.zeros(len(batch), np.float32), return_dict=True)
        n += len(batch)
        loss += len(batch) * float(figures["loss"])
        right += len(batch) * float(figures["_more_probable_than_not"])
        if on_step:
            on_step(Step(number, n_epochs, step, feed.n_steps, loss / n, right / n))
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss became {loss} in epoch {number}, needed a finite number. Lower training.learning_rate or set "
            "training.clip_norm."
        )
    row = Epoch(number, loss / n, right / n, None, None, time.perf_counter() - began)
    if on_step:
        on_step(Step(number, n_epochs, feed.n_steps, feed.n_steps, row.loss, right / n, done=row))
    return row
