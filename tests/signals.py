"""Sounds for tests: nothing recorded, everything made by a seed."""

import numpy as np
import numpy.typing as npt

Waveform = npt.NDArray[np.float32]


def word(n: int, seed: int = 0, *, lead: int = 0, tail: int = 0) -> Waveform:
    """Noise with a moving spectrum and a rounded level, between two stretches of faint noise."""
    random = np.random.default_rng(seed)
    t = np.arange(n)
    chirp = np.sin(2 * np.pi * (0.02 + 0.1 * random.random() + 2e-6 * t) * t)
    loud = 0.4 * (chirp + 0.3 * random.normal(size=n)) * np.sin(np.pi * (t + 0.5) / n) ** 0.5
    quiet = [1e-4 * random.normal(size=k) for k in (lead, tail)]
    return np.concatenate([quiet[0], loud, quiet[1]]).astype(np.float32).clip(-1, 1)


def odd_words() -> dict[str, Waveform]:
    """What breaks front ends: very short, all but silent, clipped, long, uneven, loud at one end."""
    random = np.random.default_rng(7)
    return {
        "very short": word(160, 1),
        "shorter than a frame": word(200, 2),
        "one frame and one sample": word(257, 3),
        "all but silent": (word(4000, 4) * 0.002).astype(np.float32),
        "clipped": (word(4000, 5) * 50).clip(-1, 1),
        "1.9 s": word(15200, 6),
        "a word in a long silence": word(3000, 7, lead=9000, tail=7001),
        "loud at the very end": np.concatenate([np.zeros(4000), random.normal(size=64) * 0.5]).astype(np.float32),
        "loud at the very beginning": np.concatenate([[1.0], np.zeros(3999)]).astype(np.float32),
        "all zeros": np.zeros(800, np.float32),
        "a constant": np.full(801, 0.25, np.float32),
    }
