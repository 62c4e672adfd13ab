"""How the recipe of the shipped model does on speakers that it never heard: this file, CROSSVAL NOISE OUT.json WORDS...

CROSSVAL is a folder of `speechrnn crossval --config digits`; NOISE has a manifest, of which the rows `test` are used;
WORDS are folders of `speechrnn data synth --words held-out`. Writes each figure as it comes.
"""

import json
import sys
from pathlib import Path

import numpy as np
from outoffold import FoldAnswers, hear_folds, join

from speechrnn.calibration_error import expected_calibration_error
from speechrnn.corpus.clips import Clip
from speechrnn.folds import bootstrap
from speechrnn.noise_sweep import read_noises, sweep_noise
from speechrnn.training.calibration import Calibration
from speechrnn.training.raw import apply_calibration, fit_calibration

LEVELS = (None, 20.0, 15.0, 10.0, 5.0, 0.0, -5.0)
FALSE_ACCEPTS = 0.05


def clean(folds: list[FoldAnswers]) -> dict[str, object]:
    """Accuracy of each speaker and seed, forced to answer."""
    scores = {fold.name: float(np.mean([answer.right for answer in fold.answers])) for fold in folds}
    values = list(scores.values())
    return {
        "macro": float(np.mean(values)),
        "interval": bootstrap(values),
        "worst": min(scores, key=scores.__getitem__),
        "worst_accuracy": min(values),
        "per_fold": scores,
        "n_clips": sum(len(fold.answers) for fold in folds),
    }


def in_noise(folds: list[FoldAnswers], noise: Path) -> dict[str, float]:
    """Accuracy if forced to answer, mean over folds, at each ratio of word to noise."""
    rows = []
    for fold in folds:
        clips = [Clip(Path(a.path), a.label, a.speaker) for a in fold.answers]
        swept = sweep_noise(clips, fold.recognizer, read_noises(noise, fold.recognizer), LEVELS)
        rows.append([level.forced for level in swept])
    means = np.mean(rows, axis=0)
    return {"clean" if level is None else f"{level:g} dB": float(m) for level, m in zip(LEVELS, means, strict=True)}


def rejects(fold: FoldAnswers) -> list[str]:
    """Each kind of what is no label: folders of words, noise."""
    return sorted({str(kind) for kind in fold.kinds} - {"label"})


def certainty(folds: list[FoldAnswers]) -> dict[str, object]:
    """Calibrate on the other folds, measure on each: error before and after, labels kept at 5 % false accepts."""
    before, after, kept, probabilities, rights = [], [], [], [], []
    for i, fold in enumerate(folds):
        others = join([other.raw for j, other in enumerate(folds) if j != i])
        calibration = fit_calibration(others, Calibration(), FALSE_ACCEPTS)
        labels = fold.raw.is_label
        for made, errors in ((Calibration(), before), (calibration, after)):
            p, known = apply_calibration(fold.raw, made)
            right = p.argmax(axis=1) == fold.raw.units
            errors.append(expected_calibration_error(p[labels].max(axis=1), right[labels]))
        probabilities.append(p[labels].max(axis=1))
        rights.append(right[labels])
        least = {kind: np.quantile(known[fold.kinds == kind], 1 - FALSE_ACCEPTS) for kind in rejects(fold)}
        least["all of them"] = max(least.values())
        kept.append({kind: float(np.mean(right[labels] & (known[labels] > low))) for kind, low in least.items()})
    return {
        "ece_before": float(np.mean(before)),
        "ece_after_mean_of_folds": float(np.mean(after)),
        "ece_after_all_clips": expected_calibration_error(np.concatenate(probabilities), np.concatenate(rights)),
        "kept_at_5_percent_of": {kind: float(np.mean([row[kind] for row in kept])) for kind in kept[0]},
        "kept_per_fold": {fold.name: row for fold, row in zip(folds, kept, strict=True)},
        "n": {kind: int((folds[0].kinds == kind).sum()) for kind in rejects(folds[0])},
    }


def main(crossval: Path, noise: Path, out: Path, words: list[Path]) -> None:
    """Measure and write."""
    folds = hear_folds(crossval, words, noise, "test")
    figures: dict[str, object] = {}
    for name, measure in (
        ("unseen_speakers", lambda: clean(folds)),
        ("certainty", lambda: certainty(folds)),
        ("in_noise", lambda: in_noise(folds, noise)),
    ):
        figures[name] = measure()
        out.write_text(json.dumps(figures, indent=1) + "\n")
        print(name, json.dumps(figures[name], indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), [Path(argument) for argument in sys.argv[4:]])
