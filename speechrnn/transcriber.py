"""A model of strings, loaded and asked."""

from pathlib import Path

from speechrnn.audio import Source
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.errors import BundleError
from speechrnn.patterns import choose_pattern
from speechrnn.places import find_model, find_shipped
from speechrnn.second_ear import SecondEar
from speechrnn.string_recognizer import StringRecognizer
from speechrnn.transcript import Segment, Transcript

__all__ = ["Segment", "StringRecognizer", "Transcript", "load_strings", "transcribe"]

SHIPPED = "strings"


def load_strings(model: Bundle | str | Path | None = None, *, min_probability: float | None = None) -> StringRecognizer:
    """Load a model of strings, and the second ear that it names.

    Parameters
    ----------
    model : Bundle, str or Path, optional
        A bundle, its folder or a model's name; the shipped one if absent.
    min_probability : float, optional
        See `StringRecognizer`.

    Returns
    -------
    StringRecognizer
        Ready to transcribe.

    Raises
    ------
    BundleError
        There is no such model, or it or its second ear is damaged or of another kind.
    ConfigError
        `min_probability` is no number from 0 to 1.
    """
    if not isinstance(model, Bundle | str | Path | None):
        raise BundleError(explain_model(model))
    bundle = model if isinstance(model, Bundle) else read_bundle(find_model(SHIPPED if model is None else model))
    words = bundle.metadata.words
    ear = SecondEar(read_bundle(find_shipped(words)), bundle) if words else None
    return StringRecognizer(bundle, min_probability=min_probability, ear=ear)


def explain_model(model: object) -> str:
    """Say why something cannot hear strings.

    Parameters
    ----------
    model : object
        Such as what `speechrnn.load` gives.

    Returns
    -------
    str
        What it is, and what to give.

    Examples
    --------
    >>> explain_model(6)
    'a model of type int, needed a StringRecognizer, or the name or folder of a model. Give speechrnn.load_strings().'
    """
    kind = type(model).__name__
    seen = "a Recognizer, which hears single words" if kind == "Recognizer" else f"a model of type {kind}"
    return f"{seen}, needed a StringRecognizer, or the name or folder of a model. Give speechrnn.load_strings()."


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
        The model cannot be loaded, or is none of strings.
    OSError
        The file cannot be opened.
    """
    recognizer = model if isinstance(model, StringRecognizer) else load_strings(model)
    return recognizer.transcribe(source, sr, pattern=choose_pattern(length, pattern, recognizer.labels))
