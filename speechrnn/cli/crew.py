"""``train --distribute``: this process meets the others, and all but the first one work for nothing of their own."""

import atexit
import shutil
import tempfile
from pathlib import Path

import typer

from speechrnn.config import Config
from speechrnn.crew import meet, parse_crew


def check_crew(config: Config, *, resume: bool) -> None:
    """Refuse what several processes cannot do, before they wait for each other.

    Parameters
    ----------
    config : Config
        Complete.
    resume : bool
        Whether an unfinished training is gone on with.

    Raises
    ------
    typer.BadParameter
        It is a training of strings, or is gone on with.
    """
    if resume:
        raise typer.BadParameter("--distribute cannot go on with an unfinished training yet. Leave out --resume.")
    if config.strings is not None:
        raise typer.BadParameter(
            "--distribute divides no training of strings: each process would do it all. Leave it out."
        )


def join(text: str, out: Path | None) -> Path | None:
    """Meet the other processes of a training.

    Parameters
    ----------
    text : str
        As typed: ``INDEX/COUNT@HOST:PORT``.
    out : Path or None
        As typed.

    Returns
    -------
    Path or None
        Where this process puts its model: the first one where it shall, the others where it is dropped at the end.
    """
    crew = parse_crew(text)
    typer.echo(f"process {crew.index} of {crew.count}: waiting for the others at {crew.address}", err=True)
    meet(crew)
    if crew.index == 0:
        return out
    folder = tempfile.mkdtemp(prefix="speechrnn-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder) / "model"
