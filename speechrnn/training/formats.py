"""What a bundle can be carried away in: how each format is written, and how its own runtime answers.

Every answer here is a `Heard`, so that one comparison serves all of them.
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx

from speechrnn.audio import Waveform
from speechrnn.bundle import MODEL, WEIGHTS, Bundle
from speechrnn.engine import OnnxEngine, pad
from speechrnn.errors import TrainingError
from speechrnn.extras import require
from speechrnn.runtime import onnxruntime
from speechrnn.string_engine import StringEngine
from speechrnn.training.export import to_onnx
from speechrnn.training.frontend_layer import build_whole
from speechrnn.training.int8 import quantize
from speechrnn.training.reference import TOLERANCE, load_network
from speechrnn.training.startup import without_chatter
from speechrnn.training.weights import get_weights

# TFLite's shapes are fixed; the longest of FSDD's 3,000 words has 2.3 s
SECONDS = 2.5
# what eight bits may change a probability by; accuracy is what counts, and stands in benchmarks/README.md
INT8_TOLERANCE = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Answers to several sounds.

    Attributes
    ----------
    probabilities : tuple of np.ndarray
        Of each sound, those of all labels and `known`; for strings those of each frame.
    bounds : np.ndarray [shape=(n, 2)]
        First sample of each word and the one after its last; zeros for strings.
    """

    probabilities: tuple[npt.NDArray[np.float32], ...]
    bounds: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Format:
    """How a bundle is written, and how what was written answers.

    Attributes
    ----------
    file : str
        What holds the model in the export's folder.
    write : callable
        From the bundle and the path of that file.
    hear : callable
        From that path and sounds; never with help of the bundle.
    tolerance : float
        Largest difference in probability from the bundle.
    seconds : float or None
        Longest sound, where there is a longest.
    strings : bool
        Whether a bundle of kind ``strings`` can be written.
    needs : str or None
        The module that must be imported before the file is opened, where there is one.
    """

    file: str
    write: Callable[[Bundle, Path], None]
    hear: Callable[[Path, Sequence[Waveform]], Heard]
    tolerance: float
    seconds: float | None = None
    strings: bool = False
    needs: str | None = None


def hear_bundle(bundle: Bundle, sounds: Sequence[Waveform]) -> Heard:
    """Answer with the bundle itself.

    Parameters
    ----------
    bundle : Bundle
        Of either kind.
    sounds : sequence of np.ndarray [shape=(n,), dtype=float32]
        At the bundle's rate.

    Returns
    -------
    Heard
        What every export is compared with.
    """
    if bundle.metadata.kind == "strings":
        rows = tuple(np.exp(rows) for rows in StringEngine(bundle).run(sounds))
        return Heard(rows, np.zeros((len(sounds), 2), np.int64))
    found = OnnxEngine(bundle).run(sounds)
    return _heard(found.probabilities, found.known, found.start, found.end)


def _heard(probabilities: Any, known: Any, start: Any, end: Any) -> Heard:
    rows = np.concatenate([np.asarray(probabilities), np.reshape(known, (-1, 1))], axis=1, dtype=np.float32)
    bounds = [np.reshape(side, -1) for side in (start, end)]
    return Heard(tuple(rows), np.stack(bounds, axis=1).astype(np.int64))


def _write_onnx(bundle: Bundle, path: Path) -> None:
    path.write_bytes(_graph(bundle))


def _write_onnx_int8(bundle: Bundle, path: Path) -> None:
    path.write_bytes(quantize(_graph(bundle)))


def _graph(bundle: Bundle) -> bytes:
    """The graph as this version writes it, or as it stands in a bundle without weights; labels go with it, as JSON."""
    data = bundle.read(MODEL)
    if WEIGHTS in bundle.metadata.sha256:
        data = to_onnx(bundle.config, get_weights(load_network(bundle)), len(bundle.labels))
    model = onnx.load_from_string(data)
    facts = {"labels": json.dumps(bundle.labels), "sample_rate": str(bundle.metadata.sample_rate)}
    onnx.helper.set_model_props(model, facts | {"threshold": str(bundle.metadata.threshold)})
    whole: bytes = model.SerializeToString(deterministic=True)
    return whole


