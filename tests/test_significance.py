"""Wilson's interval and McNemar's test against scipy."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.significance import Z_95, Interval, mcnemar_p, wilson_interval


@pytest.mark.parametrize("n_right", [0, 1, 7, 299, 300])
def test_wilson_equals_scipy(n_right: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    reference = stats.binomtest(n_right, 300).proportion_ci(confidence_level=0.95, method="wilson")
    interval = wilson_interval(n_right, 300)
    assert (interval.low, interval.high) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_z_is_the_quantile_of_the_normal_distribution() -> None:
    assert pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-12) == Z_95


def test_nothing_seen_says_nothing() -> None:
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)


@given(st.integers(0, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_a_share(counts: tuple[int, int]) -> None:
    n_right, n = counts
    interval = wilson_interval(n_right, n)
    share = n_right / n if n else 0.5
    assert 0 <= interval.low <= share <= interval.high <= 1


@pytest.mark.parametrize(("n_right", "n"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(n_right: int, n: int) -> None:
    with pytest.raises(ValueError, match="needed a count"):
        wilson_interval(n_right, n)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (4, 14), (7, 7), (30, 10), (1500, 1400)])
def test_mcnemar_equals_the_binomial_test(a: int, b: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(a, a + b, 0.5).pvalue if a + b else 1.0
    assert mcnemar_p(a, b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_p(a, b) == mcnemar_p(b, a)
