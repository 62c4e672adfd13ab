"""Whether a probability can be believed: of all answers given with 0.8, eight in ten should be right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# as many as in Guo et al. 2017, but of equal mass, so that none is judged by a handful of clips (Nixon et al. 2019)
N_BINS = 15


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of similar probability.

    Attributes
    ----------
    probability : float
        Their mean probability.
    accuracy : float
        Share of them that is right.
    n : int
        How many there are.
    """

    probability: float
    accuracy: float
    n: int


def reliability(
    probability: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], n_bins: int = N_BINS
) -> tuple[Bin, ...]:
    """Sort answers by probability into bins of equal size.

    Parameters
    ----------
    probability : np.ndarray [shape=(n,)]
        Of the most probable label of each clip.
    correct : np.ndarray [shape=(n,), dtype=bool]
        Whether it was right.
    n_bins : int
        How many bins; fewer where there are fewer clips.

    Returns
    -------
    tuple of Bin
        By rising probability.

    Raises
    ------
    ValueError
        The two are not of one length.

    Examples
    --------
    >>> reliability(np.array([0.6, 0.9, 0.5, 1.0]), np.array([False, True, True, True]), n_bins=2)
    (Bin(probability=0.55, accuracy=0.5, n=2), Bin(probability=0.95, accuracy=1.0, n=2))
    """
    if len(probability) != len(correct):
        raise ValueError(f"{len(probability)} probabilities and {len(correct)} answers, needed as many of each")
    if not len(probability):
        return ()
    # equal probabilities keep the order of the clips, so the result does not depend on the machine
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(n_bins, len(order)))
    return tuple(Bin(float(probability[part].mean()), float(correct[part].mean()), part.size) for part in parts)


def expected_calibration_error(
    probability: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], n_bins: int = N_BINS
) -> float:
    """Average how far probability and accuracy lie apart (Naeini et al. 2015).

    Parameters
    ----------
    probability : np.ndarray [shape=(n,)]
        Of the most probable label of each clip.
    correct : np.ndarray [shape=(n,), dtype=bool]
        Whether it was right.
    n_bins : int
        Bins of equal size.

    Returns
    -------
    float
        Mean over clips of the distance in their bin, 0 to 1; 0 where there are no clips.

    Examples
    --------
    Sure and right, and twice as sure as right:

    >>> expected_calibration_error(np.ones(10), np.ones(10, bool))
    0.0
    >>> expected_calibration_error(np.full(4, 1.0), np.array([True, False, True, False]), n_bins=1)
    0.5
    """
    bins = reliability(probability, correct, n_bins)
    whole = sum(one.n for one in bins)
    return sum(one.n * abs(one.probability - one.accuracy) for one in bins) / whole if whole else 0.0
