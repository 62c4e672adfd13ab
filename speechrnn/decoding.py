"""From log probabilities of frames to digits: a prefix beam search, with length or pattern known, and where each lies.

A network trained by connectionist temporal classification (CTC, Graves et al. 2006) says for each frame how probable
each label is, or none of them: the blank, unit 0. A string is as probable as all its ways through the frames together;
a label that is said twice has a blank between its two.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.patterns import Places

LogProbs = npt.NDArray[np.float32]
Prefix = tuple[int, ...]

BLANK = 0
_NEVER = -math.inf


@dataclass(frozen=True, slots=True)
class Search:
    """How widely a beam search looks.

    Attributes
    ----------
    beam : int
        Strings that are kept after each frame; where the length is known, so many of each length.
    floor : float
        A label less probable than this in a frame begins nothing there; 0 looks at all.
    """

    beam: int = 12
    floor: float = 1e-4


@dataclass(frozen=True, slots=True)
class Found:
    """One label in a string, and its frames.

    Attributes
    ----------
    unit : int
        Output of the network; 0 is the blank, so labels count from 1.
    first, last : int
        Frames between which the most probable way through them says this label.
    probability : float
        The highest that the network gives to it in one of those frames.
    """

    unit: int
    first: int
    last: int
    probability: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """A stretch of sound, decoded.

    Attributes
    ----------
    rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        Natural logarithms of probabilities, the blank first.
    found : tuple of Found
        The digits of the most probable string; where it was heard at several speeds as probable as all of them have it,
        while `rows` are of one.
    speed : float
        How much faster than it was said it was heard: each frame covers so much more of the recording.
    """

    rows: LogProbs
    found: tuple[Found, ...]
    speed: float = 1.0


def decode(log_probs: LogProbs, places: Places | None = None, *, search: Search = Search()) -> tuple[Found, ...]:
    """Find the most probable string and where its labels lie.

    Parameters
    ----------
    log_probs : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        Natural logarithms; each row's exponentials sum to 1. Unit 0 is the blank.
    places : tuple of frozenset of int or None, optional
        The string has exactly so many labels, each as its place allows.
    search : Search
        How widely it looks.

    Returns
    -------
    tuple of Found
        In order; empty where nothing is said, or where the frames are too few for `places`.

    Examples
    --------
    Two frames of a first label, a blank, and the same label again are two labels:

    >>> rows = np.log(np.array([[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]))
    >>> [(f.unit, f.first, f.last) for f in decode(rows)]
    [(1, 0, 1), (1, 3, 3)]
    >>> [f.unit for f in decode(rows, (None,))]
    [1]
    """
    units = search_beam(log_probs, places, search=search)
    if places and not units and search.floor > 0:  # what is asked for is less probable than the floor
        units = search_beam(log_probs, places, search=Search(search.beam, floor=0.0))
    return align(log_probs, units) if units else ()


def log_softmax(scores: LogProbs) -> LogProbs:
    """Make logarithms of probabilities of scores, row by row.

    Parameters
    ----------
    scores : np.ndarray [shape=(frames, n)]
        Logarithms of anything positive.

    Returns
    -------
    np.ndarray [shape=(frames, n), dtype=float32]
        Each row's exponentials sum to 1.

    Examples
    --------
    >>> np.exp(log_softmax(np.log(np.array([[3.0, 1.0]])))).round(3).tolist()
    [[0.75, 0.25]]
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs: LogProbs = (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))).astype(np.float32)
    return log_probs


def search_beam(log_probs: LogProbs, places: Places | None = None, *, search: Search = Search()) -> Prefix:
    """Find the most probable string: prefix beam search (Graves 2012, Hannun et al. 2014).

    Parameters
    ----------
    log_probs : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        As for `decode`.
    places : tuple of frozenset of int or None, optional
        As for `decode`.
    search : Search
        How widely it looks.

    Returns
    -------
    tuple of int
        Units of the labels; empty where nothing is said, or where the frames are too few for `places`.
    """
    floor = math.log(search.floor) if search.floor > 0 else _NEVER
    beams: dict[Prefix, tuple[float, float]] = {(): (0.0, _NEVER)}
    for row in np.asarray(log_probs, np.float64).tolist():
        likely = [unit for unit in range(1, len(row)) if row[unit] > floor]
        grown = _step(beams, row, likely, places)
        beams = _prune(grown, search.beam, by_length=places is not None)
    ended = beams if places is None else {p: ways for p, ways in beams.items() if len(p) == len(places)}
    return max(ended, key=lambda prefix: _add(*ended[prefix]), default=())


