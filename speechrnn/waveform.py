"""Mono samples with their rate, and what both must be whatever they come from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.errors import AudioError

Waveform = npt.NDArray[np.float32]

MIN_RATE, MAX_RATE = 1_000, 768_000
# what cannot be read piece by piece is decoded whole, if it is no longer than this, in seconds; no configuration allows
# a word so much
LONGEST_WHOLE = 1800.0
# of what is louder, float32 does not hold the power of a word
LOUDEST = np.float32(1e15)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording as its file holds it, mixed to mono.

    Attributes
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        Samples, full scale at 1.
    sr : int
        Rate in Hz.
    """

    y: Waveform
    sr: int


def mix(y: npt.NDArray[Any]) -> Waveform:
    """Average the channels as `librosa.to_mono` does.

    Parameters
    ----------
    y : np.ndarray [shape=(n,) or (n, channels)]
        Samples; mono is left alone.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Values beyond `LOUDEST` are infinite.

    Raises
    ------
    AudioError
        Another shape.

    Examples
    --------
    >>> mix(np.array([[0.0, 1.0], [0.5, 0.5]]))
    array([0.5, 0.5], dtype=float32)
    """
    mono = _mix(y)
    beyond = np.abs(mono) > LOUDEST
    return np.where(beyond, np.copysign(np.float32(np.inf), mono), mono) if beyond.any() else mono


def _mix(y: npt.NDArray[Any]) -> Waveform:
    with np.errstate(over="ignore", invalid="ignore"):
        if y.ndim == 1:
            return y.astype(np.float32, copy=False)
        if y.ndim != 2 or y.shape[1] == 0:
            raise AudioError(f"an array of shape {y.shape}, needed (samples,) or (samples, channels). Reshape it.")
        if y.shape[1] == 1:
            return y[:, 0].astype(np.float32, copy=False)
        mono: Waveform = np.mean(y.T, axis=0, dtype=np.float32)
        return mono


def check_finite(y: Waveform, seconds: float) -> None:
    """Refuse what is no number.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A piece of a recording.
    seconds : float
        Where it begins.

    Raises
    ------
    AudioError
        Samples that are not finite.
    """
    if not np.isfinite(y).all():
        raise AudioError(
            f"samples after {seconds:.2f} s are not finite numbers, needed all. Export the recording again."
        )


def check_rate(sr: float) -> None:
    """Refuse a rate that no recorder has.

    Parameters
    ----------
    sr : float
        In Hz.

    Raises
    ------
    AudioError
        Too low, too high, or not a number.
    """
    try:
        fits = bool(MIN_RATE <= sr <= MAX_RATE)
    except (TypeError, ValueError) as error:
        raise AudioError(
            f"sample rate is {sr!r}, needed a number from {MIN_RATE} to {MAX_RATE}. Give it in Hz."
        ) from error
    if not fits:
        raise AudioError(
            f"sample rate is {sr} Hz, needed {MIN_RATE} to {MAX_RATE}. The header may be damaged; record again."
        )


def round_rate(sr: float) -> int:
    """Make a rate a whole number, which a stream needs to count its samples exactly.

    Parameters
    ----------
    sr : float
        In Hz.

    Returns
    -------
    int
        The nearest.

    Raises
    ------
    AudioError
        Too low, too high, or not a number.

    Examples
    --------
    >>> round_rate(48000.0)
    48000
    """
    check_rate(sr)
    return round(float(sr))


def check_axes(shape: tuple[int, ...], believed: int = 0) -> None:
    """Refuse an array whose axes are probably swapped.

    Parameters
    ----------
    shape : tuple of int
        Of (samples, channels), if it has two axes.
    believed : int
        So many channels may be more than there are samples.

    Raises
    ------
    AudioError
        More channels than samples.

    Examples
    --------
    >>> check_axes((1, 2), believed=32)
    >>> check_axes((1, 2))
    Traceback (most recent call last):
    speechrnn.errors.AudioError: an array of shape (1, 2) has more channels than samples, needed ...
    """
    if len(shape) == 2 and shape[1] > believed and 0 < shape[0] < shape[1]:
        raise AudioError(
            f"an array of shape {shape} has more channels than samples, needed (samples, channels). Give its transpose."
        )


def check_not_void(n: int) -> None:
    """Refuse a recording without a sample.

    Parameters
    ----------
    n : int
        Samples.

    Raises
    ------
    AudioError
        There are none.
    """
    if n == 0:
        raise AudioError("empty: found no samples at all, the file may be cut off. Copy or record it again.")


def check_duration(n: int, sr: int, max_duration: float) -> None:
    """Refuse what is too long for one word, or to be read at once.

    Parameters
    ----------
    n : int
        Samples.
    sr : int
        Rate in Hz.
    max_duration : float
        In seconds.

    Raises
    ------
    AudioError
        Longer than `max_duration`.
    """
    if n <= max_duration * sr:
        return
    if max_duration == LONGEST_WHOLE:
        raise AudioError(
            f"too long to be read at once: {n / sr:.1f} s, needed at most {max_duration:g}. "
            "Save it as a wav or flac file, which is read piece by piece."
        )
    raise AudioError(
        f"too long for one word: {n / sr:.1f} s, needed at most {max_duration:g}. "
        "Cut it into single words, or raise audio.max_duration and train again."
    )
