"""Finding the recordings below a folder: in one order everywhere, and never fewer of them in silence."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import AUDIO_SUFFIXES
from speechrnn.errors import CorpusError
from speechrnn.text import printable


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
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop(0)
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:  # a link in a circle would never end
                unusable[folder] = "a link to a folder that is read already"
                continue
            seen.add((status.st_dev, status.st_ino))
            names = sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208 -- names
        except OSError as error:
            raise _unreadable(folder, error) from error
        for path in (folder / name for name in names):
            if is_folder(path):
                waiting.append(path)
            elif path.suffix.lower() in AUDIO_SUFFIXES:
                if path.is_file():
                    files.append(path)
                else:
                    unusable[path] = "not a regular file, or a link to nothing"
    return Found(tuple(sorted(files, key=lambda file: file.parts)), unusable)


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


def _unreadable(path: Path, error: OSError) -> CorpusError:
    return CorpusError(
        f"{printable(path)}: cannot be read ({error.strerror}). Check the rights on it, or move it away."
    )
