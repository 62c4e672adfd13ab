"""Speakers whom a model never heard, in bad rooms, lines and recordings: this file, OUT.json, CROSSVAL...

CROSSVAL is a folder of `speechrnn crossval --config digits`. Each condition is made of every third clip anew, by the
number of the clip, alike for each CROSSVAL, on waveforms, where training works on mel powers; only peaks are cut off as
training does it (docs/adr/0013-augmentation.md). Every clip has to be answered. Run it where `held-out` lies.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import scipy.signal

from speechrnn.audio import Waveform, load_audio
from speechrnn.corpus.layouts import read_corpus
from speechrnn.folds import read_answers
from speechrnn.recognizer import Recognizer, load

SR, STEP = 8000, 3
Condition = Callable[[Waveform, np.random.Generator], Waveform]


def overdriven(db: float, y: Waveform, _: np.random.Generator) -> Waveform:
    """Cut off at so many dB under the loudest peak."""
    most = np.abs(y).max() * 10 ** (-db / 20)
    return np.clip(y, -most, most)


def echoing(seconds: float, db: float, y: Waveform, rng: np.random.Generator) -> Waveform:
    """Let the word echo: noise that falls by 60 dB in so many seconds, so many dB over the word itself."""
    n = int(seconds * SR)
    tail = rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n)
    tail[:16] = 0
    tail *= 10 ** (db / 20) / np.linalg.norm(tail)
    tail[0] = 1
    heard: Waveform = scipy.signal.fftconvolve(np.pad(y, (0, n)), tail)[: y.size + n]
    return heard


def narrow(low: float, high: float, y: Waveform, _: np.random.Generator) -> Waveform:
    """Leave one band alone."""
    left: Waveform = scipy.signal.sosfilt(scipy.signal.butter(4, (low, high), "band", fs=SR, output="sos"), y)
    return left


def humming(db: float, y: Waveform, rng: np.random.Generator) -> Waveform:
    """50 Hz and six overtones, so many dB under the peak, half a second before and after the word too."""
    y = np.pad(y, SR // 2)
    t = np.arange(y.size) / SR
    orders = np.arange(1, 8)
    hum = np.sin(2 * np.pi * 50 * np.outer(t, orders) + rng.uniform(0, 2 * np.pi, orders.size)) @ (1 / orders)
    heard: Waveform = y + hum * (np.abs(y).max() * 10 ** (-db / 20) / np.abs(hum).max())
    return heard


def talked_over(voices: list[Waveform], db: float, y: Waveform, rng: np.random.Generator) -> Waveform:
    """Eight people say other words, 0.3 s before and after too, so many dB under the word as it lies there."""
    y = np.pad(y, 3 * SR // 10)
    talk = np.zeros(y.size)
    for _ in range(8):
        said = np.resize(np.pad(voices[rng.integers(len(voices))], SR // 10), y.size)
        talk += np.roll(said, rng.integers(y.size)) * rng.uniform(0.5, 1.0) / np.linalg.norm(said)
    return y + talk * (np.linalg.norm(y) * 10 ** (-db / 20) / np.linalg.norm(talk))


def conditions(voices: list[Waveform]) -> Mapping[str, Condition]:
    """Name what is done to the clips."""
    return {
        "as they are": lambda y, _: y,
        "overdriven by 6 dB": partial(overdriven, 6.0),
        "overdriven by 10 dB": partial(overdriven, 10.0),
        "echo, 0.6 s, as loud as the word": partial(echoing, 0.6, 0.0),
        "echo, 1 s, as loud as the word": partial(echoing, 1.0, 0.0),
        "500 to 2500 Hz": partial(narrow, 500.0, 2500.0),
        "hum 14 dB under the peak": partial(humming, 14.0),
        "eight people 15 dB under the word": partial(talked_over, voices, 15.0),
        "eight people 8 dB under the word": partial(talked_over, voices, 8.0),
    }


def score(
    recognizer: Recognizer, clips: Sequence[Waveform], labels: Sequence[str | None], made: Mapping[str, Condition]
) -> dict[str, float]:
    """Share of clips that are named right under each condition, made by the number of the clip."""
    shares = {}
    for name, condition in made.items():
        sounds = [condition(y, np.random.default_rng(i)).astype(np.float32) for i, y in enumerate(clips)]
        heard = [prediction.probabilities or {} for prediction in recognizer.predict_batch(sounds)]
        right = [max(p, key=p.__getitem__) == label for p, label in zip(heard, labels, strict=True)]
        shares[name] = float(np.mean(right))
    return shares


def measure(crossval: Path, made: Mapping[str, Condition]) -> dict[str, dict[str, float]]:
    """Accuracy under each condition: of each kept speaker, and mean of all."""
    figures: dict[str, dict[str, float]] = {name: {} for name in made}
    for folder in sorted((crossval / "folds").iterdir()):
        recognizer, answers = load(folder / "model"), read_answers(folder / "answers.jsonl")[::STEP]
        clips = [load_audio(Path(answer.path)) for answer in answers]
        for name, share in score(recognizer, clips, [answer.label for answer in answers], made).items():
            figures[name][folder.name] = share
    return {name: {"mean": float(np.mean(list(by.values()))), **by} for name, by in figures.items()}


def main(out: Path, crossvals: list[Path]) -> None:
    """Measure each and write."""
    voices = [load_audio(clip.path) for clip in read_corpus(Path("held-out")).rejects[::37]]
    figures = {}
    for crossval in crossvals:
        figures[crossval.name] = measure(crossval, conditions(voices))
        out.write_text(json.dumps(figures, indent=1) + "\n")
        print(crossval.name, {name: round(100 * by["mean"], 1) for name, by in figures[crossval.name].items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
