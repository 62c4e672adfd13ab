"""The plain chain, one library a step: librosa loads, trims and computes MFCC, Keras answers.

It is what the graph in ``model.onnx`` must equal, what learners can follow line by line (`predict_file`), and
``speechrnn predict --runtime keras`` (`KerasEngine`, on samples from `speechrnn.audio`, which equal those of
`librosa.load` bit by bit).
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import librosa
import numpy as np

from speechrnn.audio import Waveform, load_audio
from speechrnn.bundle import WEIGHTS, Bundle, read_bundle
from speechrnn.engine import check_isolated
from speechrnn.errors import BundleError, TrainingError
from speechrnn.places import find_model
from speechrnn.recognizer import Answers, OnnxEngine, Recognizer
from speechrnn.training.batches import pad_features
from speechrnn.training.bounds import find_word
from speechrnn.training.features import word_mfcc
from speechrnn.training.network import build_network
from speechrnn.training.weights import load_weights, set_weights

# between the graph and Keras, in probability
TOLERANCE = 1e-4


class KerasEngine:
    """The chain of librosa and Keras behind the interface of `speechrnn.recognizer.Engine`.

    Parameters
    ----------
    bundle : Bundle
        With ``weights.safetensors``; the network is rebuilt from its configuration, nothing is deserialised.

    Raises
    ------
    BundleError
        It is a model of strings.
    """

    def __init__(self, bundle: Bundle) -> None:
        check_isolated(bundle)
        self._config = bundle.config
        self._network = load_network(bundle)

    def run(self, waveforms: Sequence[Waveform]) -> Answers:
        """Answer for a batch of recordings.

        Parameters
        ----------
        waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
            At the bundle's rate.

        Returns
        -------
        Answers
            As the graph gives them.
        """
        bounds = [find_word(y, self._config.trim, self._config.audio.sample_rate) for y in waveforms]
        batch = pad_features([word_mfcc(y, self._config) for y in waveforms])
        answers = self._network(batch, training=False)
        rejecting = isinstance(answers, list | tuple)
        probabilities = keras.ops.convert_to_numpy(answers[0] if rejecting else answers)
        known = keras.ops.convert_to_numpy(answers[1])[:, 0] if rejecting else np.ones(len(waveforms), np.float32)
        start = np.array([word.start for word in bounds], np.int64)
        return Answers(probabilities, known, start, np.array([word.end for word in bounds], np.int64))


def load_network(bundle: Bundle) -> keras.Model:
    """Rebuild a bundle's network in Keras.

    Parameters
    ----------
    bundle : Bundle
        With ``weights.safetensors``.

    Returns
    -------
    keras.Model
        From MFCC to probabilities, with the bundle's weights.

    Raises
    ------
    BundleError
        The bundle has no weights, damaged ones, or some that do not fit its configuration.
    """
    network = build_network(bundle.config, len(bundle.labels))
    try:
        set_weights(network, load_weights(bundle.read(WEIGHTS)))
    except TrainingError as error:  # its advice is for a training that begins with another network
        seen = str(error).partition(". ")[0]
        raise BundleError(f"{bundle.path}: {seen}. Train or fetch it again.") from error
    return network


def load_reference(model: str | Path | None = None, *, threshold: float | None = None) -> Recognizer:
    """Load a model that answers through librosa and Keras.

    Parameters
    ----------
    model : str or Path, optional
        As for `speechrnn.load`.
    threshold : float, optional
        As for `speechrnn.load`.

    Returns
    -------
    Recognizer
        With a `KerasEngine`.
    """
    bundle = read_bundle(find_model(model))
    return Recognizer(bundle, KerasEngine(bundle), threshold=threshold)


def check_parity(bundle: Bundle, paths: Sequence[Path]) -> float:
    """Compare the graph with librosa and Keras on recordings.

    Parameters
    ----------
    bundle : Bundle
        Just exported.
    paths : sequence of Path
        Readable recordings.

    Returns
    -------
    float
        The largest difference in probability.

    Raises
    ------
    TrainingError
        It is over `TOLERANCE`, or the trim bounds differ.
    """
    return check_parity_on(bundle, [load_audio(path, bundle.config.audio) for path in paths])


def check_parity_on(bundle: Bundle, waveforms: Sequence[Waveform]) -> float:
    """Compare the graph with librosa and Keras on recordings that are read already.

    Parameters
    ----------
    bundle : Bundle
        Just exported.
    waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
        At the bundle's rate; at least one.

    Returns
    -------
    float
        As `check_parity`.

    Raises
    ------
    TrainingError
        As `check_parity`.
    """
    exported, reference = OnnxEngine(bundle), KerasEngine(bundle)
    ours, theirs = exported.run(waveforms), reference.run(waveforms)
    apart = [np.abs(a - b).max() for a, b in ((ours.probabilities, theirs.probabilities), (ours.known, theirs.known))]
    difference = float(np.max(apart))
    moved = int(np.sum((ours.start != theirs.start) | (ours.end != theirs.end)))
    if moved or not difference <= TOLERANCE:  # so written, a difference that is no number is refused
        raise TrainingError(
            f"the exported graph differs from Keras by {difference:.2g} in probability and {moved} trim bounds, "
            f"allowed are {TOLERANCE:g} and none. Please report this with the versions in metadata.json."
        )
    return difference


def predict_file(path: Path, bundle: Bundle, network: keras.Model) -> str:
    """Recognise one file, step by step, as a tutorial would.

    Parameters
    ----------
    path : Path
        A recording that librosa reads.
    bundle : Bundle
        For labels and configuration.
    network : keras.Model
        From `load_network`.

    Returns
    -------
    str
        The most probable label.
    """
    config = bundle.config
    y, sr = librosa.load(path, sr=config.audio.sample_rate)
    trim, features = config.trim, config.features
    word = find_word(y, trim, round(sr))
    mfcc = librosa.feature.mfcc(
        y=y[word.start : word.end], sr=sr, n_mfcc=features.n_mfcc, n_fft=features.n_fft, hop_length=features.hop_length,
        n_mels=features.n_mels, fmin=features.fmin, fmax=features.fmax,
    )  # fmt: skip
    n_frames = mfcc.shape[1]
    answer = network.predict({"mfcc": mfcc.T[None], "n_frames": np.array([n_frames])}, verbose=0)
    probabilities = answer[0] if isinstance(answer, list) else answer  # with the output `known`, there are two
    return bundle.labels[int(probabilities[0].argmax())]
