"""What of a decoded utterance is believed, and how long its digits are taken to be."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from speechrnn.decoding import BLANK, Decoded, Found, LogProbs, decode, log_softmax

DOUBTFUL = 0.4
# who has said a digit so many seconds ago goes on, more likely than not
SOON = 1.5
# how many believed labels make a number, and how much less probable the blank then is (its logarithm)
NUMBER, RELIEF = 2, 1.0


def believe(found: Sequence[Found], least: float, *, follows: bool = False) -> tuple[Found, ...]:
    """Leave out what is improbable: all of an utterance without one sure label, else what is far less sure.

    Noise makes one doubtful label; somebody who says a number says some of it clearly, if not in the same breath.

    Parameters
    ----------
    found : sequence of Found
        Of one utterance.
    least : float
        One label has to be so probable; the others, `DOUBTFUL` of it.
    follows : bool
        Whether a label was believed no more than `SOON` before; none has to be as probable then.

    Returns
    -------
    tuple of Found
        What is left.

    Examples
    --------
    >>> sure, doubtful = Found(1, 0, 0, 0.9), Found(2, 5, 5, 0.5)
    >>> len(believe([sure, doubtful], 0.8)), len(believe([doubtful], 0.8)), len(believe([doubtful], 0.8, follows=True))
    (2, 0, 1)
    """
    if not follows and not any(one.probability >= least for one in found):
        return ()
    return tuple(one for one in found if one.probability >= DOUBTFUL * least)


def relent(rows: LogProbs, relief: float = RELIEF) -> LogProbs:
    """Make the blank less probable, for where somebody says a number.

    The blank has to be as probable as silence and noise need it; among digits that are sure it swallows the others.

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        Natural logarithms of probabilities, the blank first.
    relief : float
        What its logarithm loses.

    Returns
    -------
    np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        Each row's exponentials sum to 1.

    Examples
    --------
    >>> rows = np.log(np.array([[0.8, 0.2]], np.float32))
    >>> np.exp(relent(rows, np.log(4))).round(3).tolist()
    [[0.5, 0.5]]
    """
    less = rows.copy()
    less[:, BLANK] -= relief
    return log_softmax(less)


def relisten(rows: LogProbs) -> Decoded:
    """Search once more, with a less probable blank.

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        As for `relent`.

    Returns
    -------
    Decoded
        What that finds, as probable as it is with the blank as it was.

    Examples
    --------
    >>> rows = np.log(np.array([[0.6, 0.4], [0.99, 0.01], [0.1, 0.9]], np.float32))
    >>> [one.first for one in decode(rows)]
    [2]
    >>> [(one.first, round(one.probability, 3)) for one in relisten(rows).found]
    [(0, 0.4), (2, 0.9)]
    """

    def probability(one: Found) -> float:
        return min(1.0, float(np.exp(rows[one.first : one.last + 1, one.unit].max())))

    found = decode(relent(rows))
    return Decoded(rows, tuple(replace(one, probability=probability(one)) for one in found))


def widen(
    spans: Sequence[tuple[float, float]], shortest: float, inside: tuple[float, float]
) -> list[tuple[float, float]]:
    """Give each span at least some length, evenly on both sides, but not beyond the middle of the gap to the next.

    Parameters
    ----------
    spans : sequence of tuple of float
        Starts and ends, in order.
    shortest : float
        Length that is aimed at.
    inside : tuple of float
        Nothing reaches beyond this: an utterance, whose last frame may be longer than what is left of the sound.

    Returns
    -------
    list of tuple of float
        In order; each inside, and none overlaps the next unless it did.

    Examples
    --------
    >>> widen([(1.0, 1.25), (1.5, 2.5)], 1.0, inside=(0.0, 4.0))
    [(0.625, 1.375), (1.5, 2.5)]
    >>> widen([(1.0, 1.25)], 1.0, inside=(0.75, 1.2))
    [(0.75, 1.2)]
    """
    wide = []
    spans = [(min(max(inside[0], start), inside[1]), min(end, inside[1])) for start, end in spans]
    for i, (start, end) in enumerate(spans):
        more = max(0.0, shortest - (end - start)) / 2
        low = (spans[i - 1][1] + start) / 2 if i else inside[0]
        high = (spans[i + 1][0] + end) / 2 if i + 1 < len(spans) else inside[1]
        wide.append((max(start - more, min(low, start)), min(end + more, max(high, end))))
    return wide
