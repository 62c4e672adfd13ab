"""Recognise spoken digits: train on recordings in minutes, predict in milliseconds.

Examples
--------
The common case is three lines; `speechrnn.load` takes a bundle's folder or the name of a model, and `predict` takes a
path, bytes, a file object or an array::

    import speechrnn

    recognizer = speechrnn.load("digits")
    print(recognizer.predict("six.wav").label)
"""

import importlib
from typing import Any

__version__ = "0.1.0"

# Names are imported when first used, so that `import speechrnn` costs nothing.
_HOMES = {
    "Config": "speechrnn.config",
    "CrossvalOptions": "speechrnn.crossvalidation",
    "Evaluation": "speechrnn.evaluation",
    "Prediction": "speechrnn.recognizer",
    "Recognizer": "speechrnn.recognizer",
    "SpeechRNNError": "speechrnn.errors",
    "StringRecognizer": "speechrnn.transcriber",
    "TrainOptions": "speechrnn.training",
    "Transcript": "speechrnn.transcriber",
    "crossval": "speechrnn.crossvalidation",
    "evaluate": "speechrnn.evaluation",
    "listen": "speechrnn.streaming",
    "load": "speechrnn.recognizer",
    "load_audio": "speechrnn.audio",
    "load_strings": "speechrnn.transcriber",
    "train": "speechrnn.training",
    "transcribe": "speechrnn.transcriber",
}

__all__ = [
    "Config",
    "CrossvalOptions",
    "Evaluation",
    "Prediction",
    "Recognizer",
    "SpeechRNNError",
    "StringRecognizer",
    "TrainOptions",
    "Transcript",
    "__version__",
    "crossval",
    "evaluate",
    "listen",
    "load",
    "load_audio",
    "load_strings",
    "train",
    "transcribe",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'speechrnn' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
