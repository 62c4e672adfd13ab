"""What runs a network: recordings in, raw numbers out. The engine of the base install is onnxruntime."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from speechrnn.audio import Waveform
from speechrnn.bundle import MODEL, Bundle
from speechrnn.errors import BundleError

# onnxruntime's errors share no root of their own
_ORT_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.ModelLoadCanceled,
    ort_errors.NoModel,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


@dataclass(frozen=True, slots=True)
class Answers:
    """The raw output of an engine for a batch of recordings.

    Attributes
    ----------
    probabilities : np.ndarray [shape=(batch, n_labels), dtype=float32]
        Rows sum to 1.
    known : np.ndarray [shape=(batch,), dtype=float32]
        Probability of any label.
    start, end : np.ndarray [shape=(batch,), dtype=int64]
        Trim bounds in samples.
    """

    probabilities: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


class Engine(Protocol):
    """What runs a network."""

    def run(self, waveforms: Sequence[Waveform]) -> Answers:
        """Answer for a batch of recordings, each of its own length."""


class OnnxEngine:
    """onnxruntime on a bundle's ``model.onnx``: everything from trimming to softmax is in the graph.

    Parameters
    ----------
    bundle : Bundle
        Of kind ``isolated``.
    threads : int
        Threads inside one call; the calls themselves may come from several threads.

    Raises
    ------
    BundleError
        The graph cannot be loaded or does not fit the labels.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(bundle.read(MODEL), options, ["CPUExecutionProvider"])
        except _ORT_ERRORS as error:
            reason = str(error).splitlines()[0]
            raise BundleError(
                f"{bundle.path}: {MODEL} cannot be loaded ({reason}). Train or fetch it again."
            ) from error
        shapes = {output.name: output.shape for output in self._session.get_outputs()}
        n_outputs = shapes.get("probabilities", [None, None])[-1]
        if n_outputs != len(bundle.labels):
            raise BundleError(
                f"{bundle.path}: labels.json has {len(bundle.labels)} labels, the network {n_outputs} outputs; "
                "needed as many. Train or fetch it again."
            )

    def run(self, waveforms: Sequence[Waveform]) -> Answers:
        """Answer for a batch of recordings.

        Parameters
        ----------
        waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
            At the bundle's rate; each of its own length.

        Returns
        -------
        Answers
            One row a recording; none depends on its neighbours.
        """
        return Answers(*self._session.run(["probabilities", "known", "start", "end"], pad(waveforms)))


def pad(waveforms: Sequence[Waveform]) -> dict[str, npt.NDArray[Any]]:
    """Lay recordings of different lengths side by side, as ``model.onnx`` takes them.

    Parameters
    ----------
    waveforms : sequence of np.ndarray [shape=(n,), dtype=float32]
        At least one.

    Returns
    -------
    dict
        ``waveform`` float32 (batch, samples), zeros after each end, and ``length`` int64 (batch,).

    Examples
    --------
    >>> batch = pad([np.ones(2, np.float32), np.ones(3, np.float32)])
    >>> batch["waveform"].tolist(), batch["length"].tolist()
    ([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], [2, 3])
    """
    length = np.array([y.size for y in waveforms], np.int64)
    waveform = np.zeros((length.size, length.max()), np.float32)
    for row, y in zip(waveform, waveforms, strict=True):
        row[: y.size] = y
    return {"waveform": waveform, "length": length}
