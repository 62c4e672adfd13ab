"""Mixing recorded noise under words at a stated ratio, and cutting noise into pieces that hold sound."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from speechrnn.audio import Waveform

# pieces this far under the loudest piece of their recording are its pauses
PAUSE_DB = 20.0


def segments(y: Waveform, sr: int, duration: float, n: int, seed: int) -> npt.NDArray[np.float32]:
    """Cut pieces of noise that hold sound: recordings of everyday sounds are often mostly silent.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), dtype=float32]
        A recording of noise.
    sr : int
        Its rate in Hz.
    duration : float
        Of a piece, in seconds; a shorter recording is repeated.
    n : int
        Most pieces to cut.
    seed : int
        Chooses among those that are loud enough.

    Returns
    -------
    np.ndarray [shape=(at most n, round(duration * sr)), dtype=float32]
        In order; none where the recording is all zeros. Where it is no whole number of pieces, the last one goes on
        with its beginning.

    Examples
    --------
    A second of silence, then a second of hum:

    >>> y = np.concatenate([np.zeros(800), np.sin(np.arange(800))]).astype(np.float32)
    >>> pieces = segments(y, 800, 0.5, 9, seed=0)
    >>> pieces.shape, bool((np.abs(pieces).max(axis=1) > 0.9).all())
    ((2, 400), True)
    """
    size = max(1, round(duration * sr))
    whole = np.resize(y, -(-len(y) // size) * size) if len(y) >= size else np.resize(y, size)
    pieces = whole.reshape(-1, size)
    power = (pieces.astype(np.float64) ** 2).mean(axis=1)
    loud = np.flatnonzero((power > 0) & (power >= power.max(initial=0.0) * 10 ** (-PAUSE_DB / 10)))
    chosen = np.sort(np.random.default_rng(seed).permutation(loud)[:n])
    return np.ascontiguousarray(pieces[chosen], np.float32)


def mix(y: Waveform, noise: Waveform, snr_db: float, start: int, end: int) -> Waveform:
    """Lay noise under a recording; the ratio is that of the powers of word and noise over the word's own samples.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A recording of a word.
    noise : np.ndarray [shape=(n,), dtype=float32]
        As long.
    snr_db : float
        Ratio of word to noise in dB.
    start, end : int
        The word's first sample, and the one after its last.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Both together, turned down where the sum would pass full scale.

    Raises
    ------
    ValueError
        The two are not of one length.

    Examples
    --------
    >>> tone, hiss = np.full(8, 0.5, np.float32), np.tile([1.0, -1.0], 4).astype(np.float32)
    >>> (mix(tone, hiss, 20.0, 0, 8) - tone).astype(float).round(3).tolist()[:2]
    [0.05, -0.05]
    """
    if len(y) != len(noise):
        raise ValueError(f"{len(y)} samples of speech and {len(noise)} of noise, needed as many of each")
    word, under = (float(np.mean(part[start:end].astype(np.float64) ** 2)) for part in (y, noise))
    if under == 0.0:  # a pause of the noise lies under the word: its power elsewhere has to do
        under = float(np.mean(noise.astype(np.float64) ** 2)) or 1.0
    gain = np.sqrt(word / under * 10 ** (-snr_db / 10))
    mixed = y.astype(np.float64) + gain * noise
    fitted: Waveform = (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)
    return fitted


def choose_noise(noises: Sequence[Waveform], n: int, sr: int, seed: tuple[int, ...]) -> Waveform:
    """Choose a stretch of noise as long as a recording, where the noise sounds.

    Parameters
    ----------
    noises : sequence of np.ndarray [shape=(n_samples,), dtype=float32]
        Recordings of noise, none of them silent.
    n : int
        Samples needed.
    sr : int
        Rate in Hz.
    seed : tuple of int
        The same seed gives the same stretch.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        From one recording.
    """
    rng = np.random.default_rng(seed)
    y = noises[int(rng.integers(len(noises)))]
    pieces = segments(y, sr, n / sr, 1, int(rng.integers(2**31)))
    whole: Waveform = np.resize(pieces[0] if len(pieces) else y, n)
    return whole
