"""From a recording of any length to the stretches of it in which something sounds, a few seconds in memory at once."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from speechrnn.audio import Source, Waveform, decode_source
from speechrnn.blocks import LONGEST_WHOLE, FileBlocks
from speechrnn.errors import AudioError
from speechrnn.resampling import Resampler
from speechrnn.segmenting import Segmenter, SegmentOptions, Utterance

# of a recording that is read piece by piece
BLOCK_SECONDS = 1.0


def read_blocks(source: Source, sr: int) -> tuple[Iterable[Waveform], int]:
    """Open a recording of any length.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
        See `speechrnn.load_audio`.
    sr : int
        The rate of an array in Hz. Files know theirs.

    Returns
    -------
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        Mono; while iterating, a file that is damaged raises AudioError.
    sr : int
        Their rate.

    Raises
    ------
    AudioError
        Not audio, or empty.
    OSError
        The file cannot be opened.
    """
    if isinstance(source, str | Path):
        file = FileBlocks(Path(source), BLOCK_SECONDS)
        return (block.y for block in file), file.sr
    decoded = decode_source(source, LONGEST_WHOLE, sr)
    size = max(1, round(BLOCK_SECONDS * decoded.sr))
    return (decoded.y[at : at + size] for at in range(0, decoded.y.size, size)), decoded.sr


def find_utterances(blocks: Iterable[Waveform], sr: int, target: int) -> Iterator[Utterance]:
    """Find where something sounds, as `speechrnn.streaming` does.

    Parameters
    ----------
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        The sound.
    sr, target : int
        Their rate, and that of the model, in Hz.

    Yields
    ------
    Utterance
        In order.

    Raises
    ------
    AudioError
        Samples that are not finite.
    """
    resampler, segmenter = Resampler(sr, target), Segmenter(SegmentOptions(), target)
    n = 0
    for block in blocks:
        if not np.isfinite(block).all():
            raise AudioError(
                f"samples after {n / sr:.2f} s are not finite numbers, needed all. Export the recording again."
            )
        n += block.size
        yield from segmenter.push(resampler.push(block))
    yield from segmenter.push(resampler.finish())
    yield from segmenter.finish()
