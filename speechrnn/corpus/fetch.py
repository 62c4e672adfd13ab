"""Real recordings from the network: the Free Spoken Digit Dataset, verified file by file."""

import contextlib
import functools
import gzip
import hashlib
import re
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from speechrnn.corpus.transfer import Wanted, download
from speechrnn.errors import CorpusError
from speechrnn.progress import OpenProgress
from speechrnn.storage import named, write_folder, write_text
from speechrnn.text import printable

COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
REPOSITORY = "https://github.com/Jakobovski/free-spoken-digit-dataset"
# tar.gz rather than zip: smaller, and read in one pass from front to back, so that a cut shows where it is.
# GitHub packs archives on demand and promises no bytes, so the digest is taken over the recordings inside.
URL = f"{REPOSITORY}/archive/{COMMIT}.tar.gz"
# in the folder recordings/ of that commit: LC_ALL=C sha256sum *.wav | sha256sum
DIGEST = "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959"

MAX_BYTES = 1 << 20  # of one recording; the longest has 37 kB
MAX_FILES = 10_000
_RECORDING = re.compile(r"[^/]+/recordings/([\w-]+\.wav)")
_BY_HAND = "unpack it here and give its folder `recordings` as DATA"
_NOTE = f"""Free Spoken Digit Dataset (FSDD)

Source:  {REPOSITORY}
Version: commit {COMMIT}
Authors: Zohar Jackson and contributors, doi:10.5281/zenodo.1342401
Licence: Creative Commons Attribution-ShareAlike 4.0, https://creativecommons.org/licenses/by-sa/4.0/

The recordings in this folder are those of that version, unchanged. Whoever passes them on names the authors, links to
the licence, says what was changed, and keeps the same licence.
"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch left behind.

    Attributes
    ----------
    path : Path
        The folder with the recordings.
    n_clips : int
        How many recordings are in it.
    downloaded : bool
        False where everything was there already.
    """

    path: Path
    n_clips: int
    downloaded: bool


def fetch_fsdd(
    directory: Path, *, url: str = URL, digest: str = DIGEST, on_progress: OpenProgress | None = None
) -> Fetched:
    """Bring the Free Spoken Digit Dataset to this machine: 3,000 recordings, about 16 MB to transfer.

    What an interrupted transfer has brought stays in a hidden folder beside `directory` and is gone on with.

    Parameters
    ----------
    directory : Path
        New, empty, or fetched before; it is complete or absent, never half there.
    url : str
        A tar.gz archive which holds `recordings` in its one top folder.
    digest : str
        What `digest_recordings` must give.
    on_progress : callable, optional
        Called with the number of bytes that are there and the number of all, None where the server does not tell.

    Returns
    -------
    Fetched
        What is there now.

    Raises
    ------
    MissingExtraError
        pooch is not installed.
    CorpusError
        The folder holds something else, nobody answers, or what arrived is not what it should be.
    OSError
        No rights, no space.
    """
    directory = directory.resolve()
    if not _is_missing(directory):
        if digest_recordings(directory) != digest:
            raise CorpusError(
                f"{printable(directory)}: holds something else, or recordings that were changed; needed a new or empty "
                "folder. Choose another one, or delete it."
            )
        return Fetched(directory, _count(directory), downloaded=False)
    cache = directory.parent / f".{directory.name}-download"
    with named(directory, cache):
        archive = _download(cache, url, on_progress)
    try:
        # it is absent or empty, so nothing is lost by replacing it
        write_folder(directory, functools.partial(_fill, archive=archive, digest=digest), replace=True)
    except _CorruptedError as error:
        shutil.rmtree(cache)
        raise CorpusError(
            f"what came from {url} is damaged: {error}. It was deleted; run it again to fetch it anew."
        ) from error
    shutil.rmtree(cache)
    return Fetched(directory, _count(directory), downloaded=True)


def digest_recordings(directory: Path) -> str:
    """Give one SHA-256 for the names and contents of all wav files of a folder.

    Equal to ``LC_ALL=C sha256sum *.wav | sha256sum``.

    Parameters
    ----------
    directory : Path
        Files of other kinds do not count, nor do folders in it.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    total = hashlib.sha256()
    for path in _recordings(directory):
        with path.open("rb") as file:
            total.update(
                f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n".encode("utf-8", "surrogateescape")
            )
    return total.hexdigest()


class _CorruptedError(Exception):
    """An archive with something else in it than it should hold."""


def _is_missing(directory: Path) -> bool:
    """Absent, or empty down to hidden files: the new folder takes its place."""
    if directory.exists() and not directory.is_dir():
        raise CorpusError(f"{printable(directory)}: is a file, needed a folder. Choose another name.")
    return not directory.exists() or not any(directory.iterdir())


def _recordings(directory: Path) -> list[Path]:
    return sorted((file for file in directory.glob("*.wav") if file.is_file()), key=lambda file: file.name)


def _count(directory: Path) -> int:
    return len(_recordings(directory))


def _download(cache: Path, url: str, on_progress: OpenProgress | None) -> Path:
    """Bring the archive, unless an earlier run did and was interrupted only then."""
    name = f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.tar.gz"  # another address is another archive
    try:
        return download(cache / name, Wanted(url, _BY_HAND), on_progress)
    finally:
        with contextlib.suppress(OSError):
            cache.rmdir()  # goes only if empty: when nothing has arrived there is nothing to keep


def _fill(folder: Path, archive: Path, digest: str) -> None:
    """Unpack the recordings, check them, and say whose they are."""
    try:
        _unpack(archive, folder)
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError) as error:
        raise _CorruptedError(f"not a whole tar.gz archive ({error})") from error
    found = digest_recordings(folder)
    if found != digest:
        raise _CorruptedError(f"{_count(folder)} recordings with digest {found[:12]}..., needed {digest[:12]}...")
    write_text(folder / "LICENSE.txt", _NOTE)


def _unpack(archive: Path, folder: Path) -> None:
    """Write plain files named like recordings into the folder itself; no path of the archive is ever followed.

    This is stricter than the filter `data` of tarfile, and works in the first versions of Python 3.11, which lack it.
    """
    n_files = 0
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            match = _RECORDING.fullmatch(member.name)
            if match is None or not member.isreg():
                continue
            n_files += 1
            if member.size > MAX_BYTES:
                raise _CorruptedError(f"{member.name} has {member.size} bytes, more than any recording")
            if n_files > MAX_FILES:
                raise _CorruptedError(f"it holds more than {MAX_FILES} recordings")
            content = tar.extractfile(member)
            if content is not None:
                (folder / match[1]).write_bytes(content.read())
