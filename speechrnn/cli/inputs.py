"""What ``predict`` is given: files, folders, globs, lists, archives and stdin, as one stream of items in one order.

Nothing is listed beforehand: of a folder the names of one level are in memory, of an archive one member and its links.
"""

import contextlib
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechrnn.batch import LARGEST, Item, Recording, Remote, explain_address, fail, lend_fsspec
from speechrnn.cli.globs import ARCHIVES, find_inputs, is_glob
from speechrnn.corpus.files import find_listed, is_folder, walk_recordings
from speechrnn.errors import AudioError, CorpusError, explain_os_error
from speechrnn.recordings import AUDIO_SUFFIXES
from speechrnn.text import as_file_name, printable

# a text, not a path: `./-` is a file like any other
STDIN = "-"
_NO_RECORDINGS = "no recordings in it (wav, flac, ogg, mp3, ...). Check the path."


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was typed, to be gone through as often as needed.

    Attributes
    ----------
    names : sequence of str
        Files, folders, globs, CSV lists with a column `path`, tar archives, URLs, and ``-`` for stdin.
    """

    names: Sequence[str]

    def __iter__(self) -> Iterator[Item]:
        for name in self.names:
            yield from _expand(name)

    def count(self) -> int | None:
        """Count the recordings without reading one.

        Returns
        -------
        int or None
            None where only reading a whole archive would tell.
        """
        if any(name.lower().endswith(ARCHIVES) for name in self.names):
            return None
        return sum(1 if name == STDIN else sum(1 for _ in _expand(name)) for name in self.names)


def _expand(name: str) -> Iterator[Item]:
    if name == STDIN:
        yield _read_stdin()
        return
    if "://" in name:
        yield from _expand_url(name)
        return
    path = Path(name)
    try:
        folder = is_folder(path)
    except CorpusError as error:
        yield fail(path, str(error))
        return
    if folder:
        yield from _or_nothing(path, _expand_folder(path))
    elif is_glob(name):
        yield from _expand_glob(name)
    elif name.lower().endswith(ARCHIVES):
        from speechrnn.cli.archives import expand_archive  # 3 ms that who has none shall not wait for

        yield from _or_nothing(path, expand_archive(path))
    elif path.suffix.lower() == ".csv":
        yield from _or_nothing(path, _expand_list(path))
    else:
        yield path


def _or_nothing(path: Path, items: Iterable[Item]) -> Iterator[Item]:
    n = 0
    for item in items:
        n += 1
        yield item
    if not n:
        yield fail(path, _NO_RECORDINGS)


def _expand_folder(folder: Path) -> Iterator[Item]:
    for found in walk_recordings(folder):
        if isinstance(found, Path):
            yield found
        elif found.unread:
            yield fail(found.path, found.reason)
        else:
            is_real = is_folder(found.path) and not found.path.is_symlink()
            advice = "Remove that link" if is_real else "Remove it, or point it at a file"
            yield fail(found.path, f"{found.reason}. {advice}.")


def _expand_glob(pattern: str) -> Iterator[Item]:
    name = None
    for name in find_inputs(pattern):
        is_audio = Path(name).suffix.lower() in AUDIO_SUFFIXES
        yield from [_unless_pipe(Path(name))] if is_audio else _expand(name)
    if name is None:
        yield fail(pattern, "no recording has a name like that. Check the pattern.")


def _unless_pipe(path: Path) -> Item:
    """Who types a pipe has somebody write into it; nobody would know why a list or a pattern waits."""
    with contextlib.suppress(OSError):  # what cannot be looked at cannot be read, and who reads says why
        if path.is_fifo():
            return fail(path, "a pipe, needed a file. Name it by itself.")
    return path


def _expand_list(table: Path) -> Iterator[Item]:
    """Rows of a CSV with a column `path`, which starts where the CSV is; other columns say nothing here."""
    try:
        with table.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip().lower() for name in next(rows, [])]
            if "path" not in header:
                seen = printable(", ".join(header))[:200] or "none"
                yield fail(table, f"no column path (columns found: {seen}). Needed a first line with path.")
                return
            if header.count("path") > 1:
                yield fail(table, "more than one column path, needed one. Take out or rename the others.")
                return
            column = header.index("path")
            for cells in filter(None, rows):  # an empty line is no row
                path = cells[column] if len(cells) > column else ""
                if not path:
                    yield fail(table, f"line {rows.line_num}: path is empty. Fill it in, or take the row out.")
                elif "://" in path:
                    yield Remote(path.strip())
                else:
                    yield _unless_pipe(find_listed(table.parent, as_file_name(path)))
    except OSError as error:
        yield fail(table, explain_os_error(error))
    except csv.Error as error:
        yield fail(table, f"not readable as CSV ({error}). Export it again.")


def _expand_url(url: str) -> Iterator[Item]:
    try:
        with lend_fsspec() as fsspec:
            files, path = fsspec.core.url_to_fs(url)
            folder = files.isdir(path)
            found = [files.unstrip_protocol(name) for name in sorted(files.find(path))] if folder else [url]
    except AudioError as error:
        yield fail(url, str(error))
        return
    except OSError as error:
        yield fail(url, explain_address(error))
        return
    recordings = [name for name in found if Path(name).suffix.lower() in AUDIO_SUFFIXES] if folder else found
    yield from map(Remote, recordings)
    if not recordings:
        yield fail(url, _NO_RECORDINGS)


def _read_stdin() -> Item:
    if sys.stdin is None:  # closed by the caller (<&-)
        return fail(STDIN, "closed: there is no stdin to read. Give a recording on it, or name a file.")
    raw = sys.stdin.buffer.read(LARGEST + 1)
    if len(raw) > LARGEST:
        return fail(STDIN, f"more than {LARGEST >> 20} MiB on stdin, needed less. Save it as a file and name that.")
    if not raw:
        return fail(STDIN, "empty: nothing came on stdin. Give a recording, as in: - < six.wav")
    return Recording(STDIN, raw)
