"""What a network answers before it is calibrated, and the calibration that these answers ask for.

They may be of a bundle on the user's recordings, or from the folds of a cross-validation.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from speechrnn.calibration_error import expected_calibration_error
from speechrnn.training.calibration import (
    Calibration,
    Floats,
    choose_threshold,
    fit_known,
    fit_temperature,
    log_odds,
    margins,
    sigmoid,
    softmax,
)

# units of what is no label, each a kind of its own: of none more is accepted than asked
WORD, NOISE = -1, -2
# with fewer, a temperature or weights of `known` would be those of a few clips
MIN_CLIPS, MIN_REJECTS = 50, 20
# largest share of the labels that a threshold may refuse which stays for want of rejects of each kind
MAX_REFUSED = 0.05
# log-odds of `known` are cut here: 16.6 belong to the float32 next below 1, and 1 itself, whose own are infinite, is to
# count for no more than that; near 0 float32 goes on to -87, which is cut for symmetry, lest one clip outweigh the rest
_FARTHEST = 17.0
_LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Answers of a network whose calibration is fresh.

    Attributes
    ----------
    log_probabilities : np.ndarray [shape=(n, n_labels), dtype=float64]
        The logits up to a constant for each row.
    known : np.ndarray [shape=(n,), dtype=float64]
        Log-odds of `known`.
    units : np.ndarray [shape=(n,), dtype=int64]
        What was said: the place of the label, or `WORD` or `NOISE`.
    """

    log_probabilities: Floats
    known: Floats
    units: npt.NDArray[np.int64]

    @property
    def is_label(self) -> npt.NDArray[np.bool_]:
        """Which recordings are of a label."""
        return self.units >= 0

    @property
    def unheard(self) -> tuple[str, ...]:
        """Which kinds of rejects are missing: of ``words`` and ``noises``."""
        return tuple(name for unit, name in ((WORD, "words"), (NOISE, "noises")) if unit not in self.units)


def raw_answers(probabilities: npt.ArrayLike, known: npt.ArrayLike, units: npt.ArrayLike) -> Raw:
    """Take the answers of a fresh network back to logits.

    Parameters
    ----------
    probabilities : array_like [shape=(n, n_labels)]
        Softmax of the logits themselves, temperature 1.
    known : array_like [shape=(n,)]
        Sigmoid of the network's own logit.
    units : array_like of int [shape=(n,)]
        What was said: the place of the label, or `WORD` or `NOISE`.

    Returns
    -------
    Raw
        Log-odds of `known` are at most 17 from 0: beyond it float32 tells nothing from 1.

    Examples
    --------
    >>> raw = raw_answers([[0.5, 0.5], [0.8, 0.2]], [0.5, 1.0], [0, WORD])
    >>> raw.known.tolist(), raw.is_label.tolist()
    ([0.0, 17.0], [True, False])
    """
    odds = np.clip(log_odds(np.asarray(known, np.float64)), -_FARTHEST, _FARTHEST)
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST))
    return Raw(logs, odds, np.asarray(units, np.int64))


