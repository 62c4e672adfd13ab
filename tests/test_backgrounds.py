"""What is heard beside a word, and recordings that were too loud: as often as they say, and what they say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.augmentation_settings import OverdriveConfig
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.errors import ConfigError
from speechrnn.settings import Span
from speechrnn.training.acoustics import Acoustics
from speechrnn.training.babble import make_babble
from speechrnn.training.backgrounds import Backgrounds, _hum
from speechrnn.training.features import Example
from speechrnn.training.frontend import mel_filters
from speechrnn.training.overdrive import overdrive
from speechrnn.training.spectra import filter_widths, power_spectrum
from tests.signals import Waveform

SR = 8000


def with_noise(**shares: float) -> Config:
    return Config.load("default", {"augmentation.noise": {"probability": 1.0, "recorded": 0.0, **shares}})


def tone(hz: float, n: int = SR) -> Waveform:
    return np.sin(2 * np.pi * hz * np.arange(n) / SR).astype(np.float32)


def said(y: Waveform, config: Config) -> Example:
    nothing = np.zeros((0, config.features.n_mfcc), np.float32)
    return Example(Clip(Path("word.wav"), "unknown", None), nothing, "", power_spectrum(y, config.features))


def centres(mel: np.ndarray, config: Config) -> np.ndarray:
    """Mean frequency of each frame, in Hz."""
    filters = mel_filters(config.features, SR)
    hz = filters @ np.linspace(0, SR / 2, filters.shape[1]) / filters.sum(axis=1)
    power = mel * filter_widths(config.features)
    means: np.ndarray = power @ hz / power.sum(axis=-1)
    return means


def test_each_kind_of_noise_is_as_frequent_as_it_says() -> None:
    config = with_noise(recorded=0.3, hum=0.2, babble=0.4)
    rng = np.random.default_rng(0)
    babble = [np.full((500, config.features.n_mels), 7.0, np.float32)]
    noise = Backgrounds([tone(3000)], config, rng, babble).noise(1000, 80, rng)
    hz = centres(noise, config).mean(axis=1)
    talk = (noise == 7.0).all(axis=(1, 2))
    assert talk.mean() == pytest.approx(0.4, abs=0.05)
    assert (abs(hz - 3000) < 100).mean() == pytest.approx(0.3, abs=0.05)
    low = (hz < 500) & ~talk  # of coloured noise, what is left, little falls so steeply
    assert low.mean() == pytest.approx(0.2, abs=0.05)


def test_a_kind_that_is_not_there_leaves_its_share_to_coloured_noise() -> None:
    config = with_noise(recorded=0.5, babble=0.5)
    rng = np.random.default_rng(0)
    noise = Backgrounds([], config, rng).noise(50, 60, rng)
    assert (noise > 0).all()
    assert len(np.unique(noise.mean(axis=1)[:, 0])) == 50


@given(st.integers(0, 2**32))
def test_hum_is_the_mains_and_its_overtones(seed: int) -> None:
    hum = _hum(SR, np.random.default_rng(seed))
    power = np.abs(np.fft.rfft(hum)) ** 2
    hz = np.fft.rfftfreq(hum.size, 1 / SR)
    lines = power > 1e-6 * power.max()
    mains = [all(hz[lines] % f == 0) and hz[lines].max() <= 12 * f for f in (50, 60)]
    assert any(mains)


def test_babble_is_of_other_words_alone_and_never_silent() -> None:
    config = with_noise(babble=0.1)
    words = [said(tone(hz, 2400), config) for hz in (2500, 2600)]
    rooms, again = make_babble(words, config), make_babble(words, config)
    other = make_babble(words, config.override({"training.seed": 1}))
    assert all(np.array_equal(a, b) for a, b in zip(rooms, again, strict=True))
    assert not any(np.array_equal(a, b) for a in rooms for b in other)
    assert len(rooms) == 12
    assert {room.shape for room in rooms} == {(2000, config.features.n_mels)}
    for room in rooms:
        assert (np.abs(centres(room, config) - 2550) < 150).all()
    # people are more or less near: by far not every room is as loud as another
    power = [float((room @ filter_widths(config.features)).mean()) for room in rooms]
    assert 0.3 < min(power) < max(power) < 8.0
    assert max(power) > 1.5 * min(power)


def test_no_babble_without_words_or_where_none_is_wanted() -> None:
    words = [said(tone(2500, 2400), with_noise())]
    assert make_babble([], with_noise(babble=0.1)) == []
    assert make_babble(words, with_noise()) == []


@given(st.text("0123456789abcdef", min_size=8, max_size=64), st.floats(0, 30))
def test_overdriving_cuts_peaks_and_nothing_else(digest: str, gain: float) -> None:
    y = np.random.default_rng(0).standard_normal(500).astype(np.float32)
    cut = overdrive(y, digest, OverdriveConfig(1.0, Span(gain, gain)))
    most = np.abs(y).max() * 10 ** (-gain / 20)
    np.testing.assert_allclose(cut, np.clip(y, -most, most), rtol=1e-5)


def test_so_many_recordings_are_overdriven_and_always_the_same() -> None:
    y, config = tone(100), OverdriveConfig(0.25, Span(3.0, 18.0))
    digests = [f"{i:08x}" for i in range(1000)]
    peaks = np.array([np.abs(overdrive(y, digest, config)).max() for digest in digests])
    again = [np.abs(overdrive(y, digest, config)).max() for digest in digests]
    assert peaks.tolist() == again
    loud = peaks < 0.99
    assert loud.mean() == pytest.approx(0.25, abs=0.04)
    db = -20 * np.log10(peaks[loud])
    assert 3.0 <= db.min() < 4.0
    assert 17.0 < db.max() <= 18.0


@pytest.mark.parametrize("config", [None, OverdriveConfig(0.0, Span(6.0, 6.0))])
def test_what_is_not_overdriven_stays_as_it_is(config: OverdriveConfig | None) -> None:
    y = tone(100)
    assert overdrive(y, "00000000", config) is y


def test_a_line_leaves_the_middle_of_the_band_alone() -> None:
    config = Config.load("default", {"augmentation.channel": {"probability": 0.0, "telephone": 1.0}})
    acoustics = Acoustics([], config)
    gains = 10 * np.log10(acoustics._channels(500, np.random.default_rng(0)))
    inside = (acoustics._hz > 500) & (acoustics._hz < 1800)
    assert (gains[:, inside] == 0).all()
    assert (gains[:, acoustics._hz < 100] <= -10.0 + 1e-4).all()
    assert (gains[:, acoustics._hz > 3700] < 0).all()
    assert gains.min() >= -30.0 - 1e-4


@pytest.mark.parametrize(
    ("part", "seen"),
    [
        ({"augmentation.noise": {"recorded": 0.6, "hum": 0.3, "babble": 0.2}}, "1.1 together"),
        ({"augmentation.overdrive": {"probability": 0.1, "gain_db": {"low": -3, "high": 3}}}, "gain_db is -3 to 3"),
    ],
)
def test_shares_and_gains_that_cannot_be_are_refused(part: dict[str, Any], seen: str) -> None:
    with pytest.raises(ConfigError, match=seen):
        Config.load("default", part)
