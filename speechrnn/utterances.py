"""From a recording of any length to the stretches of it in which something sounds, a few seconds in memory at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import Source, Waveform, decode_source
from speechrnn.blocks import FileBlocks
from speechrnn.progress import OpenProgress
from speechrnn.resampling import Resampler
from speechrnn.segmenting import Segmenter, SegmentOptions, Utterance
from speechrnn.waveform import LONGEST_WHOLE, check_finite, check_not_void, round_rate

# of a recording that is read piece by piece
BLOCK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A recording of any length, opened.

    Attributes
    ----------
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        Mono; while iterating, a file that is damaged raises AudioError.
    sr : int
        Their rate in Hz.
    seconds : int or None
        How long it is, where that is known before it is read.
    """

    blocks: Iterable[Waveform]
    sr: int
    seconds: int | None

    def watched(self, on_progress: OpenProgress) -> Iterator[Waveform]:
        """Give the blocks, and tell how far they are.

        Parameters
        ----------
        on_progress : callable
            Called before each block with the seconds that were taken, and with all where they are known.

        Yields
        ------
        np.ndarray [shape=(n,), dtype=float32]
            The blocks.
        """
        n = 0
        for block in self.blocks:
            on_progress(n // self.sr, self.seconds)
            n += block.size
            yield block


def read_blocks(source: Source, sr: float) -> Reading:
    """Open a recording of any length.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
        See `speechrnn.load_audio`.
    sr : float
        The rate of an array in Hz. Files know theirs.

    Returns
    -------
    Reading
        Blocks of a second.

    Raises
    ------
    AudioError
        Not audio, or empty; too long, where it is no file that can be read piece by piece; a rate that no recorder has.
    OSError
        The file cannot be opened.
    """
    if isinstance(source, str | Path):
        file = FileBlocks(Path(source), BLOCK_SECONDS)
        return Reading((block.y for block in file), file.sr, file.seconds)
    decoded = decode_source(source, LONGEST_WHOLE, round_rate(sr))
    check_not_void(decoded.y.size)
    size = max(1, round(BLOCK_SECONDS * decoded.sr))
    blocks = (decoded.y[at : at + size] for at in range(0, decoded.y.size, size))
    return Reading(blocks, decoded.sr, decoded.y.size // decoded.sr)


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
        check_finite(block, n / sr)
        n += block.size
        yield from segmenter.push(resampler.push(block))
    yield from segmenter.push(resampler.finish())
    yield from segmenter.finish()
