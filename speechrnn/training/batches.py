"""Batches of examples, padded, in an order that seed and epoch alone decide."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from speechrnn.training.draws import stream
from speechrnn.training.features import Features

T = TypeVar("T")

# lengths are rounded up to this, so that a backend that compiles for each shape compiles few
_LENGTH_STEP = 8
# clips of similar length share a batch, found among this many batches' worth of shuffled clips
_WINDOW = 16
# of the first window, for which a pass has to wait
_FIRST_WINDOW = 4


def shuffled_order(lengths: Sequence[int], batch_size: int, seed: tuple[int, int]) -> list[npt.NDArray[np.int64]]:
    """Shuffle clips into batches of similar length.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each example.
    batch_size : int
        Clips in one batch.
    seed : tuple of int
        Seed and epoch; the same pair gives the same order.

    Returns
    -------
    list of np.ndarray of int
        Each index once.

    Examples
    --------
    >>> order = shuffled_order([3, 1, 2, 9, 8, 7, 5], batch_size=3, seed=(0, 1))
    >>> sorted(np.concatenate(order).tolist()), [len(batch) for batch in order]
    ([0, 1, 2, 3, 4, 5, 6], [...])
    """
    random = stream("order", *seed)
    shuffled = random.permutation(len(lengths))
    batches: list[npt.NDArray[np.int64]] = []
    for first in range(0, len(shuffled), batch_size * _WINDOW):
        window = shuffled[first : first + batch_size * _WINDOW]
        window = window[np.argsort(np.asarray(lengths)[window], kind="stable")]
        batches += np.array_split(window, math.ceil(window.size / batch_size))
    return [batches[i] for i in random.permutation(len(batches))]


def shuffled_windows(n: int, batch_size: int, seed: tuple[int, ...]) -> list[npt.NDArray[np.int64]]:
    """Shuffle clips into windows, out of which batches of similar length are made once the lengths are known.

    Parameters
    ----------
    n : int
        How many clips.
    batch_size : int
        Clips in one batch.
    seed : tuple of int
        Decides the order.

    Returns
    -------
    list of np.ndarray of int
        Each index once; all but the last window are whole batches.

    Examples
    --------
    >>> [len(window) for window in shuffled_windows(100, batch_size=4, seed=(0, 1))]
    [16, 64, 20]
    """
    first, size = _FIRST_WINDOW * batch_size, _WINDOW * batch_size
    return np.split(stream("windows", *seed).permutation(n), range(first, n, size))


def sorted_order(lengths: Sequence[int], batch_size: int) -> list[npt.NDArray[np.int64]]:
    """Put clips into batches by length, shortest first.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each example.
    batch_size : int
        Clips in one batch.

    Returns
    -------
    list of np.ndarray of int
        Each index once.
    """
    by_length = np.argsort(np.asarray(lengths), kind="stable")
    return np.array_split(by_length, math.ceil(by_length.size / batch_size))


def make_ahead(make: Callable[[int], T], n: int) -> Iterator[T]:
    """Make one thing after the other, each while the one before it is used.

    Parameters
    ----------
    make : callable
        Takes a number from 0 to `n` - 1; runs in a thread.
    n : int
        How many; at least one.

    Yields
    ------
    object
        What `make` gave, in order.

    Examples
    --------
    >>> list(make_ahead(lambda number: number**2, 4))
    [0, 1, 4, 9]
    """
    with ThreadPoolExecutor(1) as ahead:
        pending = ahead.submit(make, 0)
        for number in range(1, n):
            made, pending = pending.result(), ahead.submit(make, number)
            yield made
        yield pending.result()


def pad_features(features: Sequence[Features]) -> dict[str, npt.NDArray[np.generic]]:
    """Lay features of different lengths side by side.

    Parameters
    ----------
    features : sequence of np.ndarray [shape=(n_frames, n_mfcc)]
        At least one.

    Returns
    -------
    dict
        ``mfcc`` float32 (batch, frames, n_mfcc), zeros after each end, and ``n_frames`` int32 (batch,).
    """
    lengths = np.array([len(f) for f in features], np.int32)
    frames = -(-int(lengths.max()) // _LENGTH_STEP) * _LENGTH_STEP
    padded = np.zeros((len(features), frames, features[0].shape[1]), np.float32)
    for row, f in zip(padded, features, strict=True):
        row[: len(f)] = f
    return {"mfcc": padded, "n_frames": lengths}


def one_hot(names: Sequence[str], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    """Write labels as rows with a single 1.

    Parameters
    ----------
    names : sequence of str
        Label of each clip.
    labels : sequence of str
        All labels, in the order of the outputs.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_labels), dtype=float32]
        Targets of the cross-entropy.

    Examples
    --------
    >>> one_hot(["b", "a"], ["a", "b"]).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    unit = {label: i for i, label in enumerate(labels)}
    return np.eye(len(labels), dtype=np.float32)[[unit[name] for name in names]]


def spread(items: Sequence[T], n: int) -> list[T]:
    """Take some items from all over a list; clips are ordered by label, so the first few are all of one.

    Parameters
    ----------
    items : sequence
        Any.
    n : int
        How many at most.

    Returns
    -------
    list
        Evenly spaced, in order.

    Examples
    --------
    >>> spread("aaabbbccc", 3)
    ['a', 'b', 'c']
    """
    return [items[i * len(items) // n] for i in range(n)] if len(items) > n else list(items)
