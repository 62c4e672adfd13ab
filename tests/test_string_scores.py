"""Digits aligned and counted."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Skipped
from speechrnn.errors import CorpusError
from speechrnn.string_scores import GAP, align_strings, compare_string, score_strings
from speechrnn.transcript import Transcript

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
    above, below = align_strings(a, b)
    assert (above.replace(GAP, ""), below.replace(GAP, "")) == (a, b)
    assert len(above) == len(below)
    assert all((x, y) != (GAP, GAP) for x, y in zip(above, below, strict=True))
    cost = sum(x != y for x, y in zip(above, below, strict=True))
    other = sum(x != y for x, y in zip(*align_strings(b, a), strict=True))
    assert cost == other
    assert abs(len(a) - len(b)) <= cost <= max(len(a), len(b))


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


def test_what_cannot_be_read_is_listed_and_alone_is_an_error() -> None:
    lost = Transcript("12.wav", None, (), "truncated")
    found = score_strings([clip("12"), clip("3")], [lost, heard("3")], ["none", "none"])
    assert (found.n_strings, found.accuracy) == (1, 1.0)
    assert [one.reason for one in found.skipped] == ["truncated"]
    with pytest.raises(CorpusError, match="truncated"):
        score_strings([clip("12")], [lost], ["none"])
