"""What the folds of a cross-validation say to the speaker that each never heard, to other words, and to noise."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.audio import load_audio
from speechrnn.certainty import hear_noises
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.corpus.words import HELD_OUT
from speechrnn.folds import Answer, read_answers
from speechrnn.noise import mix, segments
from speechrnn.recognizer import Prediction, Recognizer, load
from speechrnn.training.raw import NOISE, WORD, Raw, raw_answers

# of the clips of other words every so manieth is heard, of each recording of noise so many seconds
STEP, PIECES = 3, 3
# one half of the words that never train calibrates, with noise of the split `valid`; the other measures, with `test`
WORDS = {"valid": frozenset(HELD_OUT[::2]), "test": frozenset(HELD_OUT[1::2])}
# the threshold lets so large a share of other words and of noises in, unless it would refuse more of the digits
FALSE_ACCEPTS, MOST_REFUSED = 0.05, 0.025
# FSDD is cut at the words; recordings are not. A room: seconds on either side, and the word over its hiss, in dB
PAUSE, FLOORS = 0.25, (20.0, 60.0)


@dataclass(frozen=True)
class FoldAnswers:
    """One fold: its model, answers to the kept speaker, all answers as logits, and of each of these rows what it is."""

    speaker: str
    seed: int
    recognizer: Recognizer
    answers: list[Answer]
    raw: Raw
    # "label", "noise" or the name of a folder of words; and the word that was said
    kinds: np.ndarray
    said: np.ndarray

    @functools.cached_property
    def rooms(self) -> Raw:
        """Answers to the kept speaker's clips once more, each in the hiss of some room."""
        audio, rng = self.recognizer.bundle.config.audio, np.random.default_rng(0)
        pause = round(PAUSE * audio.sample_rate)
        sounds = []
        for answer in self.answers:
            y = np.pad(load_audio(Path(answer.path), audio), pause)
            hiss = rng.standard_normal(y.size).astype(np.float32)
            sounds.append(mix(y, hiss, rng.uniform(*FLOORS), pause, y.size - pause))
        labels, heard = self.recognizer.labels, self.recognizer.predict_batch(sounds)
        units = [labels.index(answer.label) for answer in self.answers]
        return raw_answers(_rows(heard, labels), [p.known or 0.0 for p in heard], units)


def hear_folds(crossval: Path, words: list[Path], noise: Path, split: str) -> list[FoldAnswers]:
    """Let each fold's model hear what is no label, of the split `valid` or `test`."""
    return [_hear(folder, words, noise, split) for folder in sorted((crossval / "folds").iterdir())]


def _hear(folder: Path, words: list[Path], noise: Path, split: str) -> FoldAnswers:
    recognizer = load(folder / "model")
    answers = read_answers(folder / "answers.jsonl")
    clips = [(root.name, path) for root in words for path in _spoken(root, WORDS[split])[::STEP]]
    said = [recognizer.predict(path) for _, path in clips]
    heard = hear_noises(cut_noises(recognizer, noise, split), recognizer)
    labels = recognizer.labels
    probabilities = _rows(answers, labels) + _rows(said, labels) + _rows(heard, labels)
    known = [a.known for a in answers] + [p.known or 0.0 for p in said] + [p.known or 0.0 for p in heard]
    units = [labels.index(a.label) for a in answers] + [WORD] * len(said) + [NOISE] * len(heard)
    kinds = ["label"] * len(answers) + [name for name, _ in clips] + ["noise"] * len(heard)
    names = [""] * len(answers) + [_said(path) for _, path in clips] + [""] * len(heard)
    speaker, _, seed = folder.name.rpartition("-")
    raw = raw_answers(probabilities, known, units)
    return FoldAnswers(speaker, int(seed), recognizer, answers, raw, np.array(kinds), np.array(names))


def _rows(answers: Sequence[Answer | Prediction], labels: Sequence[str]) -> list[list[float]]:
    return [[(one.probabilities or {})[label] for label in labels] for one in answers]


def _spoken(root: Path, words: frozenset[str]) -> list[Path]:
    return [clip.path for clip in read_corpus(root).rejects if _said(clip.path) in words]


def _said(path: Path) -> str:
    """The word in a name such as ``zoo_espeak-en-us_0.wav``."""
    return path.name.partition("_")[0]


def cut_noises(recognizer: Recognizer, noise: Path, split: str) -> list[np.ndarray]:
    """Cut seconds that hold sound from each recording."""
    audio, pieces = recognizer.bundle.config.audio, []
    for path in list_noises(noise, split):
        y = load_audio(path.read_bytes(), type(audio)(audio.sample_rate, -120.0, audio.min_duration, 600.0))
        pieces += list(segments(y, audio.sample_rate, 1.0, PIECES, seed=0))
    return pieces


def join(raws: list[Raw]) -> Raw:
    """Put the answers of several folds together."""
    return Raw(
        np.concatenate([raw.log_probabilities for raw in raws]),
        np.concatenate([raw.known for raw in raws]),
        np.concatenate([raw.units for raw in raws]),
    )
