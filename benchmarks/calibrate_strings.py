"""Set the threshold of a model of strings and put it where it ships: TRAINED NOISE STRINGS FSDD WORDS OUT.

WORDS is the model of single words that hears each digit once more: the shipped one, or in a fold that which has not
heard the fold's speaker either.

Taken is the threshold with the fewest digit errors, with about one false digit a minute at most in noise of the split
`valid`, which never trains: in every second recording of STRINGS, an engine that never trains, and, as much again, in
strings joined from three speakers of FSDD, of those who trained, and in digits that they say one by one. `strings.py`
measures on the other half of STRINGS, and on noise of the split `test`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from strings import halves, paused, strings_of

from speechrnn.bundle import read_bundle, write_bundle
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.decoding import Decoded
from speechrnn.places import find_shipped
from speechrnn.second_ear import SecondEar
from speechrnn.string_engine import StringEngine
from speechrnn.string_scores import compare_string
from speechrnn.transcriber import StringRecognizer
from speechrnn.transcript import Segment
from speechrnn.utterances import find_utterances, read_blocks

FALSE_DIGITS_A_MINUTE = 1.05
# below 0.4 other words pass more often than not (docs/adr/0017-decoding.md)
THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
N_JOINED, N_PAUSED, N_SPEAKERS = 60, 40, 3
KINDS = ("spoken", "joined", "paused")
# where each utterance of a recording begins, and what it was decoded to
Answers = list[tuple[int, Decoded]]


def hear(recognizer: StringRecognizer, source: Path | np.ndarray) -> Answers:
    """Decode each utterance."""
    reading = read_blocks(source, recognizer.sample_rate)
    utterances = find_utterances(reading.blocks, reading.sr, recognizer.sample_rate)
    return [(one.start, recognizer.decode(one.y)) for one in utterances]


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
    engine = StringEngine(bundle)
    recognizer = StringRecognizer(bundle, engine, ear=SecondEar(read_bundle(words), bundle))
    clips, _ = halves(read_corpus(strings).clips)
    spoken = [(clip, hear(recognizer, clip.path)) for clip in clips]
    real = read_corpus(fsdd).clips
    known = [name for name in ("nicolas", "yweweler", "george", "theo") if name in bundle.metadata.heard.speakers]
    some = [one for name in known[:N_SPEAKERS] for one in strings_of(real, name)[0][:N_JOINED]]
    slow = [one for name in known[:N_SPEAKERS] for one in paused(real, name)[:N_PAUSED]]
    answers = [spoken, *([(one.clip, hear(recognizer, one.y)) for one in part] for part in (some, slow))]
    noises = list_noises(noise, "valid")
    minutes = sum(soundfile.info(path).duration for path in noises) / 60
    false = [hear(recognizer, path) for path in noises]
    best: tuple[float, float, float] | None = None
    for threshold in THRESHOLDS:
        judge = StringRecognizer(bundle, engine, min_probability=threshold)
        errors = [error_rate(judge, part) for part in answers]
        rate = sum(len(write(judge, part)) for part in false) / minutes
        told = ", ".join(f"{share:.4f} {kind}" for share, kind in zip(errors, KINDS, strict=True))
        print(f"{threshold}: digit errors {told}; {rate:.2f} false a minute", flush=True)
        if rate <= FALSE_DIGITS_A_MINUTE and (best is None or (sum(errors), rate) < best[:2]):
            best = sum(errors), rate, threshold
    if best is None:
        sys.exit("no threshold keeps false digits down")
    taken = best[-1]
    print("taken:", taken)
    # a fold's model of single words does not ship
    named = "digits" if words.resolve() == find_shipped("digits") else None
    metadata = msgspec.structs.replace(bundle.metadata, threshold=taken, words=named)
    write_bundle(out, {name: bundle.read(name) for name in bundle.metadata.sha256}, metadata, replace=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:7]))
