"""``speechrnn transcribe``, and ``evaluate`` on strings, with a model that hears pitches."""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn import string_evaluation, transcriber
from speechrnn.cli import progress
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.errors import BundleError, CorpusError
from speechrnn.string_evaluation import evaluate_strings, render_strings, strings_to_json
from speechrnn.transcriber import StringRecognizer
from tests import pitches
from tests.command_line import MODEL, Result
from tests.pitches import SR, hush, pitch_recognizer, say

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: object = None, *, min_probability: float | None = None) -> StringRecognizer:
        return pitch_recognizer(min_probability=min_probability)

    monkeypatch.setattr(transcriber, "load_strings", load)
    monkeypatch.setattr(string_evaluation, "load_strings", load)


@pytest.fixture
def pin(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "pin.wav", say("4071"), SR)
    return Path("pin.wav")


def test_a_line_a_file(cli: Cli, pin: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "hush.wav", hush(1.0), SR)
    done = cli("transcribe", pin, "hush.wav")
    assert (done.status, done.out) == (0, "pin.wav: 4071\nhush.wav: no digits\n")
    assert done.err == "model: pitches\n"


def test_a_url_that_nothing_opens_does_not_keep_the_others_of_a_list_waiting(
    cli: Cli, pin: Path, tmp_path: Path
) -> None:
    pytest.importorskip("fsspec")
    (tmp_path / "list.csv").write_text(f"path\n{pin}\nfoo://bar/x.wav\n{pin}\n")
    done = cli("transcribe", "list.csv")
    assert (done.status, done.out) == (1, "pin.wav: 4071\n" * 2)
    assert "error: foo://bar/x.wav: cannot be opened (Protocol not known: foo)" in done.err


def test_json_has_every_digit_with_its_times(cli: Cli, pin: Path) -> None:
    done = cli("transcribe", pin, "--json", "--model", "pitches")
    found = json.loads(done.out)
    assert (found["path"], found["digits"], found["error"]) == ("pin.wav", "4071", None)
    assert [one["label"] for one in found["segments"]] == list("4071")
    assert all(0 < one["start"] < one["end"] < 2.5 and 0 < one["probability"] <= 1 for one in found["segments"])
    assert list(found) == ["path", "digits", "segments", "error"]


def test_a_pattern_is_written_as_it_is_given_and_json_has_the_digits_alone(cli: Cli, pin: Path) -> None:
    assert cli("transcribe", pin, "--pattern", "dd-dd").out == "pin.wav: 40-71\n"
    assert json.loads(cli("transcribe", pin, "--pattern", "dd-dd", "--json").out)["digits"] == "4071"
    assert len(json.loads(cli("transcribe", pin, "--length", "3", "--json").out)["digits"]) == 3
    assert "with --json `digits` has the digits alone" in " ".join(cli("transcribe", "--help").out.split())


def test_more_digits_than_there_is_time_for_are_refused(cli: Cli, pin: Path) -> None:
    done = cli("transcribe", pin, "--length", "500")
    assert (done.status, done.out) == (1, "")
    assert "pin.wav: sounds for " in done.err
    assert "too short a time for 500 digits. Ask for as many as are said." in done.err


