"""What a training has of the bundle that it starts from: its first weights, and in the end a share of them again."""

from dataclasses import replace

import keras

from speechrnn.bundle import WEIGHTS, Bundle
from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.training.checkpoint import Checkpoint
from speechrnn.training.feed import Feed
from speechrnn.training.fitting import fit_standardization
from speechrnn.training.material import Material
from speechrnn.training.network import build_network
from speechrnn.training.string_feed import StringFeed
from speechrnn.training.weights import blend, load_weights, set_weights


def first_network(config: Config, material: Material, start: Bundle | None) -> keras.Model:
    """Build the network that a training begins with.

    Parameters
    ----------
    config : Config
        What it is made of; its seed decides weights that nothing else does.
    material : Material
        Its labels; of its clips, where there is no start, mean and deviation of the coefficients.
    start : Bundle or None
        Whose weights it has; of another kind or with other labels, all but those of the last layer.

    Returns
    -------
    keras.Model
        Not compiled.

    Raises
    ------
    TrainingError
        It should keep a model's answers (`training.distillation`), and there is none with these labels, or it is one of
        strings.
    """
    keras.utils.set_random_seed(config.training.seed)
    network = build_network(config, len(material.labels))
    strings = config.strings is not None
    other_head = start is None or start.labels != material.labels or (start.metadata.kind == "strings") != strings
    if config.training.distillation and (strings or other_head):
        raise TrainingError(
            f"training.distillation is {config.training.distillation:g}, needed a model of single words with these "
            "labels, whose answers are kept. Give one with --from, or set training.distillation=0."
        )
    if start:
        set_weights(network, load_weights(start.read(WEIGHTS)), except_head=other_head)
    else:
        feed = StringFeed(material, config) if config.strings is not None else Feed(material, config)
        fit_standardization(network, feed.probe(), config.features.normalization)
    return network


def go_back(
    checkpoint: Checkpoint, network: keras.Model, config: Config, start: Bundle | None, labels: tuple[str, ...]
) -> Checkpoint:
    """Go a share of the way back: between what a few recordings taught and what was known before lies one good at both.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of the training when it is done.
    network : keras.Model
        Is given the new weights.
    config : Config
        Its `training.start_share`.
    start : Bundle or None
        To which it goes back; without one, or with other labels, it goes nowhere.
    labels : tuple of str
        Of the network.

    Returns
    -------
    Checkpoint
        With the new weights as its best.
    """
    share = config.training.start_share
    if not start or not share or start.labels != labels:
        return checkpoint
    weights = blend(checkpoint.best_weights, load_weights(start.read(WEIGHTS)), share)
    set_weights(network, weights)
    return replace(checkpoint, best_weights=weights)
