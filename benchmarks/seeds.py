"""What the seed of a training is worth on speakers that it never heard: FSDD STRANGERS.json OUT.json BUNDLE...

Each bundle, trained by `farm.py` without one speaker of FSDD, answers all clips of that speaker. STRANGERS.json, from
`strangers.py`, has seed 0, trained by `speechrnn crossval` on all that the configuration names.
"""

import json
import sys
from pathlib import Path

import numpy as np

from speechrnn.audio import load_audio
from speechrnn.bundle import read_bundle
from speechrnn.corpus.layouts import read_corpus
from speechrnn.recognizer import Recognizer


def main(fsdd: Path, strangers: Path, out: Path, bundles: list[Path]) -> None:
    """Answer, put together, write."""
    clips = read_corpus(fsdd).clips
    first = json.loads(strangers.read_text())["unseen_speakers"]["per_speaker"]
    scores = {speaker: {"0": accuracy} for speaker, accuracy in first.items()}
    for bundle in map(read_bundle, bundles):
        [speaker] = {clip.speaker for clip in clips if clip.speaker} - set(bundle.metadata.heard.speakers)
        own = [clip for clip in clips if clip.speaker == speaker]
        found = Recognizer(bundle).predict_batch([load_audio(clip.path) for clip in own])
        right = [max(one.probabilities, key=one.probabilities.__getitem__) for one in found if one.probabilities]
        seed = str(bundle.config.training.seed)
        scores[speaker][seed] = float(np.mean([best == clip.label for best, clip in zip(right, own, strict=True)]))
        print(speaker, seed, scores[speaker][seed], flush=True)
    whole = set.intersection(*(set(one) for one in scores.values()))
    means = {speaker: float(np.mean([one[seed] for seed in whole])) for speaker, one in scores.items()}
    figures = {
        "per_speaker_and_seed": scores,
        "seeds_that_are_whole": sorted(whole),
        "macro_of_each": {seed: float(np.mean([one[seed] for one in scores.values()])) for seed in sorted(whole)},
        "mean_of_seeds": means,
        "macro": float(np.mean(list(means.values()))),
        "worst": min(means, key=means.__getitem__),
        "worst_accuracy": min(means.values()),
        "n_clips": len(clips),
    }
    out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), [Path(argument) for argument in sys.argv[4:]])
