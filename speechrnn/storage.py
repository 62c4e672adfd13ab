"""Writing so that nothing is ever half there: a temporary name in the same folder, then one rename."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from speechrnn.errors import NO_SPACE

_OLD = "-old"
# characters of a name that its temporary names repeat
_LONGEST = 40


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; what stood there before stays until the new one is complete.

    Parameters
    ----------
    path : Path
        Where; missing parent folders are made.
    data : bytes
        What.

    Raises
    ------
    OSError
        No rights, no space; `path` is then as it was.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_bytes` writes bytes.

    Parameters
    ----------
    path : Path
        Where.
    text : str
        What.
    """
    write_bytes(path, text.encode())


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write; on leaving, it takes the name `path`, unless an error came.

    Parameters
    ----------
    path : Path
        The file to be; missing parent folders are made.

    Yields
    ------
    Path
        In the same folder, with the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    with named(path, temporary):
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_folder(path: Path, fill: Callable[[Path], None], *, replace: bool = False) -> None:
    """Make a folder whole or not at all.

    Parameters
    ----------
    path : Path
        The folder to be; missing parents are made.
    fill : callable
        Writes the content into the folder that it is given.
    replace : bool
        Whether an existing folder is taken away first; it goes only when the new one is complete.

    Raises
    ------
    FileExistsError
        `path` exists and `replace` is false.
    OSError
        No rights, no space; `path` is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    with named(path, temporary):
        temporary.mkdir()
        try:
            fill(temporary)
            for file in temporary.iterdir():
                _sync(file)
            if path.exists() and not replace:
                raise FileExistsError(17, "File exists", str(path))
            _swap(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def check_place(path: Path) -> None:
    """Find out whether something may be written, before hours of work for it; nothing is made.

    Parameters
    ----------
    path : Path
        The file to be; or the folder, which may be there.

    Raises
    ------
    PermissionError
        No rights.
    """
    # a file where a folder is needed is another fault, and told by who writes
    nearest = next(place for place in (path.absolute(), *path.absolute().parents) if place.is_dir())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextlib.contextmanager
def named(path: Path, temporary: Path) -> Iterator[None]:
    """Say in errors what was to be written: nobody typed a temporary name, and a full disk names nothing.

    Parameters
    ----------
    path : Path
        What was to be written.
    temporary : Path
        Where it is written until it is whole.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    OSError
        As it came, about `path`.
    """
    try:
        yield
    except OSError as error:
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else ""
        if name.startswith(str(temporary)) or (not name and error.errno in NO_SPACE):
            error.filename = str(path)
        raise


def lock(file: IO[Any]) -> bool:
    """Keep a file from every other process that asks for it; closing it, or any end of this one, gives it back.

    Parameters
    ----------
    file : file object
        Open.

    Returns
    -------
    bool
        False where another one has it; True where the file system knows no locks, for one process at a time can write
        there all the same.
    """
    import fcntl  # reading needs no locks, and a system without this module can still read

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True


def is_in_place(file: IO[Any], path: Path) -> bool:
    """Tell whether an open file is still the one of its name: another process may have taken it away before its lock.

    Parameters
    ----------
    file : file object
        Open.
    path : Path
        By which it was opened.

    Returns
    -------
    bool
        False where the name is gone, or another file's.
    """
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())


def sweep(path: Path) -> None:
    """Clear away what writers of a folder or file left when they were killed; call it where nobody else writes there.

    Parameters
    ----------
    path : Path
        What was to be written. If it was a folder that was just being replaced, the old one is put back.
    """
    ours = re.compile(rf"\.{re.escape(_stem(path))}-[0-9a-f]{{8}}({_OLD})?{re.escape(path.suffix)}")
    for left in sorted(path.parent.iterdir()):
        found = ours.fullmatch(left.name)
        if found and found[1] and not path.exists():
            left.replace(path)
        elif found and left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif found:
            left.unlink(missing_ok=True)


def _swap(new: Path, path: Path) -> None:
    """Between the two renames the folder is absent, never half there."""
    if not path.exists():
        new.replace(path)
        return
    # the mark stands before the suffix: behind it, this would be a temporary name of another folder, `x.y-old`
    old = new.with_name(new.name.removesuffix(path.suffix) + _OLD + path.suffix)
    path.replace(old)
    try:
        new.replace(path)
    except OSError:
        old.replace(path)
        raise
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink()


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _beside(path: Path) -> Path:
    """Choose a free name in the same folder; unlike with `tempfile`, the user's umask decides on rights."""
    return path.with_name(f".{_stem(path)}-{os.urandom(4).hex()}{path.suffix}")


def _stem(path: Path) -> str:
    """What temporary names begin with, for no other name the same; so `sweep` takes nothing that is another's."""
    if len(path.stem) <= _LONGEST:
        return path.stem
    return f"{path.stem[:_LONGEST]}-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]}"
