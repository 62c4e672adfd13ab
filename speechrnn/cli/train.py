"""``speechrnn train``: from recordings to a model."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def train(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            readable=False,  # the library says it, as for every command
            help="Recordings: a folder of {label}_{speaker}_{index}.wav, a folder with one folder for each label, or a "
            "CSV with the columns path,label[,speaker]. Without it: synthetic voices (extra synth).",
        ),
    ] = None,
    *,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A preset (see `speechrnn configs`) or a YAML file. [default: default; with --from the model's own]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The model's folder. Without it: a new one among the models of SPEECHRNN_HOME, whose name is printed "
            "and which --model knows.",
        ),
    ] = None,
    split: options.Split = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished training.")] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="BUNDLE",
            help="Go on from a model. With its labels: adapt it to your recordings, beside synthetic voices (extra "
            "synth), and keep it good for others. With other labels: keep all but its last layer. Without --config its "
            "own settings.",
        ),
    ] = None,
    reject_at: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            callback=options.check_finite,
            help="Share of noise, and of other words, that may be taken for a label; more pass where it would refuse "
            "too many labels. Short for --set training.reject_at=SHARE. Without it the configuration's.",
        ),
    ] = None,
    force: options.Force = False,
    distribute: Annotated[
        str | None,
        typer.Option(
            metavar="I/N@HOST:PORT",
            help="Train in N processes that meet there, of which this is number I, from 0; each is started by the "
            "same command but for I (extra jax).",
        ),
    ] = None,
) -> None:
    """Train a model on recordings (extra train).

    The model is a folder, the bundle. Each epoch is kept: after Ctrl-C or a crash the same command with --resume goes
    on.
    """
    from speechrnn.extras import check_installed

    check_installed("keras", extra="train", purpose="training")
    from speechrnn.cli import training_run as run
    from speechrnn.cli.outcome import print_trained

    overrides = options.read_overrides(settings or [], seed)
    if reject_at is not None:
        overrides["training.reject_at"] = reject_at
    base = run.read_start(start)
    chosen = run.choose_config(config, base, overrides)
    if distribute is not None:
        from speechrnn.cli.crew import check_crew, join

        check_crew(chosen, resume=resume)
        out = join(distribute, out)
    place = run.choose_place(out, config, resume=resume, force=force)
    corpus = run.choose_data(data)
    if base is not None and config is None:
        chosen = run.adapt(base, corpus, overrides)
    parts = run.check_split(corpus, split, chosen, base)
    if "training.reject_at" in overrides and (why := run.explain_unused_share(corpus, parts, chosen, base)):
        typer.echo(why, err=True)
    from speechrnn.training.session import TrainOptions

    trained = run.run_training(corpus.root, chosen, place, TrainOptions(split, start, resume, force))
    print_trained(trained)
