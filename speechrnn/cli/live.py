"""A training on the terminal, live: imported by the commands that train, when they run."""

import contextlib
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from speechrnn.cli.progress import is_watched
from speechrnn.history import Epoch
from speechrnn.markup import percent
from speechrnn.training.contest import ContestListener
from speechrnn.training.fitting import Step


class Lines(ContestListener):
    """Says in a line where an unfinished training goes on, and nothing else."""

    def resuming(self, epoch: int) -> None:
        """Hear that an unfinished training goes on after this epoch."""
        typer.echo(describe_resumption(epoch), err=True)


class Bars(ContestListener):
    """Draws a bar for reading, one for fitting with loss and accuracy, and one for the test.

    Parameters
    ----------
    bars : rich.progress.Progress
        Already started.
    """

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._validation = ""

    def starting(self, name: str, number: int, total: int) -> None:
        """Hear whose turn it is, counted from 1."""
        self._bars.console.print(f"{name} ({number} of {total})", markup=False, highlight=False)
        while self._tasks:
            self._bars.remove_task(self._tasks.popitem()[1])
        self._validation = ""

    def measuring(self, name: str) -> None:
        """Hear that a contestant is trained and is now timed and differentiated."""
        self._show("timing", 0, None, name)

    def reading(self, done: int, total: int) -> None:
        """Hear of clips read so far."""
        self._show("reading", done, total)

    def resuming(self, epoch: int) -> None:
        """Hear that an unfinished training goes on after this epoch."""
        self._bars.console.print(describe_resumption(epoch), markup=False, highlight=False)

    def fitting(self, step: Step) -> None:
        """Hear of a batch, or of an epoch."""
        if step.done is not None:
            self._validation = _describe(step.done)
        course = f"epoch {step.epoch}/{step.n_epochs} loss {step.loss:.3f} accuracy {percent(step.accuracy)}"
        self._show(
            "fitting",
            (step.epoch - 1) * step.n_steps + step.step,
            step.n_epochs * step.n_steps,
            course + self._validation,
        )

    def fitted(self, n_epochs: int, best: int) -> None:  # noqa: ARG002 -- told at the end, in words
        """Hear that no more epochs follow: a bar that an early end left in the middle is full."""
        for task in self._bars.tasks:
            if task.id == self._tasks.get("fitting"):
                self._bars.update(task.id, total=task.completed)

    def evaluating(self, done: int, total: int) -> None:
        """Hear of test clips recognised so far."""
        self._show("testing", done, total)

    def _show(self, name: str, done: int, total: int | None, note: str = "") -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, note=note)
        self._bars.update(self._tasks[name], completed=done, total=total, note=note or f"{done}/{total} clips")


def describe_resumption(epoch: int) -> str:
    """Say where an unfinished training goes on.

    Parameters
    ----------
    epoch : int
        The last one that was kept.

    Returns
    -------
    str
        A line.
    """
    return f"going on after epoch {epoch}"


def _describe(epoch: Epoch) -> str:
    return "" if epoch.valid_accuracy is None else f" validation {percent(epoch.valid_accuracy)}"


@contextlib.contextmanager
def training_listener() -> Iterator[ContestListener]:
    """Give a listener that draws bars as long as the block runs.

    Yields
    ------
    ContestListener
        One that draws nothing where stderr is no terminal.
    """
    if not is_watched():
        yield Lines()
        return
    # all of it fits into 80 characters
    columns = (TextColumn("{task.description}"), BarColumn(8), TimeRemainingColumn(compact=True))
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as bars:
        yield Bars(bars)
