"""The beam search against counting every way through the frames, and against beams worked by hand."""

import itertools
from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.decoding import BLANK, Prefix, Search, _prune, align, decode, log_softmax, search_beam
from speechrnn.errors import ConfigError
from speechrnn.patterns import any_of_length, parse_pattern

ALL = Search(beam=10_000, floor=0.0)
Rows = npt.NDArray[np.float32]


def test_the_improbable_has_a_logarithm_too() -> None:
    rows = log_softmax(np.array([[-2000.0, -2001.0], [900.0, 900.0]], np.float32))
    np.testing.assert_allclose(rows, np.log([[1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))], [0.5, 0.5]]), rtol=1e-5)


def random_rows(frames: int, units: int, seed: int, sharpness: float = 2.0) -> Rows:
    logits = sharpness * np.random.default_rng(seed).standard_normal((frames, units))
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


def collapse(path: tuple[int, ...]) -> Prefix:
    """Equal neighbours are one, then blanks go."""
    return tuple(unit for unit, _ in itertools.groupby(path) if unit != BLANK)


def count_all_ways(rows: Rows) -> dict[Prefix, float]:
    """Probability of each string: the sum over every path of units that says it."""
    total: dict[Prefix, float] = defaultdict(float)
    for path in itertools.product(range(rows.shape[1]), repeat=len(rows)):
        total[collapse(path)] += float(np.exp(sum(rows[t, unit] for t, unit in enumerate(path))))
    return total


@given(st.integers(1, 6), st.integers(2, 4), st.integers(0, 2**31))
def test_the_search_finds_what_counting_finds(frames: int, units: int, seed: int) -> None:
    rows = random_rows(frames, units, seed)
    ways = count_all_ways(rows)
    assert ways[search_beam(rows, search=ALL)] == pytest.approx(max(ways.values()), rel=1e-9)


@given(st.integers(1, 6), st.integers(2, 4), st.integers(1, 4), st.integers(0, 2**31))
def test_with_a_length_it_finds_the_best_of_that_length(frames: int, units: int, length: int, seed: int) -> None:
    rows = random_rows(frames, units, seed)
    ways = {string: p for string, p in count_all_ways(rows).items() if len(string) == length}
    found = search_beam(rows, (None,) * length, search=ALL)
    if not ways:
        assert found == ()
    else:
        assert len(found) == length
        assert ways[found] == pytest.approx(max(ways.values()), rel=1e-9)


@given(st.integers(2, 6), st.integers(0, 2**31))
def test_with_places_it_finds_the_best_that_fits_them(frames: int, seed: int) -> None:
    rows = random_rows(frames, 4, seed)
    places = (frozenset({2}), None)
    ways = {s: p for s, p in count_all_ways(rows).items() if s[:1] == (2,) and len(s) == len(places)}
    found = search_beam(rows, places, search=ALL)
    assert ways[found] == pytest.approx(max(ways.values()), rel=1e-9)


def test_two_frames_by_hand() -> None:
    """Nothing: .6 x .6 = .36. A label: .4 x .4 + .4 x .6 + .6 x .4 = .64: more, though each frame is rather blank."""
    rows = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert rows.argmax(axis=1).tolist() == [BLANK, BLANK]
    assert search_beam(np.asarray(rows, np.float32)) == (1,)


def test_the_length_is_searched_for_not_cut() -> None:
    """Three labels are heard; the best two are not the first two of them."""
    p = np.full((5, 4), 0.02)
    for t, unit in enumerate((1, 0, 2, 0, 3)):
        p[t, unit] = 0.94
    p[0] = [0.4, 0.5, 0.05, 0.05]
    rows = np.asarray(np.log(p), np.float32)
    assert search_beam(rows) == (1, 2, 3)
    assert search_beam(rows, (None, None)) == (2, 3)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_repeated_labels_survive(n: int) -> None:
    p = np.full((2 * n - 1, 3), 0.01)
    p[::2, 1] = p[1::2, BLANK] = 0.98
    assert search_beam(np.asarray(np.log(p), np.float32)) == (1,) * n


