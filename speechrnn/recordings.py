"""From a file, its bytes or a file object to the mono samples that it holds, whatever its format.

libsndfile decodes what it knows, `speechrnn.media` the rest. What a header promises is checked before anything is read,
and what was read is checked against the header.
"""

import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from speechrnn.errors import AudioError
from speechrnn.media import MEDIA_SUFFIXES, decode_media
from speechrnn.waveform import Decoded, Waveform, check_duration, check_rate, mix

# by these names a folder's recordings are found; how a file is read is decided by its content
AUDIO_SUFFIXES = MEDIA_SUFFIXES | frozenset(
    [".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64", ".rf64", ".snd"]
)
BLOCK = 1 << 16
# most that is read out of a pipe; without a bound an endless one would fill the memory
MAX_PIPE = 256 << 20
# what libsndfile gives where the header leaves the length open
UNKNOWN_LENGTH = 2**63 - 1
# what a program that writes wav into a pipe puts as the size; libsndfile takes everything from about there as unknown
_OPEN_SIZE = 0x7FFF_F000
# sizes in the log of libsndfile: of samples (wav, aiff, au), and of files (w64, rf64), where writers err by a header
_SLACK = {"data": 0, "SSND": 0, "Data Size": 0, "riff": 8, "Riff size": 8}
# bytes of the longest page of Ogg: its header, a length for each segment, and as many segments of as many bytes
_OGG_PAGE = 27 + 255 + 255 * 255


class _Bytes(io.BytesIO):
    """Bytes as a file; damaged headers send libsndfile before its beginning, and what is raised there is printed."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return super().seek(0)


class SoundReader(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A file of libsndfile; where the header leaves its length open, it is read forwards only.

    soundfile seeks after each piece that it reads, which at the end of such a flac fails.
    """

    def seekable(self) -> bool:
        """Tell whether soundfile may seek."""
        return self.frames != UNKNOWN_LENGTH and bool(super().seekable())


