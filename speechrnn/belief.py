"""What of a decoded utterance is believed, and how long its digits are taken to be."""

import math
from collections.abc import Sequence

from speechrnn.decoding import Found

DOUBTFUL = 0.4


def believe(found: Sequence[Found], least: float) -> tuple[Found, ...]:
    """Leave out what is improbable: all of an utterance without one sure label, else what is far less sure.

    Noise makes one doubtful label; somebody who says a number says some of it clearly.

    Parameters
    ----------
    found : sequence of Found
        Of one utterance.
    least : float
        One label has to be so probable; the others, `DOUBTFUL` of it.

    Returns
    -------
    tuple of Found
        What is left.

    Examples
    --------
    >>> sure, doubtful = Found(1, 0, 0, 0.9), Found(2, 5, 5, 0.5)
    >>> len(believe([sure, doubtful], 0.8)), len(believe([doubtful], 0.8))
    (2, 0)
    """
    if not any(one.probability >= least for one in found):
        return ()
    return tuple(one for one in found if one.probability >= DOUBTFUL * least)


def widen(spans: Sequence[tuple[float, float]], shortest: float) -> list[tuple[float, float]]:
    """Give each span at least some length, evenly on both sides, but not beyond the middle of the gap to the next.

    Parameters
    ----------
    spans : sequence of tuple of float
        Starts and ends, in order.
    shortest : float
        Length that is aimed at.

    Returns
    -------
    list of tuple of float
        No start before 0.

    Examples
    --------
    >>> widen([(1.0, 1.25), (1.5, 2.5)], 1.0)
    [(0.625, 1.375), (1.5, 2.5)]
    """
    wide = []
    for i, (start, end) in enumerate(spans):
        more = max(0.0, shortest - (end - start)) / 2
        low = (spans[i - 1][1] + start) / 2 if i else 0.0
        high = (spans[i + 1][0] + end) / 2 if i + 1 < len(spans) else math.inf
        wide.append((max(start - more, min(low, start)), min(end + more, max(high, end))))
    return wide
