"""A recording as a stream: blocks of a file as they would come from a microphone, whatever its length."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from speechrnn.errors import AudioError
from speechrnn.recordings import UNKNOWN_LENGTH, SoundReader, check_complete, check_not_empty, decode, read_pipe
from speechrnn.waveform import LONGEST_WHOLE, Waveform, check_axes, check_not_void, check_rate, mix

# a block may be shorter than it has channels, if these are no more
_MANY_CHANNELS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What came next in a stream.

    Attributes
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        Mono samples; possibly none.
    lost : int
        Samples that came before them and were lost.
    """

    y: Waveform
    lost: int = 0


class FileBlocks:
    """Blocks of a recording; iterate over it once.

    Parameters
    ----------
    path : Path
        The file.
    seconds : float
        Length of a block.

    Raises
    ------
    AudioError
        Not audio, or empty. While iterating: truncated, after all that is there has been given.
    OSError
        The file cannot be opened.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        source = read_pipe(path)
        check_not_empty(source)
        self._path = path
        self._sound: Any = None
        # libsndfile would take .raw for samples without a header
        if isinstance(source, Path) and path.suffix.lower() != ".raw":
            try:
                # absolute: libsndfile would take a file named - for stdin
                self._sound = SoundReader(os.fsencode(path.absolute()))
            except (soundfile.LibsndfileError, ValueError, TypeError):
                self._sound = None
        if self._sound is not None and not self._sound.frames:
            self._sound.close()
            self._sound = None
        # `recordings` knows what else can be read, and says why something cannot
        self._whole = decode(source, LONGEST_WHOLE) if self._sound is None else None
        if self._whole is not None:
            check_not_void(self._whole.y.size)
        self.sr = int(self._sound.samplerate) if self._whole is None else self._whole.sr
        check_rate(self.sr)
        self._size = max(1, round(seconds * self.sr))

    @property
    def seconds(self) -> int | None:
        """How long the recording is, in whole seconds; None where its header leaves it open."""
        n = self._sound.frames if self._whole is None else self._whole.y.size
        return None if n == UNKNOWN_LENGTH else int(n) // self.sr

    def __iter__(self) -> Iterator[Block]:
        if self._whole is not None:
            y = self._whole.y
            yield from (Block(y[at : at + self._size]) for at in range(0, y.size, self._size))
            return
        n_read = 0
        with self._sound as sound:
            while (block := self._read(sound)).size:
                n_read += block.shape[0]
                yield Block(mix(block))
            if sound.frames != UNKNOWN_LENGTH:
                check_complete(self._path, sound, min(n_read, sound.frames))

    def _read(self, sound: Any) -> Any:
        try:
            return sound.read(self._size, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
            raise AudioError(f"damaged or truncated: {reason}. Copy or record it again.") from error


def pace(blocks: Iterable[Block], sr: int) -> Iterator[Block]:
    """Give blocks no sooner than a microphone would.

    Parameters
    ----------
    blocks : iterable of Block
        As fast as they can be had.
    sr : int
        Their rate in Hz.

    Yields
    ------
    Block
        The same, each when its last sample would have been recorded.
    """
    began, n = time.monotonic(), 0
    for block in blocks:
        n += block.y.size
        if (early := began + n / sr - time.monotonic()) > 0:
            time.sleep(early)
        yield block


def as_block(samples: Any) -> Block:
    """Take what somebody's own source gives.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,) or (n, channels)]
        Floats, full scale at 1.

    Returns
    -------
    Block
        Mixed to mono.

    Raises
    ------
    AudioError
        Not an array, not of floats, or of more channels than samples.

    Examples
    --------
    >>> as_block(np.array([[0.0, 1.0], [0.5, 0.5]])).y
    array([0.5, 0.5], dtype=float32)
    >>> as_block(np.array([1, 2]))
    Traceback (most recent call last):
    speechrnn.errors.AudioError: a block of int64, needed floats with full scale at 1. Divide by the full scale ...
    """
    if not isinstance(samples, np.ndarray):
        raise AudioError(f"a block of type {type(samples).__name__}, needed an array of numpy. Convert it.")
    if not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"a block of {samples.dtype}, needed floats with full scale at 1. Divide by the full scale of its type, "
            "such as 32768."
        )
    check_axes(samples.shape, _MANY_CHANNELS)
    return Block(mix(samples))
