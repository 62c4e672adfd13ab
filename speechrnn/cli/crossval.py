"""``speechrnn crossval``: an honest score from few speakers."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def crossval(
    data: options.Data,
    *,
    config: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="A preset (see `speechrnn configs`) or a YAML file. [default: default]"),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="speaker|clip", help="What is kept out of each training: a speaker, or a fifth.")
    ] = "speaker",
    seeds: Annotated[int, typer.Option(min=1, metavar="K", help="Trainings of each fold.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Trainings at a time; they share the cores.")] = 1,
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Also train on fewer speakers and fewer clips of each.")
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="The folder of a cross-validation of the same recordings; each training goes on from that without the "
            "same speaker.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where folds and results go; the same command goes on there.")
    ] = Path("crossval"),
    settings: options.Settings = None,
    as_json: options.Json = False,
) -> None:
    """Score each speaker as a stranger (extra train).

    Trains without each speaker in turn. Done folds are kept: after Ctrl-C the same command goes on. Writes
    crossval.json, crossval.png and suspects.csv: clips whose label looks wrong. The exit status is 1 where files could
    not be read.
    """
    from speechrnn.extras import check_installed

    check_installed("keras", extra="train", purpose="training")
    from speechrnn.cli.crossval_run import CrossvalRequest, run_crossval
    from speechrnn.cli.group import FAILED

    request = CrossvalRequest(data, config, out, options.read_overrides(settings or [], None), learning_curve, start)
    text, complete = run_crossval(request, by, seeds, jobs, as_json=as_json)
    typer.echo(text)
    if not complete:
        raise typer.Exit(FAILED)
