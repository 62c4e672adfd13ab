"""Digits aligned and counted."""

from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.cli import string_scores
from speechrnn.cli.recordings import Opened
from speechrnn.cli.string_scores import Scored, print_string_scores
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Skipped, read_corpus
from speechrnn.errors import CorpusError
from speechrnn.string_evaluation import render_strings
from speechrnn.string_scores import GAP, align_strings, compare_string, score_strings
from speechrnn.transcript import Transcript
from tests.pitches import SR, pitch_recognizer, say

DIGITS = st.text("0123", max_size=7)


def clip(said: str, speaker: str | None = "ann") -> Clip:
    return Clip(Path(f"{said}.wav"), said, speaker)


def heard(digits: str) -> Transcript:
    return Transcript("x.wav", digits, ())


@pytest.mark.parametrize(
    ("said", "answer", "counts"),
    [
        ("4071", "4071", (0, 0, 0)),
        ("4071", "4171", (1, 0, 0)),
        ("222", "22", (0, 1, 0)),
        ("22", "222", (0, 0, 1)),
        ("4071", "", (0, 4, 0)),
        ("1234", "9123", (0, 1, 1)),
        ("12", "345", (2, 0, 1)),
    ],
)
def test_counts_by_hand(said: str, answer: str, counts: tuple[int, int, int]) -> None:
    found = compare_string(clip(said), answer)
    assert (found.substitutions, found.deletions, found.insertions) == counts
    assert found.n_digits == len(said)


@given(DIGITS, DIGITS)
def test_an_alignment_holds_both_strings_and_is_symmetric(a: str, b: str) -> None:
    found = align_strings(a, b)
    assert (found.said.replace(GAP, ""), found.heard.replace(GAP, "")) == (a, b)
    assert len(found.said) == len(found.heard)
    assert all(pair != (GAP, GAP) for pair in zip(found.said, found.heard, strict=True))
    assert found.errors == sum(x != y for x, y in zip(found.said, found.heard, strict=True))
    assert found.errors == align_strings(b, a).errors
    assert abs(len(a) - len(b)) <= found.errors <= max(len(a), len(b))


def test_scores_by_hand() -> None:
    clips = [clip("12"), clip("345"), clip("6", "bob")]
    answers = [heard("12"), heard("35"), heard("66")]
    found = score_strings(clips, answers, ["none", "none", "speakers"], [Skipped(Path("y.wav"), "odd")])
    assert found.accuracy == pytest.approx(1 / 3)
    assert found.digit_error_rate == pytest.approx(2 / 6)
    assert (found.substitutions, found.deletions, found.insertions) == (0, 1, 1)
    assert (found.n_strings, found.n_digits, found.n_speakers, found.heard) == (3, 6, 2, "speakers")
    assert found.worst_speaker == "bob"
    assert found.per_speaker["ann"].digit_error_rate == pytest.approx(0.2)
    assert [(one.said, one.heard) for one in found.alignments] == [("345", "3-5"), ("6-", "66")] or [
        (one.said, one.heard) for one in found.alignments
    ] == [("345", "3-5"), ("-6", "66")]
    assert [one.reason for one in found.skipped] == ["odd"]


@pytest.mark.parametrize("speaker", ["ann", "a\nn" * 5])
def test_columns_stand_under_their_headings(speaker: str) -> None:
    text = render_strings(score_strings([clip("12", speaker)], [heard("12")], ["none"]))
    heading, row = text.splitlines()[3:5]
    assert heading.startswith("speaker  ")
    assert len(heading) == len(row)


def test_what_cannot_be_read_is_listed_and_alone_is_an_error() -> None:
    lost = Transcript("12.wav", None, (), "truncated")
    found = score_strings([clip("12"), clip("3")], [lost, heard("3")], ["none", "none"])
    assert (found.n_strings, found.accuracy) == (1, 1.0)
    assert [one.reason for one in found.skipped] == ["truncated"]
    with pytest.raises(CorpusError, match="truncated"):
        score_strings([clip("12")], [lost], ["none"])


def test_only_what_cannot_be_read_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(string_scores, "load_strings", lambda _: pitch_recognizer())
    folder, table = tmp_path / "in", tmp_path / "list.csv"
    folder.mkdir()
    soundfile.write(folder / "4071.wav", say("4071"), SR)
    (folder / "circle").symlink_to(folder)
    table.write_text("path,digits\nin/4071.wav,4071\nin/4071.wav,4071\nin/circle/4071.wav,yes\n")
    for data in (folder, table):
        assert print_string_scores(Opened(read_corpus(data)), "pitches", as_json=False) == Scored(0, 1)
    told = capsys.readouterr().err
    reasons = ("read already", "listed twice, on line 2 and on line 3", "yes is no string of digits")
    assert [reason for reason in reasons if reason not in told] == []
    (folder / "12.wav").write_text("no audio")
    (folder / "34.wav").symlink_to("nope.wav")
    assert print_string_scores(Opened(read_corpus(folder)), "pitches", as_json=False) == Scored(2, 3)
    table.write_text("path,digits\nin/4071.wav,4071\nin/12.wav,12\nin/12.wav,12\nin/gone.wav,3\n")
    assert print_string_scores(Opened(read_corpus(table)), "pitches", as_json=False) == Scored(2, 3)
