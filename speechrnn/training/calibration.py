"""Making a network as sure as it is right: temperature (Guo et al. 2017), weights of `known` (Platt 1999), threshold.

Arithmetic alone; `speechrnn.training.raw` has the answers that it works on, `speechrnn.training.recalibration` sets it
in a bundle.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.training.layers import SURE_FLOOR

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KnownWeights:
    """How `known` is weighed: ``sigmoid(own * z + margin * m + offset)``.

    Attributes
    ----------
    own : float
        Of the network's own logit z.
    margin : float
        Of the log-odds m of the most probable label.
    offset : float
        Added.
    """

    own: float = 1.0
    margin: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibration sets, and what it was set on.

    Attributes
    ----------
    temperature : float
        Divides the logits before the softmax.
    known : KnownWeights
        How `known` is weighed.
    threshold : float
        A recording is refused where `known` is less.
    false_accepts : float or None
        Largest share of the rejects of each kind to be accepted; None where no rejects were heard.
    n_clips, n_rejects : int
        Recordings of labels and of what is none.
    """

    temperature: float = 1.0
    known: KnownWeights = KnownWeights()
    threshold: float = 0.0
    false_accepts: float | None = None
    n_clips: int = 0
    n_rejects: int = 0


def margins(probabilities: Floats) -> Floats:
    """Give the log-odds of the most probable label, as the network does.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, n_labels)]
        Rows sum to 1.

    Returns
    -------
    np.ndarray [shape=(n,)]
        At most 13.8 from 0.

    Examples
    --------
    >>> margins(np.array([[0.2, 0.8], [1.0, 0.0]])).round(3).tolist()
    [1.386, 13.816]
    """
    return log_odds(np.clip(probabilities.max(axis=1), SURE_FLOOR, 1 - SURE_FLOOR))


