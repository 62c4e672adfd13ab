"""Each export's accuracy beside the bundle's, on real recordings, in the export's own runtime.

usage: python benchmarks/exports.py CLIPS [--model BUNDLE] [--every N] [--format F ...] [--json FILE]

What counts is the difference: FSDD's voices were heard in the training of the model that ships.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechrnn.audio import Waveform, load_audio
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.corpus.layouts import read_corpus
from speechrnn.places import find_model
from speechrnn.training.carrying import carry
from speechrnn.training.formats import FORMATS, SECONDS, Heard, hear_bundle

BATCH = 50


@dataclass(frozen=True)
class Row:
    """One format on the same clips."""

    format: str
    kilobytes: float
    accuracy: float
    n_clips: int
    # clips whose best label is another one than the bundle's
    n_changed: int
    largest_difference: float
    mean_difference: float


def measure(name: str, size: int, heard: Heard, expected: Heard, truth: npt.NDArray[np.int64]) -> Row:
    """Score one format."""
    ours, theirs = (np.stack(one.probabilities) for one in (heard, expected))
    best, before = (rows[:, :-1].argmax(axis=1) for rows in (ours, theirs))
    apart = np.abs(ours - theirs)
    return Row(
        name, size / 1000, float((best == truth).mean()), len(truth), int((best != before).sum()),
        float(apart.max()), float(apart.max(axis=1).mean()),
    )  # fmt: skip


def hear(bundle: Bundle, form: str | None, path: Path, sounds: list[Waveform]) -> Heard:
    """Answer in batches of like length: some runtimes take all memory otherwise."""
    parts = []
    for first in range(0, len(sounds), BATCH):
        batch = sounds[first : first + BATCH]
        parts.append(FORMATS[form].hear(path, batch) if form else hear_bundle(bundle, batch))
    rows = tuple(row for part in parts for row in part.probabilities)
    return Heard(rows, np.concatenate([part.bounds for part in parts]))


def main() -> int:
    """Export, listen, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--format", nargs="+", default=[*FORMATS])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    bundle = read_bundle(find_model(arguments.model))
    clips = [clip for clip in read_corpus(arguments.clips).clips if clip.label in bundle.labels][:: arguments.every]
    sounds = [load_audio(clip.path, bundle.audio) for clip in clips]
    kept = [(y, clip) for y, clip in zip(sounds, clips, strict=True) if y.size <= SECONDS * bundle.audio.sample_rate]
    kept.sort(key=lambda pair: pair[0].size)
    sounds, truth = [y for y, _ in kept], np.array([bundle.labels.index(str(clip.label)) for _, clip in kept])
    expected = hear(bundle, None, bundle.path, sounds)
    rows = [measure("bundle", (bundle.path / "model.onnx").stat().st_size, expected, expected, truth)]
    with tempfile.TemporaryDirectory() as folder:
        for form in arguments.format:
            done = carry(bundle, form, Path(folder) / form)
            heard = hear(bundle, form, done.path / done.file, sounds)
            rows.append(measure(form, done.n_bytes, heard, expected, truth))
            print(rows[-1], flush=True)
    print(rows[0])
    if arguments.json:
        facts = {"clips": "FSDD, voices heard in training", "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n")
    return int(min(row.kilobytes for row in rows) > 500)


if __name__ == "__main__":
    sys.exit(main())
