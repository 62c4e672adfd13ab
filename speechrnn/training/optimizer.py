"""What turns gradients into steps, for words and strings alike."""

import keras

from speechrnn.settings import TrainingConfig


def make_optimizer(training: TrainingConfig, n_steps: int) -> keras.optimizers.Optimizer:
    """Make Adam with the rate, its schedule and the largest norm of a gradient that the configuration names.

    Parameters
    ----------
    training : TrainingConfig
        Which.
    n_steps : int
        Batches in a pass.

    Returns
    -------
    keras.optimizers.Optimizer
        Not yet built for any network.
    """
    rate: float | keras.optimizers.schedules.CosineDecay = training.learning_rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            training.learning_rate, decay_steps=n_steps * training.epochs, alpha=training.final_rate
        )
    return keras.optimizers.Adam(rate, clipnorm=training.clip_norm)
