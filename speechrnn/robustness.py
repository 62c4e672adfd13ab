"""How a model fares with what is no label, and in noise: open-set scores, levels of a sweep; all of it pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.significance import Interval

FALSE_ACCEPTS = 0.05
MAX_POINTS = 101

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """At a threshold that lets this share of the rejects through, this share of the labels is accepted and right."""

    false_accepts: float
    accepted_right: float


@dataclass(frozen=True, slots=True)
class RejectScore:
    """How well labels are told from one kind of what is none.

    Attributes
    ----------
    n : int
        Recordings, or pieces of noise, that should be refused.
    accuracy : float
        Share of the labelled clips that is accepted and right where at most 5 % of these are accepted.
    threshold : float
        Of `known`, at which that is so: answers at or over it are accepted. Just over 1 where `known` is 1 for more
        than 5 % of these, because then only refusing everything lets so few through.
    area : float
        Under the curve, 0 to 1 (open-set classification rate, Dhamija et al. 2018).
    accepted : float
        Share of them that is answered with a label.
    curve : tuple of CurvePoint
        By rising share of false accepts.
    n_heard : int
        Those of the `n` whose recording trained the model, by its content. Synthetic ones are never counted: a
        bundle records their voices alone.
    """

    n: int
    accuracy: float
    threshold: float
    area: float
    accepted: float
    curve: tuple[CurvePoint, ...]
    n_heard: int = 0


@dataclass(frozen=True, slots=True)
class OpenSet:
    """Scores against other words and against noises; None where the data holds none."""

    words: RejectScore | None
    noises: RejectScore | None


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """Scores at one ratio of word to noise.

    Attributes
    ----------
    snr_db : float or None
        In dB; None without noise.
    accuracy : float
        Share of clips accepted and right.
    interval : Interval
        95 %, Wilson.
    macro : float or None
        Mean over speakers; None where none is known.
    worst : str or None
        Speaker with the lowest accuracy.
    worst_accuracy : float or None
        That accuracy.
    forced : float
        Share right if every clip had to be answered.
    n_clips : int
        Clips scored.
    """

    snr_db: float | None
    accuracy: float
    interval: Interval
    macro: float | None
    worst: str | None
    worst_accuracy: float | None
    forced: float
    n_clips: int


def score_rejects(
    known: Floats, right: npt.NDArray[np.bool_], rejects: Floats, accepted: npt.NDArray[np.bool_], n_heard: int = 0
) -> RejectScore:
    """Score how well labels are told from what is none.

    Parameters
    ----------
    known : np.ndarray [shape=(n_clips,)]
        Probability that each labelled clip is any label.
    right : np.ndarray [shape=(n_clips,), dtype=bool]
        Whether its most probable label is right.
    rejects : np.ndarray [shape=(n_rejects,)]
        The same probability of what is no label; at least one.
    accepted : np.ndarray [shape=(n_rejects,), dtype=bool]
        Whether each of these is answered with a label.
    n_heard : int
        How many of these trained the model.

    Returns
    -------
    RejectScore
        With the curve.

    Examples
    --------
    Two rejects are surely told from all labels, the third is not:

    >>> rejects = np.array([0.1, 0.2, 0.85])
    >>> score = score_rejects(np.array([0.9, 0.8, 0.4]), np.array([True, True, False]), rejects, rejects >= 0.5)
    >>> round(score.accuracy, 3), score.threshold > 0.85, round(score.accepted, 3), round(score.area, 3)
    (0.333, True, 0.333, 0.556)
    """
    falling = np.sort(rejects)[::-1]
    n = len(falling)
    # with k false accepts the threshold stands just over the reject with rank k
    thresholds = np.append(np.nextafter(falling, np.inf), 0.0)
    shares = np.array([float(np.mean((known >= t) & right)) for t in thresholds])
    # ties: a threshold over a reject that equals the one before lets no more through
    k = int(n * FALSE_ACCEPTS)
    picks = np.unique(np.linspace(0, n, min(n + 1, MAX_POINTS)).round().astype(int))
    curve = tuple(CurvePoint(int(i) / n, float(shares[i])) for i in picks)
    return RejectScore(
        n=n,
        accuracy=float(shares[k]),
        threshold=float(thresholds[k]),
        area=float(shares[:n].mean()),
        accepted=float(np.mean(accepted)),
        curve=curve,
        n_heard=n_heard,
    )
