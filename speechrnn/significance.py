"""How far a score can be trusted: Wilson's interval for one model, McNemar's exact test for two."""

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054  # the normal distribution leaves 2.5 % above it


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that holds the true proportion with 95 % confidence.

    Attributes
    ----------
    low, high : float
        Bounds, 0 to 1.
    """

    low: float
    high: float


def wilson_interval(n_right: int, n: int) -> Interval:
    """Bound a proportion by Wilson's score interval (1927) at 95 %.

    Parameters
    ----------
    n_right : int
        How many were right, 0 to `n`.
    n : int
        How many there were.

    Returns
    -------
    Interval
        From 0 to 1 when `n` is 0: nothing is known then.

    Raises
    ------
    ValueError
        `n_right` is negative or above `n`.

    Notes
    -----
    The trials are taken as independent. Clips of one voice are not quite: across few speakers the truth is wider.

    Examples
    --------
    >>> interval = wilson_interval(280, 300)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.899, 0.956)
    """
    if not 0 <= n_right <= n:
        raise ValueError(f"{n_right} of {n}, needed a count from 0 to the whole")
    if n == 0:
        return Interval(0.0, 1.0)
    p, z2 = n_right / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # at the ends the formula is exact, its floating point is not
    return Interval(0.0 if n_right == 0 else centre - half, 1.0 if n_right == n else centre + half)


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Test whether two models differ on the same clips: McNemar's exact test, two-sided.

    Only the clips that one model gets right and the other does not say anything; were the models equally good, each
    such clip would fall to either with probability one half.

    Parameters
    ----------
    only_a, only_b : int
        Clips that only the one or only the other gets right.

    Returns
    -------
    float
        The probability of a split at least as uneven by chance alone; 1 when there is no such clip.

    Examples
    --------
    Five clips, all won by one model: two of the 32 equally likely splits are as uneven.

    >>> mcnemar_p(5, 0)
    0.0625
    """
    n = only_a + only_b
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / (1 << n))
