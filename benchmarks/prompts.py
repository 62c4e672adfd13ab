"""A woman who is no synthesis, and never trains: this file, PROMPTS, OUT.json, BUNDLE...

PROMPTS is the folder `en_US_f_Allison` of Debian's asterisk-core-sounds-en-wav (CC BY-SA 3.0), of which nothing ships:

    apt-get download asterisk-core-sounds-en-wav && dpkg-deb -x asterisk-core-sounds-en-wav_*.deb prompts

Each of her ten digits is played at eight rates, in a room whose floor lies 45 dB under the word; so it is one person of
several throats. Beside them stand letters, names for letters, and further numbers, each once.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from speechrnn.audio import Waveform
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.recognizer import Recognizer

SR = 8000
FACTORS = (0.8, 0.85, 0.9, 0.95, 1.0, 1.06, 1.12, 1.2)
FLOOR_DB = -45.0
PAUSE = SR // 4  # before and after
FALSE_ACCEPTS = 0.05


def play(path: Path, factor: float, rng: np.random.Generator) -> Waveform:
    """Read a prompt, play it faster, and put it into a room."""
    y, sr = soundfile.read(path)
    y = np.pad(soxr.resample(y, sr * factor, SR), PAUSE)
    floor = np.abs(y).max() * 10 ** (FLOOR_DB / 20)
    return np.asarray(y + floor * rng.standard_normal(y.size), np.float32)


def measure(bundle: Bundle, digits: Sequence[tuple[str, Waveform]], others: Sequence[Waveform]) -> dict[str, float]:
    """Shares of the digits that are right and answered, and of the others that pass."""
    eager = Recognizer(bundle, threshold=0.0)  # answers whatever it hears
    said = eager.predict_batch([y for _, y in digits])
    right = np.array([one.label == label for one, (label, _) in zip(said, digits, strict=True)])
    known = np.array([one.known for one in said])
    passing = np.array([one.known for one in eager.predict_batch(others)])
    threshold = bundle.metadata.threshold
    strict = np.quantile(passing, 1 - FALSE_ACCEPTS)
    return {
        "n_digits": len(digits),
        "right_if_all_are_answered": float(right.mean()),
        "right": float((right & (known >= threshold)).mean()),
        "right_at_5_percent_false_accepts": float((right & (known > strict)).mean()),
        "n_others": len(others),
        "others_that_pass": float((passing >= threshold).mean()),
    }


def main(prompts: Path, out: Path, *bundles: Path) -> None:
    """Measure, print, keep."""
    rng = np.random.default_rng(0)
    digits = [(str(d), play(prompts / "digits" / f"{d}.wav", f, rng)) for d in range(10) for f in FACTORS]
    paths = sorted(path for name in ("letters", "phonetic", "digits") for path in (prompts / name).glob("*.wav"))
    others = [play(path, 1.0, rng) for path in paths if path.stem not in set("0123456789")]
    result = {}
    for path in bundles:
        result[path.name] = measure(read_bundle(path), digits, others)
        print(path, json.dumps(result[path.name]), flush=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
