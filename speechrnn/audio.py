"""From a path, bytes, a file object or an array to mono float32 at the model's rate.

Equal to `librosa.load` sample by sample (a test says so), without librosa: libsndfile decodes, the channels are
averaged, soxr resamples. Nothing is trimmed here: the model's own graph does that.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from speechrnn.config import AudioConfig, Config
from speechrnn.errors import AudioError, MissingExtraError
from speechrnn.extras import require

Waveform = npt.NDArray[np.float32]
Source = str | Path | bytes | BinaryIO | npt.NDArray[Any]

MIN_RATE, MAX_RATE = 1_000, 768_000
BLOCK = 1 << 16
# what people record in that libsndfile does not read; anything else is decided by content, not by name
MEDIA_SUFFIXES = frozenset(".m4a .aac .mp4 .mov .webm .mkv .wma .amr .3gp .mka".split())
AUDIO_SUFFIXES = MEDIA_SUFFIXES | frozenset(
    ".wav .flac .ogg .oga .opus .mp3 .aif .aiff .au .caf .w64 .rf64 .snd".split()
)


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
        The rate of an array in Hz; the rate of `config` if absent. Files know theirs.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Mono samples at ``config.sample_rate``.

    Raises
    ------
    AudioError
        Not audio, truncated, empty, too short, too long, silent, or with values that are not finite.
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
    config = config or Config.load("default").audio
    if isinstance(source, np.ndarray):
        decoded = Decoded(_mix(_as_float(source)), sr or config.sample_rate)
    else:
        decoded = decode(source, config.max_duration)
    return prepare(decoded, config)


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
        Empty, too short, too long, silent, or with values that are not finite.

    Examples
    --------
    >>> limits = Config.load("default").audio
    >>> prepare(Decoded(np.zeros(8000, np.float32), 8000), limits)
    Traceback (most recent call last):
    speechrnn.errors.AudioError: no speech found (digital silence, needed a peak of -60 dBFS). ...
    """
    y, sr = decoded.y, decoded.sr
    if not MIN_RATE <= sr <= MAX_RATE:
        raise AudioError(
            f"sample rate is {sr} Hz, needed {MIN_RATE} to {MAX_RATE}. The header may be damaged; record again."
        )
    if y.size == 0:
        raise AudioError("empty: found no samples at all. Record again.")
    if y.size < config.min_duration * sr:
        raise AudioError(
            f"too short to hold a word: {y.size / sr * 1000:.3g} ms, needed {config.min_duration * 1000:g}. Record again."
        )
    _check_duration(y.size, sr, config.max_duration)
    if not np.isfinite(y).all():
        bad = int(y.size - np.isfinite(y).sum())
        raise AudioError(f"{bad} of {y.size} samples are not finite numbers, needed all. Export the recording again.")
    _check_level(y, config.min_peak_db)
    return _resample(y, sr, config.sample_rate)


def decode(source: str | Path | bytes | BinaryIO, max_duration: float) -> Decoded:
    """Decode a file and mix it to mono, reading no more than is allowed.

    Parameters
    ----------
    source : str, Path, bytes or binary file object
        Encoded audio.
    max_duration : float
        Longest recording that is read, in seconds.

    Returns
    -------
    Decoded
        Samples as they stand in the file and their rate.

    Raises
    ------
    AudioError
        Not audio, truncated, or longer than `max_duration`.
    OSError
        The file cannot be opened.
    """
    file: str | BinaryIO = (
        io.BytesIO(source) if isinstance(source, bytes) else source if hasattr(source, "read") else str(source)
    )  # type: ignore[assignment]
    if isinstance(file, str):
        with open(file, "rb") as probe:  # noqa: PTH123 -- libsndfile hides why a file cannot be opened; this says it
            if not probe.read(1):
                raise AudioError("empty: the file has no bytes. Record again.")
    try:
        with soundfile.SoundFile(file) as sound:
            _check_duration(sound.frames, sound.samplerate, max_duration)
            y = np.concatenate([np.zeros(0, np.float32), *_blocks(sound)])
            _check_complete(sound, y.size)
            return Decoded(y, int(sound.samplerate))
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        return _decode_media(file, max_duration, error)


def _blocks(sound: Any) -> Iterator[Waveform]:
    """Mono blocks as long as the file gives any: what its header promises may not be there, or not fit in memory."""
    while (block := sound.read(BLOCK, dtype="float32", always_2d=True)).size:
        yield _mix(block)


