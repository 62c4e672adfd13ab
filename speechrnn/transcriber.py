"""A bundle of kind `strings` and onnxruntime: recording in, digits out, one after the other with their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import Source, Waveform, load_audio
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.decoding import Found, LogProbs, decode
from speechrnn.errors import ConfigError
from speechrnn.patterns import Pattern, any_of_length, parse_pattern
from speechrnn.places import find_model
from speechrnn.string_engine import StringEngine

__all__ = ["Segment", "StringRecognizer", "Transcript", "load_strings", "transcribe"]

SHIPPED = "strings"


@dataclass(frozen=True, slots=True)
class Segment:
    """One digit of a string.

    Attributes
    ----------
    label : str
        Which.
    start, end : float
        About where it lies, in seconds.
    probability : float
        How sure the network is of it, 0 to 1.
    """

    label: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one recording; `dataclasses.asdict` of it is the JSON of the command line.

    Attributes
    ----------
    path : str or None
        The file, where there is one.
    digits : str or None
        All that was said, in order; empty where nothing was, None where the recording could not be read.
    segments : tuple of Segment
        The same, one by one.
    error : str or None
        Why the recording could not be read.
    """

    path: str | None
    digits: str | None
    segments: tuple[Segment, ...]
    error: str | None = None


class StringRecognizer:
    """Recognises strings of digits.

    Parameters
    ----------
    bundle : Bundle
        Of kind ``strings``.
    min_probability : float, optional
        Digits less probable are left out, in place of the bundle's own threshold.
    """

    def __init__(self, bundle: Bundle, *, min_probability: float | None = None) -> None:
        self.bundle = bundle
        self.min_probability = bundle.metadata.threshold if min_probability is None else min_probability
        self._engine = StringEngine(bundle)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it knows; label ``i`` is unit ``1 + i`` of the network."""
        return self.bundle.labels

    @property
    def sample_rate(self) -> int:
        """The rate at which it hears, in Hz."""
        return self.bundle.metadata.sample_rate

    @property
    def frame_seconds(self) -> float:
        """From one row of `log_probs` to the next."""
        return self._engine.frame_length / self.sample_rate

    def log_probs(self, y: Waveform) -> LogProbs:
        """Run the network on one stretch of sound.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            At the model's rate; some seconds, not hours.

        Returns
        -------
        np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            Natural logarithms of probabilities, the blank first.
        """
        [rows] = self._engine.run([y])
        return rows

    def hear(self, y: Waveform, start: int = 0) -> tuple[Segment, ...]:
        """Find the digits in one stretch of sound, such as an utterance of a stream.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            At the model's rate; some seconds, not hours.
        start : int
            Sample of the stream at which `y` begins.

        Returns
        -------
        tuple of Segment
            In seconds of the stream; those less probable than `min_probability` are left out.
        """
        found = decode(self.log_probs(y))
        return self._segments(found, [start] * len(found))

    def _segments(self, found: Sequence[Found], starts: Sequence[int]) -> tuple[Segment, ...]:
        second = self.frame_seconds
        return tuple(
            Segment(
                self.labels[one.unit - 1],
                start / self.sample_rate + one.first * second,
                start / self.sample_rate + (one.last + 1) * second,
                one.probability,
            )
            for one, start in zip(found, starts, strict=True)
            if one.probability >= self.min_probability
        )

    def transcribe(self, source: Source, sr: int | None = None, *, pattern: Pattern | None = None) -> Transcript:
        """Say which digits a recording holds.

        Parameters
        ----------
        source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
            See `speechrnn.load_audio`.
        sr : int, optional
            The rate of an array in Hz; the model's own if absent.
        pattern : Pattern, optional
            What is known of the string; see `speechrnn.patterns.parse_pattern`.

        Returns
        -------
        Transcript
            Its digits are empty where nothing is said.

        Raises
        ------
        AudioError
            The recording cannot be read.
        """
        y = load_audio(source, self.bundle.config.audio, sr=sr)
        found = decode(self.log_probs(y), pattern.places if pattern else None)
        segments = self._segments(found, [0] * len(found))
        path = str(source) if isinstance(source, str | Path) else None
        return Transcript(path, "".join(one.label for one in segments), segments)


def load_strings(model: str | Path | None = None, *, min_probability: float | None = None) -> StringRecognizer:
    """Load a model of strings.

    Parameters
    ----------
    model : str or Path, optional
        A bundle's folder or a model's name; the shipped one if absent.
    min_probability : float, optional
        See `StringRecognizer`.

    Returns
    -------
    StringRecognizer
        Ready to transcribe.

    Raises
    ------
    BundleError
        There is no such model, it is damaged, or it is of another kind.
    """
    return StringRecognizer(read_bundle(find_model(model or SHIPPED)), min_probability=min_probability)


def transcribe(
    source: Source,
    model: StringRecognizer | str | Path | None = None,
    *,
    sr: int | None = None,
    length: int | None = None,
    pattern: str | None = None,
) -> Transcript:
    """Say which digits a recording holds.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
        See `speechrnn.load_audio`.
    model : StringRecognizer, str or Path, optional
        A model, as `load_strings` takes it.
    sr : int, optional
        The rate of an array in Hz; the model's own if absent.
    length : int, optional
        How many digits there are.
    pattern : str, optional
        Such as ``ddd-dddd``; in place of `length`.

    Returns
    -------
    Transcript
        The digits and their times.

    Raises
    ------
    ConfigError
        Both length and pattern are given, or one of them is wrong.
    AudioError
        The recording cannot be read.
    BundleError
        The model cannot be loaded.
    """
    recognizer = model if isinstance(model, StringRecognizer) else load_strings(model)
    return recognizer.transcribe(source, sr, pattern=choose_pattern(recognizer, length, pattern))


def choose_pattern(recognizer: StringRecognizer, length: int | None, pattern: str | None) -> Pattern | None:
    """Read what is known of the strings.

    Parameters
    ----------
    recognizer : StringRecognizer
        For its labels.
    length : int, optional
        How many digits there are.
    pattern : str, optional
        Such as ``ddd-dddd``.

    Returns
    -------
    Pattern or None
        None where nothing is known.

    Raises
    ------
    ConfigError
        Both are given, or one of them is wrong.
    """
    if length is not None and pattern is not None:
        raise ConfigError("length and pattern are both given, needed one of them: the pattern has a length.")
    if pattern is not None:
        return parse_pattern(pattern, recognizer.labels)
    return None if length is None else any_of_length(length)