def _hear_onnx(path: Path, sounds: Sequence[Waveform]) -> Heard:
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    if "log_probs" in names:
        log_probs, counts = session.run(["log_probs", "n_log_probs"], pad(sounds))
        rows = tuple(np.exp(row[:count]) for row, count in zip(log_probs, counts, strict=True))
        return Heard(rows, np.zeros((len(sounds), 2), np.int64))
    return _heard(*session.run(["probabilities", "known", "start", "end"], pad(sounds)))


def _write_tflite(bundle: Bundle, path: Path, *, optimize: bool = False) -> None:
    import tensorflow as tf

    _check_tensorflow()
    n_samples = round(SECONDS * bundle.metadata.sample_rate)
    # from concrete functions, the recurrent layers give no numbers; not from this one
    converter = tf.lite.TFLiteConverter.from_keras_model(
        build_whole(bundle.config, load_network(bundle), (1, n_samples))
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if optimize:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with _quietly():
        path.write_bytes(converter.convert())


def _write_tflite_int8(bundle: Bundle, path: Path) -> None:
    _write_tflite(bundle, path, optimize=True)


def _hear_tflite(path: Path, sounds: Sequence[Waveform]) -> Heard:
    litert = require("ai_edge_litert.interpreter", extra="tflite", purpose="running TFLite")
    run = litert.Interpreter(model_content=path.read_bytes(), num_threads=1).get_signature_runner()
    [_, n_samples] = run.get_input_details()["waveform"]["shape"]
    answers = []
    with _quietly():
        for y in sounds:
            waveform = np.zeros((1, n_samples), np.float32)
            waveform[0, : y.size] = y
            answers.append(run(waveform=waveform, length=np.array([y.size], np.int32)))
    return _join(answers)


def _write_saved_model(bundle: Bundle, path: Path) -> None:
    _check_tensorflow()
    whole = build_whole(bundle.config, load_network(bundle), (None, None))
    with _quietly():
        whole.export(path, format="tf_saved_model", verbose=False)


def _hear_saved_model(path: Path, sounds: Sequence[Waveform]) -> Heard:
    import tensorflow as tf

    batch = pad(sounds)
    loaded = tf.saved_model.load(path)  # its functions live no longer than it does
    waveform, length = tf.constant(batch["waveform"]), tf.constant(batch["length"].astype(np.int32))
    return _join([loaded.signatures["serving_default"](waveform=waveform, length=length)])


def _write_keras(bundle: Bundle, path: Path) -> None:
    build_whole(bundle.config, load_network(bundle), (None, None)).save(path)


def _hear_keras(path: Path, sounds: Sequence[Waveform]) -> Heard:
    batch = pad(sounds)
    # safe_mode: nothing in the file is executed; the layers are this package's
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    answers = model({"waveform": batch["waveform"], "length": batch["length"].astype(np.int32)}, training=False)
    return _join([{name: keras.ops.convert_to_numpy(value) for name, value in answers.items()}])


def _join(answers: Sequence[Mapping[str, Any]]) -> Heard:
    """From answers by name; where nothing is rejected, all is known."""
    parts = [np.concatenate([np.asarray(one[name]) for one in answers]) for name in ("probabilities", "start", "end")]
    probabilities, start, end = parts
    known = [np.asarray(one["known"]) for one in answers if "known" in one]
    return _heard(probabilities, np.concatenate(known) if known else np.ones(len(start)), start, end)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep TensorFlow's and LiteRT's reports of success to themselves."""
    with without_chatter(), contextlib.redirect_stdout(io.StringIO()):
        yield


def _check_tensorflow() -> None:
    if (backend := keras.backend.backend()) != "tensorflow":
        raise TrainingError(f"Keras runs on {backend}, needed tensorflow for this format. Unset KERAS_BACKEND.")


FORMATS: Mapping[str, Format] = {
    "onnx": Format("model.onnx", _write_onnx, _hear_onnx, TOLERANCE, strings=True),
    "onnx-int8": Format("model.onnx", _write_onnx_int8, _hear_onnx, INT8_TOLERANCE, strings=True),
    "tflite": Format("model.tflite", _write_tflite, _hear_tflite, TOLERANCE, SECONDS),
    "tflite-int8": Format("model.tflite", _write_tflite_int8, _hear_tflite, INT8_TOLERANCE, SECONDS),
    "saved-model": Format("saved_model", _write_saved_model, _hear_saved_model, TOLERANCE),
    # Keras knows the layers in the file once this was imported
    "keras": Format("model.keras", _write_keras, _hear_keras, TOLERANCE, needs="speechrnn.training"),
}
