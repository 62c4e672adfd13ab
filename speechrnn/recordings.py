"""From a file, its bytes or a file object to the mono samples that it holds, whatever its format.

libsndfile decodes what it knows; PyAV, where it is installed, the formats of telephones and browsers. What a header
promises is checked before anything is read, and what was read is checked against the header.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from speechrnn.errors import AudioError, MissingExtraError
from speechrnn.extras import require

Waveform = npt.NDArray[np.float32]

MIN_RATE, MAX_RATE = 1_000, 768_000
BLOCK = 1 << 16
# what people record in that libsndfile does not read; anything else is decided by content, not by name
MEDIA_SUFFIXES = frozenset(".m4a .aac .mp4 .mov .webm .mkv .wma .amr .3gp .mka".split())
AUDIO_SUFFIXES = MEDIA_SUFFIXES | frozenset(
    ".wav .flac .ogg .oga .opus .mp3 .aif .aiff .au .caf .w64 .rf64 .snd".split()
)
# FFmpeg also reads playlists and scripts, which name other files and addresses: only these formats are let in
_MEDIA_FORMATS = "mov,aac,matroska,asf,amr,amrnb,amrwb,loas,latm"
# what libsndfile gives where the header leaves the length open
_UNKNOWN_LENGTH = 2**63 - 1


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
    suffix = Path(source).suffix.lower() if isinstance(source, str | Path) else ""
    file = _open(source)
    try:
        sound = soundfile.SoundFile(file)
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        return _decode_media(source, suffix, max_duration, error)
    with sound:
        sr = int(sound.samplerate)
        check_rate(sr)
        if sound.frames != _UNKNOWN_LENGTH:
            check_duration(sound.frames, sr, max_duration)
        try:
            y = _read(sound, max_duration)
        except soundfile.LibsndfileError as error:
            if suffix in MEDIA_SUFFIXES:  # libsndfile took it for something else
                return _decode_media(source, suffix, max_duration, error)
            raise AudioError(f"damaged or truncated: {_reason(error)}. Copy or record it again.") from error
        if y.size == 0 and (mended := _mend_stream(source, sound, max_duration)):
            return decode(mended, max_duration)
        _check_complete(sound, y.size)
        return Decoded(y, sr)


def mix(y: npt.NDArray[Any]) -> Waveform:
    """Average the channels as `librosa.to_mono` does.

    Parameters
    ----------
    y : np.ndarray [shape=(n,) or (n, channels)]
        Samples; mono is left alone.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Values beyond float32 are infinite.

    Raises
    ------
    AudioError
        Another shape.

    Examples
    --------
    >>> mix(np.array([[0.0, 1.0], [0.5, 0.5]]))
    array([0.5, 0.5], dtype=float32)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if y.ndim == 1:
            return y.astype(np.float32, copy=False)
        if y.ndim != 2 or y.shape[1] == 0:
            raise AudioError(f"an array of shape {y.shape}, needed (samples,) or (samples, channels). Reshape it.")
        mono: Waveform = np.mean(y.T, axis=0, dtype=np.float32)
        return mono


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
    if not MIN_RATE <= sr <= MAX_RATE:
        raise AudioError(
            f"sample rate is {sr} Hz, needed {MIN_RATE} to {MAX_RATE}. The header may be damaged; record again."
        )


