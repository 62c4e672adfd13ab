"""Set offsets, temperature and threshold of a bundle by out-of-fold answers: BUNDLE CROSSVAL WORDS NOISE OUT.

All real speakers trained the bundle, so its own answers to them are too sure; those of the folds, with the same recipe,
are not. Each clip is heard as FSDD cut it, and in the hiss of a room. First each label's score gets what strangers ask
for (`offsets.py`). Rejects: half of the words that never train, and noise of the split `valid`. The threshold is eased
where it would refuse many of the unseen speakers' digits: who says a digit wants an answer
(docs/adr/0014-refusing.md).

What ships and the three models without two speakers each, which are the six folds, were made by `farm-mentor.yaml`.
"""

import sys
from pathlib import Path

from offsets import lean, offset_files, offsets_of
from outoffold import FALSE_ACCEPTS, MOST_REFUSED, hear_folds, join

from speechrnn.bundle import read_bundle, write_bundle
from speechrnn.training.calibration import Calibration
from speechrnn.training.raw import ease, fit_calibration, measure
from speechrnn.training.recalibration import set_calibration


def main(bundle: Path, crossval: Path, words: Path, noise: Path, out: Path) -> None:
    """Calibrate and write."""
    folds = hear_folds(crossval, [words], noise, "valid")
    offsets = offsets_of(folds)
    raw = lean(join([part for fold in folds for part in (fold.raw, fold.rooms)]), offsets)
    strict = fit_calibration(raw, Calibration(), FALSE_ACCEPTS, margin=False)
    calibration = ease(raw, strict, MOST_REFUSED)
    old = read_bundle(bundle)
    draft = set_calibration(old, calibration, f"out-of-fold answers of {crossval.name}")
    write_bundle(out, offset_files(old, draft.files, offsets), draft.metadata, replace=True)
    print("offsets", dict(zip(old.labels, offsets.round(3).tolist(), strict=True)))
    for name, made in (("strict", strict), ("shipped", calibration)):
        print(name, made, measure(raw, made))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:6]))