def fit_temperature(logits: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """Find the temperature under which the true labels are most probable.

    Parameters
    ----------
    logits : array_like [shape=(n, n_labels)]
        Up to a constant for each row: log-probabilities will do.
    targets : array_like of int [shape=(n,)]
        The place of the true label.

    Returns
    -------
    float
        Between 0.05 and 20. It is pulled to 1 as if its logarithm had deviation 1, so that clips that are all right
        do not make the network sure without bound.

    Examples
    --------
    Surer than right: three of four are right, and the network says e^4 to 1.

    >>> round(fit_temperature([[4.0, 0.0]] * 4000, [0, 0, 0, 1] * 1000), 1)  # 4 / log(3)
    3.6
    """
    x, units = np.asarray(logits, np.float64), np.asarray(targets, np.int64)
    rows = np.arange(units.size)

    def badness(log_temperature: float) -> float:
        scaled = x / math.exp(log_temperature)
        top = scaled.max(axis=1)
        surprise = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - scaled[rows, units]
        return float(surprise.sum()) + 0.5 * log_temperature**2

    grid = np.linspace(-math.log(20.0), math.log(20.0), 61)
    best = int(np.argmin([badness(value) for value in grid]))
    low, high = float(grid[max(0, best - 1)]), float(grid[min(60, best + 1)])
    # golden section: each step keeps 0.618 of the range, and one of its two inner points
    share = (math.sqrt(5) - 1) / 2
    while high - low > 1e-7:
        a, b = high - share * (high - low), low + share * (high - low)
        low, high = (low, b) if badness(a) < badness(b) else (a, high)
    return math.exp((low + high) / 2)


def fit_known(
    known: npt.ArrayLike, margin: npt.ArrayLike, is_label: npt.ArrayLike, kinds: npt.ArrayLike = 0
) -> KnownWeights:
    """Find the weights of `known`: a logistic regression, labels and rejects together counting alike.

    Parameters
    ----------
    known : array_like [shape=(n,)]
        The network's own logits.
    margin : array_like [shape=(n,)]
        Log-odds of the most probable label, under the temperature that goes with the weights.
    is_label : array_like of bool [shape=(n,)]
        Which recordings are of a label; both kinds must be there.
    kinds : array_like of int [shape=(n,)]
        Of the rejects, which are words and which noises: each kind counts alike, however many were heard.

    Returns
    -------
    KnownWeights
        Pulled to the fresh ones with deviation 1, so that they are finite where a line divides the two kinds.

    Examples
    --------
    >>> weights = fit_known([2.0, 1.0, -3.0, -2.0], [5.0, 4.0, 1.0, 2.0], [True, True, False, False])
    >>> weights.own > 1, weights.margin > 0, weights.offset < 0
    (True, True, True)
    """
    labels = np.asarray(is_label, bool)
    x = np.stack([np.asarray(known, np.float64), np.asarray(margin, np.float64), np.ones(labels.size)], axis=1)
    signs = np.where(labels, 1.0, -1.0)
    kind = np.where(labels, -1, np.unique(np.broadcast_to(kinds, labels.shape), return_inverse=True)[1].reshape(-1))
    _, place, counts = np.unique(kind, return_inverse=True, return_counts=True)
    shares = labels.size * np.where(labels, 0.5, 0.5 / (len(counts) - 1)) / counts[place.reshape(-1)]
    fresh = np.array([1.0, 0.0, 0.0])

    def badness(weights: Floats) -> float:
        return float(shares @ np.logaddexp(0.0, -signs * (x @ weights)) + 0.5 * np.sum((weights - fresh) ** 2))

    weights = fresh
    for _ in range(100):
        chance = sigmoid(x @ weights)
        gradient = x.T @ (shares * (chance - labels)) + weights - fresh
        curvature = (x * (shares * chance * (1 - chance))[:, None]).T @ x + np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        # far away Newton's step may be too long
        while badness(weights - step) > badness(weights) and np.abs(step).max() > 1e-9:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return KnownWeights(*map(float, weights))


def choose_threshold(known: npt.ArrayLike, false_accepts: float) -> float:
    """Find the smallest threshold that accepts at most some share of the rejects.

    Parameters
    ----------
    known : array_like [shape=(n,)]
        Of recordings that are no label; a recording is refused where it is less than the threshold.
    false_accepts : float
        The share, 0 to 1.

    Returns
    -------
    float
        0 to 1; in float32, as the network answers, the next number after the `known` of a reject. There is none after
        1: rejects that the network is so sure of pass whatever the threshold.

    Examples
    --------
    One of four may pass, and two that are equal pass together or not at all:

    >>> round(choose_threshold([0.9, 0.6, 0.2, 0.1], 0.25), 4), round(choose_threshold([0.9, 0.9, 0.2, 0.1], 0.25), 4)
    (0.6, 0.9)
    """
    falling = np.sort(np.asarray(known, np.float32))[::-1]
    n_accepted = math.floor(false_accepts * falling.size + 1e-9)
    if n_accepted >= falling.size:
        return 0.0
    return float(np.nextafter(falling[n_accepted], np.float32(1.0)))


def softmax(logits: Floats) -> Floats:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : np.ndarray [shape=(n, n_labels)]
        Up to a constant for each row.

    Returns
    -------
    np.ndarray [shape=(n, n_labels)]
        Rows sum to 1.
    """
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = shares / shares.sum(axis=1, keepdims=True)
    return result


def sigmoid(x: Floats) -> Floats:
    """Turn log-odds into probabilities.

    Parameters
    ----------
    x : np.ndarray
        Of any size without overflow.

    Returns
    -------
    np.ndarray
        0 to 1.
    """
    result: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return result


def log_odds(p: Floats) -> Floats:
    """Turn probabilities into log-odds.

    Parameters
    ----------
    p : np.ndarray
        0 to 1.

    Returns
    -------
    np.ndarray
        Infinite at 0 and 1.
    """
    with np.errstate(divide="ignore"):
        result: Floats = np.log(p) - np.log1p(-p)
    return result
