"""Other backends of Keras, and a training in two processes: the same loss, epoch by epoch."""

import csv
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from speechrnn.cli import crew
from speechrnn.crew import parse_crew
from speechrnn.errors import TrainingError
from speechrnn.recognizer import load
from speechrnn.training.distribution import share_rows
from tests.command_line import Result

SETTINGS = (
    "training.epochs=3", "training.clips_per_epoch=null", "training.batch_size=9", "network.recurrent.units=8",
    "network.conv=[]", "training.learning_rate=0.02", "training.schedule=constant", "augmentation=null",
)  # fmt: skip


def start(corpus: Path, out: Path, *more: str, backend: str | None) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "speechrnn", "train", str(corpus), "--split", "clip", "--out", str(out), *more]
    command += [word for setting in SETTINGS for word in ("--set", setting)]
    environment = {**os.environ, "SPEECHRNN_HOME": str(out.parent / "home"), "OMP_NUM_THREADS": "1"}
    environment |= {"KERAS_BACKEND": backend} if backend else {}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def finish(process: "subprocess.Popen[str]") -> None:
    _, err = process.communicate(timeout=400)
    assert process.returncode == 0, err[-2000:]


def losses(model: Path) -> np.ndarray:
    with (model / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row["loss"]), float(row["valid_loss"]), float(row["accuracy"])] for row in rows])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.train
@pytest.mark.machines
def test_two_processes_learn_what_one_learns(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("jax")
    corpus, address = tone_corpus(n=4), f"127.0.0.1:{free_port()}"
    processes = [start(corpus, tmp_path / "two", "--distribute", f"{i}/2@{address}", backend=None) for i in range(2)]
    for process in processes:
        finish(process)
    finish(start(corpus, tmp_path / "one", backend="jax"))
    finish(start(corpus, tmp_path / "tensorflow", backend="tensorflow"))
    one, two, other = (losses(tmp_path / name) for name in ("one", "two", "tensorflow"))
    # the last batches of a pass are no multiple of two: rows that fill up count nothing
    np.testing.assert_allclose(two, one, atol=2e-4)
    # TensorFlow draws other numbers for weights and dropout: alike, not equal
    assert np.isfinite(other).all()
    assert one[-1, 0] < one[0, 0]
    assert other[-1, 0] < other[0, 0]
    clip = next(corpus.glob("1_*"))
    answers = [load(tmp_path / name).predict(clip).probabilities or {} for name in ("one", "two")]
    assert answers[1] == pytest.approx(answers[0], abs=1e-3)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--config", "strings"), "--distribute divides no training of strings"),
        (("--resume",), "--distribute cannot go on with an unfinished training"),
    ],
)
def test_what_several_processes_cannot_do_is_refused_before_they_meet(
    more: tuple[str, ...], said: str, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    monkeypatch.setattr(crew, "meet", lambda _: pytest.fail("waited for the others"))
    done = cli("train", "nowhere", "--distribute", "0/2@127.0.0.1:9123", *more)
    assert (done.status, done.out) == (2, "")
    assert said in done.err.splitlines()[-1]


@pytest.mark.train
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed; `make torch-leg` has it")
def test_torch_trains_the_same_configuration(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    corpus = tone_corpus(n=4)
    finish(start(corpus, tmp_path / "torch", backend="torch"))
    curve = losses(tmp_path / "torch")
    assert np.isfinite(curve).all()
    assert curve[-1, 0] < curve[0, 0]


@pytest.mark.parametrize(("n", "count"), [(1, 1), (1, 2), (63, 2), (64, 2), (5, 3), (2, 5)])
def test_the_mean_over_all_processes_is_that_of_the_batch(n: int, count: int) -> None:
    values = np.random.default_rng(n).normal(size=n)
    parts = [share_rows(n, i, count) for i in range(count)]
    assert len({part.index.size for part in parts}) == 1
    assert sorted({int(i) for part in parts for i in part.index[part.weights > 0]}) == list(range(n))
    mean = np.mean([values[part.index] * part.weights for part in parts])
    assert mean == pytest.approx(values.mean(), rel=1e-6)


@pytest.mark.parametrize("text", ["", "2", "2/2@host:1", "0/2", "0/2@host", "x/2@host:1", "-1/2@h:1"])
def test_a_crew_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(TrainingError, match="INDEX/COUNT@HOST:PORT"):
        parse_crew(text)
