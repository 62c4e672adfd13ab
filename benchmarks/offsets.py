"""What a model leans to where it hears a stranger, taken off its labels: CROSSVAL NOISE OUT.

Trained on few people, a model takes the words of others for some labels more often than for others: of six strangers
"zero" for 2 in 39 clips and "two" for 0 in two. So each label gets an offset to its score, the same for everybody, by
which out-of-fold answers are most probable. `calibrate_pretrained.py` gives it to what ships; this file writes the
models of CROSSVAL again, each with the offsets that the other speakers ask for, and `speechrnn crossval` asks them.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from outoffold import FoldAnswers, hear_folds, join
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

from speechrnn.bundle import MODEL, WEIGHTS, Bundle, write_bundle
from speechrnn.training.calibration import Floats
from speechrnn.training.export import to_onnx
from speechrnn.training.raw import Raw
from speechrnn.training.weights import load_weights, save_weights

# how much an offset is pulled to zero; with a third of that more is gained where it is quiet, less in hiss
PULL = 0.03
BIAS = "output/bias"


def fit_offsets(speakers: Sequence[Raw]) -> Floats:
    """Find what to add to each label's logit, by the answers of fresh networks: each speaker counts alike."""
    heard = [(raw.log_probabilities[raw.is_label], raw.units[raw.is_label]) for raw in speakers]

    def badness(parameters: Floats) -> float:
        # how sure a model is must not look like what it leans to
        scale, offsets = np.exp(-parameters[0]), parameters[1:]
        surprise = [
            -log_softmax(logs * scale + offsets, axis=1)[np.arange(units.size), units].mean() for logs, units in heard
        ]
        return float(np.mean(surprise) + 0.5 * PULL * offsets @ offsets)

    found = minimize(badness, np.zeros(1 + heard[0][0].shape[1])).x
    offsets: Floats = found[1:] * np.exp(found[0])
    return offsets


def lean(raw: Raw, offsets: Floats) -> Raw:
    """Answer as the same network with these offsets does."""
    logits = raw.log_probabilities + offsets
    all_labels = logsumexp(logits, axis=1, keepdims=True)
    # `known` weighs all labels together against its own logit
    return Raw(logits - all_labels, raw.known + all_labels[:, 0], raw.units)


def add_offsets(weights: Mapping[str, np.ndarray], offsets: Floats) -> dict[str, np.ndarray]:
    """Give a network these offsets; nothing else of it changes."""
    return {**weights, BIAS: (weights[BIAS] + offsets).astype(np.float32)}


def offset_files(bundle: Bundle, files: Mapping[str, bytes], offsets: Floats) -> dict[str, bytes]:
    """Write a bundle's files with weights and graph that have these offsets."""
    weights = add_offsets(load_weights(files[WEIGHTS]), offsets)
    return {**files, MODEL: to_onnx(bundle.config, weights, len(bundle.labels)), WEIGHTS: save_weights(weights)}


def offsets_of(folds: Sequence[FoldAnswers]) -> Floats:
    """Find the offsets that the kept speakers of some folds ask for, as FSDD cut their clips and in rooms."""
    return fit_offsets([join([fold.raw, fold.rooms]) for fold in folds])


def main(crossval: Path, noise: Path, out: Path) -> None:
    """Write each fold's model with the offsets of the others."""
    folds = hear_folds(crossval, [], noise, "valid")
    for fold in folds:
        others = [one for one in folds if one.seed == fold.seed and one.speaker != fold.speaker]
        offsets, bundle = offsets_of(others), fold.recognizer.bundle
        files = offset_files(bundle, {name: bundle.read(name) for name in bundle.metadata.sha256}, offsets)
        folder = out / "folds" / f"{fold.speaker}-{fold.seed}"
        folder.mkdir(parents=True, exist_ok=True)
        write_bundle(folder / "model", files, bundle.metadata, replace=True)
        print(folder, dict(zip(bundle.labels, offsets.round(3).tolist(), strict=True)), flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
