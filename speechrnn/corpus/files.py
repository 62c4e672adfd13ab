"""Finding the recordings below a folder: in one order everywhere, and never fewer of them in silence."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import AUDIO_SUFFIXES
from speechrnn.errors import CorpusError
from speechrnn.text import printable

_LINK = "a link to a folder that is read already"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes
    ----------
    files : tuple of Path
        Regular files with an audio suffix, ordered by path.
    unusable : mapping of Path to str
        What has an audio suffix but is no regular file, and links to folders that are read already; and why.
    """

    files: tuple[Path, ...]
    unusable: Mapping[Path, str]


def find_recordings(root: Path) -> Found:
    """Search a folder and all below it; what is hidden (starts with a dot) or has no audio suffix is passed over.

    Parameters
    ----------
    root : Path
        The folder.

    Returns
    -------
    Found
        Possibly nothing.

    Raises
    ------
    CorpusError
        A folder cannot be read: fewer files than there are would be a wrong answer.
    """
    files: list[Path] = []
    unusable: dict[Path, str] = {}
    for item in walk_recordings(root):
        if isinstance(item, Path):
            files.append(item)
        elif item.unread:
            raise CorpusError(item.reason)
        else:
            unusable[item.path] = item.reason
    return Found(tuple(files), unusable)


@dataclass(frozen=True, slots=True)
class Unusable:
    """What looks like recordings and cannot be used.

    Attributes
    ----------
    path : Path
        Where.
    reason : str
        Why.
    unread : bool
        Whether it is a folder that cannot be read; `reason` then is a whole message.
    """

    path: Path
    reason: str
    unread: bool = False


def walk_recordings(root: Path) -> Iterator[Path | Unusable]:
    """Give the recordings below a folder while they are being found, ordered by path.

    The names of one folder, and of those above it, are in memory at a time.

    Parameters
    ----------
    root : Path
        The folder.

    Yields
    ------
    Path or Unusable
        A regular file with an audio suffix, or what cannot be used; behind it the search goes on.
    """
    yield from _walk(root, Path(os.path.realpath(root)), set())


def _walk(folder: Path, root: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Unusable]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:  # a link in a circle would never end
            yield Unusable(folder, _LINK if folder.is_symlink() else "a folder that a link has led to already")
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            found = sorted((entry.name, _kind(entry)) for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        yield Unusable(folder, str(_unreadable(folder, error)), unread=True)
        return
    for name, kind in found:
        path = folder / name
        if kind == "link" and _is_below(path, root):  # so that its recordings have their own names in every order
            yield Unusable(path, _LINK)
        elif kind in ("folder", "link"):
            yield from _walk(path, root, seen)
        elif path.suffix.lower() in AUDIO_SUFFIXES:
            yield path if kind == "file" else Unusable(path, "not a regular file, or a link to nothing")


def _kind(entry: os.DirEntry[str]) -> str:
    """What an entry is; the system is asked only where the folder itself does not say it."""
    try:
        if entry.is_dir():
            return "link" if entry.is_symlink() else "folder"
        return "file" if entry.is_file() else "other"
    except OSError:  # a link to itself
        return "other"


def _is_below(link: Path, root: Path) -> bool:
    """Whether the search comes to the target of a link without the link: it is below the root, and not hidden."""
    target = Path(os.path.realpath(link))
    return target.is_relative_to(root) and not any(name[0] == "." for name in target.relative_to(root).parts)


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder, or a link to one.

    Parameters
    ----------
    path : Path
        Anything.

    Returns
    -------
    bool
        False where nothing is.

    Raises
    ------
    CorpusError
        A folder above cannot be entered, so nobody can tell.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except PermissionError as error:
        raise _unreadable(path, error) from error
    except (OSError, ValueError):  # not there, or a name that cannot be
        return False


def explain_no_file(path: Path) -> str | None:
    """Say why a path that a list names is no recording.

    Parameters
    ----------
    path : Path
        Anything.

    Returns
    -------
    str or None
        What is there in place of a file; None where a file is.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return "no such file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISREG(mode):
        return None
    return "a folder, needed a file" if stat.S_ISDIR(mode) else "a pipe or a device, needed a file"


def find_listed(folder: Path, written: str) -> Path:
    """Find the file that a list means: the one as written, or where that is not there, without spaces around it.

    Parameters
    ----------
    folder : Path
        Where relative paths start.
    written : str
        As in the list, where a space often stands after the comma; the name of a file may begin with one, too.

    Returns
    -------
    Path
        As written, where neither is a file.
    """
    path, stripped = folder / written, folder / written.strip()
    if stripped != path and explain_no_file(path) is not None and explain_no_file(stripped) is None:
        return stripped
    return path


def _unreadable(path: Path, error: OSError) -> CorpusError:
    return CorpusError(
        f"{printable(path)}: cannot be read ({error.strerror}). Check the rights on it, or move it away."
    )