def decode(source: str | Path | bytes | BinaryIO, max_duration: float) -> Decoded:
    """Decode a file and mix it to mono, reading no more than is allowed.

    Parameters
    ----------
    source : str, Path, bytes or binary file object
        Encoded audio; a file object is read to its end.
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
    if not isinstance(source, str | Path | bytes):
        try:
            content: object = source.read()
        except UnicodeDecodeError:  # opened as text, which a recording is not
            content = None
        if not isinstance(content, bytes):
            raise AudioError('a file object that gives text, needed bytes. Open it with mode "rb".')
        source = content
    source = read_pipe(source)
    check_not_empty(source)
    suffix = "" if isinstance(source, bytes) else Path(source).suffix.lower()
    # libsndfile would take .raw for samples without a header, and a file named - for stdin
    in_memory = isinstance(source, bytes) or suffix == ".raw" or str(source) == "-"
    # as bytes every file name works, also one that is no text
    file = _Bytes(_content(source)) if in_memory else os.fsencode(source)
    try:
        sound = SoundReader(file)
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        return decode_media(_content(source), suffix, max_duration, _reason(error))
    with sound:
        endless = sound.frames == UNKNOWN_LENGTH
        check_rate(sound.samplerate)
        if not endless:
            check_duration(sound.frames, sound.samplerate, max_duration)
        try:
            y = _read(sound, max_duration)
        except soundfile.LibsndfileError as error:
            # libsndfile took it for something else
            if suffix in MEDIA_SUFFIXES:
                return decode_media(_content(source), suffix, max_duration, _reason(error))
            raise AudioError(f"damaged or truncated: {_reason(error)}. Copy or record it again.") from error
        if y.size == 0 and (mended := _mend_stream(_content(source))):
            return decode(mended, max_duration)
        if not endless:
            check_complete(source, sound, y.size)
        return Decoded(y, int(sound.samplerate))


def read_pipe(source: str | Path | bytes) -> str | Path | bytes:
    """Read what is no file on a disk into memory, such as a pipe: it gives its bytes once, and only forwards.

    Parameters
    ----------
    source : str, Path or bytes
        The file or its content; a named pipe waits for its writer.

    Returns
    -------
    str, Path or bytes
        The content of a pipe or a device; all else as it was given.

    Raises
    ------
    AudioError
        It gives more than 256 MiB.
    OSError
        It cannot be opened.
    """
    if isinstance(source, bytes):
        return source
    try:
        mode = Path(source).stat().st_mode
    except (OSError, ValueError):  # who opens it says why
        return source
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return source
    data = _content(source, MAX_PIPE + 1)
    if len(data) > MAX_PIPE:
        raise AudioError(f"more than {MAX_PIPE >> 20} MiB out of a pipe, needed less. Save it as a file first.")
    return data


def check_not_empty(source: str | Path | bytes) -> None:
    """Refuse a file that holds nothing; open it, too, because libsndfile hides why one cannot be opened.

    Parameters
    ----------
    source : str, Path or bytes
        The file or its content.

    Raises
    ------
    AudioError
        It has no bytes, or no name that a file can have.
    OSError
        It cannot be opened.
    """
    try:
        if not _content(source, 1):
            raise AudioError("empty: the file has no bytes. Record again.")
    except ValueError as error:  # a zero byte in the name
        raise AudioError(f"{str(source)!r} is no file name ({error}). Rename the file.") from error


def _content(source: str | Path | bytes, limit: int = 1 << 30, *, end: bool = False) -> bytes:
    if isinstance(source, bytes):
        return source[-limit:] if end else source[:limit]
    with Path(source).open("rb") as file:
        # Python sets aside as much as it is asked for; what is no regular file has no size
        size = os.fstat(file.fileno()).st_size
        if end:
            file.seek(max(0, size - limit))
        return file.read(min(limit, size or limit))


def _read(sound: Any, max_duration: float) -> Waveform:
    """Mono blocks as long as the file gives any: what its header promises may not be there, or not fit in memory."""
    # asked for one sample more than there are, most files end within their first block
    asked = max(1, min(BLOCK, sound.frames + 1))
    blocks, size = list[Waveform](), 0
    while (block := sound.read(asked, dtype="float32", always_2d=True)).size:
        blocks.append(mix(block))
        size += block.shape[0]
        check_duration(size, sound.samplerate, max_duration)
        if block.shape[0] < asked and size >= sound.frames:
            break
    return blocks[0] if len(blocks) == 1 else np.concatenate([np.zeros(0, np.float32), *blocks])


def _mend_stream(data: bytes) -> bytes | None:
    """Give a wav that was written into a pipe with zero as its size the size that means unknown."""
    # a finished file that holds nothing knows its own size
    if data[:4] != b"RIFF" or int.from_bytes(data[4:8], "little") + 8 == len(data):
        return None
    at = 12
    while data[at : at + 4] not in (b"data", b""):
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    if data[at + 4 : at + 8] != bytes(4) or len(data) == at + 8:
        return None
    unknown = b"\xff" * 4
    return data[:4] + unknown + data[8 : at + 4] + unknown + data[at + 8 :]


def check_complete(source: str | Path | bytes, sound: Any, n_read: int) -> None:
    """Refuse a file that ends before its header says; libsndfile reads many such files without a word.

    Parameters
    ----------
    source : str, Path or bytes
        The file or its content.
    sound : soundfile.SoundFile
        The same, opened.
    n_read : int
        Samples that it gave in all.

    Raises
    ------
    AudioError
        It is truncated.
    """
    if n_read < sound.frames:
        raise AudioError(
            f"truncated: the header promises {sound.frames} samples, found {n_read}. Copy or record it again."
        )
    if sound.format == "OGG" and not _ends_with_a_page(_content(source, _OGG_PAGE, end=True)):
        raise AudioError("truncated: the file ends inside a page of Ogg. Copy or record it again.")
    told = sound.extra_info
    for line in told.splitlines() if "(should be" in told else ():
        name, _, rest = line.partition(":")
        promised, _, found = rest.partition("(should be")
        if name.strip() in _SLACK and found and promised.strip().isdecimal() and 0 < int(promised) < _OPEN_SIZE:
            actual = int(found.strip(" )"))
            if actual + _SLACK[name.strip()] < int(promised):
                raise AudioError(
                    f"truncated: the header promises {int(promised)} bytes, found {actual}. Copy or record it again."
                )


def _ends_with_a_page(data: bytes) -> bool:
    """Follow the last page's own lengths to the end of the file."""
    at = data.rfind(b"OggS")
    n_segments = data[at + 26] if at + 26 < len(data) else 256
    segments = data[at + 27 : at + 27 + n_segments]
    return len(segments) == n_segments and at + 27 + n_segments + sum(segments) <= len(data)


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    # what libsndfile says of what it does not know; the file was opened before
    return "unknown format" if reason.startswith("File does not exist") else reason
