"""Set blank and threshold of a model of strings and put it where it ships: TRAINED NOISE STRINGS FSDD WORDS OUT.

WORDS is the model of single words that hears each digit once more: the shipped one, or in a fold that which has not
heard the fold's speaker either.

False digits in noise are kept down by a threshold, or by a blank that is more probable; the first leaves out whole
numbers of people of whom the network is unsure. Taken are that much on the blank's bias and that threshold which
together make the fewest digit errors, with about one false digit a minute at most in noise of the split `valid`, which
never trains: in every second recording of STRINGS, an engine that never trains, and, as much again, in strings joined
from three speakers of FSDD, of those who trained, and in digits that they say one by one. `strings.py` measures on the
other half of STRINGS, and on noise of the split `test`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from strings import halves, paused, strings_of

from speechrnn.belief import relent
from speechrnn.bundle import MODEL, WEIGHTS, read_bundle, write_bundle
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.decoding import Decoded
from speechrnn.places import find_shipped
from speechrnn.second_ear import SecondEar
from speechrnn.segmenting import Utterance
from speechrnn.string_scores import compare_string
from speechrnn.training.export import to_onnx
from speechrnn.training.weights import load_weights, save_weights
from speechrnn.transcriber import StringRecognizer
from speechrnn.transcript import Segment
from speechrnn.utterances import find_utterances, read_blocks

FALSE_DIGITS_A_MINUTE = 1.05
BLANKS = (0.0, 0.5, 1.0, 1.5, 2.0)
# an utterance in which no digit has 0.4 is nobody's number, whatever these recordings say: other words have less
THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)
N_JOINED, N_PAUSED, N_SPEAKERS = 60, 40, 3
KINDS = ("spoken", "joined", "paused")
# an utterance, and what the network says of it; where it begins, and what it was decoded to
Heard = tuple[Utterance, np.ndarray]
Answers = list[tuple[int, Decoded]]


def hear(recognizer: StringRecognizer, source: Path | np.ndarray) -> list[Heard]:
    """Run the network on each utterance."""
    reading = read_blocks(source, recognizer.sample_rate)
    utterances = find_utterances(reading.blocks, reading.sr, recognizer.sample_rate)
    return [(one, recognizer.log_probs(one.y)) for one in utterances]


def search(heard: Sequence[Heard], more: float, ear: SecondEar) -> Answers:
    """Decode each utterance with more of the blank."""
    return [(one.start, ear.decode(one.y, relent(rows, -more))) for one, rows in heard]


def write(recognizer: StringRecognizer, answers: Answers) -> str:
    """Say what of a recording is believed."""
    segments: list[Segment] = []
    for start, decoded in answers:
        segments += recognizer.believe(decoded, start, segments[-1] if segments else None)
    return "".join(one.label for one in segments)


def error_rate(recognizer: StringRecognizer, answers: Sequence[tuple[Clip, Answers]]) -> float:
    """Digit errors, as a share of the digits."""
    pairs = [compare_string(clip, write(recognizer, found)) for clip, found in answers]
    return sum(one.errors for one in pairs) / sum(one.n_digits for one in pairs)


def main(trained: Path, noise: Path, strings: Path, fsdd: Path, words: Path, out: Path) -> None:  # noqa: PLR0917 -- as its command line
    """Measure, choose, write."""
    bundle = read_bundle(trained)
    recognizer, ear = StringRecognizer(bundle), SecondEar(read_bundle(words), bundle)
    clips, _ = halves(read_corpus(strings).clips)
    spoken = [(clip, hear(recognizer, clip.path)) for clip in clips]
    real = read_corpus(fsdd).clips
    known = [name for name in ("nicolas", "yweweler", "george", "theo") if name in bundle.metadata.heard.speakers]
    some = [one for name in known[:N_SPEAKERS] for one in strings_of(real, name)[0][:N_JOINED]]
    slow = [one for name in known[:N_SPEAKERS] for one in paused(real, name)[:N_PAUSED]]
    joined, lone = ([(one.clip, hear(recognizer, one.y)) for one in part] for part in (some, slow))
    noises = list_noises(noise, "valid")
    minutes = sum(soundfile.info(path).duration for path in noises) / 60
    silent = [hear(recognizer, path) for path in noises]
    judges = [StringRecognizer(bundle, min_probability=threshold, ear=ear) for threshold in THRESHOLDS]
    best: tuple[float, float, float, float] | None = None
    for more in BLANKS:
        false = [search(rows, more, ear) for rows in silent]
        answers = [[(clip, search(rows, more, ear)) for clip, rows in part] for part in (spoken, joined, lone)]
        for judge in judges:
            threshold = judge.min_probability
            errors = [error_rate(judge, part) for part in answers]
            rate = sum(len(write(judge, part)) for part in false) / minutes
            told = ", ".join(f"{share:.4f} {kind}" for share, kind in zip(errors, KINDS, strict=True))
            print(f"{more} {threshold}: digit errors {told}; {rate:.2f} false a minute", flush=True)
            if rate <= FALSE_DIGITS_A_MINUTE and (best is None or (sum(errors), rate) < best[:2]):
                best = sum(errors), rate, more, threshold
    if best is None:
        sys.exit("no threshold keeps false digits down")
    _, _, more, threshold = best
    print("taken:", more, threshold)
    weights = load_weights(bundle.read(WEIGHTS))
    weights["output/bias"] = weights["output/bias"] + np.float32(more) * np.eye(1 + len(bundle.labels))[0]
    weights["output/bias"] = weights["output/bias"].astype(np.float32)
    files = {name: bundle.read(name) for name in bundle.metadata.sha256}
    files |= {MODEL: to_onnx(bundle.config, weights, len(bundle.labels)), WEIGHTS: save_weights(weights)}
    # a fold's model of single words does not ship
    named = "digits" if words.resolve() == find_shipped("digits") else None
    metadata = msgspec.structs.replace(bundle.metadata, threshold=threshold, words=named)
    write_bundle(out, files, metadata, replace=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:7]))
