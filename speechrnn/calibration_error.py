"""Whether a probability can be believed: of all answers given with 0.8, eight in ten should be right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# at most as many as in Guo et al. 2017, but of equal mass (Nixon et al. 2019), and fewer where a bin would have fewer
# clips than that: by the chance of a handful alone, answers as sure as they are right would look 15 points off
N_BINS, CLIPS_IN_BIN = 15, 30


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of similar probability.

    Attributes
    ----------
    probability : float
        Their mean probability.
    accuracy : float
        Share of them that is right; equally probable answers in several bins count as their mean in each.
    n : int
        How many there are.
    """

    probability: float
    accuracy: float
    n: int


def count_bins(n: int) -> int:
    """Say into how many bins some answers are sorted.

    Parameters
    ----------
    n : int
        How many answers there are.

    Returns
    -------
    int
        `N_BINS`, or fewer, so that there are `CLIPS_IN_BIN` answers or more in each; 1 at least.

    Examples
    --------
    >>> [count_bins(n) for n in (10, 59, 60, 449, 450, 3000)]
    [1, 1, 2, 14, 15, 15]
    """
    return max(1, min(N_BINS, n // CLIPS_IN_BIN))


def reliability(
    probability: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], n_bins: int | None = None
) -> tuple[Bin, ...]:
    """Sort answers by probability into bins of equal size.

    Parameters
    ----------
    probability : np.ndarray [shape=(n,)]
        Of the most probable label of each clip.
    correct : np.ndarray [shape=(n,), dtype=bool]
        Whether it was right.
    n_bins : int, optional
        How many bins, fewer where there are fewer clips; those of `count_bins` if absent.

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
    # equal probabilities share what is right of them, so that the order of the clips changes nothing
    _, place, counts = np.unique(probability, return_inverse=True, return_counts=True)
    right = (np.bincount(place, weights=correct) / counts)[place]
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(count_bins(order.size) if n_bins is None else n_bins, order.size))
    return tuple(Bin(float(probability[part].mean()), float(right[part].mean()), part.size) for part in parts)


def expected_calibration_error(
    probability: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], n_bins: int | None = None
) -> float:
    """Average how far probability and accuracy lie apart (Naeini et al. 2015).

    Parameters
    ----------
    probability : np.ndarray [shape=(n,)]
        Of the most probable label of each clip.
    correct : np.ndarray [shape=(n,), dtype=bool]
        Whether it was right.
    n_bins : int, optional
        Bins of equal size, as for `reliability`.

    Returns
    -------
    float
        Mean over clips of the distance in their bin, 0 to 1; 0 where there are no clips. Chance adds to it, the more
        the fewer clips are in a bin.

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
