"""Where somebody speaks in a sound that does not end: the end-pointer of `listen`, `transcribe` and `record`.

A frame is 10 ms. It counts as sound where its power, over 30 ms and with or without the low end, stands clearly above
the floor, which is the least power of the last seconds. An utterance ends when nothing sounded for a while. All of it
is computed frame by frame from the frames before, so that nothing depends on the blocks in which a stream comes.

When in doubt, sound is passed on: the network says nothing to noise, and what is not passed on is lost.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.background import Band, SegmentOptions
from speechrnn.waveform import Waveform

__all__ = ["SegmentOptions", "Segmenter", "Utterance"]

_FRAMES_A_SECOND = 100
# what is subtracted of the sample an eighth of a millisecond before: hum and rumble fall by 26 dB
_PREEMPHASIS = 0.97
# an utterance that is too long is cut where it is quietest over so many frames: longer than the closure in "six"
_LULL = 11


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A piece of a stream in which something sounds.

    Attributes
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        Its samples, with some room before and after.
    start : int
        Where it begins, in samples of the stream.
    """

    y: Waveform
    start: int


class Segmenter:
    """Cuts a stream into utterances while it comes; they are in order and do not overlap.

    Parameters
    ----------
    options : SegmentOptions
        What counts as an utterance.
    sr : int
        Rate of the stream in Hz.

    Examples
    --------
    >>> tone = 0.1 * np.sin(np.arange(4000)).astype(np.float32)
    >>> segmenter = Segmenter(SegmentOptions(), sr=8000)
    >>> segmenter.push(np.concatenate([np.zeros(4000, np.float32), tone]))
    []
    >>> [(found.start, found.y.size) for found in segmenter.push(np.zeros(4000, np.float32))]
    [(2400, 6720)]
    """

    def __init__(self, options: SegmentOptions, sr: int) -> None:
        self._hop, self._piece = max(1, sr // _FRAMES_A_SECOND), sr
        self._lag = max(1, round(sr / 8000))
        frames = self._hop / sr
        self._hangover, self._lead, self._tail = (
            round(seconds / frames) for seconds in (options.hangover, options.lead, options.tail)
        )
        self._longest = max(round(options.longest / frames), 2 * _LULL)
        # samples from `_origin` on are kept; `_done` frames of the stream have been judged
        self._kept: Waveform = np.zeros(0, np.float32)
        self._origin = self._done = 0
        # what came since, too little for a frame
        self._pending: list[Waveform] = []
        self._n_pending = 0
        self._before = np.zeros(self._lag)
        self._bands = [Band(options, frames), Band(options, frames)]
        # frames: where the utterance that is going on begins, and its last sound; where the one before ended
        self._start: int | None = None
        self._last = self._end = 0
        self._powers: list[float] = []

    @property
    def sounding(self) -> bool:
        """Whether an utterance is going on."""
        return self._start is not None

    def push(self, block: Waveform) -> list[Utterance]:
        """Take the next samples of the stream.

        Parameters
        ----------
        block : np.ndarray [shape=(n,), dtype=float32]
            Finite, of any length.

        Returns
        -------
        list of Utterance
            Those that ended meanwhile.
        """
        found = []
        # a long block is no reason to hold everything that is computed of it
        for i in range(0, block.size, self._piece):
            # a copy, because a caller may use the memory of a block again
            piece = np.array(block[i : i + self._piece], np.float32)
            self._pending.append(piece)
            self._n_pending += piece.size
            if self._n_pending >= self._hop:
                found += self._advance()
        return found

    def finish(self) -> list[Utterance]:
        """End the stream.

        Returns
        -------
        list of Utterance
            The one that was going on, if any.
        """
        self._join()
        if self._start is None:
            return []
        size = self._origin + self._kept.size
        return [self._take(min(size, (self._last + 1 + self._tail) * self._hop))]

    def _join(self) -> None:
        self._kept = np.concatenate([self._kept, *self._pending])
        self._pending, self._n_pending = [], 0

    def _advance(self) -> list[Utterance]:
        """Judge the frames that are complete."""
        self._join()
        behind = self._done * self._hop - self._origin
        n_frames = (self._kept.size - behind) // self._hop
        fresh = self._kept[behind : behind + n_frames * self._hop].astype(np.float64)
        found = []
        for powers in zip(*self._measure(fresh), strict=True):
            sounds = [band.sounds(power) for band, power in zip(self._bands, powers, strict=True)]
            if (utterance := self._step(any(sounds))) is not None:
                found.append(utterance)
        self._n_pending = self._kept.size - behind - n_frames * self._hop
        self._forget()
        return found

    def _measure(self, fresh: npt.NDArray[np.float64]) -> tuple[list[float], list[float]]:
        """Power of each frame without its mean, and with the low end taken out."""
        behind = np.concatenate([self._before, fresh])
        self._before = behind[-self._lag :]
        frames = fresh.reshape(-1, self._hop)
        high = (fresh - _PREEMPHASIS * behind[: -self._lag]).reshape(-1, self._hop)
        return (
            ((frames**2).mean(axis=1) - frames.mean(axis=1) ** 2).tolist(),
            (high**2).mean(axis=1).tolist(),
        )

    def _step(self, sounds: bool) -> Utterance | None:
        """Judge one frame."""
        frame, self._done = self._done, self._done + 1
        if self._start is None:
            if sounds:
                self._start = max(self._end, frame - self._lead)
                self._powers = [0.0] * (frame - self._start)
            else:
                return None
        self._powers.append(self._bands[0].power)
        if sounds:
            self._last = frame
        elif frame - self._last >= self._hangover:
            return self._take((self._last + 1 + self._tail) * self._hop)
        return self._cut() if len(self._powers) >= self._longest else None

    def _cut(self) -> Utterance:
        """Give the first part of an utterance that is too long, and go on with the rest."""
        half = self._longest // 2
        lull = np.convolve(self._powers[half:], np.ones(_LULL), mode="valid")
        kept = half + _LULL // 2 + int(lull.argmin())
        start, powers = (self._start or 0) + kept, self._powers[kept:]
        first = self._take(start * self._hop)
        if self._last >= start:
            self._start, self._powers = start, powers
        return first

    def _take(self, end: int) -> Utterance:
        """End the utterance before this sample of the stream."""
        start = (self._start or 0) * self._hop
        y = self._kept[start - self._origin : end - self._origin].copy()
        self._start, self._powers, self._end = None, [], -(-end // self._hop)
        return Utterance(y, start)

    def _forget(self) -> None:
        """Let go of the samples that no utterance can reach."""
        first = self._start if self._start is not None else max(self._end, self._done - self._lead)
        # `_end` may lie ahead of the last frame
        keep = min(first, self._done) * self._hop
        self._kept = self._kept[keep - self._origin :]
        self._origin = keep
