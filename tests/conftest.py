"""Fixtures that several test files share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

# a busy machine is no failure
settings.register_profile("speechrnn", deadline=None)
settings.load_profile("speechrnn")


@pytest.fixture
def shared() -> Path:
    """The folder of real recordings beside the checkout; without it the test is skipped."""
    path = Path(__file__).resolve().parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("no ../shared here")
    return path


@pytest.fixture
def write_tone() -> Callable[..., Path]:
    """Give `write_tone(path, hz=440, seconds=0.3, peak=0.5, sr=8000)`, which makes parent folders too."""

    def write(path: Path, hz: float = 440.0, seconds: float = 0.3, peak: float = 0.5, sr: int = 8000) -> Path:
        t = np.arange(round(seconds * sr)) / sr
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            soundfile.write(file, peak * np.sin(2 * np.pi * hz * t), sr, format=path.suffix[1:].upper())
        return path

    return write


@pytest.fixture
def tone_corpus(tmp_path: Path, write_tone: Callable[..., Path]) -> Callable[..., Path]:
    """Give `tone_corpus(labels="012", speakers=("ann", "bob", "cyd"), n=3)`: FSDD names, a pitch for each label."""

    def make(labels: Sequence[str] = "012", speakers: Sequence[str] = ("ann", "bob", "cyd"), n: int = 3) -> Path:
        folder = tmp_path / "tones"
        for i, label in enumerate(labels):
            for j, speaker in enumerate(speakers):
                for k in range(n):
                    # speaker and index detune it a little, so that no two clips are equal
                    write_tone(folder / f"{label}_{speaker}_{k}.wav", hz=300 * (i + 1) + 10 * j + k)
        return folder

    return make
