"""``kill -9`` at random moments of a training: the bundle is whole or absent, and ``--resume`` goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.bundle import read_bundle
from speechrnn.recognizer import load

SPEECHRNN = str(Path(sys.executable).with_name("speechrnn"))


@pytest.mark.train
def test_a_killed_training_leaves_a_whole_bundle_or_none(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    corpus, out = tone_corpus(n=6), tmp_path / "model"
    settings = [
        "training.epochs=60",
        "training.clips_per_epoch=null",
        "network.recurrent.units=8",
        "training.batch_size=4",
    ]
    command = [SPEECHRNN, "train", str(corpus), "--out", str(out), "--resume"]
    command += [word for setting in settings for word in ("--set", setting)]
    environment = {**os.environ, "SPEECHRNN_HOME": str(tmp_path / "home")}
    moments = random.Random(20261123)
    checkpoint = tmp_path / "model.unfinished" / "checkpoint.safetensors"
    for _ in range(2):
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
            began = time.monotonic()
            # the seconds of starting up are not what is tested: wait until this run has written an epoch
            while process.poll() is None and time.monotonic() - began < 60:
                if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                    break
                time.sleep(0.02)
            time.sleep(moments.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
        if out.exists():
            read_bundle(out).verify()
            return
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    read_bundle(out).verify()
    assert load(out).predict(next(corpus.glob("1_*"))).label == "1"
    assert not list(tmp_path.glob("*.unfinished"))
