"""An utterance heard at several speeds, as if people of other builds had said it in more or less of a hurry."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import soxr

from speechrnn.decoding import Decoded, Found, LogProbs
from speechrnn.readings import Reading
from speechrnn.second_ear import SecondEar
from speechrnn.waveform import Waveform

# slower and deeper, faster and higher: 1.4 makes an average voice of one whose vocal tract is as much longer than that
SPEEDS = (0.8, 0.88, 1.13, 1.25, 1.4)
# where each digit is as probable as the first, or none is as the second, other speeds change nothing that matters
SURE, HOPELESS = 0.8, 0.03
# readings of one sound are not independent: what they say counts as the power of this
SHARPNESS = 0.5
# so near to each other, in seconds, two readings mean the same digit
NEAR = 0.15
Frames = Callable[[Sequence[Waveform]], list[LogProbs]]


def hear_at_speeds(y: Waveform, sr: int, frames: Frames, ear: SecondEar) -> Decoded:
    """Find the digits of an utterance; where they are doubtful, at other speeds too.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        The utterance.
    sr : int
        Its rate in Hz.
    frames : callable
        What a model of strings says of stretches of sound.
    ear : SecondEar
        A model of single words beside it.

    Returns
    -------
    Decoded
        The digits of the string that all readings together find the most probable, in the frames of the speed at which
        it is heard best.
    """
    [rows] = frames([y])
    readings = ear.read(y, rows)
    if not readings:
        return Decoded(rows, ())
    first = choose(readings).decoded
    heard = [word.probability for word in first.found]
    if min(heard) >= SURE or max(heard) < HOPELESS:
        return first
    others = [at_speed(y, speed) for speed in SPEEDS]
    for speed, other, rows in zip(SPEEDS, others, frames(others), strict=True):
        readings += ear.read(other, rows, speed)
    taken = choose(readings).decoded
    return replace(taken, found=weigh(taken, readings, y.size / sr))


def choose(readings: Sequence[Reading]) -> Reading:
    """Take the string that readings of the same utterance find the most probable, all that say it together.

    Parameters
    ----------
    readings : sequence of Reading
        At least one.

    Returns
    -------
    Reading
        The best of those that say it.

    Examples
    --------
    Two who say "1" outweigh one who says "2", though he is a little surer:

    >>> one, two = Found(2, 0, 0, 0.9), Found(3, 0, 0, 0.9)
    >>> rows = np.zeros((1, 11), np.float32)
    >>> said = [Reading(Decoded(rows, (word,)), score) for word, score in ((one, -3.0), (two, -2.5), (one, -3.1))]
    >>> choose(said).score
    -3.0
    """
    strings: dict[tuple[int, ...], list[Reading]] = {}
    for reading in readings:
        strings.setdefault(tuple(word.unit for word in reading.decoded.found), []).append(reading)
    best = max(strings.values(), key=lambda some: np.logaddexp.reduce([SHARPNESS * one.score for one in some]))
    return max(best, key=lambda reading: reading.score)


def weigh(taken: Decoded, readings: Sequence[Reading], seconds: float) -> tuple[Found, ...]:
    """Say how probable all readings together find each digit of one of them.

    Parameters
    ----------
    taken : Decoded
        That one.
    readings : sequence of Reading
        All of the same utterance.
    seconds : float
        How long it is.

    Returns
    -------
    tuple of Found
        As probable as the mean of the readings has them, each reading weighing as much as it is itself probable.

    Examples
    --------
    >>> sure, unsure = (Decoded(np.zeros((10, 11), np.float32), (Found(2, 5, 5, p),)) for p in (0.9, 0.5))
    >>> [word] = weigh(sure, [Reading(sure, -3.0), Reading(unsure, -3.0)], seconds=0.3)
    >>> round(word.probability, 3)
    0.7
    """
    scores = SHARPNESS * np.array([one.score for one in readings])
    weights = np.exp(scores - np.logaddexp.reduce(scores))

    def middle(word: Found, decoded: Decoded) -> float:
        return (word.first + word.last + 1) / 2 / len(decoded.rows) * seconds

    def probability(word: Found, other: Decoded) -> float:
        at = middle(word, taken)
        same = (one for one in other.found if one.unit == word.unit and abs(middle(one, other) - at) < NEAR)
        return max((one.probability for one in same), default=0.0)

    found = ((word, [probability(word, one.decoded) for one in readings]) for word in taken.found)
    return tuple(replace(word, probability=float(weights @ np.array(each))) for word, each in found)


def at_speed(y: Waveform, speed: float) -> Waveform:
    """Play a sound faster and higher, or slower and deeper.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        At least one sample.
    speed : float
        1 for as it is.

    Returns
    -------
    np.ndarray [shape=(ceil(n / speed),), dtype=float32]
        At the same rate.

    Examples
    --------
    >>> at_speed(np.ones(1000, np.float32), 1.25).size
    800
    """
    n = math.ceil(y.size / speed)
    out = soxr.resample(y, speed, 1.0, quality="soxr_hq")[:n]
    played: Waveform = np.pad(out, (0, n - out.size)).astype(np.float32, copy=False)
    return played
