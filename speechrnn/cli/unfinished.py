"""How an unfinished training is gone on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from speechrnn.cli.options import quote
from speechrnn.errors import NO_SPACE, TrainingError, explain_no_space
from speechrnn.places import UNFINISHED
from speechrnn.text import printable


@contextmanager
def name_resume(place: Path) -> Iterator[None]:
    """Name ``--resume`` where a full disk or Ctrl-C ends a training of which something is kept.

    Parameters
    ----------
    place : Path
        The bundle's folder.

    Raises
    ------
    TrainingError
        The disk is full, and an unfinished training is kept.
    OSError
        It is full, and nothing is kept; or another trouble.
    KeyboardInterrupt
        With what to do, where an unfinished training is kept.
    """
    unfinished = place.with_name(place.name + UNFINISHED)
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE or not unfinished.exists():
            raise
        how = f"run the same command with --out {quote(place)} --resume"  # a full stop after a path would be copied
        raise TrainingError(f"{printable(unfinished)}: {explain_no_space(error, how)}") from error
    except KeyboardInterrupt as error:
        if not unfinished.exists():
            raise
        raise KeyboardInterrupt(f"to go on, run the same command with --resume --out {quote(place)}") from error
