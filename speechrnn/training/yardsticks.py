"""What `speechrnn bench` holds its figures against: librosa and Keras, each called as its own tutorial calls it."""

from collections.abc import Callable
from pathlib import Path

import keras
import librosa
import numpy as np

from speechrnn.benchmark import Row, Setting
from speechrnn.bundle import Bundle
from speechrnn.cost import count_multiply_adds
from speechrnn.engine import OnnxEngine
from speechrnn.rehearsal import rehearse
from speechrnn.timing import take_turns
from speechrnn.training.bounds import find_word
from speechrnn.training.features import mfcc
from speechrnn.training.reference import load_network

N_RUNS = 500
# of what takes long
N_CALL, N_PREDICT = 100, 30
SECONDS = 0.5


def warm_chain(setting: Setting) -> list[Row]:
    """One file at a time, to the label, against librosa.load, trim, mfcc and a call of the Keras model.

    Parameters
    ----------
    setting : Setting
        Clips, model, commands.

    Returns
    -------
    list of Row
        Medians, each beside its yardstick.
    """
    recognizer = setting.recognizer()
    network = load_network(recognizer.bundle)
    called = _chain(recognizer.bundle, lambda inputs: network(inputs, training=False))
    predicted = _chain(recognizer.bundle, lambda inputs: network.predict(inputs, verbose=0))
    paths = setting.paths
    ours = take_turns(
        {"ours": lambda i: recognizer.predict(paths[i % len(paths)]), "call": lambda i: called(paths[i % len(paths)])},
        min(N_CALL, len(paths)),
    )
    slow = take_turns({"predict": lambda i: predicted(paths[i % len(paths)])}, min(N_PREDICT, len(paths)))["predict"]
    same = sum(recognizer.predict(path).label in (None, called(path)) for path in paths[:N_PREDICT])
    a, b = ours["ours"], ours["call"]
    note = f"labels agree on {same} of {len(paths[:N_PREDICT])} clips that we answer or refuse"
    name = "warm clip, file to label, against librosa and Keras"
    return [
        Row(f"{name} model(x)", a, b, "ms", b / a, "aim: at least 20 times faster", None, note),
        Row(f"{name} model.predict", a, slow, "ms", slow / a, "told", None, "not in turns with ours"),
    ]


def one_word(setting: Setting) -> list[Row]:
    """Front end and network of one clip, samples to answer, against `librosa.feature.mfcc` of the same clip alone.

    Parameters
    ----------
    setting : Setting
        Clips, model, commands.

    Returns
    -------
    list of Row
        Medians, each beside its yardstick.
    """
    bundle = setting.recognizer().bundle
    rate, engine = bundle.metadata.sample_rate, OnnxEngine(bundle)
    y = rehearse(rate, SECONDS, n=2)[-1]
    features = bundle.config.features
    times = take_turns({"ours": lambda _: engine.run([y]), "theirs": lambda _: mfcc(y, features, rate)}, N_RUNS)
    bounds = find_word(y, bundle.config.trim, rate)
    front, network = count_multiply_adds(bundle.config, len(bundle.labels), bounds.end - bounds.start)
    a, b = times["ours"], times["theirs"]
    note = (
        f"{bundle.metadata.n_parameters:,} parameters, {front / 1e6:.1f} and {network / 1e6:.1f} million multiply-adds"
    )
    name = f"front end and network, {SECONDS} s, one thread, against librosa.feature.mfcc alone"
    return [Row(name, a, b, "ms", a / b, "aim: at most 0.6", None, note)]


def _chain(bundle: Bundle, answer: Callable[[dict[str, object]], object]) -> Callable[[Path], str]:
    """The chain as a tutorial writes it: path in, label out."""
    config = bundle.config

    def hear(path: Path) -> str:
        y, sr = librosa.load(path, sr=config.audio.sample_rate)
        bounds = find_word(y, config.trim, int(sr))
        coefficients = mfcc(y[bounds.start : bounds.end], config.features, int(sr))
        found = answer({"mfcc": coefficients[None], "n_frames": np.array([len(coefficients)])})
        probabilities = found[0] if isinstance(found, list | tuple) else found
        return bundle.labels[int(np.argmax(keras.ops.convert_to_numpy(probabilities)[0]))]

    return hear
