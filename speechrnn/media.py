"""The formats of telephones and browsers (m4a, webm, ...) through PyAV, where that is installed."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from speechrnn.errors import AudioError, MissingExtraError
from speechrnn.extras import require
from speechrnn.waveform import Decoded, check_duration, check_rate, mix

# what people record in that libsndfile does not read
MEDIA_SUFFIXES = frozenset([".m4a", ".aac", ".mp4", ".mov", ".webm", ".mkv", ".wma", ".amr", ".3gp", ".mka"])
# FFmpeg also reads playlists and scripts, which name other files and addresses: only these formats are let in
_FORMATS = "mov,aac,matroska,asf,amr,flac"
# seconds by which a whole file may be shorter than its header says
_SLACK = 0.5


def decode_media(data: bytes, suffix: str, max_duration: float, problem: str) -> Decoded:
    """Decode with FFmpeg what libsndfile could not.

    Parameters
    ----------
    data : bytes
        The file's content; FFmpeg never sees a name, which could be an address.
    suffix : str
        Of the file's name, such as ``.m4a``; empty where it has none.
    max_duration : float
        Longest recording that is read, in seconds.
    problem : str
        What libsndfile said.

    Returns
    -------
    Decoded
        Samples as they stand in the file and their rate.

    Raises
    ------
    AudioError
        PyAV is not installed, or FFmpeg cannot read it either, or it is truncated or too long.
    """
    refusal = f"not readable as audio ({problem}). Needed wav, flac, ogg, mp3 or another format of libsndfile"
    try:
        av = require("av", "media")
    except MissingExtraError as error:
        if suffix in MEDIA_SUFFIXES:
            raise AudioError(f'{refusal}; for {suffix} files: pip install "speechrnn[media]"') from error
        raise AudioError(f"{refusal}. Convert it, for example to wav.") from error
    try:
        with av.open(io.BytesIO(data), mode="r", options={"format_whitelist": _FORMATS}) as container:
            return _read(av, container, max_duration)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise AudioError(f"{refusal}, or one of FFmpeg. Convert it, for example to wav.") from error


def _read(av: Any, container: Any, max_duration: float) -> Decoded:
    stream = container.streams.audio[0]
    sr = int(getattr(stream, "rate", None) or 0)  # a codec that FFmpeg does not know gives no such attribute
    check_rate(sr)
    # channels interleaved: PyAV reads planes beyond the eighth from anywhere
    to_float = av.AudioResampler(format="flt", layout=stream.layout, rate=sr)
    blocks, size, end = [np.zeros(0, np.float32)], 0, 0.0
    for frame in _frames(container, stream):
        for part in to_float.resample(frame):
            blocks.append(mix(part.to_ndarray().reshape(-1, part.layout.nb_channels)))
            size += blocks[-1].size
        check_duration(size, sr, max_duration)
        # not the samples alone: who records in a browser may leave silence out
        end = max(end, size / sr, (frame.time or 0.0) + frame.samples / sr if frame else 0.0)
    promised = _promised(av, container, stream)
    if end < promised - _SLACK:
        raise AudioError(f"truncated: the header promises {promised:.1f} s, found {end:.1f}. Copy or record it again.")
    return Decoded(np.concatenate(blocks), sr)


def _promised(av: Any, container: Any, stream: Any) -> float:
    """Seconds that the header says there are; zero where it does not, and FFmpeg has guessed by the bit rate."""
    name, alone = container.format.name, len(container.streams) == 1
    own = float((stream.duration or 0) * stream.time_base)
    if "matroska" in name:  # its header has one for all streams, such as a picture; a stream's own is guessed
        return float(container.duration or 0) / av.time_base if alone and not own else 0.0
    return own if "mov" in name or ("asf" in name and alone) else 0.0


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    yield from container.decode(stream)
    yield None  # empties the converter
