"""Random numbers, of which each use has a stream of its own."""

import zlib

import numpy as np


def stream(use: str, *seed: int) -> np.random.Generator:
    """Start the stream of one use.

    To numpy a seed has zeros behind it without end: (3, 5) and (3, 5, 0) are one stream, and what is drawn for one
    thing would be drawn for another again.

    Parameters
    ----------
    use : str
        What is drawn.
    *seed : int
        Not negative; what else decides, such as seed and number of the pass.

    Returns
    -------
    np.random.Generator
        The same for the same arguments, and for no others.

    Examples
    --------
    >>> draws = [int(stream(*of).integers(10**9)) for of in (("tempo", 3), ("tempo", 3), ("tempo", 3, 0), ("noise", 3))]
    >>> draws[0] == draws[1], len(set(draws))
    (True, 3)
    """
    return np.random.default_rng((len(seed), zlib.crc32(use.encode()), *seed))
