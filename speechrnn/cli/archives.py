"""Recordings in a tar archive, one after the other; an archive that is damaged says so and never looks shorter."""

import bz2
import contextlib
import gzip
import lzma
import posixpath
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path, PurePosixPath
from tarfile import EOFHeaderError, HeaderError, ReadError  # type: ignore[attr-defined]  # typeshed lacks the first
from typing import Any, Self

from speechrnn.batch import LARGEST, Item, Recording, fail
from speechrnn.errors import CorpusError, explain_os_error
from speechrnn.recognizer import Prediction
from speechrnn.recordings import AUDIO_SUFFIXES
from speechrnn.text import printable

# one after the other
MAX_LINKS = 40
# how each compression begins, and what reads it to its checksum
_COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
_LONGEST_MAGIC, _BLOCK = 6, 1 << 16


class _Member(tarfile.TarInfo):
    """A header that is damaged or missing ends an archive with an error; tarfile takes it for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """Read the next header, as the base class does.

        Parameters
        ----------
        tarfile : tarfile.TarFile
            The archive.

        Returns
        -------
        TarInfo
            What the header says.

        Raises
        ------
        tarfile.ReadError
            It is damaged, or no header.
        """
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if isinstance(error, EOFHeaderError):
                raise
            raise ReadError(str(error)) from error


class _Whole:
    """A file of which the first bytes were looked at: it may be a pipe, which goes back no byte."""

    def __init__(self, head: bytes, file: BufferedReader) -> None:
        self._head, self._file = head, file

    def read(self, n: int = -1) -> bytes:
        """Give the next `n` bytes, fewer at the end, all without a number."""
        taken = self._head if n < 0 else self._head[:n]
        self._head = self._head[len(taken) :]
        return taken + self._file.read(n if n < 0 else n - len(taken))


@contextlib.contextmanager
def read_archive(file: BufferedReader) -> Iterator[tarfile.TarFile]:
    """Open a tar archive, compressed or not, to be read once from its beginning to its end.

    Parameters
    ----------
    file : binary file object
        The archive, from its first byte on; it may be a pipe.

    Yields
    ------
    tarfile.TarFile
        Its members can be gone through once. When the caller has done so, what follows the last one is read, too: the
        checksum of a compression is at its end.

    Raises
    ------
    CorpusError
        It is damaged, cut off, or no archive.
    OSError
        It cannot be read.
    """
    try:
        with _unpacked(file) as plain:
            with tarfile.open(fileobj=plain, mode="r|", tarinfo=_Member) as members:
                yield members
            while plain.read(_BLOCK):
                pass
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(error) from error  # what gzip and bzip2 say of a wrong checksum is no trouble of the system


def _damaged(error: Exception) -> CorpusError:
    return CorpusError(f"not readable as a tar archive to its end ({printable(str(error))}). Copy it again.")


def _unpacked(file: BufferedReader) -> contextlib.AbstractContextManager[Any]:
    head = file.read(_LONGEST_MAGIC)
    whole = _Whole(head, file)
    opener: Any = next((opener for magic, opener in _COMPRESSED if head.startswith(magic)), None)
    return contextlib.nullcontext(whole) if opener is None else opener(whole)


@dataclass(frozen=True, slots=True)
class _Link:
    """A link in an archive: its name as written, and the member that it leads to, as `posixpath.normpath` writes it."""

    name: str
    target: str


def expand_archive(archive: Path) -> Iterator[Item]:
    """Read members one after the other, as a compressed archive must be; what links lead to, in a second pass.

    Parameters
    ----------
    archive : Path
        A tar archive; of its members one is in memory at a time, and the names of its links.

    Yields
    ------
    Recording or Prediction
        Each recording; a failed prediction for what is none, and for the archive where it is damaged.
    """
    links: dict[str, _Link] = {}
    try:
        with archive.open("rb") as file:
            with read_archive(file) as members:
                while (member := members.next()) is not None:
                    members.members = []  # type: ignore[attr-defined]  # it would keep every header
                    if member.issym() or member.islnk():
                        above = posixpath.dirname(member.name) if member.issym() else ""
                        target = posixpath.normpath(posixpath.join(above, member.linkname))
                        links[posixpath.normpath(member.name)] = _Link(member.name, target)
                    elif is_recording(member.name) and not member.isdir():
                        yield _read_member(members, member, f"{archive}/{member.name}")
            if any(is_recording(link.name) for link in links.values()):
                file.seek(0)
                with read_archive(file) as members:
                    yield from _expand_links(archive, members, links)
    except CorpusError as error:
        yield fail(archive, str(error))
    except OSError as error:
        yield fail(archive, explain_os_error(error))


def is_recording(member: str) -> bool:
    """Tell whether a member of an archive is one by its name; what is hidden is none, as in a folder.

    Parameters
    ----------
    member : str
        As the archive writes it.

    Returns
    -------
    bool
        True for an audio suffix.
    """
    path = PurePosixPath(member)
    return path.suffix.lower() in AUDIO_SUFFIXES and not any(part[0] == "." and part != ".." for part in path.parts)


def _read_member(members: Any, member: Any, name: str) -> Recording | Prediction:
    if member.size > LARGEST:
        return fail(name, f"{member.size >> 20} MiB, needed at most {LARGEST >> 20}. Unpack it and name the file.")
    file = members.extractfile(member)
    if file is None:
        return fail(name, "a pipe or a device, needed a file. Take it out of the archive.")
    return Recording(name, file.read())


def _expand_links(archive: Path, members: Any, links: Mapping[str, _Link]) -> Iterator[Item]:
    """Read what links lead to: once, for any number of them."""
    waiting: dict[str, list[str]] = {}
    for link in links.values():
        if is_recording(link.name):
            waiting.setdefault(_follow(link, links), []).append(f"{archive}/{link.name}")
    while waiting and (member := members.next()) is not None:
        members.members = []
        if member.isfile() and (names := waiting.pop(posixpath.normpath(member.name), [])):
            item = _read_member(members, member, names[0])
            yield from (replace(item, path=name) for name in names)
    for target, names in waiting.items():
        reason = f"a link to {printable(target)}, which is no file of the archive. Pack it with tar --dereference."
        yield from (fail(name, reason) for name in names)


def _follow(link: _Link, links: Mapping[str, _Link]) -> str:
    """Go from link to link, as far as Linux would: there may be a circle."""
    for _ in range(MAX_LINKS):
        if link.target not in links:
            break
        link = links[link.target]
    return link.target
