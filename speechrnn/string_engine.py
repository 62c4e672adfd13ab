"""What runs a network for strings: stretches of sound in, log probabilities of each frame out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from speechrnn.audio import Waveform
from speechrnn.bundle import MODEL, Bundle
from speechrnn.decoding import LogProbs
from speechrnn.engine import INPUTS, pad, signature
from speechrnn.errors import BundleError
from speechrnn.runtime import FAILURES, onnxruntime

_OUTPUTS = {"log_probs": ("tensor(float)", 3), "n_log_probs": ("tensor(int64)", 1)}


class FrameEngine(Protocol):
    """What runs a network for strings; `frame_length` is the number of samples from one of its answers to the next."""

    frame_length: int

    def run(self, waveforms: Sequence[Waveform]) -> list[LogProbs]:
        """Answer for a batch of stretches of sound, each of its own length."""


class StringEngine:
    """Runs the ``model.onnx`` of a bundle of kind ``strings`` in onnxruntime.

    Parameters
    ----------
    bundle : Bundle
        Of kind ``strings``.
    threads : int
        Threads inside one call.

    Raises
    ------
    BundleError
        The bundle is of another kind, or its graph cannot be loaded or does not fit the labels.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        if bundle.metadata.kind != "strings":
            raise BundleError(
                f"{bundle.path}: a bundle for {bundle.metadata.kind} words, needed one for strings. Choose another, "
                "such as `strings`."
            )
        self._made_from = bundle, threads
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._path, self._n_units = bundle.path, 1 + len(bundle.labels)
        features, network = bundle.config.features, bundle.config.network
        self.frame_length = features.hop_length * network.stride
        data = bundle.read(MODEL)
        try:
            self._session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"], enable_fallback=0)
            nodes = self._session.get_inputs(), self._session.get_outputs()
            inputs, outputs = (signature(side) for side in nodes)
            n_units = next((node.shape[-1] for node in nodes[1] if node.name == "log_probs"), 0)
        except FAILURES as error:
            raise self._unfit("cannot be loaded", error) from error
        if inputs != INPUTS or not _OUTPUTS.items() <= outputs.items() or n_units != self._n_units:
            raise BundleError(
                f"{bundle.path}: {MODEL} takes {', '.join(inputs)} and gives {', '.join(outputs)} ({n_units} units); "
                f"needed {', '.join(INPUTS)} and {', '.join(_OUTPUTS)} ({self._n_units} units). Train or fetch it "
                "again."
            )

    def __reduce__(self) -> tuple[type["StringEngine"], tuple[Bundle, int]]:
        """Travel to another process as the bundle: a session cannot, and is opened again there."""
        return StringEngine, self._made_from

    def run(self, waveforms: Sequence[Waveform]) -> list[LogProbs]:
        """Answer for a batch of stretches of sound.

        Parameters
        ----------
        waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
            At the bundle's rate; each of its own length, at least one sample.

        Returns
        -------
        list of np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            Natural logarithms of probabilities, the blank first; none depends on its neighbours.

        Raises
        ------
        BundleError
            The graph fails, or does not give what it declares.
        """
        try:
            log_probs, n_frames = self._session.run(list(_OUTPUTS), pad(waveforms))
        except FAILURES as error:
            raise self._unfit("fails", error) from error
        n = len(waveforms)
        if log_probs.ndim != 3 or log_probs.shape[::2] != (n, self._n_units) or n_frames.shape != (n,):
            raise BundleError(f"{self._path}: {MODEL} gives other shapes than it declares. Train or fetch it again.")
        rows = [row[: int(count)] for row, count in zip(log_probs, n_frames, strict=True)]
        if not all(np.isfinite(row).all() for row in rows):
            raise BundleError(
                f"{self._path}: {MODEL} gives probabilities that are no numbers. Train or fetch it again."
            )
        return rows

    def _unfit(self, what: str, error: Exception) -> BundleError:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:300]
        return BundleError(f"{self._path}: {MODEL} {what} ({reason}). Train or fetch it again.")
