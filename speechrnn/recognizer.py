"""A bundle and an engine that runs it: recording in, `Prediction` out.

The engine of the base install is onnxruntime (`speechrnn.engine`); `speechrnn.training.reference` has the librosa-Keras
chain behind the same interface.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from speechrnn.audio import Source, Waveform, load_audio
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.engine import Answers, Engine, OnnxEngine, pad
from speechrnn.errors import AudioError
from speechrnn.places import find_model
from speechrnn.thresholds import check_threshold
from speechrnn.waveform import LOUDEST

__all__ = ["Answers", "Engine", "OnnxEngine", "Prediction", "Recognizer", "load", "pad"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was heard in one recording; `dataclasses.asdict` of it is the JSON of the command line.

    Attributes
    ----------
    path : str or None
        The file, where there is one.
    label : str or None
        The most probable label, or None where the recording is probably none of them or could not be read.
    probability : float or None
        Of the most probable label, given that it is any.
    probabilities : dict of str to float, or None
        By label, in the order of the bundle.
    known : float or None
        Probability that this is any label at all; 1 for bundles that were not trained to reject.
    start, end : float or None
        Where the word was found, in seconds.
    error : str or None
        Why the recording could not be read.
    """

    path: str | None
    label: str | None
    probability: float | None
    probabilities: dict[str, float] | None
    known: float | None
    start: float | None
    end: float | None
    error: str | None = None


class Recognizer:
    """Recognises one word a recording.

    Parameters
    ----------
    bundle : Bundle
        The model.
    engine : Engine, optional
        What runs it; onnxruntime if absent.
    threshold : float, optional
        Answer only where `known` and the probability are both at least this, in place of the bundle's own threshold,
        which looks at `known` alone.

    Raises
    ------
    ConfigError
        `threshold` is no number from 0 to 1.
    """

    def __init__(self, bundle: Bundle, engine: Engine | None = None, *, threshold: float | None = None) -> None:
        self.bundle = bundle
        self.threshold = bundle.metadata.threshold if threshold is None else check_threshold("threshold", threshold)
        self.chosen_threshold = threshold
        self._engine = engine or OnnxEngine(bundle)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it knows, in the order of the network's outputs."""
        return self.bundle.labels

    def load_audio(self, source: Source, *, sr: int | None = None) -> Waveform:
        """Read a recording as this model hears it.

        Parameters
        ----------
        source : str, Path, bytes, binary file object, or np.ndarray
            See `speechrnn.load_audio`.
        sr : int, optional
            The rate of an array in Hz; the model's own if absent.

        Returns
        -------
        np.ndarray [shape=(n,), dtype=float32]
            Samples at the model's rate.
        """
        return load_audio(source, self.bundle.audio, sr=sr)

    def predict(self, source: Source, *, sr: int | None = None) -> Prediction:
        """Say which word a recording holds.

        Parameters
        ----------
        source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
            See `speechrnn.load_audio`.
        sr : int, optional
            The rate of an array in Hz; the model's own if absent.

        Returns
        -------
        Prediction
            Its `label` is None where the recording is probably none of the labels.

        Raises
        ------
        AudioError
            The recording cannot be read or cannot hold a word.
        OSError
            The file cannot be opened.
        """
        [prediction] = self.predict_batch([self.load_audio(source, sr=sr)])
        return replace(prediction, path=str(source)) if isinstance(source, str | Path) else prediction

    def predict_batch(self, waveforms: Sequence[Waveform]) -> list[Prediction]:
        """Say which word each of several recordings holds.

        Parameters
        ----------
        waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
            At the model's rate, as `load_audio` gives them; of one length also the rows of an array.

        Returns
        -------
        list of Prediction
            In the same order.

        Raises
        ------
        AudioError
            One that `load_audio` would not give: of another shape, empty, or not finite.
        """
        if len(waveforms) == 0:
            return []
        if isinstance(waveforms, np.ndarray) and waveforms.ndim == 1:
            raise AudioError("one waveform, needed several. Put it into a list, or give it to `predict`.")
        for i, y in enumerate(waveforms):
            _check_waveform(i, y)
        answers = self._engine.run(waveforms)
        return [self._predict_row(answers, row) for row in range(len(waveforms))]

    def refuses(self, known: float, probability: float) -> bool:
        """Tell whether a recording is answered "none".

        Parameters
        ----------
        known, probability : float
            As in its `Prediction`.

        Returns
        -------
        bool
            True below the threshold.
        """
        return known < self.threshold or probability < (self.chosen_threshold or 0.0)

    def _predict_row(self, answers: Answers, row: int) -> Prediction:
        probabilities = dict(zip(self.labels, answers.probabilities[row].tolist(), strict=True))
        best = max(probabilities, key=probabilities.__getitem__)
        known = float(answers.known[row])
        rate = self.bundle.metadata.sample_rate
        return Prediction(
            path=None,
            label=None if self.refuses(known, probabilities[best]) else best,
            probability=probabilities[best],
            probabilities=probabilities,
            known=known,
            start=int(answers.start[row]) / rate,
            end=int(answers.end[row]) / rate,
        )


def _check_waveform(i: int, y: Waveform) -> None:
    where, advice = f"waveform {i} of the batch", "Give what load_audio makes of it."
    if not isinstance(y, np.ndarray) or y.dtype.kind != "f":
        seen = f"an array of {y.dtype}" if isinstance(y, np.ndarray) else f"of type {type(y).__name__}"
        raise AudioError(f"{where} is {seen}, needed an array of float32. {advice}")
    if y.ndim != 1 or y.size == 0:
        raise AudioError(f"{where} has the shape {y.shape}, needed (samples,) and at least one. {advice}")
    # what is no number fails both; two passes without a copy, as this is done for each clip
    if not (y.max() <= LOUDEST and y.min() >= -LOUDEST):
        raise AudioError(f"{where} has samples that are not finite or beyond {LOUDEST:g}, needed none. {advice}")


def load(model: str | Path | None = None, *, threshold: float | None = None) -> Recognizer:
    """Load a model.

    Parameters
    ----------
    model : str or Path, optional
        A bundle's folder or a model's name; without it the shipped model. A model of your own is always named.
    threshold : float, optional
        See `Recognizer`.

    Returns
    -------
    Recognizer
        Ready to predict.

    Raises
    ------
    BundleError
        There is no such model, or it is damaged.
    ConfigError
        `threshold` is no number from 0 to 1.
    """
    return Recognizer(read_bundle(find_model(model)), threshold=threshold)
