"""Sounds to try an export on: made by a seed, since an installed package carries no recordings."""

import numpy as np

from speechrnn.audio import Waveform

# first and second formant in Hz where a syllable begins and ends (after Peterson and Barney 1952, rounded)
_GLIDES = (((300, 2300), (400, 2000)), ((700, 1100), (350, 2200)), ((450, 800), (300, 900)), ((550, 1800), (700, 1200)))


def rehearse(sr: int, seconds: float, n: int = 12) -> list[Waveform]:
    """Make sounds somewhat like words: a buzz through two moving formants, a hiss before it, faint noise around.

    Parameters
    ----------
    sr : int
        Rate in Hz.
    seconds : float
        Longest sound.
    n : int
        How many.

    Returns
    -------
    list of np.ndarray [shape=(n_samples,), dtype=float32]
        From 0.2 s to `seconds`, of different pitch, level and place of the word.

    Examples
    --------
    >>> sounds = rehearse(8000, 1.0, n=3)
    >>> [y.size for y in sounds], bool(max(np.abs(y).max() for y in sounds) <= 1)
    ([1600, 4800, 8000], True)
    """
    return [
        _rehearse_one(np.random.default_rng(i), sr, int(s * sr)) for i, s in enumerate(np.linspace(0.2, seconds, n))
    ]


def _rehearse_one(random: np.random.Generator, sr: int, n: int) -> Waveform:
    silence = int(n * random.uniform(0.05, 0.3))
    m = n - 2 * silence
    t = np.arange(m) / sr
    pitch = random.uniform(90, 260) * (1 + 0.1 * np.sin(np.pi * t / t[-1]))
    phase = 2 * np.pi * np.cumsum(pitch) / sr
    start, end = (np.array(side) for side in _GLIDES[random.integers(len(_GLIDES))])
    formants = start[:, None] + (end - start)[:, None] * t / t[-1]
    voice = np.zeros(m)
    for harmonic in range(1, int(sr / 2 / pitch.max())):
        level = sum(1 / (1 + ((harmonic * pitch - formant) / 120) ** 2) for formant in formants)
        voice += level * np.sin(harmonic * phase)
    hiss = random.normal(size=m) * np.exp(-12 * t / t[-1])
    word = (voice / np.abs(voice).max() + 0.3 * hiss) * np.sin(np.pi * (np.arange(m) + 0.5) / m) ** 0.5
    y = 0.002 * random.normal(size=n)
    y[silence : silence + m] += word * random.uniform(0.1, 0.7)
    return y.clip(-1, 1).astype(np.float32)
