"""Set the threshold of a model of strings and put it where it ships: TRAINED NOISE OUT.

The least threshold of the grid under which at most 0.5 false digits a minute are heard in noise of the split `valid`,
which never trains; `strings.py` measures on the split `test`.
"""

import sys
from pathlib import Path

import msgspec
from strings import THRESHOLDS, false_digits

from speechrnn.bundle import read_bundle, write_bundle
from speechrnn.transcriber import StringRecognizer

FALSE_DIGITS_A_MINUTE = 0.5


def main(trained: Path, noise: Path, out: Path) -> None:
    """Measure, choose, write."""
    bundle = read_bundle(trained)
    minutes, found = false_digits(StringRecognizer(bundle, min_probability=0.0), noise, "valid")
    rates = {threshold: sum(p >= threshold for p in found) / minutes for threshold in THRESHOLDS}
    threshold = next((one for one, rate in rates.items() if rate <= FALSE_DIGITS_A_MINUTE), THRESHOLDS[-1])
    print({one: round(rate, 2) for one, rate in rates.items()}, f"of {minutes:.1f} minutes: {threshold}")
    files = {name: bundle.read(name) for name in bundle.metadata.sha256}
    write_bundle(out, files, msgspec.structs.replace(bundle.metadata, threshold=threshold), replace=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