def _decode_media(file: str | BinaryIO, max_duration: float, cause: Exception) -> Decoded:
    """Try PyAV (m4a, webm, ...) on what libsndfile could not read."""
    problem = str(getattr(cause, "error_string", cause)).strip().rstrip(".")
    refusal = f"not readable as audio ({problem}). Needed wav, flac, ogg, mp3 or another format of libsndfile"
    suffix = Path(file).suffix.lower() if isinstance(file, str) else ""
    try:
        av = require("av", "media")
    except MissingExtraError as error:
        if suffix in MEDIA_SUFFIXES:
            raise AudioError(f'{refusal}; for {suffix} files: pip install "speechrnn[media]"') from error
        raise AudioError(f"{refusal}. Convert it, for example to wav.") from cause
    if not isinstance(file, str):
        file.seek(0)
    try:
        with av.open(file, mode="r") as container:
            return _read_media(av, container, max_duration)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise AudioError(f"{refusal}, or one of FFmpeg. Convert it, for example to wav.") from error


def _read_media(av: Any, container: Any, max_duration: float) -> Decoded:
    stream = container.streams.audio[0]
    sr = int(stream.rate)
    to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=sr)
    blocks: list[Waveform] = []
    size = 0
    for frame in _frames(container, stream):
        for part in to_float.resample(frame):
            block = _mix(np.ascontiguousarray(part.to_ndarray().T, dtype=np.float32))
            blocks.append(block)
            size += block.size
        _check_duration(size, sr, max_duration)
    return Decoded(np.concatenate([np.zeros(0, np.float32), *blocks]), sr)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    yield from container.decode(stream)
    yield None  # empties the converter


def _mix(y: npt.NDArray[Any]) -> Waveform:
    """Average the channels of ``(n, channels)`` as `librosa.to_mono` does; leave ``(n,)`` alone."""
    if y.ndim == 1:
        return y.astype(np.float32, copy=False)
    if y.ndim != 2 or y.shape[1] == 0:
        raise AudioError(f"an array of shape {y.shape}, needed (samples,) or (samples, channels). Reshape it.")
    mono: Waveform = np.mean(y.T, axis=0, dtype=np.float32)
    return mono


def _as_float(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Integers to floats with full scale at 1; the midpoint of unsigned types is zero."""
    if np.issubdtype(y.dtype, np.floating):
        return y
    if not np.issubdtype(y.dtype, np.integer):
        raise AudioError(f"an array of {y.dtype}, needed floats or integers. Convert it.")
    info = np.iinfo(y.dtype)
    half = (int(info.max) - int(info.min) + 1) / 2
    return (y.astype(np.float64) - (half if info.min == 0 else 0.0)) / half


def _check_duration(n: int, sr: int, max_duration: float) -> None:
    if n > max_duration * sr:
        raise AudioError(
            f"too long for one word: {n / sr:.1f} s, needed at most {max_duration:g}. "
            "Cut it into single words, or raise audio.max_duration and train again."
        )


def _check_level(y: Waveform, min_peak_db: float) -> None:
    peak = float(np.abs(y).max())
    if peak < 10 ** (min_peak_db / 20):
        seen = (
            f"peak {20 * np.log10(peak):.0f} dBFS, needed {min_peak_db:g}"
            if peak
            else f"digital silence, needed a peak of {min_peak_db:g} dBFS"
        )
        raise AudioError(f"no speech found ({seen}). Record closer, or lower audio.min_peak_db and train again.")


def _check_complete(sound: Any, n_read: int) -> None:
    """Refuse a file that ends before its header says; libsndfile reads such wav files without a word."""
    if n_read < sound.frames:
        raise AudioError(
            f"truncated: the header promises {sound.frames} samples, found {n_read}. Copy or record it again."
        )
    for line in sound.extra_info.splitlines():
        name, _, rest = line.partition(":")
        promised, _, found = rest.partition("(should be")
        # a recorder that streams writes 0 or the largest size, because it cannot know the length
        if name.strip() == "data" and found and promised.strip().isdigit() and 0 < int(promised) < 0x7FFF_F000:
            actual = int(found.strip(" )"))
            if actual < int(promised):
                raise AudioError(
                    f"truncated: the header promises {int(promised)} bytes, found {actual}. Copy or record it again."
                )


def _resample(y: Waveform, sr: int, target: int) -> Waveform:
    """Resample as `librosa.resample` does with ``res_type="soxr_hq"``, to exactly ``ceil(n * target / sr)`` samples."""
    if sr == target:
        return np.ascontiguousarray(y)
    n = int(np.ceil(y.size * (float(target) / sr)))
    out = soxr.resample(y, sr, target, quality="soxr_hq")[:n]
    resampled: Waveform = np.pad(out, (0, n - out.size)).astype(np.float32, copy=False)
    return resampled
