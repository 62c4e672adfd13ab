"""Soft stretches are raised, and nothing else is changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from speechrnn.evening import MOST, NEAR, SHARE, even_out

SR = 8000
sounds = arrays(np.float32, st.integers(0, 20000), elements=st.floats(-1, 1, width=32), fill=st.just(0.25))


def tone(seconds: float, level_db: float) -> np.ndarray:
    t = np.arange(round(seconds * SR)) / SR
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * 400 * t)).astype(np.float32)


@given(sounds)
def test_it_raises_never_lowers_and_by_no_more_than_said(y: np.ndarray) -> None:
    louder = even_out(y, SR)
    assert louder.dtype == np.float32
    assert louder.shape == y.shape
    assert np.all(np.abs(louder) >= np.abs(y) * (1 - 1e-6))
    assert np.all(np.abs(louder) <= np.abs(y) * 10 ** (MOST / 20) * (1 + 1e-5))
    np.testing.assert_array_equal(np.sign(louder), np.sign(y))


def test_what_has_one_level_stays_as_it_is() -> None:
    y = tone(1.0, -20)
    np.testing.assert_allclose(even_out(y, SR), y, rtol=1e-3)


@given(st.floats(-20, 20))
def test_it_does_not_depend_on_the_level_of_the_whole(gain_db: float) -> None:
    y = np.concatenate([tone(0.6, -20), tone(0.6, -34)])
    gain = np.float32(10 ** (gain_db / 20))
    np.testing.assert_allclose(even_out(gain * y, SR), gain * even_out(y, SR), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("lacks", "expected"), [(10, 10 * SHARE), (24, 24 * SHARE), (60, MOST)])
def test_a_soft_word_gets_its_share_of_what_it_lacks(lacks: float, expected: float) -> None:
    y = np.concatenate([tone(1.0, 0), tone(1.0, -lacks)])
    ratio = np.abs(even_out(y, SR)[-SR // 4 :]).max() / np.abs(y[-SR // 4 :]).max()
    assert 20 * np.log10(ratio) == pytest.approx(expected, abs=0.1)


def test_a_pause_in_a_word_is_as_loud_as_the_word() -> None:
    y = np.concatenate([tone(0.3, 0), tone(NEAR / 4, -60), tone(0.3, 0)])
    np.testing.assert_allclose(even_out(y, SR), y, rtol=1e-3)


@given(sounds)
def test_nothing_is_louder_than_the_loudest_stretch_was(y: np.ndarray) -> None:
    def loudest(sound: np.ndarray) -> float:
        return float((sound[: sound.size // 80 * 80].reshape(-1, 80).astype(float) ** 2).mean(axis=1).max(initial=0))

    assert loudest(even_out(y, SR)) <= loudest(y) * (1 + 1e-4) + 1e-12


@pytest.mark.parametrize("n", [0, 1, 79, 80, 81])
def test_sounds_too_short_to_have_levels(n: int) -> None:
    y = np.full(n, 0.25, np.float32)
    np.testing.assert_array_equal(even_out(y, SR), y)


def test_silence_stays_silent() -> None:
    assert not even_out(np.zeros(SR, np.float32), SR).any()
