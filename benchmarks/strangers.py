"""How the recipe of the shipped model does on speakers that it never heard: this file, CROSSVAL NOISE OUT.json WORDS...

CROSSVAL is a folder of `speechrnn crossval --config digits`; NOISE has a manifest, of which the rows `test` are used;
WORDS are folders of words that never train: one half of those in the first calibrates, with noise of the split `valid`,
the other halves measure. Writes each figure as it comes.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from outoffold import FALSE_ACCEPTS, MOST_REFUSED, FoldAnswers, hear_folds, join

from speechrnn.audio import load_audio
from speechrnn.calibration_error import expected_calibration_error
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.words import NEAR_MISSES
from speechrnn.folds import bootstrap
from speechrnn.noise import choose_noise, mix
from speechrnn.noise_sweep import read_noises, sweep_noise
from speechrnn.training.calibration import Calibration
from speechrnn.training.raw import apply_calibration, ease, fit_calibration, measure

LEVELS = (None, 20.0, 15.0, 10.0, 5.0, 0.0, -5.0)
# recordings are not cut at their words: seconds of the same noise on either side
PAUSE, PAUSE_LEVELS = 0.6, (20.0, 10.0, 0.0)


def clean(folds: list[FoldAnswers]) -> dict[str, object]:
    """Accuracy of each speaker if every clip has to be answered, mean over seeds; the interval is over speakers."""
    scores = by_speaker(folds, [float(np.mean([answer.right for answer in fold.answers])) for fold in folds])
    means = {speaker: float(np.mean(seeds)) for speaker, seeds in scores.items()}
    return {
        "macro": float(np.mean(list(means.values()))),
        "interval": bootstrap(list(means.values())),
        "worst": min(means, key=means.__getitem__),
        "worst_accuracy": min(means.values()),
        "per_speaker": means,
        "per_seed": scores,
        "n_clips": sum(len(fold.answers) for fold in folds if fold.seed == folds[0].seed),
        "n_speakers": len(means),
        "n_seeds": len({fold.seed for fold in folds}),
    }


def by_speaker(folds: list[FoldAnswers], values: list[float]) -> dict[str, list[float]]:
    """Put the values of folds together by speaker."""
    speakers = sorted({fold.speaker for fold in folds})
    return {name: [v for fold, v in zip(folds, values, strict=True) if fold.speaker == name] for name in speakers}


def in_noise(folds: list[FoldAnswers], noise: Path) -> dict[str, float]:
    """Accuracy if forced to answer, mean over folds, at each ratio of word to noise."""
    rows = []
    for fold in folds:
        clips = [Clip(Path(a.path), a.label, a.speaker) for a in fold.answers]
        swept = sweep_noise(clips, fold.recognizer, read_noises(noise, fold.recognizer), LEVELS)
        rows.append([level.forced for level in swept])
    means = np.mean(rows, axis=0)
    return {"clean" if level is None else f"{level:g} dB": float(m) for level, m in zip(LEVELS, means, strict=True)}


def in_pauses(folds: list[FoldAnswers], noise: Path) -> dict[str, dict[str, float]]:
    """The same, where as much noise is before and after the word: of each speaker, and mean of all."""
    rows = [_in_pauses(fold, noise) for fold in folds]
    figures: dict[str, dict[str, float]] = {}
    for level, shares in zip(PAUSE_LEVELS, zip(*rows, strict=True), strict=True):
        means = {speaker: float(np.mean(seeds)) for speaker, seeds in by_speaker(folds, list(shares)).items()}
        figures[f"{level:g} dB"] = {"mean": float(np.mean(list(means.values()))), **means}
    return figures


def _in_pauses(fold: FoldAnswers, noise: Path) -> list[float]:
    recognizer, audio = fold.recognizer, fold.recognizer.bundle.config.audio
    noises, pause = read_noises(noise, recognizer), round(PAUSE * audio.sample_rate)
    clips = [np.pad(load_audio(Path(answer.path), audio), pause) for answer in fold.answers]
    under = [choose_noise(noises, y.size, audio.sample_rate, (0, i)) for i, y in enumerate(clips)]
    shares = []
    for level in PAUSE_LEVELS:
        sounds = [mix(y, one, level, pause, y.size - pause) for y, one in zip(clips, under, strict=True)]
        heard = [(one.probabilities or {}) for one in recognizer.predict_batch(sounds)]
        pairs = zip(heard, fold.answers, strict=True)
        shares.append(float(np.mean([max(found, key=found.__getitem__) == answer.label for found, answer in pairs])))
    return shares


def rejects(fold: FoldAnswers) -> dict[str, np.ndarray]:
    """Each kind of what is no label: folders of words; of all words the near misses and the others; noise."""
    kinds = {str(kind): fold.kinds == kind for kind in np.unique(fold.kinds) if kind != "label"}
    near = np.isin(fold.said, NEAR_MISSES)
    return kinds | {"words one sound from a digit": near, "words further from one": (fold.said != "") & ~near}


@dataclass(frozen=True)
class Sure:
    """How sure one fold is of a speaker whom it never heard, calibrated on the others."""

    before: float
    after: float
    probabilities: np.ndarray
    right: np.ndarray
    kept: dict[str, float]
    shipped: dict[str, float]


def ask(fold: FoldAnswers, calibrating: list[FoldAnswers]) -> Sure:
    """Calibrate on the other speakers' folds of the same seed, on words and noises of their own, and measure."""
    theirs = [other for other in calibrating if other.seed == fold.seed and other.speaker != fold.speaker]
    others = join([part for other in theirs for part in (other.raw, other.rooms)])
    strict = fit_calibration(others, Calibration(), FALSE_ACCEPTS, margin=False)
    labels = fold.raw.is_label
    fresh, _ = apply_calibration(fold.raw, Calibration())
    p, known = apply_calibration(fold.raw, strict)
    right = (p.argmax(axis=1) == fold.raw.units)[labels]
    before, after = (expected_calibration_error(q[labels].max(axis=1), right) for q in (fresh, p))
    least = {kind: np.quantile(known[mask], 1 - FALSE_ACCEPTS) for kind, mask in rejects(fold).items()}
    kept = {kind: float(np.mean(right & (known[labels] > low))) for kind, low in least.items()}
    eased = ease(others, strict, MOST_REFUSED)
    quality = measure(fold.raw, eased)
    shipped = {
        "refused": quality.refused or 0.0,
        "refused_in_rooms": measure(fold.rooms, eased).refused or 0.0,
        "words_let_in": quality.words or 0.0,
        "noises_let_in": quality.noises or 0.0,
    }
    return Sure(before, after, p[labels].max(axis=1), right, kept, shipped)