def test_a_label_that_goes_on_is_one() -> None:
    p = np.full((8, 3), 0.01)
    p[:, 2] = 0.98
    assert search_beam(np.asarray(np.log(p), np.float32)) == (2,)


def test_a_length_beyond_what_the_floor_lets_through_is_still_found() -> None:
    p = np.full((9, 3), 1e-7)
    p[:, BLANK] = 1 - 2e-7
    p[4] = [1e-7, 1 - 2e-7, 1e-7]
    rows = np.asarray(np.log(p), np.float32)
    assert [found.unit for found in decode(rows)] == [1]
    assert len(decode(rows, (None, None))) == 2


def test_too_few_frames_for_a_length_are_no_string() -> None:
    assert decode(random_rows(3, 4, 0), (None,) * 4) == ()
    # equal labels need a blank between them
    assert decode(random_rows(3, 2, 0), (None,) * 3) == ()


@given(st.integers(1, 7), st.integers(0, 2**31))
def test_an_alignment_says_its_string_and_is_the_best_that_does(frames: int, seed: int) -> None:
    rows = random_rows(frames, 3, seed)
    string = search_beam(rows, search=ALL)
    if not string:
        return
    found = align(rows, string)
    path = [BLANK] * frames
    for one in found:
        path[one.first : one.last + 1] = [one.unit] * (one.last + 1 - one.first)
        assert one.probability == pytest.approx(np.exp(rows[one.first : one.last + 1, one.unit]).max(), rel=1e-5)
    assert collapse(tuple(path)) == string
    says = [p for p in itertools.product(range(3), repeat=frames) if collapse(p) == string]
    best = max(sum(float(rows[t, u]) for t, u in enumerate(p)) for p in says)
    assert sum(float(rows[t, u]) for t, u in enumerate(path)) == pytest.approx(best, rel=1e-5)


def test_what_does_not_fit_cannot_be_aligned() -> None:
    with pytest.raises(ValueError, match="2 frames are too few for 2 labels"):
        align(random_rows(2, 3, 0), (1, 1))
    with pytest.raises(ValueError, match="0 frames are too few for 1 labels"):
        align(random_rows(2, 3, 0)[:0], (1,))


def test_of_each_length_as_many_are_kept_as_asked_for() -> None:
    beams = {(1,): (-1.0, -9.0), (2,): (-2.0, -9.0), (3,): (-3.0, -9.0), (1, 2): (-8.0, -9.0)}
    assert list(_prune(beams, 2, by_length=True)) == [(1,), (2,), (1, 2)]
    assert list(_prune(beams, 2, by_length=False)) == [(1,), (2,)]


def test_a_long_silence_costs_nothing_but_time() -> None:
    rows = np.full((5000, 11), -20.0, np.float32)
    rows[:, BLANK] = 0.0
    assert decode(rows) == ()


def test_patterns() -> None:
    pattern = parse_pattern("0dd-4ddd", "0123456789")
    assert pattern.places == (frozenset({1}), None, None, frozenset({5}), None, None, None)
    assert pattern.write(list("0124999")) == "012-4999"
    assert pattern.write(list("01")) == "01"
    assert any_of_length(3).write(list("123")) == "123"
    # words stand apart, as they do without a pattern
    assert any_of_length(3).write(["yes", "no", "no"]) == "yes no no"
    assert parse_pattern("dd-d", ("no", "yes")).write(["yes", "no", "no"]) == "yes no-no"


@pytest.mark.parametrize("text", ["", "---", "x" * 2000, "d" * 1001])
def test_a_pattern_without_places_or_with_too_many_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"has \d+ places, needed 1 to 1000"):
        parse_pattern(text, "0123456789")


def test_a_digit_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="has 7, the model knows 0, 1"):
        parse_pattern("d7", "01")


@pytest.mark.parametrize("length", [0, -1, 1001])
def test_a_length_out_of_range_is_refused(length: int) -> None:
    with pytest.raises(ConfigError, match="allowed are 1 to 1000"):
        any_of_length(length)
