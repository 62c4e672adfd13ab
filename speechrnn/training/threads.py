"""How many threads numpy's matrix products take: the products of the front end are small, and there are many."""

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep numpy's matrix products on the thread that asks for them, until the context ends.

    OpenBLAS wakes a thread for each core and lets it spin between products. For a batch of clips of 60 x 129 by
    129 x 40 that costs six times the work itself, and it takes the cores from the network that trains meanwhile.
    TensorFlow's own threads are not touched. The sums no longer depend on the number of cores.

    Returns
    -------
    context manager
        Sets the limit at once and takes it back at the end.

    Examples
    --------
    >>> import numpy as np
    >>> with one_blas_thread():
    ...     print((np.eye(2) @ np.ones(2)).tolist())
    [1.0, 1.0]
    """
    limit: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limit
