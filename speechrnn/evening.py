"""Soft stretches of a recording made louder, before a model hears it: who says a number says some of it softly."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from speechrnn.waveform import Waveform

# of what a stretch lacks in level this share is given, and no more than so much, in dB
SHARE, MOST = 0.5, 15.0
# the level of a stretch is that of the loudest 10 ms so near, in seconds: pauses inside a word are as loud as the word
NEAR = 0.2
_HOPS = 100
_SILENCE = 1e-12


def even_out(y: Waveform, sr: int) -> Waveform:
    """Raise the soft stretches of an utterance by half of what they lack in level.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        An utterance.
    sr : int
        Its rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        The loudest stretch stays as it is; no other is louder than it, or by more than `MOST` dB louder than it was.

    Examples
    --------
    Of a second that is 20 dB under another, 10 dB are left:

    >>> y = np.concatenate([np.ones(8000), 0.1 * np.ones(8000)]).astype(np.float32)
    >>> [round(float(one), 3) for one in even_out(y, 8000)[[0, 15999]]]
    [1.0, 0.316]
    """
    hop = max(1, sr // _HOPS)
    n = y.size // hop
    if n == 0:
        return y
    levels = 10 * np.log10(np.mean(y[: n * hop].reshape(n, hop) ** 2, axis=1) + _SILENCE)
    around = round(NEAR * _HOPS)
    nearby = sliding_window_view(np.pad(levels, around, "edge"), 2 * around + 1).max(axis=1)
    gains = np.clip(SHARE * (levels.max() - nearby), 0.0, MOST)
    smooth = sliding_window_view(np.pad(gains, around // 2, "edge"), around + 1).mean(axis=1)
    course = np.interp(np.arange(y.size), (np.arange(n) + 0.5) * hop, smooth)
    louder: Waveform = (y * 10 ** (course / 20)).astype(np.float32)
    return louder
