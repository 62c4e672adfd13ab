from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.config import Config
from speechrnn.corpus.faults import Fault, clipped_share, examine

LIMITS = Config.load("default").audio


def kind(path: Path) -> str | None:
    fault = examine(path, LIMITS).fault
    return fault.kind if fault else None


@pytest.mark.parametrize(
    ("seconds", "peak", "expected"),
    [
        (0.5, 0.5, None),
        (0.5, 0.0, "silent"),
        (0.5, 0.0005, "silent"),
        (0.01, 0.5, "too_short"),
        (31, 0.5, "too_long"),
        (0, 0.5, "broken"),
    ],
)
def test_length_and_level(
    tmp_path: Path, write_tone: Callable[..., Path], seconds: float, peak: float, expected: str | None
) -> None:
    path = write_tone(tmp_path / "x.wav", seconds=seconds, peak=peak)
    assert kind(path) == expected
    assert examine(path, LIMITS).seconds == pytest.approx(seconds, abs=1e-4)


def test_what_cannot_be_decoded_is_broken(tmp_path: Path, write_tone: Callable[..., Path]) -> None:
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "none.wav").touch()
    whole = write_tone(tmp_path / "whole.wav").read_bytes()
    (tmp_path / "half.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(tmp_path / "nan.wav", np.full(800, np.nan), 8000, subtype="FLOAT")
    assert [kind(tmp_path / f"{name}.wav") for name in ("text", "none", "half", "nan")] == ["broken"] * 4
    assert examine(tmp_path / "gone.wav", LIMITS).fault == Fault("broken", "cannot be read (No such file or directory)")


@pytest.mark.parametrize(
    ("subtype", "gain", "clipped"),
    [
        ("PCM_16", 1.5, True),
        ("PCM_U8", 1.5, True),
        ("PCM_24", 1.5, True),
        ("FLOAT", 1.5, True),
        ("PCM_16", 1.0, False),
        ("FLOAT", 1.0, False),
    ],
)
def test_flat_tops_at_full_scale_are_clipped_in_any_depth(
    tmp_path: Path, subtype: str, gain: float, clipped: bool
) -> None:
    y = gain * np.sin(2 * np.pi * 200 * np.arange(8000) / 8000)
    soundfile.write(tmp_path / "x.wav", y, 8000, subtype=subtype)
    assert kind(tmp_path / "x.wav") == ("clipped" if clipped else None)


def test_clipped_share_counts_runs_of_three() -> None:
    y = np.zeros(100)
    y[10:12] = 1.0  # a run of two is a peak
    y[20:23] = -1.0
    y[30:34] = 1.5
    y[50:60] = 0.9  # flat, but below full scale
    y[70:73] = [1.0, -1.0, 1.0]
    assert clipped_share(y) == pytest.approx(0.07)
    assert clipped_share(np.ones(2)) == clipped_share(np.ones(0)) == 0.0
    assert clipped_share(np.ones(3)) == 1.0


def test_equal_audio_has_an_equal_digest_in_another_format(tmp_path: Path) -> None:
    y = np.arange(-4000, 4000, dtype=np.int16)

    def digest(name: str, samples: np.ndarray[tuple[int], np.dtype[np.int16]], sr: int) -> bytes | None:
        soundfile.write(tmp_path / name, samples, sr)
        return examine(tmp_path / name, LIMITS).digest

    assert digest("a.wav", y, 8000) == digest("b.flac", y, 8000)
    assert len({digest("c.wav", y, 8000), digest("d.wav", y, 16000), digest("e.wav", y + np.int16(1), 8000)}) == 3
