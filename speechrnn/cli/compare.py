"""``speechrnn compare``: several configurations trained and tested on the same clips."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def compare(
    data: options.Data,
    *,
    configs: Annotated[
        str, typer.Option("--configs", metavar="A,B,C", show_default=False, help="Presets or YAML files, with commas.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder for models, table and picture. [default: comparison]")
    ] = None,
    split: options.Split = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the models that are complete, go on with an unfinished one.")
    ] = False,
    force: options.Force = False,
) -> None:
    """Train several configurations, print one table (extra train).

    All train and are tested on the same clips. Also writes `gradients.png`: how far back in time the loss still
    reaches, for each recurrent network, at the start and at the end of training.
    """
    from speechrnn.extras import check_installed

    check_installed("keras", extra="train", purpose="training")
    overrides = options.read_overrides(settings or [], seed)
    names = [name.strip() for name in configs.split(",") if name.strip()]
    from speechrnn.cli.live import training_listener
    from speechrnn.cli.training_run import choose_data
    from speechrnn.training.contest import ContestOptions, compare_presets, render_contest

    chosen = ContestOptions(split, overrides, resume, force)
    choose_data(data)
    with training_listener() as listener:
        contest = compare_presets(data, names, out, chosen, listener)
    typer.echo(render_contest(contest))
    for file in contest.files:
        typer.echo(f"wrote {file}", err=True)
