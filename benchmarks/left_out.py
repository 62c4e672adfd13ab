"""The shipped model on an engine that never trains, as it is, in bad rooms, played otherwise: CLIPS OUT.json BUNDLE...

CLIPS is the folder `joe` that `left_out_engine.py` writes. Each clip has to be answered, but for the last figure, the
share that is refused. The conditions are made by the number of the clip, alike for each bundle.
"""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr
from rooms import SR, Condition, echoing, humming, overdriven, score

from speechrnn.audio import Waveform, load_audio
from speechrnn.bundle import read_bundle
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.recognizer import Recognizer


def hissing(db: float, y: Waveform, rng: np.random.Generator) -> Waveform:
    """White noise, so many dB under the word."""
    hiss = rng.standard_normal(y.size)
    return y + hiss * (np.linalg.norm(y) * 10 ** (-db / 20) / np.linalg.norm(hiss))


def squeezed(y: Waveform, _: np.random.Generator) -> Waveform:
    """Write and read an MP3 at the rate that it has."""
    file = io.BytesIO()
    soundfile.write(file, y, SR, format="MP3")
    heard: Waveform = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")[0]
    return heard


def played(factor: float, y: Waveform, _: np.random.Generator) -> Waveform:
    """Play it so many times as fast, and so higher."""
    heard: Waveform = soxr.resample(y, SR * factor, SR)
    return heard


CONDITIONS: Mapping[str, Condition] = {
    "as they are": lambda y, _: y,
    "hiss 20 dB under the word": partial(hissing, 20.0),
    "overdriven by 16 dB": partial(overdriven, 16.0),
    "echo, 0.6 s, as loud as the word": partial(echoing, 0.6, 0.0),
    "echo, 1 s, as loud as the word": partial(echoing, 1.0, 0.0),
    "hum 14 dB under the peak": partial(humming, 14.0),
    "MP3": squeezed,
    "a fifth slower": partial(played, 0.8),
    "a quarter faster": partial(played, 1.25),
}


def measure(recognizer: Recognizer, clips: Sequence[Clip]) -> dict[str, float]:
    """Shares right under each condition, and what is refused as it is."""
    sounds = [load_audio(clip.path) for clip in clips]
    right = score(recognizer, sounds, [clip.label for clip in clips], CONDITIONS)
    refused = [one.label is None for one in recognizer.predict_batch(sounds)]
    return {"n_clips": len(clips), **right, "refused": float(np.mean(refused))}


def main(folder: Path, out: Path, *bundles: Path) -> None:
    """Measure, print, keep."""
    clips = read_corpus(folder).clips
    result = {path.name: measure(Recognizer(read_bundle(path)), clips) for path in bundles}
    out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
