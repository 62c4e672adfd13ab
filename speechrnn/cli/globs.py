"""Globs in quotes: what they find for those who read it, and would find, for those who must not write there."""

import glob
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from speechrnn.recordings import AUDIO_SUFFIXES

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_FILES = (*AUDIO_SUFFIXES, *ARCHIVES, ".csv")


def is_glob(name: str) -> bool:
    """Tell whether a name is a pattern; a file of just that name is a file.

    Parameters
    ----------
    name : str
        As typed; no URL.

    Returns
    -------
    bool
        False for the name of something that is there.
    """
    return glob.has_magic(name) and not os.path.lexists(name)


def find_inputs(pattern: str) -> Iterator[str]:
    """Find recordings, folders, archives and lists of such a name, as if the shell had named them.

    With ``**``, which names every folder beside all in it, no folders.

    Parameters
    ----------
    pattern : str
        A glob.

    Yields
    ------
    str
        Names, in order.
    """
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 -- Path.glob takes no absolute pattern
        path = Path(match)
        if path.suffix.lower() in AUDIO_SUFFIXES or ("**" not in pattern if path.is_dir() else _is_input(match)):
            yield match


def will_find(pattern: str, path: Path) -> bool:
    """Tell whether `find_inputs` would find a file that is not there yet, nor perhaps the folders above it.

    Parameters
    ----------
    pattern : str
        A glob.
    path : Path
        Of the file.

    Returns
    -------
    bool
        True also where a link or a ``..`` of the pattern leads there.
    """
    if not _is_input(path.name) or pattern.endswith(os.sep):  # only folders have a name that ends so
        return False
    file = Path(os.path.realpath(path))
    above = next(folder for folder in file.parents if folder.is_dir())
    names, parts = file.relative_to(above).parts, Path(pattern).parts
    # a pattern is cut in two: what finds folders that are there, and what fits names below; `**` does both
    cuts = ((parts[:n], parts[n - 1 if parts[n - 1 : n] == ("**",) else n :]) for n in range(len(parts) + 1))
    return any(_fits(names, below) and _finds(found, above) for found, below in cuts)


def _is_input(name: str) -> bool:
    return name.lower().endswith(_FILES)


def _finds(parts: Sequence[str], folder: Path) -> bool:
    folders = os.path.join(Path(*parts), "")  # noqa: PTH118 -- the separator at its end finds folders alone
    return any(os.path.realpath(found) == str(folder) for found in glob.iglob(folders, recursive=True))  # noqa: PTH207


def _fits(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Match a path part by part, as `glob` does: a wildcard finds nothing hidden."""
    if not names or not pattern:
        return not names and not pattern
    shown = names[0][0] != "." or pattern[0][0] == "."
    if pattern[0] == "**":
        last = len(names) == len(pattern) == 1  # at its end it finds files, too
        return _fits(names, pattern[1:]) or (shown and (last or _fits(names[1:], pattern)))
    return shown and fnmatch(names[0], pattern[0]) and _fits(names[1:], pattern[1:])
