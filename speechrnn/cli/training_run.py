"""The steps of ``train`` around the training itself: what is chosen before, what is told after."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from speechrnn.bundle import read_bundle
from speechrnn.cli.options import quote
from speechrnn.cli.progress import progress
from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.synthesis import read_manifest, synthesize
from speechrnn.markup import count
from speechrnn.places import (
    UNFINISHED,
    begun_model_path,
    check_free,
    data_home,
    find_model,
    model_home,
    new_model_path,
)
from speechrnn.summary import headline
from speechrnn.text import printable

# files named on the screen; the rest are counted
MAX_NAMED = 20


def choose_config(config: str | None, start: str | None, overrides: Mapping[str, Any]) -> Config:
    """Find the configuration and lay ``--set`` and ``--seed`` over it.

    Parameters
    ----------
    config : str or None
        A preset or file.
    start : str or None
        A bundle, whose configuration is used where none is named.
    overrides : mapping of str to object
        Key path to value.

    Returns
    -------
    Config
        Complete and checked.
    """
    base = read_bundle(find_model(start)).config if start and not config else Config.load(config or "default")
    return base.override(overrides)


def choose_data(data: Path | None) -> Path:
    """Give the recordings, synthesised where none are named, and say what is in them.

    Parameters
    ----------
    data : Path or None
        As typed.

    Returns
    -------
    Path
        A folder or CSV.
    """
    if data is None:
        data = data_home() / "corpora" / "synth"
        made = read_manifest(data) is not None
        typer.echo(f"no DATA given: training on synthetic voices{'' if made else ', made now'} in {data}", err=True)
        if not made:
            with progress("speaking") as show:
                synthesize(data, on_progress=show)
    corpus = read_corpus(data)
    counts = f"{len(corpus.clips)} clips, {len(corpus.labels)} labels, {len(corpus.speakers)} known speakers"
    typer.echo(f"data: {printable(data)}: {counts}, layout {corpus.layout}", err=True)
    if corpus.skipped:
        _name_files("not used", [f"{printable(item.path)}: {item.reason}" for item in corpus.skipped])
    return data


def choose_place(out: Path | None, config: str | None, *, resume: bool, force: bool) -> Path:
    """Give the folder of the model to be; without ``--out`` a new one, or the one that was begun last.

    Parameters
    ----------
    out : Path or None
        As typed.
    config : str or None
        Names the folder.
    resume : bool
        Whether an unfinished training is gone on with.
    force : bool
        Whether what is there may be replaced.

    Returns
    -------
    Path
        Free, so that nobody waits for recordings in vain.

    Raises
    ------
    BundleError
        It is not.
    """
    name = Path(config).stem if config else "digits"
    begun = begun_model_path(name) if resume and out is None else None
    place = out or begun or new_model_path(name)
    check_free(place, force=force)
    if resume and not place.with_name(place.name + UNFINISHED).exists():
        typer.echo("nothing to go on with; starting", err=True)
    return place


def run_training(data: Path, config: Config, place: Path, options: Any) -> Any:
    """Train with live bars; after Ctrl-C say how to go on.

    Parameters
    ----------
    data : Path
        Recordings.
    config : Config
        Complete.
    place : Path
        The bundle's folder.
    options : speechrnn.training.TrainOptions
        Everything else.

    Returns
    -------
    speechrnn.training.Trained
        What the training left.
    """
    from speechrnn.cli.live import training_listener
    from speechrnn.training.session import train

    try:
        with training_listener() as listener:
            return train(data, config, place, options, listener)
    except KeyboardInterrupt as error:
        if not place.with_name(place.name + UNFINISHED).exists():
            raise
        raise KeyboardInterrupt(f"to go on, run the same command with --resume --out {quote(place)}") from error


def print_trained(trained: Any) -> None:
    """Say where the model is, how good it is, and what to type next.

    Parameters
    ----------
    trained : speechrnn.training.Trained
        What the training left.
    """
    split, unread = trained.split, [f"{printable(item.clip.path)}: {item.reason}" for item in trained.unreadable]
    if trained.test is not None:
        unread += [
            f"{printable(answer.path or '')}: {answer.error}"
            for answer in trained.test.predictions
            if answer.error is not None
        ]
    if unread:
        _name_files("could not be read", unread)
    sizes = f"{len(split.train)} train, {len(split.valid)} valid, {len(split.test)} test"
    typer.echo(f"Split by {printable(split.method)}: {sizes}; {count(len(trained.history), 'epoch')}.")
    for line in headline(trained.test.evaluation) if trained.test is not None else ["No clip was kept for a test."]:
        typer.echo(printable(line))
    path = trained.bundle.path
    typer.echo(f"Model: {printable(path)}")
    named = "" if path.parent == model_home() else f" --model {quote(path)}"
    typer.echo(f"Next:  speechrnn predict FILE{named}")


def _name_files(what: str, lines: Sequence[str]) -> None:
    typer.echo(f"{count(len(lines), 'file')} {what}:", err=True)
    for line in itertools.islice(lines, MAX_NAMED):
        typer.echo(f"  {line}", err=True)
    if len(lines) > MAX_NAMED:
        typer.echo(f"  and {len(lines) - MAX_NAMED} more: see `speechrnn data check`", err=True)
