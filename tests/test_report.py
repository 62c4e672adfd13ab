"""What the tables and files of a report say."""

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from speechrnn.comparison import Comparison, Known, Tally
from speechrnn.corpus.clips import Clip
from speechrnn.evaluation import Evaluated, score
from speechrnn.markup import Table, markdown_table, text_table
from speechrnn.recognizer import Prediction
from speechrnn.report import COLUMNS, render_comparison, render_evaluation, write_report
from speechrnn.scores import HEARD_LEVELS, Heard

LABELS = ("go", "stop")
UNKNOWN = Known(0, 0)
BY_ALL = Tally(180, 20, 0, 160, 0, 1e-40)
PNG = b"\x89PNG\r\n\x1a\n"
# path, said, answered, probability
CASES = (
    ("sure.wav", "go", "stop", 0.99),
    ("right.wav", "go", "go", 0.8),
    ("rejected.wav", "stop", None, 1.0),
    ("torn.wav", "stop", None, None),
    ("unsure.wav", "stop", "go", 0.51),
)


def make(heard: Heard | Sequence[Heard] = "none", speaker: str | None = "ann") -> Evaluated:
    clips = tuple(Clip(Path(path), said, speaker) for path, said, _, _ in CASES)
    predictions = tuple(
        Prediction(path, answered, probability, None, 1.0, 0.1, 0.4, None if probability else "empty. Record again.")
        for path, _, answered, probability in CASES
    )
    levels = [heard] * len(clips) if isinstance(heard, str) else heard
    return Evaluated(
        score(clips, predictions, LABELS, levels), clips, predictions, "models/my_model", "clips", tuple(levels)
    )


def fair(tally: Tally, names: tuple[str, str] = ("a", "b")) -> Comparison:
    """All clips are new to both models."""
    return unfair(tally, names=names, every=tally)


def unfair(
    unheard: Tally,
    a: Known = UNKNOWN,
    b: Known = UNKNOWN,
    *,
    names: tuple[str, str] = ("a", "b"),
    every: Tally = BY_ALL,
) -> Comparison:
    """By all clips b would have won."""
    assert every.p is not None
    counts = (every.n_clips, every.both_right, every.only_a, every.only_b, every.both_wrong)
    return Comparison(names[0], names[1], *counts, every.p, unheard, a, b)


@pytest.mark.parametrize(("n", "doubt"), [(449, "; with 449 clips much of it may be chance"), (450, "")])
def test_a_calibration_error_of_few_clips_is_said_to_be_rough(n: int, doubt: str) -> None:
    said = f"Probabilities are off by 4.3 points on average (calibration error{doubt}).\n"
    assert said in render_evaluation(replace(make().evaluation, ece=0.0431, n_clips=n))


def test_the_terminal_shows_everything() -> None:
    assert (
        render_evaluation(make().evaluation)
        == """\
Accuracy 25.0 % on speakers not heard in training: 1 of 4 clips right, 95 % interval 4.6 to 69.9.
All clips with a named speaker are of one voice: others may do better or worse.
1 clip got no label and counts as wrong.

Speakers, the worst first
speaker  accuracy  95 % interval  clips  heard in training
ann        25.0 %    4.6 to 69.9      4                 no

Labels
label  precision  recall     F1  clips
go         0.500   0.500  0.500      2
stop       0.000   0.000  0.000      2

Confusion: a row is what was said, a column what was answered
said  go  stop  (none)
go     1     1       .
stop   1     .       1

1 file skipped, not part of the accuracy:
  torn.wav: empty. Record again."""
    )


@pytest.mark.parametrize(
    ("heard", "speaker", "phrase"),
    [
        ("none", "ann", "on speakers not heard in training:"),
        ("none", None, "on voices not heard in training:"),
        ("speakers", "ann", "on voices heard in training:"),
        ("speakers", None, "on voices that may have been heard in training:"),
        ("clips", "ann", "on clips it was trained on:"),
        (["clips", "none", "none", "none", "none"], "ann", "on a mixture (1 of 4 are clips it was trained on):"),
        (["speakers", "none", "none", "none", "none"], "ann", "on a mixture (1 of 4 are of voices heard in training):"),
    ],
)
def test_the_first_line_says_what_the_model_knew(heard: Heard, speaker: str | None, phrase: str) -> None:
    assert phrase in render_evaluation(make(heard, speaker).evaluation).splitlines()[0]