def apply_calibration(raw: Raw, calibration: Calibration) -> tuple[Floats, Floats]:
    """Answer as a network with this calibration does.

    Parameters
    ----------
    raw : Raw
        Answers of the fresh network.
    calibration : Calibration
        Temperature and weights of `known`.

    Returns
    -------
    probabilities : np.ndarray [shape=(n, n_labels), dtype=float64]
        Rows sum to 1.
    known : np.ndarray [shape=(n,), dtype=float64]
        Probability of any label.

    Examples
    --------
    >>> from speechrnn.training.calibration import KnownWeights
    >>> raw = raw_answers([[0.8, 0.2]], [0.5], [0])
    >>> probabilities, known = apply_calibration(raw, Calibration(0.5, KnownWeights(1.0, 0.5, 0.0)))
    >>> probabilities.round(3).tolist(), known.round(3).tolist()  # 16 to 1; its square root to 1
    ([[0.941, 0.059]], [0.8])
    """
    probabilities = softmax(raw.log_probabilities / calibration.temperature)
    weights = calibration.known
    logits = weights.own * raw.known + weights.margin * margins(probabilities) + weights.offset
    return probabilities, sigmoid(logits)


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a calibration does; a figure without any recording is None.

    Attributes
    ----------
    calibration_error : float or None
        Expected calibration error of the most probable label, on recordings of labels, whether refused or not.
    refused : float or None
        Share of the recordings of labels that are refused.
    words, noises : float or None
        Share of the other words and of the noises that are accepted.
    """

    calibration_error: float | None
    refused: float | None
    words: float | None
    noises: float | None


def measure(raw: Raw, calibration: Calibration) -> Quality:
    """Say how well a calibration does.

    Parameters
    ----------
    raw : Raw
        Answers of the fresh network.
    calibration : Calibration
        What it is given.

    Returns
    -------
    Quality
        On these recordings, which the calibration may have been fitted to.
    """
    probabilities, known = apply_calibration(raw, calibration)
    right = probabilities.argmax(axis=1) == raw.units
    # as the recognizer does it: the network answers in float32
    accepted = known.astype(np.float32) >= calibration.threshold
    labels = raw.is_label

    def share(flags: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]) -> float | None:
        return float(flags[of].mean()) if of.any() else None

    error = expected_calibration_error(probabilities[labels].max(axis=1), right[labels]) if labels.any() else None
    return Quality(
        error, share(~accepted, labels), share(accepted, raw.units == WORD), share(accepted, raw.units == NOISE)
    )


def fit_calibration(raw: Raw, present: Calibration, false_accepts: float, *, margin: bool = True) -> Calibration:
    """Set what the recordings are enough for, and keep the rest.

    Parameters
    ----------
    raw : Raw
        Answers of the fresh network.
    present : Calibration
        What it has now: the temperature is kept with fewer than `MIN_CLIPS` labels, the weights of `known` with fewer
        than `MIN_REJECTS` labels or rejects, and where no other words are among them: what keeps noises out may let
        words in.
    false_accepts : float
        Largest share of each kind of reject to be accepted. Where a kind was not heard nobody knows what a lower
        threshold lets in: then it is not set below the present one, or only until that refuses at most `MAX_REFUSED`
        of the labels.
    margin : bool
        Whether `known` may look at the log-odds of the best label; without them it is steadier where that is sure.

    Returns
    -------
    Calibration
        For `speechrnn.training.recalibration.set_calibration`.
    """
    labels = raw.is_label
    n_clips, n_rejects = int(labels.sum()), int((~labels).sum())
    temperature, weights = present.temperature, present.known
    if n_clips >= MIN_CLIPS:
        temperature = fit_temperature(raw.log_probabilities[labels], raw.units[labels])
        # margins shrink as the temperature grows: what they count for stays the same
        weights = replace(weights, margin=weights.margin * temperature / present.temperature)
    if min(n_clips, n_rejects) >= MIN_REJECTS and WORD in raw.units:
        odds = margins(softmax(raw.log_probabilities / temperature))
        weights = fit_known(raw.known, odds if margin else np.zeros_like(odds), labels, raw.units)
    fitted = Calibration(temperature, weights, present.threshold, None, n_clips, n_rejects)
    _, known = apply_calibration(raw, fitted)
    heard = [unit for unit in (WORD, NOISE) if unit in raw.units]
    thresholds = [choose_threshold(known[raw.units == unit], false_accepts) for unit in heard]
    if raw.unheard:
        thresholds.append(min(present.threshold, _highest(known[labels])))
    return replace(fitted, threshold=max(thresholds), false_accepts=false_accepts if heard else None)


def _highest(known: Floats) -> float:
    """The highest threshold that refuses at most `MAX_REFUSED` of some labels."""
    if not known.size:
        return 1.0
    refused = math.floor(MAX_REFUSED * known.size + 1e-9)
    return float(np.nextafter(np.sort(known.astype(np.float32))[refused], np.float32(0.0)))


def ease(raw: Raw, calibration: Calibration, most_refused: float) -> Calibration:
    """Lower a threshold that refuses too many labels: who says a digit wants an answer.

    Parameters
    ----------
    raw : Raw
        Answers of the fresh network, to labels and rejects.
    calibration : Calibration
        From `fit_calibration`.
    most_refused : float
        Largest share of the labels to be refused.

    Returns
    -------
    Calibration
        The same, or one with a lower threshold and with the larger share of rejects that it accepts: 0 where all of
        them have more than it would refuse, for then it would refuse labels alone.

    Examples
    --------
    >>> raw = raw_answers(np.full((6, 2), 0.5), [0.9, 0.8, 0.7, 0.6, 0.85, 0.2], [0, 1, 0, 1, WORD, WORD])
    >>> strict = Calibration(threshold=0.85, false_accepts=0.5)
    >>> eased = ease(raw, strict, 0.25)
    >>> round(eased.threshold, 3), eased.false_accepts
    (0.7, 0.5)
    """
    _, known = apply_calibration(raw, calibration)
    labels = np.sort(known[raw.is_label].astype(np.float32))
    highest = float(labels[math.floor(most_refused * labels.size)])
    if calibration.threshold <= highest:
        return calibration
    useless = not raw.unheard and float(known[~raw.is_label].min()) >= highest
    eased = replace(calibration, threshold=0.0 if useless else highest)
    quality = measure(raw, eased)
    accepted = [share for share in (quality.words, quality.noises) if share is not None]
    return replace(eased, false_accepts=max(accepted, default=None))
