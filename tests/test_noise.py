"""Noise: the ratio measured back, pauses left out, one seed one stretch."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.certainty import cut_noises
from speechrnn.config import Config
from speechrnn.corpus.clips import clip_hash
from speechrnn.corpus.layouts import Skipped
from speechrnn.corpus.noises import list_noises
from speechrnn.errors import CorpusError
from speechrnn.noise import choose_noise, mix, segments
from speechrnn.training import noises
from speechrnn.training.noises import load_noises
from tests.signals import word

SR = 8000


@given(st.floats(-10, 40), st.integers(0, 5))
def test_the_ratio_over_the_word_is_the_one_asked_for(snr: float, seed: int) -> None:
    y = word(4000, seed, lead=1000, tail=500) * np.float32(0.02)  # so quiet that the sum never passes full scale
    hiss = np.random.default_rng(seed).normal(size=len(y)).astype(np.float32)
    under = mix(y, hiss, snr, 1000, 5000) - y
    power = [float((part[1000:5000].astype(float) ** 2).mean()) for part in (y, under)]
    assert 10 * np.log10(power[0] / power[1]) == pytest.approx(snr, abs=0.05)


def test_a_sum_past_full_scale_is_turned_down_as_one() -> None:
    y, hiss = word(4000, 1), np.random.default_rng(1).normal(size=4000).astype(np.float32)
    mixed = mix(y, hiss, -10.0, 0, 4000)
    assert np.abs(mixed).max() == pytest.approx(1.0)
    parts = np.linalg.lstsq(np.stack([y, hiss], axis=1), mixed, rcond=None)[0]
    np.testing.assert_allclose(parts[0] * y + parts[1] * hiss, mixed, atol=1e-5)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="3 samples of speech and 4 of noise"):
        mix(np.ones(3, np.float32), np.ones(4, np.float32), 0.0, 0, 3)


def test_pauses_are_left_out_and_pieces_do_not_overlap() -> None:
    y = np.concatenate([np.zeros(SR), np.full(SR, 0.5), np.zeros(SR), np.full(SR, 0.02)]).astype(np.float32)
    pieces = segments(y, SR, 0.25, 100, seed=3)
    assert pieces.shape == (4, 2000)
    assert (pieces == 0.5).all()
    assert segments(np.zeros(SR, np.float32), SR, 0.25, 9, seed=0).shape == (0, 2000)


def test_short_noise_is_repeated() -> None:
    assert segments(np.arange(1, 4, dtype=np.float32), 1, 7.0, 1, seed=0).tolist() == [[1, 2, 3, 1, 2, 3, 1]]


def test_the_same_seed_gives_the_same_stretch_and_another_one_another() -> None:
    noises = [np.random.default_rng(i).normal(size=5 * SR).astype(np.float32) for i in range(3)]
    first, again = (choose_noise(noises, 3000, SR, (1, 2)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (3000,)
    assert not np.array_equal(first, choose_noise(noises, 3000, SR, (1, 3)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A noise, silence, a noise so faint that no word could be in it, and what is no recording."""
    noise = word(8000, 3)
    for name, y in (("good", noise), ("silent", np.zeros(8000)), ("faint", noise * np.float32(1e-4))):
        soundfile.write(tmp_path / f"{name}.wav", y, SR, subtype="FLOAT")
    (tmp_path / "broken.wav").write_text("no recording")
    return tmp_path


def test_noise_of_no_use_is_told_and_left_out(folder: Path) -> None:
    told: list[Skipped] = []
    [noise] = load_noises([folder], Config.load(), told.append)
    assert (noise.path.name, noise.digest) == ("good.wav", clip_hash(folder / "good.wav"))
    broken, faint, silent = sorted(told, key=lambda item: item.path)
    assert broken.reason.startswith("not readable as audio")
    assert faint.reason.startswith("no noise found (peak -8")
    assert silent.reason == (
        "no noise found (digital silence, needed a peak of -60 dBFS). Move it away, or make it louder."
    )


def test_of_a_long_noise_minutes_are_taken_that_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noises, "MAX_SECONDS", 0.5)
    sound = word(8000, 3)
    soundfile.write(tmp_path / "late.wav", np.concatenate([np.zeros(6000), sound]), SR, subtype="FLOAT")
    soundfile.write(tmp_path / "soon.wav", np.concatenate([np.zeros(1000), sound]), SR, subtype="FLOAT")
    late, soon = (one.y for one in load_noises([tmp_path], Config.load()))
    first = int(np.argmax(np.abs(sound) >= 1e-3))
    np.testing.assert_array_equal(late, sound[first : first + 4000])
    np.testing.assert_array_equal(soon, np.concatenate([np.zeros(1000), sound])[:4000])


def test_without_a_listener_the_first_of_no_use_is_an_error(folder: Path) -> None:
    with pytest.raises(CorpusError, match=r"broken\.wav: not readable as audio"):
        load_noises([folder], Config.load())


def test_noises_of_which_none_is_left_are_an_error(folder: Path) -> None:
    (folder / "good.wav").unlink()
    with pytest.raises(CorpusError, match=r"broken\.wav: .* None of the 3 recordings of noise can be used, needed one"):
        load_noises([folder], Config.load(), lambda _: None)


def test_faint_noise_is_to_be_refused_too(folder: Path) -> None:
    pieces = cut_noises(list_noises(folder), Config.load().audio)
    assert len(pieces.waveforms) == 2
    assert [item.path.name for item in pieces.unreadable] == ["broken.wav", "silent.wav"]


def test_a_folder_of_noise_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere: no such folder or file"):
        list_noises(tmp_path / "nowhere")
