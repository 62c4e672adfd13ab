"""Any name that a file system gives can be compared, written and shown."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.metadata import Heard
from speechrnn.text import as_text, printable
from tests.bundles import copy_bundle, describe
from tests.command_line import run_process

ROOT = Path(__file__).parents[1]
file_names = st.binary(min_size=1, max_size=30).filter(lambda b: not set(b) & {0, 47}).map(os.fsdecode)

ASCII_NAMES = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
FOLDS = """
import sys
from pathlib import Path
from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import split_corpus
from speechrnn.fold_plan import CrossvalOptions, plan_folds, write_fold
from speechrnn.text import spell_path
corpus, out = read_corpus(Path(sys.argv[1])), Path(sys.argv[2])
parts = split_corpus(corpus, "speaker", 0)
lines = [f"{part} {clip.label} {clip.speaker}" for part in ("train", "valid", "test") for clip in getattr(parts, part)]
for fold in plan_folds(corpus, Config.load("default"), out, CrossvalOptions()):
    table = write_fold(fold)
    again = read_corpus(table)
    assert len(again.clips) == len(corpus.clips), again.skipped
    lines += [spell_path(fold.folder), table.read_text(encoding="utf-8")]
sys.stdout.buffer.write(" ".join(lines).encode())
"""


@given(file_names)
def test_any_file_name_becomes_text_that_can_be_written(name: str) -> None:
    assert as_text(name).encode() == as_text(as_text(name)).encode()
    assert printable(name).isprintable()


def test_text_is_shown_whatever_file_names_are_encoded_in(tmp_path: Path, write_tone: Callable[..., Path]) -> None:
    folder = tmp_path / "clips"
    for name in ("6_zoë_0", "7_ann_0"):
        write_tone(folder / f"{name}.wav")
    (folder / "clips.csv").write_text("path,label,speaker\n6_zoë_0.wav,6,zoë\n7_ann_0.wav,7,ann\n", encoding="utf-8")
    heard = {"heard": msgspec.to_builtins(Heard(speakers=("zoë",), clips=(), real=1))}
    model = describe(copy_bundle(tmp_path / "model"), heard)
    commands = [("evaluate", "--model", model, folder), ("evaluate", "--model", model, folder / "clips.csv")]
    for command in [*commands, ("data", "check", folder), ("info", model)]:
        done, usual = (run_process(*command, home=tmp_path, env=env) for env in (ASCII_NAMES, {}))
        assert "zoë" in usual.out
        assert (done.status, done.out) == (usual.status, usual.out)


def test_folds_and_splits_are_the_same_whatever_file_names_are_encoded_in(
    tmp_path: Path, tone_corpus: Callable[..., Path]
) -> None:
    folder, out = tone_corpus(speakers=("ann", "zoë", "müller"), n=1), tmp_path / "folds"
    command = [sys.executable, "-c", FOLDS, str(folder), str(out)]
    usual, found = (
        subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=True, cwd=ROOT).stdout.decode()
        for env in ({}, ASCII_NAMES)
    )
    assert "zoë" in usual
    assert found == usual
