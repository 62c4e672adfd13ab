"""Importing the heavy libraries: in one place, with one sentence where they are absent, and without their chatter."""

import contextlib
import importlib.util
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator

from speechrnn.errors import TrainingError
from speechrnn.extras import require

# of Keras; the first is what the extra brings
BACKENDS = ("tensorflow", "jax", "torch")
_HEAVY = ("onnx", "safetensors.numpy", "librosa", "keras")
# TensorFlow tells of its build and of devices it did not find, before any setting can stop it
_CHATTER = re.compile(
    rb"[IWE]0000 |\d{4}-\d\d-\d\d [\d:.]+: [IWE] |WARNING: All log messages|INFO: Created TensorFlow Lite|"
    rb"To enable the following instructions"
)


def import_heavy() -> None:
    """Import what this room needs.

    Raises
    ------
    MissingExtraError
        The extra ``train`` is not installed.
    TrainingError
        KERAS_BACKEND names what cannot train, or is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _check_backend(os.environ.get("KERAS_BACKEND", BACKENDS[0]))
    with without_chatter():
        for module in _HEAVY:
            require(module, extra="train", purpose="training")
    # it warns of graphs made anew, which batches of different lengths need
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _check_backend(name: str) -> None:
    if name not in BACKENDS:
        raise TrainingError(f"KERAS_BACKEND is {name!r}, needed {', '.join(BACKENDS)}. Unset it.")
    if name != BACKENDS[0] and importlib.util.find_spec(name) is None:
        raise TrainingError(f"KERAS_BACKEND is {name}, which is not installed. Install it, or unset KERAS_BACKEND.")


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Hold stderr back, then pass on all but the chatter; C++ writes past sys.stderr, so the descriptor is moved.

    Yields
    ------
    None
        As long as the libraries talk.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(real, 2)
            os.close(real)
            held.seek(0)
            lines = held.read().splitlines(keepends=True)
            os.write(2, b"".join(line for line in lines if not _CHATTER.match(line)))
