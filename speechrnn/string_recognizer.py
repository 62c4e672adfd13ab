"""The recognizer of strings: a bundle of that kind and onnxruntime; recording in, digits out, with their times."""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.audio import Source, Waveform, choose_rate
from speechrnn.belief import NUMBER, SOON, believe, relisten, widen
from speechrnn.bundle import Bundle
from speechrnn.decoding import BLANK, Decoded, Found, LogProbs, decode
from speechrnn.errors import AudioError
from speechrnn.evening import even_out
from speechrnn.patterns import Pattern
from speechrnn.progress import OpenProgress
from speechrnn.second_ear import SecondEar
from speechrnn.segmenting import Utterance
from speechrnn.speeds import hear_at_speeds
from speechrnn.string_engine import FrameEngine, StringEngine
from speechrnn.text import write_labels
from speechrnn.thresholds import check_threshold
from speechrnn.transcript import Segment, Transcript
from speechrnn.utterances import find_utterances, read_blocks


class StringRecognizer:
    """Recognises strings of digits.

    Parameters
    ----------
    bundle : Bundle
        Of kind ``strings``.
    engine : FrameEngine, optional
        What runs it; onnxruntime if absent.
    min_probability : float, optional
        In place of the bundle's own: an utterance in which no digit is so probable is left out, unless it comes within
        1.5 s of one; in others, digits far below it are. See `speechrnn.belief.believe`.
    ear : SecondEar, optional
        Hears each word once more.

    Raises
    ------
    ConfigError
        `min_probability` is no number from 0 to 1.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: FrameEngine | None = None,
        *,
        min_probability: float | None = None,
        ear: SecondEar | None = None,
    ) -> None:
        self.bundle = bundle
        self._ear = ear
        own = bundle.metadata.threshold
        self.min_probability = own if min_probability is None else check_threshold("min_probability", min_probability)
        self._engine = engine or StringEngine(bundle)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it knows; label ``i`` is unit ``1 + i`` of the network."""
        return self.bundle.labels

    @property
    def sample_rate(self) -> int:
        """The rate at which it hears, in Hz."""
        return self.bundle.metadata.sample_rate

    def log_probs(self, y: Waveform) -> LogProbs:
        """Run the network on one stretch of sound, its soft parts raised (`speechrnn.evening`).

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            At the model's rate; some seconds, not hours.

        Returns
        -------
        np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            Natural logarithms of probabilities, the blank first.
        """
        [rows] = self._hear_evenly([y])
        return rows

    def _hear_evenly(self, stretches: Sequence[Waveform]) -> list[LogProbs]:
        return self._engine.run([even_out(y, self.sample_rate) for y in stretches])

    def decode(self, y: Waveform) -> Decoded:
        """Find the digits in one stretch of sound, the improbable ones too.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            At the model's rate; some seconds, not hours.

        Returns
        -------
        Decoded
            With a second ear as both hear it, where they are in doubt at several speeds (`speechrnn.speeds`); else,
            where it is a number, searched again with a less probable blank.
        """
        if self._ear is not None:
            return hear_at_speeds(y, self.sample_rate, self._hear_evenly, self._ear)
        rows = self.log_probs(y)
        strict = decode(rows)
        number = len(believe(strict, self.min_probability)) >= NUMBER
        return relisten(rows) if number else Decoded(rows, strict)

    def hear(self, y: Waveform, start: int = 0, last: Segment | None = None) -> tuple[Segment, ...]:
        """Find the digits in one stretch of sound, such as an utterance of a stream.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            At the model's rate; some seconds, not hours.
        start : int
            Sample of the stream at which `y` begins.
        last : Segment, optional
            The digit that was found before it; shortly after one, doubtful digits count too.

        Returns
        -------
        tuple of Segment
            In seconds of the stream; improbable ones are left out.
        """
        return self.believe(self.decode(y), start, last, n=y.size)

    def believe(
        self, decoded: Decoded, start: int = 0, last: Segment | None = None, *, n: int | None = None
    ) -> tuple[Segment, ...]:
        """Leave out what is improbable.

        Parameters
        ----------
        decoded : Decoded
            From `decode`.
        start, last
            As for `hear`.
        n : int, optional
            Samples of the stretch, where its last frame may be longer; no digit ends after them.

        Returns
        -------
        tuple of Segment
            As from `hear`.
        """
        follows = last is not None and start / self.sample_rate - last.end <= SOON
        found = believe(decoded.found, self.min_probability, follows=follows)
        length = self._engine.frame_length * decoded.speed
        end = start + (round(len(decoded.rows) * length) if n is None else n)
        return self._segments(found, _Clock((length,), (start,), (0,)), (start, end))

    def _segments(self, found: Sequence[Found], clock: "_Clock", inside: tuple[int, int]) -> tuple[Segment, ...]:
        rate = self.sample_rate
        edges = inside[0] / rate, inside[1] / rate
        spans = [(clock.sample(one.first) / rate, clock.sample(one.last, 1) / rate) for one in found]
        return tuple(
            Segment(self.labels[one.unit - 1], start, end, one.probability)
            for one, (start, end) in zip(found, widen(spans, _SHORTEST, edges), strict=True)
        )

    def transcribe(
        self,
        source: Source,
        sr: int | None = None,
        *,
        pattern: Pattern | None = None,
        on_progress: OpenProgress | None = None,
    ) -> Transcript:
        """Say which digits a recording holds; it may be hours long.

        Parameters
        ----------
        source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
            See `speechrnn.load_audio`; of a file no more than a few seconds are in memory at once.
        sr : int, optional
            The rate of an array in Hz; the model's own if absent.
        pattern : Pattern, optional
            What is known of the string; see `speechrnn.patterns.parse_pattern`. Where no digit is probable enough
            there are none; else as many as it has places, however improbable, each as the best speed has it.
        on_progress : callable, optional
            Called with the seconds that were heard, and with all where they are known.

        Returns
        -------
        Transcript
            Its digits are empty where nothing is said.

        Raises
        ------
        AudioError
            The recording cannot be read, or sounds for too short a time for `pattern`.
        OSError
            The file cannot be opened.
        """
        path = str(source) if isinstance(source, str | Path) else None
        reading = read_blocks(source, choose_rate(source, sr, self.sample_rate))
        blocks = reading.blocks if on_progress is None else reading.watched(on_progress)
        utterances = find_utterances(blocks, reading.sr, self.sample_rate)
        if pattern is None:
            segments = list[Segment]()
            for one in utterances:
                segments += self.hear(one.y, one.start, segments[-1] if segments else None)
            return Transcript(path, write_labels([one.label for one in segments]), tuple(segments))
        return self._fit(path, utterances, pattern)

    def _fit(self, path: str | None, utterances: Iterable[Utterance], pattern: Pattern) -> Transcript:
        """One search through all utterances, a blank between each two."""
        # impossible, not improbable: where more is asked for than was heard, it would take a digit
        blank = np.full((1, 1 + len(self.labels)), -np.inf, np.float32)
        blank[0, BLANK] = 0.0
        parts: list[LogProbs] = []
        lengths, starts, firsts, heard, end = [0.0], [0], [0], False, 0
        for one in utterances:
            decoded = self.decode(one.y)
            heard = heard or bool(believe(decoded.found, self.min_probability))
            lengths.append(self._engine.frame_length * decoded.speed)
            starts.append(one.start)
            end = one.start + one.y.size
            firsts.append(sum(map(len, parts)) + 1)
            parts += [blank, decoded.rows]
        if not heard:
            return Transcript(path, "", ())
        clock = _Clock(tuple(lengths), tuple(starts), tuple(firsts))
        found = decode(np.concatenate(parts), pattern.places)
        if len(found) < len(pattern.places):
            each = zip(lengths[1:], parts[1::2], strict=True)  # without the blanks
            seconds = sum(length * len(rows) for length, rows in each) / self.sample_rate
            raise AudioError(
                f"sounds for {seconds:.1f} s, too short a time for {len(pattern.places)} digits. Ask for as many as "
                "are said."
            )
        segments = self._segments(found, clock, (0, end))
        return Transcript(path, write_labels([one.label for one in segments]), segments)


# a network says a digit in a few frames of it; in running speech few are shorter than this, in seconds
_SHORTEST = 0.2


@dataclass(frozen=True, slots=True)
class _Clock:
    """From frames to samples: where each utterance begins, as a frame and as a sample, and what a frame of it covers.

    `speechrnn.readings.cut` spreads the frames of an utterance over its samples, of which the last frame may have few:
    towards the end it has a word up to a frame earlier than this, some 15 ms. Cutting as this does would change what
    the second ear hears, and other times which doubtful digits follow a sure one soon enough to count.
    """

    lengths: tuple[float, ...]
    starts: tuple[int, ...]
    firsts: tuple[int, ...]

    def sample(self, frame: int, further: int = 0) -> int:
        i = bisect.bisect_right(self.firsts, frame) - 1
        return self.starts[i] + round((frame - self.firsts[i] + further) * self.lengths[i])