def certainty(folds: list[FoldAnswers], calibrating: list[FoldAnswers]) -> dict[str, object]:
    """Calibration error before and after, labels kept at 5 % false accepts of each kind, and the shipped threshold."""
    sure = [ask(fold, calibrating) for fold in folds]
    return {
        "ece_before": float(np.mean([one.before for one in sure])),
        "ece_after_mean_of_folds": float(np.mean([one.after for one in sure])),
        "ece_after_all_clips": expected_calibration_error(
            np.concatenate([one.probabilities for one in sure]), np.concatenate([one.right for one in sure])
        ),
        "kept_at_5_percent_of": {kind: float(np.mean([one.kept[kind] for one in sure])) for kind in sure[0].kept},
        "kept_per_speaker": {
            kind: {name: float(np.mean(v)) for name, v in by_speaker(folds, [one.kept[kind] for one in sure]).items()}
            for kind in sure[0].kept
        },
        "n": {kind: int(mask.sum()) for kind, mask in rejects(folds[0]).items()},
        "at_a_threshold_set_as_the_shipped_one": {
            name: float(np.mean([one.shipped[name] for one in sure])) for name in sure[0].shipped
        },
    }


def main(crossval: Path, noise: Path, out: Path, words: list[Path]) -> None:
    """Measure and write."""
    folds = hear_folds(crossval, words, noise, "test")
    calibrating = hear_folds(crossval, words[:1], noise, "valid")
    figures: dict[str, object] = {}
    for name, figure in (
        ("unseen_speakers", lambda: clean(folds)),
        ("certainty", lambda: certainty(folds, calibrating)),
        ("in_noise", lambda: in_noise(folds, noise)),
        ("in_noise_with_pauses", lambda: in_pauses(folds, noise)),
    ):
        figures[name] = figure()
        out.write_text(json.dumps(figures, indent=1) + "\n")
        print(name, json.dumps(figures[name], indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), [Path(argument) for argument in sys.argv[4:]])
