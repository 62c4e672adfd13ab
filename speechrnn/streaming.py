"""A model that listens: blocks of sound in, digits out as soon as an utterance has ended.

The same audio gives the same digits whatever its blocks: `speechrnn.resampling` and `speechrnn.segmenting` see to it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from speechrnn.blocks import Block, as_block
from speechrnn.ears import Ear, WordEar, load_ear
from speechrnn.errors import AudioError, BundleError
from speechrnn.recognizer import Recognizer
from speechrnn.resampling import Resampler
from speechrnn.segmenting import Segmenter, SegmentOptions, Utterance
from speechrnn.text import write_labels
from speechrnn.transcriber import explain_model
from speechrnn.transcript import Segment, Transcript
from speechrnn.waveform import Waveform


class Stream:
    """Hears a stream, block by block.

    Parameters
    ----------
    ear : Ear
        The model.
    sr : int
        Rate of the stream in Hz.
    options : SegmentOptions, optional
        What counts as an utterance.
    advice : str
        What to do about samples that are not finite.

    Raises
    ------
    AudioError
        A rate that no recorder has.
    """

    def __init__(
        self,
        ear: Ear,
        sr: int,
        options: SegmentOptions | None = None,
        *,
        advice: str = "Mend what gives the blocks.",
    ) -> None:
        self._ear, self.sr, self._advice = ear, sr, advice
        self._options = options or SegmentOptions()
        self._target = ear.bundle.metadata.sample_rate
        self._n = 0
        self._begin()

    @property
    def seconds(self) -> float:
        """How much has come by now."""
        return self._n / self.sr

    def _begin(self) -> None:
        self._resampler = Resampler(self.sr, self._target)
        self._segmenter = Segmenter(self._options, self._target)
        self._origin = round(self._n * self._target / self.sr)
        self._last: Segment | None = None

    def push(self, block: Waveform) -> list[Transcript]:
        """Take the next samples.

        Parameters
        ----------
        block : np.ndarray [shape=(n,), dtype=float32]
            Of any length.

        Returns
        -------
        list of Transcript
            Of the utterances that ended meanwhile and hold digits; times are those of the stream.

        Raises
        ------
        AudioError
            Samples that are not finite; none of the block is taken.
        """
        if not np.isfinite(block).all():
            bad = int(block.size - np.isfinite(block).sum())
            raise AudioError(
                f"{bad} of {block.size} samples that came after {self.seconds:.2f} s are not finite numbers, needed "
                f"all. {self._advice}"
            )
        self._n += block.size
        return self._hear(self._segmenter.push(self._resampler.push(block)))

    def skip(self, n: int) -> list[Transcript]:
        """Hear that samples were lost: what went on ends here, and what comes is new.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        list of Transcript
            What was going on, if it holds digits.
        """
        found = self.finish()
        self._n += n
        self._begin()
        return found

    def finish(self) -> list[Transcript]:
        """End the stream; what comes after is heard as a new one, its times going on.

        Returns
        -------
        list of Transcript
            What was going on, if it holds digits.
        """
        found = self._hear(self._segmenter.push(self._resampler.finish()) + self._segmenter.finish())
        self._begin()
        return found

    def _hear(self, utterances: list[Utterance]) -> list[Transcript]:
        answers = []
        for one in utterances:
            if segments := self._ear.hear(one.y, self._origin + one.start, self._last):
                self._last = segments[-1]
                answers.append(Transcript(None, write_labels([one.label for one in segments]), segments))
        return answers


def hear(stream: Stream, blocks: Iterable[Block]) -> Iterator[Transcript]:
    """Hear all that comes; whatever ends it, what was said by then is answered first.

    Parameters
    ----------
    stream : Stream
        The model and its state.
    blocks : iterable of Block
        The sound.

    Yields
    ------
    Transcript
        Of each utterance that holds digits, as soon as it has ended.

    Raises
    ------
    AudioError
        Samples that are not finite; or whatever the blocks raise.
    """
    try:
        for block in blocks:
            if block.lost:
                yield from stream.skip(block.lost)
            finite = np.isfinite(block.y)
            n_good = block.y.size if finite.all() else int(finite.argmin())
            yield from stream.push(block.y[:n_good])
            if n_good < block.y.size:
                stream.push(block.y[n_good:])  # which says so
    except (Exception, KeyboardInterrupt):  # not GeneratorExit: nobody takes an answer any more
        yield from stream.finish()
        raise
    yield from stream.finish()


def listen(blocks: Iterable[Any], sr: int, model: Ear | Recognizer | str | Path | None = None) -> Iterator[Segment]:
    """Listen to a stream.

    Parameters
    ----------
    blocks : iterable of np.ndarray [shape=(n,) or (n, channels)]
        Floats with full scale at 1; of any length, also of different ones, as they come.
    sr : int
        Their rate in Hz.
    model : Ear, Recognizer, str or Path, optional
        A model, or its name or folder; without it the shipped model of strings.

    Returns
    -------
    iterator of Segment
        Each digit, some 0.2 s after the end of its utterance; times are seconds of the stream.

    Raises
    ------
    AudioError
        A rate that no recorder has; while iterating: a block that is not of finite floats.
    BundleError
        The model cannot be loaded, or is none.
    """
    ear = load_ear(model) if model is None or isinstance(model, str | Path) else model
    ear = WordEar(ear) if isinstance(ear, Recognizer) else ear
    if not hasattr(ear, "hear"):
        raise BundleError(explain_model(ear))
    stream = Stream(ear, sr)
    return (segment for found in hear(stream, map(as_block, blocks)) for segment in found.segments)
