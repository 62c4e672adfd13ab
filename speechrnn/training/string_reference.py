"""The plain chain for strings: librosa computes MFCC of the whole recording, Keras answers for each frame."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from speechrnn.audio import Waveform, load_audio
from speechrnn.bundle import Bundle
from speechrnn.decoding import LogProbs
from speechrnn.errors import TrainingError
from speechrnn.string_engine import StringEngine
from speechrnn.training.batches import pad_features
from speechrnn.training.features import mfcc
from speechrnn.training.reference import TOLERANCE, load_network


def run_reference(network: keras.Model, waveforms: Sequence[Waveform], bundle: Bundle) -> list[LogProbs]:
    """Answer for a batch of recordings with librosa and Keras.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.reference.load_network`.
    waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
        At the bundle's rate.
    bundle : Bundle
        Of kind ``strings``.

    Returns
    -------
    list of np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
        As `speechrnn.string_engine.StringEngine` gives them.
    """
    config = bundle.config
    features = [mfcc(y, config.features, config.audio.sample_rate) for y in waveforms]
    log_probs = keras.ops.convert_to_numpy(network(pad_features(features), training=False))
    stride = config.network.stride
    return [rows[: -(-len(one) // stride)] for rows, one in zip(log_probs, features, strict=True)]


def check_string_parity(bundle: Bundle, paths: Sequence[Path]) -> float:
    """Compare the graph with librosa and Keras on recordings.

    Parameters
    ----------
    bundle : Bundle
        Just exported, of kind ``strings``.
    paths : sequence of Path
        Readable recordings; at least one.

    Returns
    -------
    float
        The largest difference in probability.

    Raises
    ------
    TrainingError
        It is over `speechrnn.training.reference.TOLERANCE`.
    """
    waveforms = [load_audio(path, bundle.config.audio) for path in paths]
    ours = StringEngine(bundle).run(waveforms)
    theirs = run_reference(load_network(bundle), waveforms, bundle)
    # not `max`, which keeps what it has when it meets what is no number; that is refused
    difference = float(np.max([np.abs(np.exp(a) - np.exp(b)).max() for a, b in zip(ours, theirs, strict=True)]))
    if not difference <= TOLERANCE:
        raise TrainingError(
            f"the exported graph differs from Keras by {difference:.2g} in probability, allowed is {TOLERANCE:g}. "
            "Please report this with the versions in metadata.json."
        )
    return difference
