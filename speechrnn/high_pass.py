"""What takes hum and rumble from a recording before its loudness is measured: a linear-phase high-pass.

A mains hum that is 20 dB under the word ends no silence for an ear, but it does for `librosa.effects.trim`.
"""

import numpy as np
import numpy.typing as npt

# so many periods of `fmin` long, it takes off 60 dB at a third of it, 20 at two thirds, 6 there
_PERIODS = 3
# samples that are filtered by one product of matrices
BLOCK = 64


def high_pass(fmin: float, sr: float) -> npt.NDArray[np.float32]:
    """Design a high-pass by a Hamming window, as ``scipy.signal.firwin(n, fmin, pass_zero=False, fs=sr)`` does.

    Parameters
    ----------
    fmin : float
        In Hz, where half of the amplitude is left.
    sr : float
        Rate in Hz.

    Returns
    -------
    np.ndarray [shape=(2 * half + 1,), dtype=float32]
        Symmetric; 1 at half of the rate.

    Examples
    --------
    >>> taps = high_pass(250.0, 8000)
    >>> len(taps), bool(abs(taps.sum()) < 0.002)
    (97, True)
    """
    half = round(_PERIODS * sr / fmin / 2)
    n = np.arange(-half, half + 1)
    low = 2 * fmin / sr * np.sinc(2 * fmin / sr * n)
    taps = ((n == 0) - low) * np.hamming(2 * half + 1)
    scaled: npt.NDArray[np.float32] = (taps / (taps * np.cos(np.pi * n)).sum()).astype(np.float32)
    return scaled


def above(y: npt.NDArray[np.float32], fmin: float, sr: float) -> npt.NDArray[np.float32]:
    """Leave what lies above a frequency, in place: ``scipy.signal.convolve(y, taps, "valid")`` between zeros.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A recording.
    fmin : float
        In Hz; 0 leaves all.
    sr : float
        Rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Zero in the first and last milliseconds, where the filter would hear the recording begin and end.

    Examples
    --------
    >>> hum = np.sin(2 * np.pi * 50 * np.arange(8000) / 8000).astype(np.float32)
    >>> bool(np.abs(above(hum, 250.0, 8000)).max() < 0.002)
    True
    """
    if not fmin:
        return y
    taps, loud = high_pass(fmin, sr), np.zeros_like(y)
    half = len(taps) // 2
    if len(y) > 2 * half:
        loud[half:-half] = np.convolve(y, taps, "valid")
    return loud


def banded(taps: npt.NDArray[np.float32], block: int) -> npt.NDArray[np.float32]:
    """Lay a filter out as a matrix that filters a block of samples at once.

    Parameters
    ----------
    taps : np.ndarray [shape=(2 * half + 1,), dtype=float32]
        Symmetric.
    block : int
        Samples of a block.

    Returns
    -------
    np.ndarray [shape=(block, block + 2 * half), dtype=float32]
        A block with `half` samples on either side is multiplied from the right.

    Examples
    --------
    >>> banded(np.array([1.0, 5.0, 1.0], np.float32), 2).astype(int).tolist()
    [[1, 5, 1, 0], [0, 1, 5, 1]]
    """
    shifts = np.arange(block + len(taps) - 1) - np.arange(block)[:, None]
    inside = (shifts >= 0) & (shifts < len(taps))
    matrix: npt.NDArray[np.float32] = np.where(inside, taps[np.clip(shifts, 0, len(taps) - 1)], np.float32(0))
    return matrix


def passed(fmin: float, sr: int, hz: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Give the share of power that the filter leaves.

    Parameters
    ----------
    fmin : float
        As for `high_pass`; 0 for no filter.
    sr : int
        Rate in Hz.
    hz : np.ndarray [shape=(n,)]
        Frequencies.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float64]
        0 to about 1.

    Examples
    --------
    >>> passed(250.0, 8000, np.array([50.0, 250.0, 1000.0])).round(2).tolist()
    [0.0, 0.25, 1.0]
    """
    if not fmin:
        return np.ones(len(hz))
    taps = high_pass(fmin, sr).astype(np.float64)
    n = np.arange(len(taps)) - len(taps) // 2
    share: npt.NDArray[np.float64] = (np.cos(2 * np.pi * np.outer(hz, n) / sr) @ taps) ** 2
    return share
