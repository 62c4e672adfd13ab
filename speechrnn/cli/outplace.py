"""Where ``predict --out FILE`` writes: found to be free, or ours to go on with, before anything is touched."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from speechrnn.cli.answers import Csv, Format, Json
from speechrnn.cli.globs import find_inputs, is_glob, will_find
from speechrnn.errors import OutputError
from speechrnn.extras import check_installed
from speechrnn.parquet import is_answers, read_rows
from speechrnn.recordings import AUDIO_SUFFIXES
from speechrnn.storage import is_in_place, lock
from speechrnn.text import printable

# one letter is a drive
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
SUFFIXES = (".jsonl", ".csv", ".parquet")
_NOT_OURS = "{}: is no Parquet file of answers, or a damaged one. Give another --out, or drop it by --force."


@dataclass(frozen=True, slots=True)
class Outfile:
    """A file of answers.

    Attributes
    ----------
    path : Path
        What was asked for; its suffix says the format.
    layout : Format
        How a line is written.
    anew : bool
        Whether what is there is dropped, once there are answers to take its place.
    resume : bool
        Whether it is gone on with.
    """

    path: Path
    layout: Format
    anew: bool = False
    resume: bool = False

    @property
    def journal(self) -> Path:
        """The file that grows."""
        grows = self.path.suffix.lower() != ".parquet"
        return self.path if grows else self.path.with_name(f"{self.path.name}.unfinished")


def choose_outfile(path: Path, top: int | None, *, resume: bool, force: bool) -> Outfile:
    """Find out whether a file of answers may be begun or gone on with; nothing that is there is lost yet.

    Parameters
    ----------
    path : Path
        As typed.
    top : int or None
        Labels in each answer.
    resume, force : bool
        Go on with what is there, or drop it.

    Returns
    -------
    Outfile
        Where and how to write.

    Raises
    ------
    typer.BadParameter
        Another suffix.
    OutputError
        A folder, or something is there already that is not to be gone on with.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        raise OutputError(f"{printable(path)}: is a folder, needed the name of a file. Give another --out.")
    if suffix not in SUFFIXES:
        needed = f"needed a name that ends in {', '.join(SUFFIXES)}"
        raise typer.BadParameter(f"{printable(path)}: {needed}. Rename it.", param_hint="--out")
    if suffix == ".parquet":
        check_installed("pyarrow", extra="parquet", purpose="writing Parquet")
    outfile = Outfile(path, Csv(top) if suffix == ".csv" else Json(top), force and not resume, resume)
    _check_new(outfile, [file for file in (outfile.path, outfile.journal) if os.path.lexists(file)])
    if resume and suffix == ".parquet" and path.exists() and not is_answers(path):
        raise OutputError(_NOT_OURS.format(printable(path)))
    return outfile


@contextmanager
def hold_outfile(outfile: Outfile) -> Iterator[None]:
    """Keep other commands from a file of answers, from before its rows are read until the last one is written.

    The lock is on the open file itself: no kill leaves it behind.

    Parameters
    ----------
    outfile : Outfile
        From `choose_outfile`.

    Raises
    ------
    OutputError
        Another command writes it, or has written it since `choose_outfile`.
    """
    journal = outfile.journal
    journal.parent.mkdir(parents=True, exist_ok=True)
    is_new = not os.path.lexists(journal)
    with journal.open("ab") as file:
        if not (lock(file) and is_in_place(file, journal)):
            raise OutputError(
                f"{printable(outfile.path)}: another command is writing it. Wait for it, or give another --out."
            )
        finished = journal != outfile.path and outfile.path.exists()
        is_empty, size = not file.tell(), 0
        try:
            _check_new(outfile, [outfile.path] if finished else [] if is_empty else [journal])
            if outfile.resume and is_empty and finished:
                _reopen(outfile)
                size = journal.stat().st_size
            yield
        finally:
            if is_new and journal.exists() and journal.stat().st_size == size:  # no answer came
                journal.unlink()


def _check_new(outfile: Outfile, there: list[Path]) -> None:
    if there and not (outfile.resume or outfile.anew):
        raise OutputError(f"{printable(there[0])}: is there already. Go on with it by --resume, or drop it by --force.")


def _reopen(outfile: Outfile) -> None:
    """Give the rows of a finished Parquet file as lines again: there may be more inputs now."""
    done = False
    try:
        with outfile.journal.open("wb") as journal:
            journal.writelines(json.dumps(row).encode() + b"\n" for row in read_rows(outfile.path))
        done = True
    except (OSError, ValueError, TypeError, AttributeError) as error:
        if getattr(error, "errno", None) is not None:  # the disk's fault, not the file's
            raise
        raise OutputError(_NOT_OURS.format(printable(outfile.path))) from error
    finally:
        if not done:  # what is begun and not whole would be taken for all that was there
            outfile.journal.unlink(missing_ok=True)


def check_local(out: Path) -> None:
    """Refuse an address, which as a path would be a folder here of the name ``s3:``.

    Parameters
    ----------
    out : Path
        As typed; of ``://`` one slash is left.

    Raises
    ------
    OutputError
        It is none of this machine's files.
    """
    if found := _ADDRESS.match(str(out)):
        raise OutputError(
            f"{printable(out)}: is an address ({found[0]}/), needed a file here, to which lines can be added. Give a "
            "path, and copy the file when it is done."
        )


def check_no_input(out: Path, names: Iterable[str]) -> None:
    """Refuse to write where an input stands: ``--force`` would drop it before it is read.

    Parameters
    ----------
    out : Path
        As typed.
    names : iterable of str
        The inputs, as typed. What a folder holds are recordings, which no file of answers is named as; a glob finds
        lists, too.

    Raises
    ------
    OutputError
        It is one of them, be it by another path or through a link, or a glob finds it, be it once it is there.
    """
    for name in names:
        if _is_same(Path(name), out):
            raise OutputError(f"{printable(out)}: is one of the inputs, needed another file. Give another --out.")
        if "://" not in name and is_glob(name) and _is_found(name, out):
            raise OutputError(
                f"{printable(out)}: is one of the inputs, as {printable(name)} finds it, needed another file. Give "
                "another --out."
            )


def _is_found(pattern: str, out: Path) -> bool:
    others = (Path(name) for name in find_inputs(pattern))
    # of recordings there may be millions, and each comparison asks the disk
    there = any(_is_same(path, out) for path in others if path.suffix.lower() not in AUDIO_SUFFIXES)
    return there or will_find(pattern, out)


def _is_same(a: Path, b: Path) -> bool:
    """Two names of one file, which a link gives it."""
    if os.path.realpath(a) == os.path.realpath(b):
        return True
    try:
        return a.samefile(b)
    except OSError:  # one of them is not there, or is no name at all
        return False
