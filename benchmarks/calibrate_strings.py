"""Set blank and threshold of a model of strings and put it where it ships: TRAINED NOISE STRINGS OUT.

A network that trained in heavy noise is too fond of the blank. Taken are that much off its bias, and that threshold,
which together make the fewest digit errors in every second recording of STRINGS, an engine that never trains, with at
most 0.5 false digits a minute in noise of the split `valid`, which never trains either. `strings.py` measures on the
other half of STRINGS, and on noise of the split `test`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from strings import THRESHOLDS, halves

from speechrnn.belief import believe
from speechrnn.bundle import MODEL, WEIGHTS, read_bundle, write_bundle
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.decoding import Found, decode
from speechrnn.string_scores import compare_string
from speechrnn.training.export import to_onnx
from speechrnn.training.weights import load_weights, save_weights
from speechrnn.transcriber import StringRecognizer
from speechrnn.utterances import find_utterances, read_blocks

FALSE_DIGITS_A_MINUTE = 0.5
PENALTIES = (0.0, 0.5, 1.0, 1.5, 2.0)


def hear(recognizer: StringRecognizer, path: Path) -> list[np.ndarray]:
    """Run the network on each utterance."""
    reading = read_blocks(path, recognizer.sample_rate)
    return [recognizer.log_probs(one.y) for one in find_utterances(reading.blocks, reading.sr, recognizer.sample_rate)]


def search(rows: Sequence[np.ndarray], penalty: float) -> list[tuple[Found, ...]]:
    """Decode each utterance with less of the blank."""
    found: list[tuple[Found, ...]] = []
    for one in rows:
        lowered = one - penalty * np.eye(one.shape[1], dtype=np.float32)[0]
        found.append(decode(lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True))))
    return found


def write(found: Sequence[tuple[Found, ...]], threshold: float, labels: Sequence[str]) -> str:
    """Leave out what is improbable."""
    return "".join(labels[one.unit - 1] for part in found for one in believe(part, threshold))


def main(trained: Path, noise: Path, strings: Path, out: Path) -> None:
    """Measure, choose, write."""
    bundle = read_bundle(trained)
    recognizer = StringRecognizer(bundle)
    clips, _ = halves(read_corpus(strings).clips)
    said = [(clip, hear(recognizer, clip.path)) for clip in clips]
    noises = list_noises(noise, "valid")
    minutes = sum(soundfile.info(path).duration for path in noises) / 60
    silent = [hear(recognizer, path) for path in noises]
    best: tuple[float, float, float] | None = None
    for penalty in PENALTIES:
        false = [part for rows in silent for part in search(rows, penalty)]
        answers = [(clip, search(rows, penalty)) for clip, rows in said]
        for threshold in THRESHOLDS:
            pairs = [compare_string(clip, write(found, threshold, bundle.labels)) for clip, found in answers]
            errors = sum(one.errors for one in pairs) / sum(one.n_digits for one in pairs)
            rate = sum(len(believe(part, threshold)) for part in false) / minutes
            print(f"{penalty} {threshold}: {errors:.4f} digit errors, {rate:.2f} false digits a minute", flush=True)
            if rate <= FALSE_DIGITS_A_MINUTE and (best is None or errors < best[0]):
                best = errors, penalty, threshold
    if best is None:
        sys.exit("no threshold keeps false digits down")
    _, penalty, threshold = best
    print("taken:", penalty, threshold)
    weights = load_weights(bundle.read(WEIGHTS))
    weights["output/bias"] = weights["output/bias"] - np.float32(penalty) * np.eye(1 + len(bundle.labels))[0]
    weights["output/bias"] = weights["output/bias"].astype(np.float32)
    files = {name: bundle.read(name) for name in bundle.metadata.sha256}
    files |= {MODEL: to_onnx(bundle.config, weights, len(bundle.labels)), WEIGHTS: save_weights(weights)}
    write_bundle(out, files, msgspec.structs.replace(bundle.metadata, threshold=threshold), replace=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
