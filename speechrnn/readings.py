"""Ways to cut an utterance into words, and how probable a model of strings and one of single words find each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from speechrnn.belief import relent
from speechrnn.decoding import BLANK, Decoded, Found, LogProbs, log_softmax

# a blank so much less probable (its logarithm) brings out further words; the first is the strictest
RELIEFS = (-1.0, 0.0, 1.0, 2.0, 3.0, 4.0)
# what the other model's opinion of a label weighs where a piece is as short, or as long, as this (in seconds); into
# short ones neighbours reach, and it has trained on words that were said alone
NARROW, WIDE = (0.35, 0.3), (0.7, 0.75)
# and what its opinion weighs of whether there is a word at all
PRESENCE = 0.6
# of a label that has a name which it never learnt ("oh" is 0): what its opinion weighs of whether there is a word, what
# part is left of its weight for which, and how probable a word is at least, in the score, if the other is sure of one
UNLEARNT_PRESENCE, UNLEARNT_SHARE, UNLEARNT_KNOWN = 0.4, 0.6, 0.5
# what the way through the frames weighs beside the words, and what each word is worth, else fewer were always likelier
WAY, WORTH = 0.5, 1.0
# no opinion is surer than this
_LEAST = 1e-5


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model of single words says of a piece of an utterance.

    Attributes
    ----------
    labels : np.ndarray [shape=(n_labels,), dtype=float32]
        Probabilities, if it is a word.
    known : float
        Probability that it is one.
    seconds : float
        How long the piece is.
    """

    labels: npt.NDArray[np.float32]
    known: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to cut an utterance into words.

    Attributes
    ----------
    decoded : Decoded
        The words, as both models hear them, and the frames, with both opinions in those of the words.
    score : float
        The higher the more probable, among readings of the same utterance.
    """

    decoded: Decoded
    score: float


def read_variously(rows: LogProbs) -> tuple[tuple[Found, ...], ...]:
    """Cut an utterance into words in several ways: fewer where the blank is probable, more where it is less.

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        What the model of strings says; natural logarithms, the blank first; at least one frame.

    Returns
    -------
    tuple of tuple of Found
        Each follows the best path, not the most probable string: of the labels there will be another opinion. No two
        have their words about the same places. Where none finds a word, it is that frame that is least a blank.

    Examples
    --------
    >>> rows = np.log(np.array([[0.6, 0.4], [0.99, 0.01], [0.1, 0.9]], np.float32))
    >>> [[word.first for word in words] for words in read_variously(rows)]
    [[2], [0, 2]]
    """
    ways: dict[tuple[int, ...], tuple[Found, ...]] = {}
    for relief in RELIEFS:
        words = _follow(rows, relief)
        # words about the same middles are cut nearly alike, and so are heard alike
        if words:
            ways.setdefault(tuple(word.first + word.last for word in words), words)
    least = int(np.argmin(rows[:, BLANK]))
    return tuple(ways.values()) or ((_found(rows, least, least),),)


def _follow(rows: LogProbs, relief: float) -> tuple[Found, ...]:
    """Follow the best path (Graves et al. 2006): a word is a run of frames in which its label is likeliest of all."""
    best = relent(rows, relief).argmax(axis=1)
    firsts = np.flatnonzero(np.diff(best, prepend=-1))
    lasts = np.append(firsts[1:], len(rows)) - 1
    return tuple(_found(rows, int(a), int(b)) for a, b in zip(firsts, lasts, strict=True) if best[a] != BLANK)


def _found(rows: LogProbs, first: int, last: int) -> Found:
    some = rows[first : last + 1, 1:]
    return Found(1 + int(some.max(axis=0).argmax()), first, last, float(np.exp(some.max())))


def cut(n: int, n_frames: int, words: Sequence[Found], most: int) -> list[tuple[int, int]]:
    """Cut from the middle between a word and the one before to the middle between it and the next.

    Parameters
    ----------
    n, n_frames : int
        Samples and frames of the utterance.
    words : sequence of Found
        In order.
    most : int
        Samples of a piece, about its word.

    Returns
    -------
    list of tuple of int
        First sample of each, and the first after it.

    Examples
    --------
    >>> cut(1000, 10, [Found(1, 1, 2, 0.9), Found(2, 6, 7, 0.9)], 400)
    [(0, 400), (500, 900)]
    """
    length = n / n_frames
    middles = [round((a.last + 1 + b.first) / 2 * length) for a, b in pairwise(words)]
    centres = [round((word.first + word.last + 1) / 2 * length) for word in words]
    edges = pairwise([0, *middles, n])
    return [(max(a, at - most // 2), min(b, at + most // 2)) for (a, b), at in zip(edges, centres, strict=True)]


def judge(
    rows: LogProbs, words: Sequence[Found], opinions: Sequence[Opinion], unlearnt: frozenset[int] = frozenset()
) -> Reading:
    """Say what both models together make of the words, and how probable that is.

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        What the model of strings says.
    words : sequence of Found
        From `read_variously`.
    opinions : sequence of Opinion
        What the other model says of each.
    unlearnt : frozenset of int
        Units that have a name which it never learnt.

    Returns
    -------
    Reading
        A word is as probable as there is one, times its label.

    Examples
    --------
    >>> rows = np.log(np.array([[0.9, 0.05, 0.05], [0.2, 0.5, 0.3]], np.float32))
    >>> sure = Opinion(np.array([0.01, 0.99], np.float32), known=0.9, seconds=0.8)
    >>> [word] = judge(rows, [Found(1, 1, 1, 0.5)], [sure]).decoded.found
    >>> word.unit, round(word.probability, 2)
    (2, 0.84)
    """
    both = rows.copy()
    # of blanks alone, the same for all readings at one speed; each word puts its own unit in their place
    score = WAY * float(rows[:, BLANK].sum())
    found = []
    for word, opinion in zip(words, opinions, strict=True):
        frames = slice(word.first, word.last + 1)
        score += WAY * float((rows[frames, word.unit] - rows[frames, BLANK]).sum())
        row = rows[word.first + int(np.argmin(rows[frames, BLANK]))]
        named = 1 + int(np.argmax(row[1:])) in unlearnt
        labels = _label(row, opinion, UNLEARNT_SHARE if named else 1.0)
        there = _presence(row[BLANK], opinion.known, UNLEARNT_PRESENCE if named else PRESENCE)
        known = max(opinion.known, UNLEARNT_KNOWN * (1 - math.exp(row[BLANK]))) if named else opinion.known
        both[frames, BLANK] = math.log(1 - there)
        both[frames, 1:] = math.log(there) + labels
        best = int(np.argmax(labels))
        found.append(Found(1 + best, word.first, word.last, there * math.exp(labels[best])))
        score += WORTH + math.log(known + _LEAST) + float(labels[best])
    return Reading(Decoded(both, tuple(found)), score)


def _label(row: LogProbs, opinion: Opinion, part: float) -> LogProbs:
    share = part * float(np.interp(opinion.seconds, (NARROW[0], WIDE[0]), (NARROW[1], WIDE[1])))
    labels: LogProbs = pool(log_softmax(row[None, 1:]), np.log(opinion.labels + _LEAST), share)[0]
    return labels


def _presence(blank: float, known: float, share: float) -> float:
    """Pool the logarithms of the odds that there is a word."""
    mean = (1 - share) * _logit(1 - math.exp(blank)) + share * _logit(known)
    return 1 / (1 + math.exp(-mean))


def _logit(probability: float) -> float:
    inside = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(inside / (1 - inside))


def pool(rows: LogProbs, second: LogProbs, share: float) -> LogProbs:
    """Pool opinions logarithmically: the weighted geometric mean of the probabilities (Genest and Zidek 1986).

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, n), dtype=float32]
        Logarithms of the probabilities of one.
    second : np.ndarray [shape=(n,), dtype=float32]
        Those of the other.
    share : float
        The other's weight, from 0 to 1.

    Returns
    -------
    np.ndarray [shape=(frames, n), dtype=float32]
        Each row's exponentials sum to 1.

    Examples
    --------
    Who agrees with oneself stays; who knows nothing makes the other less sure:

    >>> sure, ignorant = np.log([[0.9, 0.1]]), np.log([0.5, 0.5])
    >>> [round(float(np.exp(pool(sure, other, 0.6))[0, 0]), 2) for other in (sure[0], ignorant)]
    [0.9, 0.71]
    """
    mean = (1 - share) * np.maximum(rows, np.log(_LEAST)) + share * second
    return log_softmax(mean)