def test_a_mixture_is_told_apart() -> None:
    text = render_evaluation(make(["clips", "speakers", "none", "none", "none"]).evaluation)
    table = text.partition("What the model knew before\n")[2].splitlines()[:4]
    assert [line.split()[-1] for line in table] == ["n", "2", "1", "1"]


def test_many_labels_and_speakers_are_cut_short() -> None:
    labels = [f"word{i}" for i in range(21)]
    clips = [Clip(Path(f"{i}.wav"), labels[i % 21], f"voice{i}") for i in range(63)]
    answers = [Prediction(None, "word3" if clip.label == "word2" else clip.label, *[None] * 5) for clip in clips]
    text = render_evaluation(score(clips, answers, labels, ["none"] * 63))
    assert "and 43 speakers with higher or equal accuracy" in text
    assert text.endswith("Most frequent confusions\nsaid   answered  clips\nword2     word3      3")
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    ("comparison", "verdict"),
    [
        (
            fair(Tally(100, 80, 0, 15, 5, 0.00006)),
            "b is better; a difference like this comes by chance with p < 0.0001",
        ),
        (
            fair(Tally(100, 80, 12, 2, 6, 0.0129)),
            "a is better; a difference like this comes by chance with p = 0.013",
        ),
        (fair(Tally(100, 80, 5, 6, 9, 1.0)), "The difference may well be chance; p = 1"),
        (fair(Tally(100, 80, 5, 5, 10, 1.0)), "Both get equally many right; p = 1"),
    ],
)
def test_a_comparison_ends_with_its_verdict(comparison: Comparison, verdict: str) -> None:
    assert render_comparison(comparison).splitlines()[-1] == f"{verdict} (McNemar's exact test)."


@pytest.mark.parametrize(
    ("comparison", "verdict"),
    [
        (
            unfair(Tally(0, 0, 0, 0, 0, None), Known(0, 0), Known(160, 20)),
            (
                "no verdict: b was trained on 160 of these clips and may know the voices of 20 others; none is new to "
                "both."
            ),
        ),
        (
            unfair(Tally(5, 0, 0, 5, 0, 0.0625), Known(0, 175), Known(0, 0)),
            (
                "no verdict: a was trained, or may have been, on the voices of 175 of these clips; too few are new to "
                "both: 5."
            ),
        ),
        (
            unfair(Tally(20, 10, 8, 0, 2, 0.0078), Known(0, 0), Known(160, 0)),
            "a is better; a difference like this comes by chance with p = 0.0078 (McNemar's exact test).",
        ),
        (
            unfair(Tally(20, 18, 0, 2, 0, 0.5), Known(0, 0), Known(160, 0)),
            "The difference may well be chance; p = 0.5 (McNemar's exact test).",
        ),
    ],
)
def test_clips_that_a_model_was_trained_on_decide_nothing(comparison: Comparison, verdict: str, tmp_path: Path) -> None:
    lines = render_comparison(comparison).splitlines()
    assert "of 180 clips: both right 20, only a 0, only b 160, both wrong 0." in lines[0]
    assert lines[-1] == verdict
    tested = f"of {comparison.unheard.n_clips} clips: both right {comparison.unheard.both_right}"
    assert [tested in line for line in lines[1:-1]] == [True] * (len(lines) - 2)
    write_report(tmp_path, make(), [comparison])
    page = (tmp_path / "report.md").read_text()
    assert verdict in page
    assert "b is better" not in page


def test_models_of_one_folder_name_keep_their_paths_in_the_report(tmp_path: Path) -> None:
    write_report(tmp_path, make(), [fair(Tally(4, 1, 0, 0, 3, 1.0), names=("x/m", "y/m"))])
    assert "x/m 25.0 %, y/m 25.0 % of 4 clips" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(("n", "said"), [(20, "The most confident first"), (21, "The first 20, the most confident")])
def test_a_list_of_wrong_answers_says_where_it_is_cut(n: int, said: str, tmp_path: Path) -> None:
    clips = tuple(Clip(Path(f"{i}.wav"), "go", "ann") for i in range(n))
    answers = tuple(Prediction(None, "stop", 0.9, *[None] * 4) for _ in clips)
    heard: tuple[Heard, ...] = tuple(HEARD_LEVELS[:1]) * n
    write_report(tmp_path, Evaluated(score(clips, answers, LABELS, heard), clips, answers, "m", "d", heard))
    page = (tmp_path / "report.md").read_text()
    assert f"## Wrong answers: {n}\n\n{said}" in page
    assert page.count("said go, heard as stop") == 20


