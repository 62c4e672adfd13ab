"""A training pass with augmentation against one without, and how long the network waits for its batches.

usage: python benchmarks/training.py RECORDINGS [--clips 2000] [--turns 3] [--json FILE]

The same network and as many clips a pass; passes take turns, so that a busy machine slows both.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import split_corpus
from speechrnn.training.distillation import keep_answers
from speechrnn.training.feed import Batch, Feed
from speechrnn.training.fitting import Pass, compile_network, fit_standardization
from speechrnn.training.material import gather
from speechrnn.training.network import build_network
from speechrnn.training.threads import one_blas_thread


class Waiting:
    """A feed that tells how long it was waited for."""

    def __init__(self, feed: Feed) -> None:
        self.feed, self.seconds = feed, 0.0

    @property
    def n_steps(self) -> int:
        """How many batches a pass has."""
        return self.feed.n_steps

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give the batches, and hold a watch until each is there."""
        batches = self.feed.epoch(number)
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            self.seconds += time.perf_counter() - began
            if batch is None:
                return
            yield batch


class Trainee:
    """A network, its feed, and the figures of its passes."""

    def __init__(self, recordings: Path, config: Config) -> None:
        corpus = read_corpus(recordings)
        self.material = gather(corpus, split_corpus(corpus, "none", 0), config).material
        self.config = config
        self.network = build_network(config, len(self.material.labels))
        feed = Feed(self.material, config)
        fit_standardization(self.network, feed.probe(), config.features.normalization)
        compile_network(self.network, config, feed.n_steps)
        self.feed = Waiting(feed)
        self.teach = keep_answers(self.network, config.training.distillation)
        self.passes: list[tuple[float, float, float]] = []

    def run(self, number: int) -> None:
        """Make a pass; the first one, in which TensorFlow traces, is not counted."""
        self.feed.seconds = 0.0
        wall, cpu = time.perf_counter(), time.process_time()
        Pass(self.network, self.feed, self.material, self.config.training, self.teach).run(number, None)  # type: ignore[arg-type]
        if number > 1:
            self.passes.append((time.perf_counter() - wall, time.process_time() - cpu, self.feed.seconds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    changed = Config.load("default").override({"training.clips_per_epoch": arguments.clips})
    plain = changed.override({"augmentation": None})
    with one_blas_thread():
        trainees = [Trainee(arguments.recordings, config) for config in (changed, plain)]
        for number in range(1, arguments.turns + 2):
            for trainee in trainees:
                trainee.run(number)
    ours, theirs = (np.array(trainee.passes) for trainee in trainees)
    result = {
        "clips": arguments.clips,
        "load": os.getloadavg()[0],
        "augmented_seconds": statistics.median(ours[:, 0]),
        "plain_seconds": statistics.median(theirs[:, 0]),
        "ratio": statistics.median(ours[:, 0] / theirs[:, 0]),
        "cpu_ratio": statistics.median(ours[:, 1] / theirs[:, 1]),
        "waiting": float(ours[:, 2].sum() / ours[:, 0].sum()),
    }
    print(
        f"a pass of {arguments.clips} clips: {result['augmented_seconds']:.2f} s with augmentation, "
        f"{result['plain_seconds']:.2f} s without; ratio {result['ratio']:.2f} (needed at most 1.3), of CPU time "
        f"{result['cpu_ratio']:.2f}; {100 * result['waiting']:.1f} % of the time the network waits for a batch"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
