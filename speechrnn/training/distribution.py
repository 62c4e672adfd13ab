"""Which rows of a batch are computed by which process, where a training has several (`speechrnn.crew`)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.extras import require


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a batch that are computed here, and what each counts.

    Attributes
    ----------
    index : np.ndarray [shape=(n,), dtype=int64]
        Into the batch.
    weights : np.ndarray [shape=(n,), dtype=float32]
        1, or, where rows fill a batch up so that all processes have as many, 0 for those and a little more for the
        others: the mean over all rows of all processes then is that of the batch.
    """

    index: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


def own_rows(n: int) -> Rows | None:
    """Say which rows of a batch this process computes.

    Parameters
    ----------
    n : int
        Clips in the batch.

    Returns
    -------
    Rows or None
        None where one process does it all.
    """
    keras = require("keras", extra="train", purpose="training")
    if keras.backend.backend() != "jax" or keras.distribution.distribution() is None:
        return None
    jax = require("jax", extra="jax", purpose="--distribute")
    return share_rows(n, jax.process_index(), jax.process_count())


def share_rows(n: int, index: int, count: int) -> Rows:
    """Divide the rows of a batch among processes, as many to each.

    Parameters
    ----------
    n : int
        Clips in the batch.
    index, count : int
        Which process of how many.

    Returns
    -------
    Rows
        Those of this process.

    Examples
    --------
    Three rows for two processes: the second one fills up with a row that counts nothing.

    >>> rows = share_rows(3, 1, 2)
    >>> rows.index.tolist(), [round(weight, 3) for weight in rows.weights.tolist()]
    ([2, 0], [1.333, 0.0])
    """
    each = -(-n // count)
    places = np.arange(each * index, each * (index + 1))
    weights = np.where(places < n, each * count / n, 0.0).astype(np.float32)
    return Rows(places % n, weights)


def leave() -> bool:
    """Let Keras work in this process alone from here on.

    Returns
    -------
    bool
        Whether there were several.
    """
    keras = require("keras", extra="train", purpose="training")
    there_were = keras.distribution.distribution() is not None
    keras.distribution.set_distribution(None)
    return there_were