def check_duration(n: int, sr: int, max_duration: float) -> None:
    """Refuse what is too long for one word.

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
    if n > max_duration * sr:
        raise AudioError(
            f"too long for one word: {n / sr:.1f} s, needed at most {max_duration:g}. "
            "Cut it into single words, or raise audio.max_duration and train again."
        )


def _open(source: str | Path | bytes | BinaryIO) -> bytes | BinaryIO:
    """Give what libsndfile takes: a path as bytes, so that every file name of the system works, or a file object."""
    if isinstance(source, bytes):
        empty, file = not source, io.BytesIO(source)
    elif isinstance(source, str | Path):
        try:
            with open(source, "rb") as probe:  # noqa: PTH123 -- libsndfile hides why a file cannot be opened; this says it
                empty = not probe.read(1)
        except ValueError as error:
            raise AudioError(f"{str(source)!r} is no file name ({error}). Rename the file.") from error
    else:
        source.seek(0)
        empty, file = not source.read(1), source  # type: ignore[assignment]
        source.seek(0)
    if empty:
        raise AudioError("empty: the file has no bytes. Record again.")
    return os.fsencode(source) if isinstance(source, str | Path) else file


def _read(sound: Any, max_duration: float) -> Waveform:
    """Read mono blocks as long as the file gives any: what its header promises may not be there, or not fit in memory."""
    blocks, size = [np.zeros(0, np.float32)], 0
    while (block := sound.read(BLOCK, dtype="float32", always_2d=True)).size:
        blocks.append(mix(block))
        size += block.shape[0]
        check_duration(size, sound.samplerate, max_duration)
    return np.concatenate(blocks)


def _mend_stream(source: str | Path | bytes | BinaryIO, sound: Any, max_duration: float) -> bytes | None:
    """Give a wav whose recorder wrote zero as the length, because it could not go back, a length that libsndfile ignores."""
    limit = int(max_duration * sound.samplerate * sound.channels * 8) + BLOCK  # no sample has more than 8 bytes
    if isinstance(source, bytes):
        data = bytearray(source[:limit])
    elif isinstance(source, str | Path):
        with open(source, "rb") as file:  # noqa: PTH123 -- a str may come too
            data = bytearray(file.read(limit))
    else:
        source.seek(0)
        data = bytearray(source.read(limit))
    # a finished file that holds nothing knows its own size
    if data[:4] != b"RIFF" or int.from_bytes(data[4:8], "little") + 8 == len(data):
        return None
    at = 12
    while data[at : at + 4] not in (b"data", b""):
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    if data[at + 4 : at + 8] != bytes(4) or len(data) <= at + 8:
        return None
    data[4:8] = data[at + 4 : at + 8] = b"\xff" * 4
    return bytes(data)


def _check_complete(sound: Any, n_read: int) -> None:
    """Refuse a file that ends before its header says; libsndfile reads such wav files without a word."""
    if n_read < sound.frames != _UNKNOWN_LENGTH:
        raise AudioError(
            f"truncated: the header promises {sound.frames} samples, found {n_read}. Copy or record it again."
        )
    for line in sound.extra_info.splitlines():
        name, _, rest = line.partition(":")
        promised, _, found = rest.partition("(should be")
        # a recorder that streams writes the largest size, because it cannot know the length
        if name.strip() == "data" and found and promised.strip().isdigit() and 0 < int(promised) < 0x7FFF_F000:
            actual = int(found.strip(" )"))
            if actual < int(promised):
                raise AudioError(
                    f"truncated: the header promises {int(promised)} bytes, found {actual}. Copy or record it again."
                )


def _decode_media(source: str | Path | bytes | BinaryIO, suffix: str, max_duration: float, cause: Exception) -> Decoded:
    """Try PyAV (m4a, webm, ...) on what libsndfile could not read."""
    refusal = f"not readable as audio ({_reason(cause)}). Needed wav, flac, ogg, mp3 or another format of libsndfile"
    try:
        av = require("av", "media")
    except MissingExtraError as error:
        if suffix in MEDIA_SUFFIXES:
            raise AudioError(f'{refusal}; for {suffix} files: pip install "speechrnn[media]"') from error
        raise AudioError(f"{refusal}. Convert it, for example to wav.") from cause
    file = _open(source)
    try:
        # FFmpeg gets a file object, never a name: names can be addresses
        with (
            open(file, "rb") if isinstance(file, bytes) else contextlib.nullcontext(file) as stream,  # noqa: PTH123 -- bytes
            av.open(stream, mode="r", options={"format_whitelist": _MEDIA_FORMATS}) as container,
        ):
            return _read_media(av, container, max_duration)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise AudioError(f"{refusal}, or one of FFmpeg. Convert it, for example to wav.") from error


def _read_media(av: Any, container: Any, max_duration: float) -> Decoded:
    stream = container.streams.audio[0]
    sr = int(stream.rate or 0)
    check_rate(sr)
    to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=sr)
    blocks, size = [np.zeros(0, np.float32)], 0
    for frame in _frames(container, stream):
        for part in to_float.resample(frame):
            blocks.append(mix(np.ascontiguousarray(part.to_ndarray().T, dtype=np.float32)))
            size += blocks[-1].size
        check_duration(size, sr, max_duration)
    return Decoded(np.concatenate(blocks), sr)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    yield from container.decode(stream)
    yield None  # empties the converter


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
