"""The arithmetic of an evaluation, by hand and against scikit-learn."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Skipped
from speechrnn.errors import CorpusError
from speechrnn.recognizer import Prediction
from speechrnn.scores import Evaluation, GroupScore, Heard, LabelScore, WorstSpeaker, score
from speechrnn.significance import wilson_interval

LABELS = ("0", "1", "2")
# said, answered, speaker
Case = tuple[str, str | None, str | None]
CASES = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, None)), st.sampled_from(("ann", "bob", None))),
    min_size=1,
)


def answer(label: str | None, error: str | None = None) -> Prediction:
    return Prediction(None, label, None, None, None, None, None, error)


def score_cases(cases: Sequence[Case], heard: Sequence[Heard] | None = None) -> Evaluation:
    clips = [Clip(Path(f"{i}.wav"), said, speaker) for i, (said, _, speaker) in enumerate(cases)]
    return score(clips, [answer(answered) for _, answered, _ in cases], LABELS, heard or ["none"] * len(cases))


def test_an_example_worked_by_hand() -> None:
    evaluation = score_cases(
        [
            ("0", "0", "ann"),
            ("0", "1", "ann"),
            ("1", "1", "ann"),
            ("1", None, "bob"),
            ("1", "1", "bob"),
            ("1", "1", "bob"),
            ("1", "1", None),
        ]
    )
    assert evaluation.accuracy == 5 / 7
    assert evaluation.interval == wilson_interval(5, 7)
    assert evaluation.macro == 2 / 3
    # both have two of three right, with as many clips: the first by name
    assert evaluation.worst_speaker == WorstSpeaker("ann", 2 / 3)
    assert (evaluation.n_clips, evaluation.n_speakers, evaluation.rejected) == (7, 2, 1)
    assert evaluation.confusion == ((1, 1, 0, 0), (0, 4, 0, 1), (0, 0, 0, 0))
    assert evaluation.per_label == {
        "0": LabelScore(1.0, 0.5, 2 / 3, 2),
        "1": LabelScore(0.8, 0.8, 0.8, 5),
        "2": LabelScore(None, None, None, 0),
    }
    assert [one.n for one in evaluation.per_speaker.values()] == [3, 3]


def test_the_worst_of_equal_speakers_has_more_clips() -> None:
    cases: list[Case] = [("0", "1", "ann"), ("0", "1", "bob"), ("0", "1", "bob"), ("0", "0", "cyd")]
    assert score_cases(cases).worst_speaker == WorstSpeaker("bob", 0.0)


def test_without_speakers_there_is_no_mean_over_them() -> None:
    evaluation = score_cases([("0", "0", None)])
    assert (evaluation.macro, evaluation.worst_speaker, evaluation.n_speakers) == (None, None, 0)


@settings(deadline=None)
@given(CASES)
def test_labels_score_as_in_scikit_learn(cases: list[Case]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    said, answered = [case[0] for case in cases], [case[1] or "nothing" for case in cases]
    expected = metrics.precision_recall_fscore_support(said, answered, labels=LABELS, zero_division=np.nan)
    scores = score_cases(cases).per_label.values()
    found = [[one.precision, one.recall, one.f1, one.n] for one in scores]
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float).T)


@settings(deadline=None)
@given(CASES)
def test_the_confusion_matrix_is_that_of_scikit_learn(cases: list[Case]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    said, answered = [case[0] for case in cases], [case[1] or "nothing" for case in cases]
    expected = metrics.confusion_matrix(said, answered, labels=(*LABELS, "nothing"))[:3]
    evaluation = score_cases(cases)
    np.testing.assert_array_equal(evaluation.confusion, expected)
    assert evaluation.rejected == expected[:, -1].sum()
    assert [sum(row) for row in evaluation.confusion] == [one.n for one in evaluation.per_label.values()]


@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_clips_does_not_matter(cases: list[Case], random: np.random.Generator) -> None:
    shuffled = list(cases)
    random.shuffle(shuffled)
    assert score_cases(cases) == score_cases(shuffled)


def test_a_mixture_is_named_by_its_most_heard_part_and_told_apart() -> None:
    cases: list[Case] = [("0", "0", "ann"), ("0", "0", "bob"), ("0", "1", "bob"), ("0", "1", "cyd"), ("0", "0", "cyd")]
    evaluation = score_cases(cases, ["clips", "speakers", "speakers", "none", "none"])
    assert evaluation.heard == "clips"
    assert (evaluation.unheard_accuracy, evaluation.n_unheard) == (0.5, 2)
    assert evaluation.per_heard == {
        "none": GroupScore(0.5, wilson_interval(1, 2), 2),
        "speakers": GroupScore(0.5, wilson_interval(1, 2), 2),
        "clips": GroupScore(1.0, wilson_interval(1, 1), 1),
    }
    assert {name: one.heard for name, one in evaluation.per_speaker.items()} == {"ann": True, "bob": True, "cyd": False}


def test_heard_voices_alone_have_no_unheard_accuracy() -> None:
    evaluation = score_cases([("0", "0", "ann")], ["speakers"])
    assert (evaluation.heard, evaluation.unheard_accuracy, evaluation.n_unheard) == ("speakers", None, 0)


def test_an_unreadable_file_is_named_and_not_counted() -> None:
    clips = [Clip(Path("a.wav"), "0", "ann"), Clip(Path("b.wav"), "0", "bob")]
    earlier = Skipped(Path("notes.wav"), "fits no layout")
    evaluation = score(clips, [answer("0"), answer(None, "empty.")], LABELS, ["none", "clips"], [earlier])
    assert (evaluation.accuracy, evaluation.n_clips, evaluation.rejected, evaluation.heard) == (1.0, 1, 0, "none")
    assert evaluation.skipped == (earlier, Skipped(Path("b.wav"), "empty."))
    assert list(evaluation.per_speaker) == ["ann"]


def test_nothing_left_to_score_is_an_error_that_says_why() -> None:
    with pytest.raises(CorpusError, match=r"all 1 were skipped, the first is a\.wav: empty\."):
        score([Clip(Path("a.wav"), "0", None)], [answer(None, "empty.")], LABELS, ["none"])
    with pytest.raises(CorpusError, match="needed at least one"):
        score([], [], LABELS, [])
