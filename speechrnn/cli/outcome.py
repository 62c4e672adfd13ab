"""What ``train`` tells when a training is done: how it went, how good the model is, what to type next."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from speechrnn.cli.options import quote
from speechrnn.history import kept_epochs
from speechrnn.homes import is_in_model_home
from speechrnn.summary import headline
from speechrnn.text import count, printable

# a validation loss above this share of a guesser's says that next to nothing was learnt
CHANCE = 0.9
# files named on the screen; the rest are counted
MAX_NAMED = 20


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
        name_files("not used", unread)
    sizes = f"{len(split.train)} train, {len(split.valid)} valid, {len(split.test)} test"
    typer.echo(f"Split by {printable(split.method)}: {sizes}.")
    asked = trained.bundle.config.training
    kept = kept_epochs(trained.best, asked.select, asked.epochs)
    typer.echo(f"{describe_epochs(len(trained.history), asked.epochs, kept)}.")
    if advice := advise(trained.history[trained.best - 1].valid_loss, len(trained.bundle.labels)):
        typer.echo(advice, err=True)
    unscored = "The clips kept for a test were not scored." if split.test else "No clip was kept for a test."
    for line in headline(trained.test.evaluation) if trained.test is not None else [unscored]:
        typer.echo(printable(line))
    path = trained.bundle.path
    typer.echo(f"Model: {printable(path)}")
    named = Path(path.name) if is_in_model_home(path) else path
    command = "transcribe" if trained.bundle.metadata.kind == "strings" else "predict"
    typer.echo(f"Next:  speechrnn {command} FILE --model {quote(named)}")


def describe_epochs(n_done: int, n_asked: int, kept: range) -> str:
    """Say how long a training went on, and which weights are kept.

    Parameters
    ----------
    n_done, n_asked : int
        Epochs run, and epochs allowed.
    kept : range
        From `speechrnn.history.kept_epochs`.

    Returns
    -------
    str
        Without a full stop.

    Examples
    --------
    >>> describe_epochs(19, 40, range(7, 8)), describe_epochs(40, 40, range(13, 41))
    ('Stopped after 19 of 40 epochs, weights of epoch 7 kept', '40 epochs, mean of the weights of epochs 13 to 40 kept')
    """
    done = f"Stopped after {n_done} of {count(n_asked, 'epoch')}" if n_done < n_asked else count(n_done, "epoch")
    if len(kept) > 1:
        return f"{done}, mean of the weights of epochs {kept[0]} to {kept[-1]} kept"
    return f"{done}, weights of epoch {kept[0]} kept"


def advise(valid_loss: float | None, n_labels: int) -> str | None:
    """Say so where a network has learnt next to nothing.

    Parameters
    ----------
    valid_loss : float or None
        On the validation clips, of the weights that are kept.
    n_labels : int
        A guesser's loss is the logarithm of it.

    Returns
    -------
    str or None
        None where it is clearly better than a guesser.

    Examples
    --------
    >>> advise(2.2, n_labels=10)
    'the network has learnt next to nothing: its best validation loss is 2.20, and guessing gives 2.30. ...
    >>> advise(2.0, n_labels=10)
    """
    chance = math.log(n_labels)
    if valid_loss is None or valid_loss < CHANCE * chance:
        return None
    return (
        f"the network has learnt next to nothing: its best validation loss is {valid_loss:.2f}, and guessing gives "
        f"{chance:.2f}. Add voices or recordings, hold their labels against `speechrnn data check`, or train longer."
    )


def name_files(what: str, lines: Sequence[str], more: str = ": see `speechrnn data check`") -> None:
    """Say on stderr which files are left out, and why.

    Parameters
    ----------
    what : str
        Such as ``not used``.
    lines : sequence of str
        One for each file.
    more : str
        What is said after how many more there are.
    """
    typer.echo(f"{count(len(lines), 'file')} {what}:", err=True)
    for line in itertools.islice(lines, MAX_NAMED):
        typer.echo(f"  {line}", err=True)
    if len(lines) > MAX_NAMED:
        typer.echo(f"  and {len(lines) - MAX_NAMED} more{more}", err=True)