def test_a_bar_for_each_file_that_takes_long_gone_before_its_line(
    cli: Cli, pin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[object] = []

    @contextlib.contextmanager
    def bar(title: str, *, unit: str) -> Iterator[Callable[[int, int | None], None]]:
        events.append((title, unit))
        yield lambda done, total: events.append((done, total))
        events.append("gone")

    monkeypatch.setattr(progress, "is_watched", lambda: True)
    monkeypatch.setattr(progress, "progress", bar)
    assert "pin.wav: 4071" in cli("transcribe", pin).out
    assert events == []
    monkeypatch.setattr(progress.LateBar, "PATIENCE", -1.0)
    soundfile.write(tmp_path / "hush.wav", hush(1.0), SR)
    cli("transcribe", pin, "hush.wav")
    title = ("listening", "s of sound")
    assert events == [title, (0, 2), (1, 2), (2, 2), "gone", title, (0, 1), "gone"]


def test_one_bad_file_among_many(cli: Cli, pin: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    done = cli("transcribe", "text.wav", pin, "gone.wav")
    assert done.status == 1
    assert done.out == "pin.wav: 4071\n"
    assert "error: text.wav: not readable as audio" in done.err
    assert "error: gone.wav: no such file or directory" in done.err
    assert done.err.endswith("2 of 3 inputs failed\n")
    rows = [json.loads(line) for line in cli("transcribe", "text.wav", pin, "--json").out.splitlines()]
    assert [(row["digits"], row["error"] is None) for row in rows] == [(None, False), ("4071", True)]


def test_stdin(cli: Cli, pin: Path, tmp_path: Path) -> None:
    assert cli("transcribe", "-", stdin=(tmp_path / pin).read_bytes()).out == "-: 4071\n"
    done = cli("transcribe", "-")
    assert (done.status, done.out) == (1, "")
    assert "empty: nothing came on stdin" in done.err
    assert "predict" not in done.err


def test_a_recording_without_samples_is_the_error_that_predict_tells(cli: Cli, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "zero.wav", np.zeros(0), SR)
    said = [cli("transcribe", "zero.wav"), cli("transcribe", "-", stdin=(tmp_path / "zero.wav").read_bytes())]
    said.append(cli("predict", "zero.wav", *MODEL))
    assert [(one.status, one.out) for one in said] == [(1, "")] * 3
    assert {one.err.partition("empty: ")[2] for one in said} == {
        "found no samples at all, the file may be cut off. Copy or record it again.\n"
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--length", "4", "--pattern", "dd"), "exclude each other"),
        (("--length", "0"), "0 is not in the range"),
        (("--pattern", "--"), "0 places"),
        (("--min-probability", "nan"), "nan is not in the range"),
        (("--min-probability", "1.1"), "not in the range"),
    ],
)
def test_wrong_usage(cli: Cli, pin: Path, options: tuple[str, ...], message: str) -> None:
    done = cli("transcribe", pin, *options)
    assert (done.status, done.out) == (2, "")
    assert message in " ".join(done.err.split())


def strings_corpus(folder: Path) -> Path:
    folder.mkdir()
    for name, said in (("4071_ann_0", "4071"), ("55_bob_0", "5"), ("8_bob_1", "8")):
        soundfile.write(folder / f"{name}.wav", say(said), SR)
    return folder


def test_evaluation_of_a_folder(tmp_path: Path) -> None:
    found = evaluate_strings(strings_corpus(tmp_path / "strings"), pitch_recognizer())
    assert (found.n_strings, found.n_digits, found.n_speakers) == (3, 7, 2)
    assert (found.deletions, found.substitutions, found.insertions) == (1, 0, 0)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.digit_error_rate == pytest.approx(1 / 7)
    text = render_strings(found)
    assert "Digit error rate 14.3 % of 7 digits: 0 substitutions, 1 deletion, 0 insertions" in text
    assert "55_bob_0.wav" in text
    assert json.loads(strings_to_json(found))["per_speaker"]["bob"]["n_digits"] == 3


def test_a_csv_has_a_column_digits(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", say("4071"), SR)
    table = tmp_path / "strings.csv"
    table.write_text("path,digits,speaker\na.wav,40 71,ann\n")
    assert read_corpus(table).clips == (Clip(tmp_path / "a.wav", "4071", "ann"),)
    assert evaluate_strings(table, pitch_recognizer()).accuracy == 1


def test_names_that_are_the_strings(tmp_path: Path) -> None:
    for name in ("4071.wav", "07_ann.wav", "notes.wav"):
        soundfile.write(tmp_path / name, np.zeros(100), SR)
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "strings"
    assert [(clip.label, clip.speaker) for clip in corpus.clips] == [("07", "ann"), ("4071", None)]
    assert [(one.path.name, one.reason) for one in corpus.skipped] == [
        ("notes.wav", "not named by a string of digits, as most are")
    ]


def test_no_strings_at_all(tmp_path: Path) -> None:
    (tmp_path / "7_ann_0.wav").write_text("no audio")
    with pytest.raises(CorpusError, match="no recording of a string could be read, such as 7_ann_0"):
        evaluate_strings(tmp_path, pitch_recognizer())
    (tmp_path / "list.csv").write_text("path,digits\n7_ann_0.wav,12a\n")
    with pytest.raises(CorpusError, match=r"could be scored, such as 7_ann_0.wav \(12a is no string of digits\)"):
        evaluate_strings(tmp_path / "list.csv", pitch_recognizer())
    with pytest.raises(CorpusError, match=r"^data of type int, needed the path of a folder or CSV, or a Corpus\."):
        evaluate_strings(5, pitch_recognizer())  # type: ignore[arg-type]  # what a caller may do


def test_strings_of_words_have_no_score_yet(tmp_path: Path) -> None:
    digits = pitch_recognizer()
    words = StringRecognizer(dataclasses.replace(digits.bundle, labels=("no", "yes")), pitches.Pitches())
    with pytest.raises(BundleError, match="a model of strings of no, yes, needed one of digits"):
        evaluate_strings(strings_corpus(tmp_path / "strings"), words)
