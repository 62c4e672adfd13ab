"""`speechrnn bench`: what it measures with, and what it says."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn import benchmark
from speechrnn.benchmark import Row, Setting, Skipped, measure, prepare
from speechrnn.cli import benching
from speechrnn.config import Config
from speechrnn.cost import count_multiply_adds
from speechrnn.errors import BenchError, MissingExtraError
from speechrnn.timing import TURN, alternate, run, take_turns
from tests.command_line import Result

FAST = Row("one", 1.0, 20.0, "ms", 20.0, "at least 15 times faster", True)


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(BenchError, match="exit status 3, needed 0"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_memory_of_a_process_is_its_own() -> None:
    ours, yardstick = alternate([sys.executable, "-c", "x = b'x' * 60_000_000"], [sys.executable, "-c", "pass"], 2)
    assert min(a.megabytes for a in ours) - max(b.megabytes for b in yardstick) > 40
    assert all(one.seconds > 0 for one in ours)


def test_functions_take_turns() -> None:
    heard: list[str] = []
    take_turns({"a": lambda i: heard.append(f"a{i}"), "b": lambda i: heard.append(f"b{i}")}, TURN + 1)
    first, second = [0, *range(TURN)], [TURN, TURN]
    assert heard == [f"{name}{i}" for turn in (first, second) for name in "ab" for i in turn]


def test_what_is_not_installed_is_skipped_and_the_rest_is_measured(tmp_path: Path) -> None:
    def missing(_: Setting) -> list[Row]:
        raise MissingExtraError("keras", "train", "this yardstick")

    setting = prepare(None, None, tmp_path)
    assert setting.labels is None
    assert all(path.is_file() for path in setting.paths)
    told: list[object] = []
    rows = measure(setting, [("warm", missing), ("fast", lambda _: [FAST])], told.append)
    assert rows == told
    assert rows[1] == FAST
    assert isinstance(rows[0], Skipped)
    assert "pip install" in rows[0].reason


def test_clips_are_scored_and_a_folder_without_any_is_refused(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    setting = prepare(tone_corpus(labels="01"), None, tmp_path)
    assert setting.score(lambda path: path.name[0]) == "18 of 18 right"
    assert setting.score(lambda _: "0") == "9 of 18 right"
    with pytest.raises(BenchError):
        prepare(tmp_path / "nowhere", None, tmp_path)


def test_no_more_clips_are_taken_than_it_says(
    tone_corpus: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tone_corpus(labels="01")  # 18 clips
    for most in (1, 4, 10, 17, 18):
        monkeypatch.setattr(benchmark, "N_WARM", most)
        assert most / 2 <= len(prepare(corpus, None, tmp_path).paths) <= most


@pytest.mark.parametrize("holds", [True, False, None])
def test_the_command_prints_writes_and_fails_where_a_limit_does_not_hold(
    cli: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, holds: bool | None
) -> None:
    row = Row("one", 1.0, 20.0, "ms", 20.0, "at least 15 times faster", holds, "a note")
    monkeypatch.setattr(benching, "_steps", lambda: (("one", lambda _: [row]),))
    done = cli("bench", "--json", tmp_path / "speed.json")
    assert done.status == (1 if holds is False else 0)
    assert "one: 1 ms against 20 ms, ratio 20.00; at least 15 times faster: " in done.out
    assert f"{os.cpu_count()} cores" in done.out
    [written] = json.loads((tmp_path / "speed.json").read_text())["rows"]
    assert (written["measure"], written["holds"]) == ("one", holds)


def test_multiply_adds_of_the_digits_network_by_hand() -> None:
    front, network = count_multiply_adds(Config.load("default", {
        "network.conv": [{"filters": 4, "kernel_size": 3, "stride": 2}],
        "network.recurrent.units": 5, "network.recurrent.layers": 2, "network.recurrent.bidirectional": True,
        "network.pooling": "attention_max", "network.hidden": [], "network.rejection": True,
        "features.normalization": "both",
    }), 10, 4000)  # fmt: skip
    # the high-pass: three periods of 300 Hz at 8 kHz
    assert front == 51 * (2 * 128 * 129 + 129 * 40 + 40 * 20) + 4000 * 81
    convolution, recurrence = 26 * 4 * 3 * 40, 26 * 2 * 4 * 5 * (4 + 5) + 26 * 2 * 4 * 5 * (10 + 5)
    assert network == convolution + recurrence + 26 * 10 * 12 + 20 * 11