@pytest.mark.parametrize(("answered", "said"), [("go", "100.0 %."), ("stop", "50.0 %; the worst is bob with 0.0 %.")])
def test_of_equal_speakers_none_is_the_worst(answered: str, said: str) -> None:
    clips = [Clip(Path("a.wav"), "go", "ann"), Clip(Path("b.wav"), "go", "bob")]
    answers = [Prediction(None, label, *[None] * 5) for label in ("go", answered)]
    text = render_evaluation(score(clips, answers, LABELS, ["none", "none"]))
    assert text.splitlines()[1] == f"Mean over 2 speakers {said}"


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


def test_a_report_is_a_folder_of_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    evaluated = make()
    report = write_report(tmp_path / "new" / "report", evaluated)
    names = ["report.md", "confusion.png", "predictions.csv", "errors.csv", "evaluation.json"]
    assert [path.name for path in report.files] == names
    assert {path.name for path in (tmp_path / "new" / "report").iterdir()} == set(names)
    folder = tmp_path / "new" / "report"
    assert (folder / "confusion.png").read_bytes().startswith(PNG)
    rows = read_csv(folder / "predictions.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [(row["path"], row["label"], row["predicted"]) for row in rows] == [(p, s, a or "") for p, s, a, _ in CASES]
    assert rows[3]["error"] == "empty. Record again."
    # confident mistakes first, no answer last, unreadable files not at all
    assert [row["path"] for row in read_csv(folder / "errors.csv")] == ["sure.wav", "unsure.wav", "rejected.wav"]
    assert json.loads((folder / "evaluation.json").read_text())["accuracy"] == evaluated.evaluation.accuracy


def test_the_report_tells_the_story_in_markdown(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_report(tmp_path, make(), [fair(Tally(4, 1, 0, 0, 3, 1.0), names=("x/old", "models/my_model"))])
    text = (tmp_path / "report.md").read_text()
    for expected in (
        "# models/my\\_model on clips\n",
        "Accuracy 25.0 % on speakers not heard in training",
        "old 25.0 %, my\\_model 25.0 % of 4 clips: both right 1, only old 0",
        "Both get equally many right",
        "![Confusion matrix](confusion.png)",
        "| stop | 1 | . | 1 |",
        "## Wrong answers: 3",
        "- sure.wav: said go, heard as stop (99.0 %)\n- unsure.wav: said stop, heard as go (51.0 %)\n- rejected.wav",
        "- rejected.wav: said stop, nothing was answered\n",
        "- torn.wav: empty. Record again.",
    ):
        assert expected in text


def test_without_matplotlib_all_but_the_picture_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("confusion.png", "evaluation.json"):
        (tmp_path / name).write_bytes(b"of an earlier report")
    (tmp_path / "mine.txt").write_text("stays")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    report = write_report(tmp_path, make())
    names = {"report.md", "predictions.csv", "errors.csv", "evaluation.json"}
    assert {path.name for path in report.files} == names
    assert {path.name for path in tmp_path.iterdir()} == names | {"mine.txt"}
    assert report.missing is not None
    assert "speechrnn[plot]" in report.missing
    assert "The confusion matrix is not drawn" in (tmp_path / "report.md").read_text()


def test_odd_file_names_come_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    raw = b'a,"b\n|\x1b[2J\xff.wav'
    clip = Clip(Path(os.fsdecode(raw)), "go", None)
    answers = (Prediction(None, "stop", 0.9, None, 1.0, 0.0, 1.0),)
    write_report(tmp_path, Evaluated(score([clip], answers, LABELS, ["none"]), (clip,), answers, "m", "d", ("none",)))
    rows = list(csv.DictReader(io.StringIO(os.fsdecode((tmp_path / "errors.csv").read_bytes()), newline="")))
    assert os.fsencode(rows[0]["path"]) == raw
    line = next(line for line in (tmp_path / "report.md").read_text().splitlines() if "said go" in line)
    assert line == r'- a,"b\\n\|\\x1b\[2J\\xff.wav: said go, heard as stop (90.0 %)'


def test_tables_show_the_same_cells() -> None:
    table = Table(("name", "n"), (("a\nb", "1"), ("c|d", "22")))
    assert text_table(table).splitlines() == ["name   n", "a\\nb   1", "c|d   22"]
    assert markdown_table(table).splitlines()[2:] == ["| a\\\\nb | 1 |", "| c\\|d | 22 |"]
