"""From one rate to another while the sound comes, soon: what soxr's own streams give, they give up to 0.16 s late."""

import math

import numpy as np
import soxr

from speechrnn.waveform import Waveform, round_rate

# seconds that are resampled at once
_PIECE = 0.02
# what soxr is shown before and after them, in samples of the lower rate: its filter reaches no further
_MARGIN = 128


class Resampler:
    """Resamples a stream to what `speechrnn.load_audio` makes of the whole: within the rounding of float32.

    Nothing depends on the blocks in which the stream comes.

    Parameters
    ----------
    sr : float
        Rate of the stream in Hz; rounded.
    target : int
        Rate that is wanted in Hz.

    Raises
    ------
    AudioError
        A rate that no recorder has.

    Examples
    --------
    >>> resampler = Resampler(48000, 8000)
    >>> parts = [resampler.push(np.ones(700, np.float32)) for _ in range(10)]
    >>> sum(part.size for part in parts), resampler.finish().size
    (960, 207)
    """

    def __init__(self, sr: float, target: int) -> None:
        sr = round_rate(sr)
        self._sr, self._target = sr, target
        # so many samples in are so many out, exactly
        divisor = math.gcd(sr, target)
        self._step, self._made = sr // divisor, target // divisor
        margin = _MARGIN / min(sr, target)
        self._piece, self._margin = (max(1, math.ceil(seconds * divisor)) for seconds in (_PIECE, margin))
        # samples from `_origin` on are kept, those before `_at` are resampled; both count in steps
        self._kept: Waveform = np.zeros(0, np.float32)
        self._pending: list[Waveform] = []
        self._n_in = self._n_out = self._origin = self._at = 0

    def push(self, block: Waveform) -> Waveform:
        """Take the next samples.

        Parameters
        ----------
        block : np.ndarray [shape=(n,), dtype=float32]
            At the first rate.

        Returns
        -------
        np.ndarray [shape=(m,), dtype=float32]
            What is certain by now, at the second rate.
        """
        if self._sr == self._target:
            return block
        self._pending.append(np.array(block, np.float32))
        self._n_in += block.size
        parts = []
        while (self._at + self._piece + self._margin) * self._step <= self._n_in:
            first = max(0, self._at - self._margin)
            last = self._at + self._piece + self._margin
            parts.append(self._resample(first, last * self._step)[: self._piece * self._made])
            self._at += self._piece
        self._forget()
        return self._count(parts)

    def finish(self) -> Waveform:
        """End the stream.

        Returns
        -------
        np.ndarray [shape=(m,), dtype=float32]
            What was left: in all there are ``ceil(n * target / sr)`` samples.
        """
        left = math.ceil(self._n_in * (self._target / self._sr)) - self._n_out
        if self._sr == self._target or left <= 0:
            return np.zeros(0, np.float32)
        y = self._resample(max(0, self._at - self._margin), self._n_in)[:left]
        return self._count([np.pad(y, (0, left - y.size))])

    def _resample(self, first: int, end: int) -> Waveform:
        """From `_at` on, as seen from step `first` to sample `end`."""
        if self._pending:
            self._kept, self._pending = np.concatenate([self._kept, *self._pending]), []
        start = self._origin * self._step
        y = soxr.resample(
            self._kept[first * self._step - start : end - start], self._sr, self._target, quality="soxr_hq"
        )
        found: Waveform = y[(self._at - first) * self._made :]
        return found

    def _forget(self) -> None:
        origin = max(0, self._at - self._margin)
        if origin > self._origin and not self._pending:
            self._kept = self._kept[(origin - self._origin) * self._step :]
            self._origin = origin

    def _count(self, parts: list[Waveform]) -> Waveform:
        made = np.concatenate([np.zeros(0, np.float32), *parts])
        self._n_out += made.size
        return made
