"""What ``evaluate`` is given: a folder, a CSV, a glob or a tar archive, as a corpus."""

import glob
import os
import platform
import posixpath
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from speechrnn.cli.archives import is_recording, read_archive
from speechrnn.cli.globs import ARCHIVES, is_glob
from speechrnn.corpus.clips import REJECT_LABELS, Clip, canonical_label
from speechrnn.corpus.layouts import Corpus, Skipped, read_corpus
from speechrnn.corpus.names import counts_takes
from speechrnn.errors import CorpusError
from speechrnn.text import as_text, printable

_Named = TypeVar("_Named", Clip, Skipped)


@dataclass(frozen=True, slots=True)
class Opened:
    """A corpus to be read, and what its recordings are called.

    Attributes
    ----------
    corpus : Corpus
        Paths of what was in an archive lead to a copy.
    copy : Path or None
        The folder of the copies; None where there are none.
    """

    corpus: Corpus
    copy: Path | None = None

    def name(self, path: Path) -> Path:
        """Give the name of a recording: of a copy that of the member of the archive, as ``predict`` says it."""
        if self.copy is None or not path.is_relative_to(self.copy):
            return path
        return self.corpus.root / path.relative_to(self.copy)

    def rename(self, items: Iterable[_Named]) -> tuple[_Named, ...]:
        """Put the names of recordings in place of the paths that lead to them."""
        return tuple(replace(item, path=self.name(item.path)) for item in items)


@contextmanager
def open_corpus(name: str) -> Iterator[Opened]:
    """Read a corpus; that of an archive is there until the context ends.

    Parameters
    ----------
    name : str
        A folder or CSV, a glob, or a tar archive.

    Yields
    ------
    Opened
        Of a glob the recordings that it names, in the layout of the folder above them.

    Raises
    ------
    CorpusError
        Nothing in it can be used.
    """
    path = Path(name)
    if name.lower().endswith(ARCHIVES) and path.is_file():
        with tempfile.TemporaryDirectory(prefix="speechrnn-") as folder:
            yield Opened(_read_archive(path, Path(folder)), Path(folder))
    elif is_glob(name):
        yield Opened(_read_glob(name))
    else:
        yield Opened(read_corpus(path))


def find_absent(corpus: Corpus) -> frozenset[Path]:
    """Find what was skipped because it is no file; of a link to a folder that is read already nothing is lost.

    Parameters
    ----------
    corpus : Corpus
        From `open_corpus`, inside its context.

    Returns
    -------
    frozenset of Path
        Recordings that the data names and that are not there.
    """
    lost = {item.path for item in corpus.skipped if not os.path.isfile(item.path)}  # noqa: PTH113 -- raises nothing
    if corpus.layout == "csv":
        return frozenset(lost)
    return frozenset(path for path in lost if not (os.path.islink(path) and os.path.isdir(path)))  # noqa: PTH112, PTH114


def _read_archive(archive: Path, folder: Path) -> Corpus:
    refused = _unpack(archive, folder)
    try:
        corpus = _read_unpacked(folder)
    except CorpusError as error:
        seen = f" Left out: {printable(refused[0].path.name)} ({refused[0].reason})." if refused else ""
        raise CorpusError(str(error).replace(str(folder), printable(archive)) + seen) from error
    return replace(corpus, root=archive, skipped=(*corpus.skipped, *refused))


def _read_unpacked(folder: Path) -> Corpus:
    """An archive of one folder is read as that folder, unless the folder's name says what its recordings hold."""
    whole = read_corpus(folder)
    inside = [path for path in folder.iterdir() if path.name[0] != "."]
    if len(inside) != 1 or not inside[0].is_dir() or inside[0].name.lower() in REJECT_LABELS:
        return whole
    label = canonical_label(as_text(inside[0].name))
    if label.isascii() and label.isdecimal():
        return whole
    try:
        inner = read_corpus(inside[0])
    except CorpusError:
        return whole
    # `yes/0.wav` is a take of a word
    takes = inner.layout == "strings" and counts_takes([int(clip.label) for clip in inner.clips])
    return inner if _n_used(inner) >= _n_used(whole) and not takes else whole


def _n_used(corpus: Corpus) -> int:
    return len(corpus.clips) + len(corpus.rejects)


def _unpack(archive: Path, folder: Path) -> list[Skipped]:
    """Write what is in it, and list what is left out: Python's own filter refuses what leads out of the folder."""
    if not hasattr(tarfile, "data_filter"):
        raise CorpusError(
            f"{printable(archive)}: reading an archive needs Python 3.11.4 or later, this is "
            f"{platform.python_version()}. Unpack it first."
        )
    refused: list[Skipped] = []

    def check(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        try:
            # a hard link to what is not there would end the others
            if not member.islnk() or os.path.lexists(folder / member.linkname):
                return tarfile.data_filter(member, path)
            reason = "a link that leads out of the archive"
        except tarfile.SpecialFileError:
            reason = "a pipe or a device, needed a file"
        except tarfile.FilterError:
            reason = f"a {'link' if member.issym() or member.islnk() else 'name'} that leads out of the archive"
        if is_recording(member.name):
            refused.append(Skipped(archive / posixpath.normpath(f"/{member.name}").lstrip("/"), reason))
        return None

    try:
        with archive.open("rb") as file, read_archive(file) as members:
            members.extractall(folder, filter=check)  # noqa: S202 -- `check` asks the filter `data`
    except CorpusError as error:
        raise CorpusError(f"{printable(archive)}: {error}") from error
    return refused


def _read_glob(pattern: str) -> Corpus:
    named = {Path(match) for match in glob.glob(pattern, recursive=True)}  # noqa: PTH207 -- absolute ones too
    if not named:
        raise CorpusError(f"{printable(pattern)}: nothing has a name like that. Check the pattern.")
    # folders stand for all that is in them
    above = Path(os.path.commonpath([path.parent for path in named]))
    corpus = read_corpus(above)

    def is_named(path: Path) -> bool:
        return path in named or any(parent in named for parent in path.parents)

    clips, rejects = (tuple(clip for clip in part if is_named(clip.path)) for part in (corpus.clips, corpus.rejects))
    if not clips and not rejects:
        raise CorpusError(f"{printable(pattern)}: no recording of a known layout has such a name. Check the pattern.")
    return replace(corpus, clips=clips, rejects=rejects, skipped=tuple(s for s in corpus.skipped if is_named(s.path)))
