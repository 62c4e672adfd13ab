"""What each part of the recipe is worth on speakers that it never heard: this file, WORK OUT.json [NAME...].

WORK is the folder that `speechrnn/pretrained/make.sh` laid out. Each setting trains three models for half as long as
the shipped one, each without two of FSDD's speakers, who are then heard clean and with noise of the split `valid` at
10 dB. One seed: differences under a point are chance. Writes each row as it comes; what is there is kept.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from own_voice import PAIRS, clips_of, link

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.noises import list_noises
from speechrnn.noise_sweep import sweep_noise
from speechrnn.recognizer import load

PARTS = ("warp", "tempo", "edges", "placement", "noise", "reverberation", "channel", "masking")
REAL = [source for source in Config.load("digits").data.sources if source.path in ("apache", "noise")]
SETTINGS: dict[str, list[str]] = {
    "all": [],
    **{f"without {part}": [f"augmentation.{part}=null"] for part in PARTS},
    "mean and variance alone": ["features.normalization=mean_variance"],
    "level alone": ["features.normalization=none"],
    "last weights, rate to zero": ["training.select=last", "training.final_rate=0"],
    "without refusing": ["network.rejection=false"],
    "without synthetic voices": [
        "data.sources=" + json.dumps([{"path": s.path, "use": s.use, "weight": s.weight} for s in REAL])
    ],
}
JOBS = 2


def measure(work: Path, name: str, pair: tuple[str, str]) -> list[tuple[str, float, float]]:
    """Train without two speakers; accuracy on each, clean and at 10 dB, forced to answer."""
    folder = link(work / "own-voice" / "-".join(pair) / "fsdd", [
        clip for clip in sorted((work / "fsdd").glob("*.wav")) if clip.name.split("_")[1] not in pair
    ])  # fmt: skip
    half = [f"training.epochs={Config.load('digits').training.epochs // 2}", *SETTINGS[name]]
    with tempfile.TemporaryDirectory() as out:
        model = Path(out, "model")
        command = [sys.executable, "-m", "speechrnn", "train", str(folder), "--config", "digits", "--split", "none"]
        command += ["--out", str(model), *(word for value in half for word in ("--set", value))]
        subprocess.run(command, cwd=work, check=True, capture_output=True)
        recognizer = load(model, threshold=0.0)
        limits = recognizer.bundle.config.audio
        noises = [
            recognizer.load_audio(path) for path in list_noises(work / "noise", "valid") if path.stat().st_size < 4e5
        ]
        rows = []
        for speaker in pair:
            clips = [Clip(path, path.name[0], speaker) for path in clips_of(work, speaker)]
            clean, noisy = sweep_noise(
                clips, recognizer, [y for y in noises if y.size > limits.sample_rate], (None, 10.0)
            )
            rows.append((speaker, clean.forced, noisy.forced))
    return rows


def main(work: Path, out: Path, names: list[str]) -> None:
    """Measure and write."""
    table = json.loads(out.read_text()) if out.exists() else {}
    with ThreadPoolExecutor(JOBS) as pool:
        asked = [name for name in names or SETTINGS if name not in table]
        jobs = {name: [pool.submit(measure, work.resolve(), name, pair) for pair in PAIRS] for name in asked}
        for name, three in jobs.items():
            rows = [row for job in three for row in job.result()]
            table[name] = {
                "clean": float(np.mean([clean for _, clean, _ in rows])),
                "worst": min(clean for _, clean, _ in rows),
                "noise at 10 dB": float(np.mean([noisy for _, _, noisy in rows])),
                "per speaker": {speaker: (clean, noisy) for speaker, clean, noisy in rows},
            }
            out.write_text(json.dumps(table, indent=1) + "\n")
            print(
                name,
                {key: round(100 * value, 1) for key, value in table[name].items() if key != "per speaker"},
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
