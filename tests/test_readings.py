"""Ways to cut an utterance into words, and which is taken."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from speechrnn.decoding import Found, LogProbs, decode, log_softmax
from speechrnn.readings import NARROW, PRESENCE, WIDE, Opinion, cut, judge, pool, read_variously

frames = arrays(np.float32, st.tuples(st.integers(1, 30), st.just(4)), elements=st.floats(-8, 8, width=32)).map(
    log_softmax
)


def row(*probabilities: float) -> list[float]:
    return [math.log(one) for one in probabilities]


def opinion(*labels: float, known: float = 0.9, seconds: float = 0.6) -> Opinion:
    return Opinion(np.array(labels, np.float32), known, seconds)


BLANK = row(0.98, 0.01, 0.01)


@given(frames)
def test_no_two_ways_are_the_same_and_each_has_words_in_order(rows: LogProbs) -> None:
    ways = read_variously(rows)
    places = [[(word.first, word.last) for word in words] for words in ways]
    assert all(places)
    assert len({tuple(place) for place in places}) == len(places)
    for place in places:
        assert all(0 <= first <= last < len(rows) for first, last in place)
        assert all(before < after for (_, before), (after, _) in pairwise(place))
    for word in (word for words in ways for word in words):
        assert word.probability == pytest.approx(float(np.exp(rows[word.first : word.last + 1, word.unit].max())))


@given(frames)
def test_where_a_frame_decides_alone_the_best_path_is_the_best_string(rows: LogProbs) -> None:
    """Of frames that are sure there is one string only, and each way finds it."""
    sure = log_softmax(40 * np.eye(4, dtype=np.float32)[rows.argmax(axis=1)])
    # where there is no word, the first of frames that are all alike
    expected = [(word.unit, word.first, word.last) for word in decode(sure)] or [(1, 0, 0)]
    found = [[(word.unit, word.first, word.last) for word in words] for words in read_variously(sure)]
    assert found == [expected]


def test_a_word_that_a_probable_blank_hides_is_one_way_and_not_the_other() -> None:
    rows = np.array([BLANK, row(0.02, 0.97, 0.01), BLANK, row(0.7, 0.05, 0.25), BLANK], np.float32)
    assert [[(word.unit, word.first) for word in words] for words in read_variously(rows)] == [
        [(1, 1)],
        [(1, 1), (2, 3)],
    ]


@given(st.integers(1, 40), st.integers(1, 16000), st.integers(1, 16000), st.data())
def test_pieces_lie_in_the_utterance_and_do_not_overlap(n_frames: int, n: int, most: int, data: st.DataObject) -> None:
    edges = sorted(data.draw(st.sets(st.integers(0, n_frames - 1), min_size=1)))
    words = [Found(1, at, at, 0.5) for at in edges]
    pieces = cut(n, n_frames, words, most)
    assert len(pieces) == len(words)
    assert all(start >= 0 and end <= n and end - start <= most for start, end in pieces)
    assert all(end <= start for (_, end), (start, _) in pairwise(pieces))


def test_a_lone_word_is_a_piece_of_all_that_is_near() -> None:
    assert cut(900, 9, [Found(1, 4, 4, 0.9)], 600) == [(150, 750)]
    assert cut(900, 9, [Found(1, 4, 4, 0.9)], 2000) == [(0, 900)]


@pytest.mark.parametrize(
    ("seconds", "share"),
    [(0.1, NARROW[1]), (NARROW[0], NARROW[1]), (0.525, 0.525), (WIDE[0], WIDE[1]), (2.0, WIDE[1])],
)
def test_the_longer_a_piece_the_more_its_other_opinion_counts(seconds: float, share: float) -> None:
    rows = np.array([row(0.1, 0.63, 0.27)], np.float32)
    [word] = judge(rows, [Found(1, 0, 0, 0.6)], [opinion(0.2, 0.8, seconds=seconds)]).decoded.found
    one, other = 0.7 ** (1 - share) * 0.2**share, 0.3 ** (1 - share) * 0.8**share
    odds = (0.9 / 0.1) ** (1 - PRESENCE) * (0.9 / 0.1) ** PRESENCE
    assert word.unit == 1 + (other > one)
    assert word.probability == pytest.approx(max(one, other) / (one + other) * odds / (1 + odds), rel=1e-3)


def test_whether_there_is_a_word_is_one_of_both_opinions() -> None:
    rows = np.array([BLANK, row(0.6, 0.38, 0.02), BLANK], np.float32)
    sure, unsure = (judge(rows, [Found(1, 1, 1, 0.4)], [opinion(1, 0, known=known)]) for known in (0.95, 0.05))
    odds = (0.4 / 0.6) ** 0.4 * (0.95 / 0.05) ** 0.6
    assert sure.decoded.found[0].probability == pytest.approx(odds / (1 + odds), rel=1e-3)
    assert np.exp(sure.decoded.rows[1, 0]) == pytest.approx(1 / (1 + odds), rel=1e-3)
    assert unsure.decoded.found[0].probability < 0.2
    assert unsure.score < sure.score


@given(frames, st.floats(0, 1), st.floats(0.05, 2))
def test_rows_stay_probabilities_and_other_frames_stay(rows: LogProbs, known: float, seconds: float) -> None:
    for words in read_variously(rows):
        said = [opinion(0.0, 1.0, 0.0, known=known, seconds=seconds)] * len(words)
        reading = judge(rows, words, said).decoded
        np.testing.assert_allclose(np.exp(reading.rows).sum(axis=1), 1, rtol=1e-4)
        spoken = np.concatenate([np.arange(word.first, word.last + 1) for word in words])
        np.testing.assert_array_equal(np.delete(reading.rows, spoken, axis=0), np.delete(rows, spoken, axis=0))
        for word in reading.found:
            assert 0 <= word.probability <= 1
            assert word.probability == pytest.approx(float(np.exp(reading.rows[word.first, word.unit])), abs=1e-4)


def test_half_a_word_more_is_worth_less_and_a_whole_one_more() -> None:
    rows = np.array([BLANK, row(0.02, 0.97, 0.01), BLANK, row(0.6, 0.05, 0.35), BLANK], np.float32)
    one, two = read_variously(rows)
    whole, half = opinion(1, 0, known=0.95), opinion(0.5, 0.5, known=0.1)
    assert judge(rows, one, [whole]).score > judge(rows, two, [half, half]).score
    assert judge(rows, two, [whole, opinion(0, 1, known=0.95)]).score > judge(rows, one, [half]).score


def test_the_score_of_one_word_by_hand() -> None:
    """Half the path, a blank and the word's unit; 1 for the word; its `known` by the second ear alone; its label.

    The label: the first model knows nothing of the two, so 4 to 1 of the second ear, at a weight of 0.75, are
    4 ** 0.75 = 2.828 to 1.
    """
    rows = np.array([row(0.98, 0.01, 0.01), row(0.2, 0.4, 0.4)], np.float32)
    reading = judge(rows, [Found(1, 1, 1, 0.4)], [opinion(0.2, 0.8, known=0.9, seconds=0.7)])
    assert reading.decoded.found[0].unit == 2
    by_hand = 0.5 * (math.log(0.98) + math.log(0.4)) + 1 + math.log(0.9) + math.log(2.828 / 3.828)
    assert by_hand == pytest.approx(0.1236, abs=1e-4)
    assert reading.score == pytest.approx(by_hand, abs=1e-3)


@pytest.mark.parametrize(
    ("unlearnt", "unit", "present", "known", "share"),
    [(frozenset(), 2, 0.6, 0.02, 0.75), ({2}, 2, 0.6, 0.02, 0.75), ({1}, 1, 0.4, 0.5 * 0.9, 0.6 * 0.75)],
)
def test_of_a_name_that_it_never_learnt_the_second_ear_says_less_by_hand(
    unlearnt: frozenset[int], unit: int, present: float, known: float, share: float
) -> None:
    """An "oh": the model of strings takes it for the first label, 9 to 1; the other for no word, or else the second."""
    rows = np.array([row(0.1, 0.81, 0.09)], np.float32)
    reading = judge(rows, [Found(1, 0, 0, 0.81)], [opinion(0.1, 0.9, known=0.02, seconds=0.7)], frozenset(unlearnt))
    [word] = reading.decoded.found
    odds = 9 ** (1 - share) * (1 / 9) ** share
    label = max(odds, 1) / (1 + odds)
    there = 9 ** (1 - present) * (0.02 / 0.98) ** present
    assert word.unit == unit
    assert word.probability == pytest.approx(there / (1 + there) * label, rel=1e-3)
    by_hand = 0.5 * math.log(0.81) + 1 + math.log(known) + math.log(label)
    assert reading.score == pytest.approx(by_hand, abs=2e-3)


def test_pooling_is_the_weighted_geometric_mean() -> None:
    one, other = np.array([0.8, 0.1, 0.1]), np.array([0.2, 0.5, 0.3])
    expected = one**0.7 * other**0.3
    found = np.exp(pool(np.log(one)[None], np.log(other), 0.3)[0])
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-5)
