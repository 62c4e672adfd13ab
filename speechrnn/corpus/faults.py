"""What can be wrong with one recording: broken, silent, clipped, too long or too short."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from speechrnn.audio import Decoded, decode, prepare
from speechrnn.config import AudioConfig
from speechrnn.errors import AudioError
from speechrnn.waveform import check_rate

MAX_CLIPPED = 0.001
# the largest value of 8 bits; one step of 16 bits
FULL_SCALE, STEP = 127 / 128, 2.0**-15


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a recording should not train.

    Attributes
    ----------
    kind : str
        ``broken``, ``silent``, ``clipped``, ``too_long`` or ``too_short``.
    detail : str
        What was seen.
    """

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Sound:
    """What a recording turned out to be.

    Attributes
    ----------
    seconds : float
        How long it is; 0 where that cannot be known.
    digest : bytes or None
        Equal for equal audio, whatever its format; None where it cannot be used.
    fault : Fault or None
        What is wrong with it.
    """

    seconds: float
    digest: bytes | None
    fault: Fault | None


def examine(path: Path, config: AudioConfig) -> Sound:
    """Read a recording and judge it.

    Parameters
    ----------
    path : Path
        The file.
    config : AudioConfig
        What counts as silent, too long and too short.

    Returns
    -------
    Sound
        A file that cannot be read is one with a fault.
    """
    try:
        decoded = decode(path, config.max_duration)
    except OSError as error:
        return Sound(0.0, None, Fault("broken", f"cannot be read ({error.strerror or error})"))
    except AudioError as error:
        seconds = _header_seconds(path)
        return Sound(seconds, None, Fault("too_long" if seconds > config.max_duration else "broken", str(error)))
    seconds = decoded.y.size / decoded.sr
    try:
        prepare(decoded, config)
    except AudioError as error:
        return Sound(seconds, None, Fault(_refused_as(decoded, config), str(error)))
    share = clipped_share(decoded.y)
    fault = Fault("clipped", f"{share:.1%} of its samples are cut off at full scale") if share > MAX_CLIPPED else None
    digest = hashlib.sha256(decoded.sr.to_bytes(4, "little") + decoded.y.tobytes()).digest()
    return Sound(seconds, digest, fault)


def clipped_share(y: npt.NDArray[np.floating[Any]]) -> float:
    """Measure how much of a recording was cut off at full scale.

    Parameters
    ----------
    y : np.ndarray [shape=(n,)]
        Samples, full scale at 1.

    Returns
    -------
    float
        The share of samples in runs of three or more that stand at or next to full scale and are equal within one step
        of 16 bits: a tone that just reaches full scale is round there, a clipped one flat.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 100 * np.arange(8000) / 8000)
    >>> clipped_share(tone), round(clipped_share(np.clip(2 * tone, -1, 1)), 2)
    (0.0, 0.68)
    """
    y = np.clip(y, -1.0, 1.0)  # floats above full scale are cut off wherever they are played
    flat = (np.abs(np.diff(y)) <= STEP) & (np.abs(y[1:]) >= FULL_SCALE) & (np.abs(y[:-1]) >= FULL_SCALE)
    run = flat[:-1] & flat[1:]
    clipped = np.zeros(y.size, bool)
    for shift in range(3):
        clipped[shift : shift + run.size] |= run
    return float(clipped.mean()) if y.size else 0.0


def _refused_as(decoded: Decoded, config: AudioConfig) -> str:
    """Name what `prepare` refused, in the order in which it asks."""
    y, sr = decoded.y, decoded.sr
    if 0 < y.size < config.min_duration * sr:
        return "too_short"
    quiet = y.size > 0 and bool(np.isfinite(y).all()) and np.abs(y).max() < 10 ** (config.min_peak_db / 20)
    return "silent" if quiet else "broken"


def _header_seconds(path: Path) -> float:
    """Ask libsndfile alone; a format that only PyAV knows gives 0, as does a rate that no recorder has."""
    try:
        info = soundfile.info(str(path))
        check_rate(info.samplerate)
        return float(info.duration)
    except (soundfile.LibsndfileError, AudioError, ValueError, TypeError, ZeroDivisionError):
        return 0.0
