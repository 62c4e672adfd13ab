"""A model of strings that hears pitches: for tests of everything around the network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechrnn.bundle import Bundle
from speechrnn.metadata import Heard, Metadata
from speechrnn.transcriber import StringRecognizer

SR = 8000
Sound = npt.NDArray[np.float32]


class Pitches:
    """Hears a tone of 300 (1 + d) Hz as the digit d, for each 20 ms; all else is blank."""

    frame_length = 160

    def __init__(self, sure: float = 0.97) -> None:
        self.sure = sure
        self.longest = 0

    def run(self, waveforms: Sequence[Sound]) -> list[npt.NDArray[np.float32]]:
        self.longest = max(self.longest, *(y.size for y in waveforms))
        return [self._hear(y) for y in waveforms]

    def _hear(self, y: Sound) -> npt.NDArray[np.float32]:
        n = 1 + y.size // self.frame_length
        frames = np.pad(y, (0, n * self.frame_length - y.size)).reshape(n, -1)
        power = np.abs(np.fft.rfft(frames, 800, axis=1)) ** 2
        peak = power.argmax(axis=1) * SR / 800
        digit = np.round(peak / 300).astype(int) - 1
        tonal = power.max(axis=1) > 0.05 * power.sum(axis=1)
        loud = (frames**2).mean(axis=1) > 1e-4
        probabilities = np.full((n, 11), (1 - self.sure) / 10)
        heard = tonal & loud & (digit >= 0) & (digit < 10) & (np.abs(peak - 300 * (digit + 1)) < 60)
        probabilities[np.arange(n), np.where(heard, 1 + digit.clip(0, 9), 0)] = self.sure
        return np.asarray(np.log(probabilities), np.float32)


def pitch_recognizer(sure: float = 0.97, *, min_probability: float | None = None) -> StringRecognizer:
    """Give a recognizer with that engine."""
    metadata = Metadata(1, "strings", SR, 0.5, 0, {}, (), Heard(), "none")
    bundle = Bundle(Path("pitches"), tuple("0123456789"), metadata)
    return StringRecognizer(bundle, Pitches(sure), min_probability=min_probability)


def tone(digit: str, seconds: float = 0.25, sr: int = SR) -> Sound:
    """Give one digit."""
    t = np.arange(round(seconds * sr)) / sr
    return np.asarray(0.3 * np.sin(2 * np.pi * 300 * (1 + int(digit)) * t), np.float32)


def hush(seconds: float, sr: int = SR) -> Sound:
    """Give faint noise."""
    return np.asarray(1e-4 * np.random.default_rng(0).standard_normal(round(seconds * sr)), np.float32)


def say(digits: str, gap: float = 0.06, sr: int = SR) -> Sound:
    """Give a string, half a second of faint noise around it."""
    parts = [hush(0.5, sr)]
    for digit in digits:
        parts += [tone(digit, sr=sr), hush(gap, sr)]
    return np.concatenate([*parts, hush(0.5, sr)])
