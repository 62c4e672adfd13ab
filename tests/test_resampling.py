"""Resampling while the sound comes, against `load_audio` of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import load_audio
from speechrnn.errors import AudioError
from speechrnn.resampling import Resampler
from tests.signals import Waveform, word

RATES = [8000, 11025, 16000, 44100, 48000, 96000, 12345, 1000]


def resample(y: Waveform, sr: int, sizes: list[int]) -> Waveform:
    resampler, parts, at, turn = Resampler(sr, 8000), [], 0, 0
    while at < y.size:
        n = sizes[turn % len(sizes)]
        parts.append(resampler.push(y[at : at + n]))
        at, turn = at + n, turn + 1
    return np.concatenate([*parts, resampler.finish()])


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("n", [1, 50, 20_001])
def test_equals_the_whole(sr: int, n: int) -> None:
    y = word(n, 3)
    whole = load_audio(np.concatenate([y, np.zeros(sr, np.float32)]), sr=sr)
    ours = resample(np.concatenate([y, np.zeros(sr, np.float32)]), sr, [333])
    assert ours.shape == whole.shape
    np.testing.assert_allclose(ours, whole, atol=1e-6)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=5).filter(any), st.sampled_from(RATES))
def test_blocks_make_no_difference(sizes: list[int], sr: int) -> None:
    y = word(20_000, 4)
    np.testing.assert_array_equal(resample(y, sr, sizes), resample(y, sr, [y.size]))


@pytest.mark.parametrize("sr", [44100, 48000, 16000])
def test_nothing_waits_longer_than_a_few_hundredths(sr: int) -> None:
    resampler, n_in, n_out, latest = Resampler(sr, 8000), 0, 0, 0.0
    for _ in range(300):
        n_out += resampler.push(np.zeros(sr // 100, np.float32)).size
        n_in += sr // 100
        latest = max(latest, n_in / sr - n_out / 8000)
    assert latest <= 0.05


def test_the_memory_of_a_block_may_be_used_again() -> None:
    y, memory = word(9000, 5), np.zeros(100, np.float32)
    resampler, parts = Resampler(16000, 8000), []
    for at in range(0, y.size, 100):
        memory[:] = y[at : at + 100]
        parts.append(resampler.push(memory))
    np.testing.assert_array_equal(np.concatenate([*parts, resampler.finish()]), resample(y, 16000, [y.size]))


def test_memory_is_bounded() -> None:
    resampler = Resampler(48000, 8000)
    for _ in range(50):
        resampler.push(np.zeros(9600, np.float32))
        assert resampler._kept.size < 5000


@pytest.mark.parametrize("sr", [16000.0, np.float32(16000), np.int64(16000), 16000.004])
def test_a_rate_may_be_any_number(sr: float) -> None:
    assert Resampler(sr, 8000).push(word(3200)).shape == Resampler(16000, 8000).push(word(3200)).shape


def test_a_rate_that_nobody_records_at() -> None:
    with pytest.raises(AudioError, match="sample rate is 3 Hz"):
        Resampler(3, 8000)
