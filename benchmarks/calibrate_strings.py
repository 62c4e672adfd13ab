"""Set blank and threshold of a model of strings and put it where it ships: TRAINED NOISE STRINGS FSDD OUT.

False digits in noise are kept down by a threshold, or by a blank that is more probable; the first leaves out whole
numbers of people of whom the network is unsure. Taken are that much on the blank's bias and that threshold which
together make the fewest digit errors, with about one false digit a minute at most in noise of the split `valid`, which
never trains: in every second recording of STRINGS, an engine that never trains, and, as much again, in strings joined
from three speakers of FSDD, who trained. `strings.py` measures on the other half of STRINGS, and on noise of the split
`test`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from strings import THRESHOLDS, halves, strings_of

from speechrnn.belief import believe
from speechrnn.bundle import MODEL, WEIGHTS, read_bundle, write_bundle
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.decoding import Found, decode
from speechrnn.string_scores import compare_string
from speechrnn.training.export import to_onnx
from speechrnn.training.weights import load_weights, save_weights
from speechrnn.transcriber import StringRecognizer
from speechrnn.utterances import find_utterances, read_blocks

FALSE_DIGITS_A_MINUTE = 1.05
BLANKS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
JOINED, N_JOINED = ("nicolas", "yweweler", "george"), 60


def hear(recognizer: StringRecognizer, source: Path | np.ndarray) -> list[np.ndarray]:
    """Run the network on each utterance."""
    reading = read_blocks(source, recognizer.sample_rate)
    return [recognizer.log_probs(one.y) for one in find_utterances(reading.blocks, reading.sr, recognizer.sample_rate)]


def search(rows: Sequence[np.ndarray], more: float) -> list[tuple[Found, ...]]:
    """Decode each utterance with more of the blank."""
    found: list[tuple[Found, ...]] = []
    for one in rows:
        raised = one + more * np.eye(one.shape[1], dtype=np.float32)[0]
        found.append(decode(raised - np.log(np.exp(raised).sum(axis=1, keepdims=True))))
    return found


def write(found: Sequence[tuple[Found, ...]], threshold: float, labels: Sequence[str]) -> str:
    """Leave out what is improbable."""
    return "".join(labels[one.unit - 1] for part in found for one in believe(part, threshold))


def error_rate(
    answers: Sequence[tuple[Clip, list[tuple[Found, ...]]]], threshold: float, labels: Sequence[str]
) -> float:
    """Digit errors, as a share of the digits."""
    pairs = [compare_string(clip, write(found, threshold, labels)) for clip, found in answers]
    return sum(one.errors for one in pairs) / sum(one.n_digits for one in pairs)


def main(trained: Path, noise: Path, strings: Path, fsdd: Path, out: Path) -> None:
    """Measure, choose, write."""
    bundle = read_bundle(trained)
    recognizer = StringRecognizer(bundle)
    clips, _ = halves(read_corpus(strings).clips)
    spoken = [(clip, hear(recognizer, clip.path)) for clip in clips]
    real = read_corpus(fsdd).clips
    some = [one for name in JOINED for one in strings_of(real, name)[0][:N_JOINED]]
    joined = [(one.clip, hear(recognizer, one.y)) for one in some]
    noises = list_noises(noise, "valid")
    minutes = sum(soundfile.info(path).duration for path in noises) / 60
    silent = [hear(recognizer, path) for path in noises]
    best: tuple[float, float, float] | None = None
    for more in BLANKS:
        false = [part for rows in silent for part in search(rows, more)]
        answers = [[(clip, search(rows, more)) for clip, rows in part] for part in (spoken, joined)]
        for threshold in THRESHOLDS:
            errors = [error_rate(part, threshold, bundle.labels) for part in answers]
            rate = sum(len(believe(part, threshold)) for part in false) / minutes
            told = f"digit errors {errors[0]:.4f} spoken, {errors[1]:.4f} joined; {rate:.2f} false a minute"
            print(f"{more} {threshold}: {told}", flush=True)
            if rate <= FALSE_DIGITS_A_MINUTE and (best is None or sum(errors) < best[0]):
                best = sum(errors), more, threshold
    if best is None:
        sys.exit("no threshold keeps false digits down")
    _, more, threshold = best
    print("taken:", more, threshold)
    weights = load_weights(bundle.read(WEIGHTS))
    weights["output/bias"] = weights["output/bias"] + np.float32(more) * np.eye(1 + len(bundle.labels))[0]
    weights["output/bias"] = weights["output/bias"].astype(np.float32)
    files = {name: bundle.read(name) for name in bundle.metadata.sha256}
    files |= {MODEL: to_onnx(bundle.config, weights, len(bundle.labels)), WEIGHTS: save_weights(weights)}
    write_bundle(out, files, msgspec.structs.replace(bundle.metadata, threshold=threshold), replace=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]))
