"""From a path, bytes, a file object or an array to mono float32 at the model's rate.

Equal to `librosa.load` sample by sample (a test says so), without librosa: `speechrnn.recordings` decodes and averages
the channels, soxr resamples. Nothing is trimmed here: the model's own graph does that.
"""

import functools
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from speechrnn.config import AudioConfig, Config
from speechrnn.errors import AudioError
from speechrnn.recordings import AUDIO_SUFFIXES, decode
from speechrnn.waveform import LOUDEST, Decoded, Waveform, check_axes, check_duration, check_rate, mix

__all__ = ["AUDIO_SUFFIXES", "Decoded", "Source", "Waveform", "decode", "load_audio", "prepare"]

Source = str | Path | bytes | BinaryIO | npt.NDArray[Any]


def load_audio(source: Source, config: AudioConfig | None = None, *, sr: int | None = None) -> Waveform:
    """Read a recording as the model hears it.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
        A recording in any format of libsndfile (wav, flac, ogg, mp3, ...), or of PyAV where that is installed, or its
        samples: floats with full scale at 1, or integers with full scale at the limit of their type.
    config : AudioConfig, optional
        The rate and the limits; of the default preset if absent.
    sr : int, optional
        The rate of an array in Hz; the rate of `config` if absent. Files know theirs, and it is refused beside them.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Mono samples at ``config.sample_rate``.

    Raises
    ------
    AudioError
        Not audio, truncated, empty, too short, too long, silent, or with values that are not finite or too large; a
        rate beside a file.
    OSError
        The file cannot be opened.

    Examples
    --------
    A second at 16 kHz in stereo becomes a second at 8 kHz in mono:

    >>> t = np.arange(16000) / 16000
    >>> tone = np.sin(2 * np.pi * 440 * t)
    >>> load_audio(np.stack([tone, tone], axis=1), sr=16000).shape
    (8000,)
    """
    config = config or _default_config()
    rate = choose_rate(source, sr, config.sample_rate)
    return prepare(decode_source(source, config.max_duration, rate), config)


@functools.cache
def _default_config() -> AudioConfig:
    """Reading the presets takes a hundred times as long as reading a recording."""
    return Config.load("default").audio


def choose_rate(source: Source, sr: int | None, own: int) -> int:
    """Say which rate an array has; a file knows its own, and whoever gives one beside it expects it to be heeded.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
        A recording.
    sr : int or None
        The rate that was given with it, in Hz.
    own : int
        The model's, in Hz.

    Returns
    -------
    int
        `own` where none was given.

    Raises
    ------
    AudioError
        One was given, and `source` is a file, or its bytes.
    """
    if sr is None:
        return own
    if _is_file(source):
        raise AudioError(f"sr={sr} beside a file, needed it for arrays alone: files know their rate. Leave it out.")
    return sr


def decode_source(source: Source, max_duration: float, sr: int) -> Decoded:
    """Decode whatever holds a recording and mix it to mono.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, or np.ndarray [shape=(n,) or (n, channels)]
        As for `load_audio`.
    max_duration : float
        Longest file that is read, in seconds.
    sr : int
        The rate of an array in Hz.

    Returns
    -------
    Decoded
        Samples as they stand there and their rate.

    Raises
    ------
    AudioError
        Not audio, truncated, or too long.
    OSError
        The file cannot be opened.
    """
    if isinstance(source, np.ndarray):
        check_axes(source.shape)
        return Decoded(mix(_as_float(source)), sr)
    if not _is_file(source):
        raise AudioError(
            f"a source of type {type(source).__name__}, needed a path, bytes, a file object or an array of numpy. "
            "Convert it."
        )
    return decode(source, max_duration)


def prepare(decoded: Decoded, config: AudioConfig) -> Waveform:
    """Check a decoded recording and bring it to the model's rate.

    Parameters
    ----------
    decoded : Decoded
        Mono samples and their rate.
    config : AudioConfig
        The rate and the limits.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Samples at ``config.sample_rate``.

    Raises
    ------
    AudioError
        Empty, too short, too long, silent, or with values that are not finite or too large.

    Examples
    --------
    >>> limits = Config.load("default").audio
    >>> prepare(Decoded(np.zeros(8000, np.float32), 8000), limits)
    Traceback (most recent call last):
    speechrnn.errors.AudioError: no speech found (digital silence, needed a peak of -60 dBFS). ...
    """
    y, sr = decoded.y, decoded.sr
    check_rate(sr)
    if y.size == 0:
        raise AudioError("empty: found no samples at all, the file may be cut off. Copy or record it again.")
    if y.size < config.min_duration * sr:
        raise AudioError(
            f"too short to hold a word: {y.size / sr * 1000:.3g} ms, needed {config.min_duration * 1000:g}. "
            "Record again."
        )
    check_duration(y.size, sr, config.max_duration)
    if not np.isfinite(y).all():
        bad = int(y.size - np.isfinite(y).sum())
        raise AudioError(f"{bad} of {y.size} samples are not finite numbers, needed all. Export the recording again.")
    _check_level(y, config.min_peak_db)
    return _resample(y, sr, config.sample_rate)


def _is_file(source: object) -> bool:
    """Whether it is a recording as somebody wrote it, to be decoded."""
    return isinstance(source, str | Path | bytes) or hasattr(source, "read")


def _as_float(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Integers to floats with full scale at 1; the midpoint of unsigned types is zero."""
    if np.issubdtype(y.dtype, np.floating):
        return y
    if not np.issubdtype(y.dtype, np.integer):
        raise AudioError(f"an array of {y.dtype}, needed floats or integers. Convert it.")
    if y.dtype.itemsize > 4:  # of lists Python makes such, and no recording has so many bits
        raise AudioError(
            f"an array of {y.dtype}, needed floats, or integers of at most 32 bits, whose full scale is known. Divide "
            "by that of the samples: 32768 where they have 16 bits."
        )
    info = np.iinfo(y.dtype)
    half = (int(info.max) - int(info.min) + 1) / 2
    return (y.astype(np.float64) - (half if info.min == 0 else 0.0)) / half


def _check_level(y: Waveform, min_peak_db: float) -> None:
    peak = float(np.abs(y).max())
    if peak < 10 ** (min_peak_db / 20):
        seen = (
            f"peak {20 * np.log10(peak):.0f} dBFS, needed {min_peak_db:g}"
            if peak
            else f"digital silence, needed a peak of {min_peak_db:g} dBFS"
        )
        raise AudioError(f"no speech found ({seen}). Record closer, or lower audio.min_peak_db and train again.")


def _resample(y: Waveform, sr: int, target: int) -> Waveform:
    """Resample as `librosa.resample` does with ``res_type="soxr_hq"``, to exactly ``ceil(n * target / sr)`` samples."""
    if sr == target:
        return np.ascontiguousarray(y)
    import soxr  # most recordings of a model's own rate need none of its 3 ms

    n = int(np.ceil(y.size * (float(target) / sr)))
    out = soxr.resample(y, sr, target, quality="soxr_hq")[:n]
    resampled: Waveform = np.pad(out, (0, n - out.size)).astype(np.float32, copy=False)
    peak = float(np.abs(resampled).max())
    if not peak <= LOUDEST:  # the filter goes beyond the samples
        raise AudioError(
            f"samples of {peak:.3g} times full scale at {target} Hz, needed at most {LOUDEST:.3g}. Export the "
            "recording again."
        )
    return resampled
