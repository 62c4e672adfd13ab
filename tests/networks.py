"""Networks with random weights for every preset, in Keras and in ONNX."""

import functools
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnxruntime

from speechrnn.config import Config
from speechrnn.training.export import to_onnx
from speechrnn.training.network import build_network
from speechrnn.training.weights import Arrays, get_weights, set_weights

N_LABELS = 7

# what no preset uses, so that each branch of the graph is compared with Keras
VARIANTS: dict[str, dict[str, Any]] = {
    "clip by clip and as it is": {"features.normalization": "both"},
    "mean pooling, mean and variance": {"network.pooling": "mean", "features.normalization": "mean_variance"},
    "nothing normalised, nothing rejected": {
        "features.normalization": "none",
        "features.standardize": False,
        "network.rejection": False,
    },
    "even kernel, two GRU layers both ways": {
        "network.conv": [{"filters": 6, "kernel_size": 4}],
        "features.normalization": "mean",
        "network.recurrent.cell": "gru",
        "network.recurrent.layers": 2,
    },
    "last state of both ways": {"network.pooling": "last", "network.recurrent.layers": 2, "network.hidden": [5]},
    "one way under attention": {"network.recurrent.bidirectional": False, "network.pooling": "attention"},
    "relu both ways under max": {
        "network.recurrent.cell": "rnn",
        "network.recurrent.activation": "relu",
        "network.pooling": "max",
    },
    "no layer at all": {"network.conv": [], "network.recurrent": None, "network.pooling": "mean"},
    "flatten straight to softmax": {"network.conv": [], "network.recurrent": None, "network.pooling": "flatten"},
    "every second frame, attention beside maximum": {
        "network.conv": [{"filters": 6, "kernel_size": 4}, {"filters": 5, "kernel_size": 3, "stride": 2}],
        "network.pooling": "attention_max",
    },
    "every third frame, flattened": {
        "network.conv": [{"filters": 6, "kernel_size": 3, "stride": 3}],
        "network.pooling": "flatten",
        "network.flatten_frames": 20,
    },
    "every second frame, last state, rejection": {
        "network.conv": [{"filters": 6, "kernel_size": 5, "stride": 2}],
        "network.pooling": "last",
        "network.hidden": [5],
        "network.rejection": True,
    },
    "16 kHz": {
        "audio.sample_rate": 16000,
        "features.n_fft": 512,
        "features.hop_length": 160,
        "features.fmax": 7600.0,
        "trim.frame_length": 500,
        "trim.hop_length": 100,
    },
}


@dataclass(frozen=True)
class Network:
    """One set of weights, twice."""

    config: Config
    weights: Arrays
    keras: keras.Model
    onnx: bytes
    session: onnxruntime.InferenceSession


@functools.cache
def random_network(name: str) -> Network:
    """Build a preset or a variant of the default, with no bias and no deviation left at its trivial value."""
    config = Config.load("default", VARIANTS[name]) if name in VARIANTS else Config.load(name)
    keras.utils.set_random_seed(3)
    model = build_network(config, N_LABELS)
    random = np.random.default_rng(3)
    weights = {
        # matrices hardly move: a recurrence with large weights is chaotic, and no two orders of addition agree
        key: array + random.normal(0, 0.1 if array.ndim == 1 else 0.01, array.shape).astype(np.float32)
        for key, array in get_weights(model).items()
    }
    if "standardization/deviation" in weights:
        weights["standardization/deviation"] = np.abs(weights["standardization/deviation"]) * 10
    if "calibration/temperature" in weights:
        weights["calibration/temperature"] = np.array([0.3], np.float32)
        weights["calibration/known"] = np.array([1.5, 0.4, -0.7], np.float32)
    set_weights(model, weights)
    onnx = to_onnx(config, weights, N_LABELS)
    return Network(config, weights, model, onnx, onnxruntime.InferenceSession(onnx))


def answers(network: Network, batch: dict[str, Any]) -> list[npt.NDArray[np.float32]]:
    """What Keras answers: probabilities and, where the network rejects, known."""
    found = network.keras(batch, training=False)
    if not isinstance(found, list):
        return [np.asarray(found)]
    return [np.asarray(found[0]), np.asarray(found[1])[:, 0]]
