"""What a training has of the bundle that it starts from: its first weights, and in the end a share of them again."""

from dataclasses import replace

import keras
import numpy as np

from speechrnn.bundle import WEIGHTS, Bundle
from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.training.batches import spread
from speechrnn.training.checkpoint import Checkpoint
from speechrnn.training.features import Example, load_examples
from speechrnn.training.feed import Batch, Feed, validation_batches
from speechrnn.training.fitting import fit_standardization
from speechrnn.training.layers import SURE_FLOOR
from speechrnn.training.material import Material
from speechrnn.training.network import build_network
from speechrnn.training.sampling import OWN
from speechrnn.training.string_feed import StringFeed
from speechrnn.training.weights import blend, load_weights, set_weights

# shares of the way back that are tried where less of the way may be enough: not all of it, or nothing would be learned
_FURTHER = tuple(n / 20 for n in range(18, 0, -1))
# own clips that tell whether it is
_MOST = 300


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
        It should keep a model's answers (`training.distillation`), and there is none of this kind with these labels.
    """
    keras.utils.set_random_seed(config.training.seed)
    network = build_network(config, len(material.labels))
    other_head = not _answers_alike(start, config, material)
    if config.training.distillation and other_head:
        kind = "strings" if config.strings is not None else "single words"
        raise TrainingError(
            f"training.distillation is {config.training.distillation:g}, needed a model of {kind} with these labels, "
            "whose answers are kept. Give one with --from, or set training.distillation=0."
        )
    if start:
        set_weights(network, load_weights(start.read(WEIGHTS)), except_head=other_head)
    else:
        feed = StringFeed(material, config) if config.strings is not None else Feed(material, config)
        fit_standardization(network, feed.probe(), config.features.normalization)
    return network


def go_back(
    checkpoint: Checkpoint, network: keras.Model, config: Config, start: Bundle | None, material: Material
) -> Checkpoint:
    """Go a share of the way back: between what a few recordings taught and what was known before lies one good at both.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of the training when it is done.
    network : keras.Model
        Is given the new weights.
    config : Config
        Its `training.start_share` and `training.enough_loss`.
    start : Bundle or None
        To which it goes back; without one, or with one of other labels or of another kind, it goes nowhere.
    material : Material
        Its labels, and for `enough_loss` the folder's own clips.

    Returns
    -------
    Checkpoint
        With the new weights as its best.
    """
    training = config.training
    if not start or not _answers_alike(start, config, material) or not (training.start_share or training.enough_loss):
        return checkpoint
    first, enough = load_weights(start.read(WEIGHTS)), training.enough_loss or 0.0
    further = [share for share in _FURTHER if share > training.start_share] if enough else []
    own = _own_clips(material, config) if further else None
    for share in (*further, training.start_share):
        weights = blend(checkpoint.best_weights, first, share)
        set_weights(network, weights)
        if own is not None and _loss(network, own) <= enough:
            break
    return replace(checkpoint, best_weights=weights)


def _answers_alike(start: Bundle | None, config: Config, material: Material) -> bool:
    """Whether all weights of a start fit, the last layer's too."""
    strings = config.strings is not None
    return start is not None and start.labels == material.labels and (start.metadata.kind == "strings") == strings


def _own_clips(material: Material, config: Config) -> Batch | None:
    """Give some of the folder's own clips as they are, all in one batch."""
    own = [one.clip for one, origin in zip(material.train, material.origins, strict=True) if origin.source == OWN]
    # read once more, for augmentation left their features out
    examples = [item for item in load_examples(spread(own, _MOST), config) if isinstance(item, Example)]
    return next(validation_batches(replace(material, valid=examples), _MOST), None)


def _loss(network: keras.Model, batch: Batch) -> float:
    """Cross-entropy of the labels alone, whatever else the network answers and is taught by."""
    answers = network.predict_on_batch(batch.inputs)
    probabilities = answers[0] if len(network.outputs) > 1 else answers
    right = (batch.targets * probabilities).sum(axis=1)
    return float(-np.log(np.maximum(right, SURE_FLOOR)).mean())
