"""``train --distribute``: this process meets the others, and all but the first one work for nothing of their own."""

import atexit
import shutil
import tempfile
from pathlib import Path

import typer

from speechrnn.crew import meet, parse_crew


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
