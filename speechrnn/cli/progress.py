"""Bars on stderr while something takes long; none where stderr is no terminal."""

import contextlib
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from speechrnn.progress import OpenProgress


def is_watched() -> bool:
    """Tell whether somebody can see a bar.

    Returns
    -------
    bool
        True where stderr is a terminal.
    """
    return sys.stderr.isatty()


@contextlib.contextmanager
def progress(title: str, *, as_bytes: bool = False, unit: str | None = None) -> Iterator[OpenProgress | None]:
    """Draw a bar as long as the block runs.

    Parameters
    ----------
    title : str
        What is done, such as ``reading``.
    as_bytes : bool
        Whether bytes are counted.
    unit : str, optional
        What is counted, to show how many come in a second.

    Yields
    ------
    callable or None
        To be called with what is done and what there is to do in all; None where nobody watches.
    """
    if not is_watched():
        yield None
        return
    # 40 ms that only who sees a bar shall wait for
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f} {unit}/s" if unit and task.speed else "")

    count = DownloadColumn() if as_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, *([Rate()] if unit else []), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


class LateBar:
    """A bar for one thing after another, drawn only while one of them takes longer than a second.

    Parameters
    ----------
    title : str
        What is done.
    unit : str
        What is counted.
    """

    PATIENCE = 1.0

    def __init__(self, title: str, unit: str) -> None:
        self._title, self._unit = title, unit
        self._bar = contextlib.ExitStack()
        self._draw: OpenProgress | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def update(self, done: int, total: int | None) -> None:
        """Tell how far the one at hand is.

        Parameters
        ----------
        done : int
            Of the unit.
        total : int or None
            Where it is known.
        """
        if self._draw is None and is_watched() and time.monotonic() - self._began > self.PATIENCE:
            self._draw = self._bar.enter_context(progress(self._title, unit=self._unit))
        if self._draw is not None:
            self._draw(done, total)

    def close(self) -> None:
        """Wipe the bar away: the one at hand is done."""
        self._bar.close()
        self._draw, self._began = None, time.monotonic()
