"""What hears digits in an utterance: a model of strings, or one of single words in its place."""

from pathlib import Path
from typing import Protocol

import numpy as np

from speechrnn.bundle import Bundle, read_bundle
from speechrnn.errors import BundleError
from speechrnn.places import find_model
from speechrnn.recognizer import Recognizer
from speechrnn.transcriber import SHIPPED, load_strings
from speechrnn.transcript import Segment
from speechrnn.waveform import Waveform


class Ear(Protocol):
    """A model that finds digits in an utterance; `speechrnn.transcriber.StringRecognizer` is one."""

    bundle: Bundle

    def hear(self, y: Waveform, start: int = 0, last: Segment | None = None) -> tuple[Segment, ...]:
        """Find the digits; `start` is the sample of the stream where `y` begins, `last` the digit found before it."""


class WordEar:
    """A model of single words: of each utterance one word, or none.

    Parameters
    ----------
    recognizer : Recognizer
        The model.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self.bundle = recognizer.bundle

    def hear(self, y: Waveform, start: int = 0, last: Segment | None = None) -> tuple[Segment, ...]:  # noqa: ARG002 -- a lone word is judged alone
        """Find the word.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            An utterance at the model's rate.
        start : int
            Sample of the stream at which it begins.
        last : Segment, optional
            Changes nothing here.

        Returns
        -------
        tuple of Segment
            One, or none where it is no word of the model.
        """
        audio, sr = self.bundle.config.audio, self.bundle.metadata.sample_rate
        # what `load_audio` refuses in a file holds no word here either
        if y.size < audio.min_duration * sr or np.abs(y).max() < 10 ** (audio.min_peak_db / 20):
            return ()
        [found] = self._recognizer.predict_batch([y])
        if found.label is None:
            return ()
        at = start / sr
        return (Segment(found.label, at + (found.start or 0), at + (found.end or 0), found.probability or 0),)


def load_ear(model: str | Path | None = None, *, threshold: float | None = None) -> Ear:
    """Load a model to listen with, of strings or of single words.

    Parameters
    ----------
    model : str or Path, optional
        A bundle's folder or a model's name; without it the shipped model of strings, or where there is none, of words.
    threshold : float, optional
        In place of the model's own: an utterance in which no digit is so probable is left out, unless it comes within
        1.5 s of one; in others, digits far below it are.

    Returns
    -------
    Ear
        Ready to hear.

    Raises
    ------
    BundleError
        There is no such model, or it is damaged.
    ConfigError
        `threshold` is no number from 0 to 1.
    """
    bundle = read_bundle(_default() if model is None else find_model(model))
    if bundle.metadata.kind == "strings":
        return load_strings(bundle, min_probability=threshold)
    return WordEar(Recognizer(bundle, threshold=threshold))


def _default() -> Path:
    try:
        return find_model(SHIPPED)
    except BundleError:
        return find_model()
