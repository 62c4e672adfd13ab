"""Train presets on FSDD with the real command line and hold their scores against what is asked of them.

usage: python benchmarks/accuracy.py FSDD_RECORDINGS [--splits official speaker] [--json FILE]

Each preset is trained twice: on the official split, where the test clips are of the same six speakers as the training
clips, and with a speaker kept out, whose voice the network has never heard. Both scores are printed side by side.
Only the first is held against a limit: CI asks for it alone.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SPEECHRNN = str(Path(sys.executable).with_name("speechrnn"))
# least accuracy on the 300 clips of the official split
NEEDED = {"tutorial": 0.93, "default": 0.975}
SPLITS = ("official", "speaker")


def score(data: Path, preset: str, split: str, out: Path) -> dict[str, Any]:
    """Train, and read the score on the test clips from the bundle; a failed training has said why on stderr."""
    began = time.perf_counter()
    command = [SPEECHRNN, "train", str(data), "--config", preset, "--split", split, "--out", str(out)]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"error: the training of {preset} with --split {split} failed, so there is no score of it.")
    metrics = json.loads((out / "metrics.json").read_text())
    kept = ("accuracy", "interval", "macro", "n_clips", "n_speakers", "worst_speaker", "heard")
    return {"preset": preset, "split": split, "seconds": round(time.perf_counter() - began, 1)} | {
        key: metrics[key] for key in kept
    }


def parity(data: Path, out: Path) -> float:
    """Compare both runtimes on the 300 test clips; more than 1e-4 or one differing trim bound is an error."""
    from speechrnn.bundle import read_bundle
    from speechrnn.corpus.layouts import read_corpus
    from speechrnn.corpus.splits import split_corpus
    from speechrnn.training.reference import check_parity

    test = split_corpus(read_corpus(data), "official", seed=0).test
    return check_parity(read_bundle(out), [clip.path for clip in test])


def main() -> int:
    """Train, print, and fail where a score is too low."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=SPLITS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not Path(SPEECHRNN).is_file():
        sys.exit(
            f"error: {SPEECHRNN}: no such file. Install this package where this Python is: pip install -e .[train]"
        )
    if not arguments.data.is_dir():
        sys.exit(f"error: {arguments.data}: no such folder. Fetch it with: speechrnn data fetch fsdd FOLDER")
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as scratch:
        for preset, needed in NEEDED.items():
            for split in arguments.splits:
                row = score(arguments.data, preset, split, Path(scratch) / f"{preset}-{split}")
                rows.append(row)
                low, high = row["interval"]["low"], row["interval"]["high"]
                least = f", needed {needed:.1%}" if split == "official" else ""
                failed |= split == "official" and row["accuracy"] < needed
                difference = (
                    parity(arguments.data, Path(scratch) / f"{preset}-{split}") if split == "official" else None
                )
                row["parity"] = difference
                print(
                    f"{preset}, --split {split}: {row['accuracy']:.1%} ({low:.1%} to {high:.1%}) of {row['n_clips']} "
                    f"clips, {row['n_speakers']} speakers; heard: {row['heard']}{least}; {row['seconds']} s"
                    + (f"; graph against librosa and Keras: {difference:.1e}" if difference is not None else ""),
                    flush=True,
                )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
