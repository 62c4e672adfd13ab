"""Calibration error: hand-worked, bounded, indifferent to order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.calibration_error import Bin, expected_calibration_error, reliability

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


def test_two_bins_by_hand() -> None:
    probability = np.array([0.9, 0.5, 0.7, 0.7])
    correct = np.array([True, False, True, True])
    low, high = reliability(probability, correct, 2)
    assert (low.accuracy, low.n, high) == (0.5, 2, Bin(high.probability, 1.0, 2))
    assert low.probability == pytest.approx(0.6)
    assert high.probability == pytest.approx(0.8)
    assert expected_calibration_error(probability, correct, 2) == pytest.approx((0.1 + 0.2) / 2)


def test_bins_are_of_equal_mass_and_no_more_than_clips() -> None:
    assert [one.n for one in reliability(np.linspace(0, 1, 31), np.ones(31, bool), 15)] == [3] + [2] * 14
    assert len(reliability(np.array([0.3, 0.4]), np.array([True, False]), 15)) == 2
    assert [one.n for one in reliability(np.linspace(0, 1, 89), np.ones(89, bool))] == [45, 44]
    assert [one.n for one in reliability(np.linspace(0, 1, 450), np.ones(450, bool))] == [30] * 15
    assert reliability(np.array([]), np.array([], bool)) == ()
    assert expected_calibration_error(np.array([]), np.array([], bool)) == 0.0


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 probabilities and 1 answers"):
        reliability(np.array([0.3, 0.4]), np.array([True]))


def test_few_clips_do_not_make_honest_probabilities_look_false() -> None:
    """What is left is the chance of the 30 clips in a bin: in fifteen bins of two there would be 0.15."""
    rng = np.random.default_rng(0)
    drawn = rng.uniform(0.8, 1, (200, 30))
    errors = [expected_calibration_error(row, rng.random(30) < row) for row in drawn]
    assert 0.03 < np.mean(errors) < 0.06


def test_honest_probabilities_have_next_to_no_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.1, 1, 60_000)
    assert expected_calibration_error(probability, rng.random(60_000) < probability) < 0.01


@given(ANSWERS)
def test_the_error_is_at_most_one_and_at_least_the_overall_gap(answers: list[tuple[float, bool]]) -> None:
    probability, correct = np.array([p for p, _ in answers]), np.array([c for _, c in answers])
    error = expected_calibration_error(probability, correct)
    assert abs(probability.mean() - correct.mean()) - 1e-9 <= error <= 1


@given(st.lists(st.tuples(st.sampled_from([0.5, 0.75, 1.0]), st.booleans()), min_size=1, max_size=80), st.data())
def test_the_order_of_the_clips_changes_nothing(answers: list[tuple[float, bool]], data: st.DataObject) -> None:
    probability, correct = np.array([p for p, _ in answers]), np.array([c for _, c in answers])
    order, n_bins = data.draw(st.permutations(range(len(answers)))), data.draw(st.integers(1, 15))
    assert reliability(probability[order], correct[order], n_bins) == reliability(probability, correct, n_bins)
