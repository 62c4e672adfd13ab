"""After the fit: how sure the network may be, and what it refuses, by what it answers to validation clips."""

from collections.abc import Sequence

import keras
import numpy as np

from speechrnn.config import Config
from speechrnn.training.batches import pad_features
from speechrnn.training.calibration import Calibration
from speechrnn.training.features import Features
from speechrnn.training.feed import Feed
from speechrnn.training.material import Material
from speechrnn.training.raw import NOISE, WORD, ease, fit_calibration, raw_answers

# stretches of noise that are heard
N_NOISES = 200
# largest share of the validation clips that the threshold may refuse, whatever else it would keep out
MAX_REFUSED = 0.1
_BATCH = 64


def tune(network: keras.Model, material: Material, config: Config) -> Calibration | None:
    """Set temperature, weights of `known` and threshold of a network that was just fitted.

    Parameters
    ----------
    network : keras.Model
        With its best weights, and a fresh calibration.
    material : Material
        Its validation clips, kept words, and noises.
    config : Config
        ``training.reject_at`` is the largest share of rejects to be accepted.

    Returns
    -------
    Calibration or None
        None where `reject_at` is null, the network cannot refuse, or there is nothing to set it by. Its
        `false_accepts` is more than `reject_at` where that would have refused too many validation clips.
    """
    reject_at = config.training.reject_at
    if reject_at is None or not config.network.rejection or not material.valid:
        return None
    noises = Feed(material, config).noise(N_NOISES)
    unit = {label: i for i, label in enumerate(material.labels)}
    examples = [*material.valid, *material.kept_words]
    units = [unit.get(example.clip.label, WORD) for example in examples] + [NOISE] * len(noises)
    probabilities, known = _answer(network, [*(example.features for example in examples), *noises])
    raw = raw_answers(probabilities, known, units)
    return ease(raw, fit_calibration(raw, Calibration(), reject_at), MAX_REFUSED)


def _answer(network: keras.Model, features: Sequence[Features]) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort([len(f) for f in features], kind="stable")
    probabilities = np.zeros((len(features), network.output_shape[0][-1]))
    known = np.zeros(len(features))
    for first in range(0, len(order), _BATCH):
        rows = order[first : first + _BATCH]
        answers = network(pad_features([features[i] for i in rows]), training=False)
        # not np.asarray: of PyTorch a tensor that could still learn gives no array
        labels, any_label = (keras.ops.convert_to_numpy(answer) for answer in answers)
        probabilities[rows], known[rows] = labels, any_label[:, 0]
    return probabilities, known
