"""What ``evaluate`` is given: a folder, a CSV, a glob or a tar archive, as a corpus."""

import glob
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from speechrnn.cli.inputs import ARCHIVES
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.errors import CorpusError
from speechrnn.text import printable


@contextmanager
def open_corpus(name: str) -> Iterator[Corpus]:
    """Read a corpus; that of an archive is there until the context ends.

    Parameters
    ----------
    name : str
        A folder or CSV, a glob, or a tar archive.

    Yields
    ------
    Corpus
        Of a glob the recordings that it names, in the layout of the folder above them.

    Raises
    ------
    CorpusError
        Nothing in it can be used.
    """
    path = Path(name)
    if name.lower().endswith(ARCHIVES) and path.is_file():
        with tempfile.TemporaryDirectory(prefix="speechrnn-") as folder:
            _unpack(path, Path(folder))
            yield read_corpus(Path(folder))
    elif glob.has_magic(name) and not os.path.lexists(path):
        yield _read_glob(name)
    else:
        yield read_corpus(path)


def _unpack(archive: Path, folder: Path) -> None:
    """Write what is in it; Python's own filter refuses paths that lead out of the folder."""
    try:
        with tarfile.open(archive, "r|*") as members:
            members.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise CorpusError(
            f"{printable(archive)}: not readable as a tar archive to its end ({printable(str(error))}). Copy it again."
        ) from error


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
