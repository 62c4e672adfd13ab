"""What runs a network: recordings in, raw numbers out. The engine of the base install is onnxruntime."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from speechrnn.audio import Waveform
from speechrnn.bundle import MODEL, Bundle
from speechrnn.errors import BundleError
from speechrnn.runtime import FAILURES, onnxruntime

# name, type and number of axes
INPUTS = {"waveform": ("tensor(float)", 2), "length": ("tensor(int64)", 1)}
_OUTPUTS = {
    "probabilities": ("tensor(float)", 2),
    "known": ("tensor(float)", 1),
    "start": ("tensor(int64)", 1),
    "end": ("tensor(int64)", 1),
}


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


def check_isolated(bundle: Bundle) -> None:
    """Refuse a model of strings where one word is to be heard.

    Parameters
    ----------
    bundle : Bundle
        The model.

    Raises
    ------
    BundleError
        It is of another kind.
    """
    if bundle.metadata.kind != "isolated":
        raise BundleError(
            f"{bundle.path}: a bundle for {bundle.metadata.kind}, needed one for isolated words. Choose another."
        )


class OnnxEngine:
    """Runs a bundle's ``model.onnx`` in onnxruntime: everything from trimming to softmax is in the graph.

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
        check_isolated(bundle)
        self._made_from = bundle, threads
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # the graph is written as it is best run; looking for more takes 5 ms a start and finds nothing
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._path, self._n_labels = bundle.path, len(bundle.labels)
        data = bundle.read(MODEL)
        try:
            # a fallback would print to stdout and try the same again
            self._session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"], enable_fallback=0)
            inputs, outputs = (signature(nodes) for nodes in (self._session.get_inputs(), self._session.get_outputs()))
            n_outputs = next(
                (node.shape[-1] for node in self._session.get_outputs() if node.name == "probabilities"), 0
            )
        except FAILURES as error:
            raise self._unfit("cannot be loaded", error) from error
        if inputs != INPUTS or not _OUTPUTS.items() <= outputs.items():
            raise BundleError(
                f"{bundle.path}: {MODEL} takes {', '.join(inputs)} and gives {', '.join(outputs)}; "
                f"needed {', '.join(INPUTS)} and {', '.join(_OUTPUTS)}. Train or fetch it again."
            )
        if n_outputs != self._n_labels:
            raise BundleError(
                f"{bundle.path}: labels.json has {self._n_labels} labels, the network {n_outputs} outputs; "
                "needed as many. Train or fetch it again."
            )

    def __reduce__(self) -> tuple[type["OnnxEngine"], tuple[Bundle, int]]:
        """Travel to another process as the bundle: a session cannot, and is opened again there."""
        return OnnxEngine, self._made_from

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

        Raises
        ------
        BundleError
            The graph fails, or does not give what it declares.
        """
        try:
            answers = Answers(*self._session.run(list(_OUTPUTS), pad(waveforms)))
        except FAILURES as error:
            raise self._unfit("fails", error) from error
        n = len(waveforms)
        if answers.probabilities.shape != (n, self._n_labels) or any(
            array.shape != (n,) for array in (answers.known, answers.start, answers.end)
        ):
            raise BundleError(f"{self._path}: {MODEL} gives other shapes than it declares. Train or fetch it again.")
        if not (np.isfinite(answers.probabilities).all() and np.isfinite(answers.known).all()):
            raise BundleError(
                f"{self._path}: {MODEL} gives probabilities that are no numbers. Train or fetch it again."
            )
        return answers

    def mfcc(self, y: Waveform, hop_length: int) -> npt.NDArray[np.float32]:
        """Compute what the network is given of one recording.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            At the bundle's rate.
        hop_length : int
            Samples from one frame to the next, as in the bundle's configuration.

        Returns
        -------
        np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            Of the part between the trim bounds.

        Raises
        ------
        BundleError
            The graph fails.
        """
        try:
            mfcc, start, end = self._session.run(["mfcc", "start", "end"], pad([y]))
        except FAILURES as error:
            raise self._unfit("fails", error) from error
        # the graph may give more frames, all zeros
        features: npt.NDArray[np.float32] = mfcc[0, : 1 + int(end[0] - start[0]) // hop_length]
        return features

    def _unfit(self, what: str, error: Exception) -> BundleError:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:300]
        return BundleError(f"{self._path}: {MODEL} {what} ({reason}). Train or fetch it again.")


def signature(nodes: Sequence[Any]) -> dict[str, tuple[str, int]]:
    """Say what a graph takes or gives.

    Parameters
    ----------
    nodes : sequence of onnxruntime.NodeArg
        Its inputs or outputs.

    Returns
    -------
    dict of str to tuple of str and int
        Type and number of axes of each by name.
    """
    return {node.name: (node.type, len(node.shape)) for node in nodes}


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
