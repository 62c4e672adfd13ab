"""What each part of the recipe is worth on speakers that it never heard: this file, WORK OUT.json [NAME...].

WORK is the folder that `speechrnn/pretrained/make.sh` laid out. Each setting trains one model for a third as long as
the shipped one, without two of FSDD's speakers and without the Apache speaker; all three are then heard as recorded,
with noise of the split `valid` at 10 dB, and told from words and voices that never train. One seed: differences under a
point are chance. Writes each row as it comes; what is there is kept.
"""

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from outoffold import cut_noises
from own_voice import clips_of, link, run

from speechrnn.certainty import hear_noises
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.noise_sweep import sweep_noise
from speechrnn.recognizer import Prediction, Recognizer, load

HELD = ("theo", "lucas", "apache")
PARTS = ("warp", "tempo", "edges", "placement", "noise", "reverberation", "channel", "masking")
DIGITS = Config.load("digits")
SOURCES = [
    {"path": s.path, "use": s.use, "weight": s.weight} for s in DIGITS.data.sources if s.path not in HELD
]  # fmt: skip


def sources(*uses: str, only: str = "") -> str:
    """Write the sources of some uses, or those whose name begins with `only` among other words."""
    kept = [s for s in SOURCES if s["use"] in uses and (s["use"] != "reject" or str(s["path"]).startswith(only))]
    return "data.sources=" + json.dumps(kept)


ALL = sources("train", "reject", "noise")
SETTINGS: dict[str, list[str]] = {
    "all": [],
    **{f"without {part}": [f"augmentation.{part}=null"] for part in PARTS},
    "noise from 3 dB up": ['augmentation.noise={"probability": 0.7, "snr_db": {"low": 3.0, "high": 42.0}}'],
    "mean and variance alone": ["features.normalization=mean_variance"],
    "last weights, rate to zero": ["training.select=last", "training.final_rate=0"],
    "without synthetic voices": [sources("reject", "noise")],
    "without words that nobody says": [sources("train", "reject", "noise", only="words")],
    "without broken words": ["data.rejection.broken=0"],
}
JOBS = 2
FALSE_ACCEPTS = 0.05


def measure(work: Path, name: str) -> dict[str, object]:
    """Train without three speakers; accuracy on each if forced to answer, and what is kept at 5 % false accepts."""
    kept = [clip for clip in sorted((work / "fsdd").glob("*.wav")) if clip.name.split("_")[1] not in HELD]
    folder = link(work / "ablation" / "fsdd", kept)
    third = [f"training.epochs={DIGITS.training.epochs // 3}", *([] if "sources" in str(SETTINGS[name]) else [ALL])]
    with tempfile.TemporaryDirectory() as out:
        words = [word for value in (*third, *SETTINGS[name]) for word in ("--set", value)]
        run(
            work, "train", folder, "--config", "digits", "--split", "none", "--out", Path(out, "model"), *words,
            threads=1,
        )  # fmt: skip
        return score(work, load(Path(out, "model"), threshold=0.0))


def score(work: Path, recognizer: Recognizer) -> dict[str, object]:
    """Hear the three speakers, noise at 10 dB, and what is no digit."""
    noises = [recognizer.load_audio(path) for path in list_noises(work / "noise", "valid") if path.stat().st_size < 4e5]
    seconds = [y for y in noises if y.size > recognizer.bundle.config.audio.sample_rate]
    words = [clip.path for root in ("held-out", "held-out-flite") for clip in read_corpus(work / root).rejects][::6]
    least = max(
        np.quantile([p.known or 0.0 for p in answers], 1 - FALSE_ACCEPTS)
        for answers in (
            [recognizer.predict(path) for path in words],
            hear_noises(cut_noises(recognizer, work / "noise", "valid"), recognizer),
        )
    )
    rows = {}
    for speaker in HELD:
        paths = sorted((work / "apache").glob("*.flac")) if speaker == "apache" else clips_of(work, speaker)
        clips = [Clip(path, path.name[0], speaker) for path in paths]
        answers = [recognizer.predict(path) for path in paths]
        right = np.array([best(answer) == clip.label for answer, clip in zip(answers, clips, strict=True)])
        known = np.array([(answer.known or 0.0) > least for answer in answers])
        [noisy] = sweep_noise(clips, recognizer, seconds, (10.0,))
        rows[speaker] = (float(right.mean()), noisy.forced, float((right & known).mean()))
    clean, noisy_, kept = (float(np.mean(column)) for column in zip(*rows.values(), strict=True))
    return {"clean": clean, "noise at 10 dB": noisy_, "kept at 5 % false accepts": kept, "per speaker": rows}


def best(answer: Prediction) -> str:
    """The most probable digit."""
    probabilities = answer.probabilities or {"": 0.0}
    return max(probabilities, key=probabilities.__getitem__)


def main(work: Path, out: Path, names: list[str]) -> None:
    """Measure and write."""
    table = json.loads(out.read_text()) if out.exists() else {}
    asked = [name for name in names or SETTINGS if name not in table]
    with ThreadPoolExecutor(JOBS) as pool:
        jobs = {name: pool.submit(measure, work.resolve(), name) for name in asked}
        for name, job in jobs.items():
            table[name] = job.result()
            out.write_text(json.dumps(table, indent=1) + "\n")
            print(name, {k: round(100 * v, 1) for k, v in table[name].items() if isinstance(v, float)}, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
