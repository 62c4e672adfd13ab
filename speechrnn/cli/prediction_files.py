"""``predict --out``: where answers may go, and how they get there. Answers on stdout do not wait for all this."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import typer

from speechrnn.cli.answers import Tally, tally, watch
from speechrnn.cli.inputs import Inputs
from speechrnn.cli.outfile import check_same, open_outfile, skip_done, tell_how_to_go_on
from speechrnn.cli.outplace import SUFFIXES, Outfile, check_local, check_no_input, choose_outfile, hold_outfile
from speechrnn.cli.prediction_run import Engine
from speechrnn.errors import OutputError
from speechrnn.parquet import holds_answers
from speechrnn.recognizer import Prediction
from speechrnn.storage import write_folder
from speechrnn.text import count, printable
from speechrnn.vacancy import Kind, check_free

ANSWERS = Kind("answers", "folder of answers", "folders of answers", holds_answers, OutputError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers shall go, and to what, as typed."""

    out: Path
    inputs: Sequence[str]
    resume: bool
    force: bool
    top: int | None


def choose_place(place: Place, *, folders: bool) -> Outfile | Path:
    """Find out whether the answers may go where they shall; nothing that is there is touched yet.

    Parameters
    ----------
    place : Place
        As typed.
    folders : bool
        Whether the engine can write a folder.

    Returns
    -------
    Outfile or Path
        A file, or a folder.

    Raises
    ------
    OutputError
        It is an address, something is there already, be it an input, or a folder shall be gone on with.
    """
    out = place.out
    check_local(out)
    check_no_input(out, place.inputs)
    if not folders or out.suffix.lower() in SUFFIXES:
        return choose_outfile(out, place.top, resume=place.resume, force=place.force)
    if place.resume:
        raise OutputError(f"{printable(out)}: a folder cannot be gone on with. Write a .jsonl, .csv or .parquet file.")
    check_free(out, ANSWERS, force=place.force)
    return out


def write_answers(engine: Engine, inputs: Inputs, outfile: Outfile | Path, *, force: bool = False) -> Tally:
    """Write the answers to a file, behind those that it has, and say where they are.

    Parameters
    ----------
    engine : Engine
        What answers.
    inputs : Inputs
        To what.
    outfile : Outfile or Path
        Where; a folder is written by the machines of a cluster.
    force : bool
        Whether a folder of answers that is there may be replaced, as for `choose_place`.

    Returns
    -------
    Tally
        What came, now and before.
    """
    if isinstance(outfile, Path):
        return _write_parts(engine, inputs, outfile, force=force)
    with hold_outfile(outfile):
        return _write_file(engine, inputs, outfile)


def _write_file(engine: Engine, inputs: Inputs, outfile: Outfile) -> Tally:
    begun = skip_done(outfile, inputs, engine.recognizer)
    predictions = _started(check_same(begun.last, engine.predict(begun.items)))
    with tell_how_to_go_on(outfile), open_outfile(outfile) as file:
        done = tally(watch(predictions, inputs.count, begun.n), file.add)
    came = Tally(begun.n + done.n, begun.n_failed + done.n_failed)
    before = f", {begun.n} of them done before" if begun.n else ""
    failed = f", of which {begun.n_failed} failed" if begun.n_failed else ""
    typer.echo(f"{count(came.n, 'answer')}{before}{failed}: {printable(outfile.path)}", err=True)
    return came


def _started(predictions: Iterator[Prediction]) -> Iterator[Prediction]:
    """Wait for the first one: a cluster that is not there fails before old answers are dropped."""
    return chain(list(islice(predictions, 1)), predictions)


def _write_parts(engine: Engine, inputs: Inputs, folder: Path, *, force: bool) -> Tally:
    from speechrnn.cluster import Cluster

    if not isinstance(engine, Cluster):
        raise OutputError(f"{printable(folder)}: only --engine ray writes folders. Give a file.")
    done: list[Tally] = []

    def fill(new: Path) -> None:
        written = engine.write(inputs, os.path.abspath(new))  # noqa: PTH100 -- the others start elsewhere
        done.append(Tally(written.n, written.n_failed))

    check_free(folder, ANSWERS, force=force)  # again: loading a model takes a while
    # what comes while the machines work is nobody's to replace
    write_folder(folder, fill, replace=force and folder.exists())
    typer.echo(f"{count(done[0].n, 'answer')}: {printable(folder)}", err=True)
    return done[0]
