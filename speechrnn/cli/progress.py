"""Bars on stderr while something takes long; none where stderr is no terminal."""

import contextlib
import sys
from collections.abc import Iterator

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
