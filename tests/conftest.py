"""Fixtures that several test files share."""

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from speechrnn import places
from speechrnn.cli import main
from tests.command_line import Result

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


@pytest.fixture(autouse=True)
def no_shipped_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Tests say themselves which models there are; those of the shipped one are marked."""
    if request.node.get_closest_marker("pretrained") is None:
        monkeypatch.setattr(places, "_PRETRAINED", tmp_path / "none-shipped")


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


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Result]:
    """Give `cli(*args, stdin=b"")`, which runs `speechrnn` in this process, with an empty home and in `tmp_path`."""
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*args: str | Path, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["speechrnn", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfdbinary.readouterr()
        return Result(int(ended.value.code or 0), out.decode("utf-8", "surrogateescape"), err.decode())

    return run
