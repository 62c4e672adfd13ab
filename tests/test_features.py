"""Reading clips: what is decoded at some cost is kept, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.homes import cache_home
from speechrnn.training.features import Example, Unreadable, load_examples


@pytest.mark.parametrize(("name", "sr", "kept"), [("a.wav", 8000, 0), ("a.wav", 16000, 1), ("a.flac", 8000, 1)])
def test_a_copy_is_kept_only_of_what_had_to_be_decoded(
    name: str, sr: int, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    y = 0.3 * np.sin(np.arange(sr // 2) * 0.3)
    soundfile.write(tmp_path / name, y, sr)
    first, again = ([found] for found in load_examples([Clip(tmp_path / name, "1", "ann")] * 2, Config.load()))
    assert len(list(cache_home().rglob("*.npy"))) == kept
    assert isinstance(first[0], Example)
    assert isinstance(again[0], Example)
    np.testing.assert_array_equal(first[0].features, again[0].features)


@pytest.mark.parametrize(
    ("seconds", "stricter"),
    [(0.5, {"audio.min_peak_db": -1.0}), (0.5, {"audio.min_duration": 0.6}), (2.0, {"audio.max_duration": 1.5})],
)
def test_a_copy_passes_no_limit_that_the_file_would_not(
    seconds: float, stricter: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(np.arange(round(16000 * seconds)) * 0.3), 16000)
    clips = [Clip(tmp_path / "a.wav", "1", "ann")]
    [kept] = load_examples(clips, Config.load())
    [refused] = load_examples(clips, Config.load("default", stricter))
    assert (type(kept), type(refused)) == (Example, Unreadable)


def test_a_user_without_a_home_trains_without_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("SPEECHRNN_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", fail)
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    [example] = load_examples([Clip(tmp_path / "a.wav", "6", None)], Config.load("default"))
    assert isinstance(example, Example)
