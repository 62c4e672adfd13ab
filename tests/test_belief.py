"""How long digits are taken to be."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.belief import widen

times = st.lists(st.floats(0, 10), min_size=2, max_size=12).map(sorted)


@given(times, st.floats(0, 1), st.floats(0, 3))
def test_spans_are_widened_inside_and_none_into_the_next(edges: list[float], shortest: float, cut: float) -> None:
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    low = min(cut, spans[0][0])
    inside = (low, max(low, edges[-1] - 0.03))
    wide = widen(spans, shortest, inside)
    assert len(wide) == len(spans)
    assert all(inside[0] <= start and end <= inside[1] for start, end in wide)
    assert all(before <= after + 1e-9 for (_, before), (after, _) in pairwise(wide))
    for (start, end), (low, high) in zip(spans, wide, strict=True):
        assert low <= start or start > inside[1]
        assert high >= min(end, inside[1])


def test_two_utterances_that_touch_have_digits_that_touch() -> None:
    """A sound that never ends is cut: what is said before the cut ends before what is said after it begins."""
    [(_, before)] = widen([(1.27, 1.3)], 0.2, inside=(0.0, 1.3))
    [(after, _)] = widen([(1.3, 1.33)], 0.2, inside=(1.3, 2.0))
    assert before == after == pytest.approx(1.3)