def _step(
    beams: dict[Prefix, tuple[float, float]], row: list[float], likely: list[int], places: Places | None
) -> dict[Prefix, tuple[float, float]]:
    """One frame further: of each string the probability of the ways that end in a blank, and of those in its label."""
    grown: dict[Prefix, tuple[float, float]] = {}
    for prefix, (blank, label) in beams.items():
        total = _add(blank, label)
        was_blank, was_label = grown.get(prefix, (_NEVER, _NEVER))
        stays = label + row[prefix[-1]] if prefix else _NEVER
        grown[prefix] = (_add(was_blank, total + row[BLANK]), _add(was_label, stays))
        if places is not None and len(prefix) == len(places):
            continue
        allowed = places[len(prefix)] if places is not None else None
        for unit in likely:
            if allowed is not None and unit not in allowed:
                continue
            begins = (blank if prefix and prefix[-1] == unit else total) + row[unit]
            if begins == _NEVER:  # the label again, and no blank between
                continue
            longer = (*prefix, unit)
            was_blank, was_label = grown.get(longer, (_NEVER, _NEVER))
            grown[longer] = (was_blank, _add(was_label, begins))
    return grown


def _prune(beams: dict[Prefix, tuple[float, float]], n: int, *, by_length: bool) -> dict[Prefix, tuple[float, float]]:
    """Keep the best: of each length where the length is known, else those that are short would crowd out the rest."""
    if len(beams) <= n:
        return beams
    best = sorted(beams, key=lambda prefix: _add(*beams[prefix]), reverse=True)
    if not by_length:
        return {prefix: beams[prefix] for prefix in best[:n]}
    kept: dict[Prefix, tuple[float, float]] = {}
    counts: dict[int, int] = {}
    for prefix in best:
        counts[len(prefix)] = counts.get(len(prefix), 0) + 1
        if counts[len(prefix)] <= n:
            kept[prefix] = beams[prefix]
    return kept


def _add(a: float, b: float) -> float:
    """Add two probabilities of which the logarithms are given."""
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))


def align(log_probs: LogProbs, units: Prefix) -> tuple[Found, ...]:
    """Find the frames of each label of a string: the most probable way through them (Viterbi).

    Parameters
    ----------
    log_probs : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        As for `decode`.
    units : tuple of int
        The string; it must fit into the frames.

    Returns
    -------
    tuple of Found
        One for each label.

    Raises
    ------
    ValueError
        There are too few frames for the string.
    """
    states = np.zeros(2 * len(units) + 1, np.int64)
    states[1::2] = units
    # from two states back only over a blank, and not where the label is the same
    skips = np.zeros(len(states), bool)
    skips[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    emitted = np.asarray(log_probs, np.float64)[:, states]
    score = np.full(len(states), _NEVER)
    score[:2] = emitted[0, :2] if len(emitted) else _NEVER
    back = np.zeros(emitted.shape, np.int8)
    for t in range(1, len(emitted)):
        ways = np.stack([score, _shift(score, 1), np.where(skips, _shift(score, 2), _NEVER)])
        back[t] = ways.argmax(axis=0)
        score = ways.max(axis=0) + emitted[t]
    state = len(states) - 1 if len(states) == 1 or score[-1] >= score[-2] else len(states) - 2
    if score[state] == _NEVER:
        raise ValueError(f"{len(emitted)} frames are too few for {len(units)} labels")
    path = np.zeros(len(emitted), np.int64)
    for t in range(len(emitted) - 1, -1, -1):
        path[t] = state
        state -= int(back[t, state])
    return tuple(_found(emitted, path, i, unit) for i, unit in enumerate(units))


def _found(emitted: npt.NDArray[np.float64], path: npt.NDArray[np.int64], i: int, unit: int) -> Found:
    frames = np.flatnonzero(path == 2 * i + 1)
    best = float(np.exp(emitted[frames, 2 * i + 1].max()))
    return Found(int(unit), int(frames[0]), int(frames[-1]), min(1.0, best))


def _shift(score: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    return np.concatenate([np.full(n, _NEVER), score[:-n]]) if n < len(score) else np.full(len(score), _NEVER)
