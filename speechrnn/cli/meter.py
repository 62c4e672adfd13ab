"""A line on the terminal that lives: how loud it is, and what was heard last. Nothing of that where nobody watches."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from speechrnn.cli.progress import is_watched
from speechrnn.waveform import Waveform

# the quietest level that is drawn, in dB of full scale, and characters of the bar
_QUIETEST, _WIDTH = -60.0, 20
# seconds between two drawings
_PERIOD = 0.1


class Line:
    """Where nobody watches: results go to stdout, and nothing is drawn."""

    def hear(self, y: Waveform) -> None:
        """Take samples for the meter."""

    def note(self, text: str) -> None:
        """Change what stands beside the meter."""

    def say(self, text: str, *, err: bool = False) -> None:
        """Print a line that stays."""
        file = sys.stderr if err else sys.stdout
        file.write(text + "\n")
        file.flush()


class LiveLine(Line):
    """Draws meter and note on stderr, at most ten times a second.

    Parameters
    ----------
    live : rich.live.Live
        Started.
    """

    def __init__(self, live: Any) -> None:
        self._live = live
        self._peak, self._note, self._drawn = 0.0, "", 0.0

    def hear(self, y: Waveform) -> None:
        """Take samples for the meter."""
        self._peak = max(self._peak, float(np.abs(y).max(initial=0.0)))
        if time.monotonic() - self._drawn >= _PERIOD:
            self._draw()

    def note(self, text: str) -> None:
        """Change what stands beside the meter."""
        self._note = text
        self._draw()

    def say(self, text: str, *, err: bool = False) -> None:
        """Print a line that stays, above the one that lives."""
        self._live.stop()
        super().say(text, err=err)
        self._live.start()
        self._draw()

    def _draw(self) -> None:
        from rich.text import Text

        text = Text(f"{draw_level(self._peak)} {self._note}", no_wrap=True, overflow="ellipsis")
        self._live.update(text, refresh=True)
        self._drawn, self._peak = time.monotonic(), 0.0


def draw_level(peak: float) -> str:
    """Draw a level as a bar.

    Parameters
    ----------
    peak : float
        Of the samples; full scale at 1.

    Returns
    -------
    str
        Of constant width.

    Examples
    --------
    >>> draw_level(0.1), draw_level(0.0), draw_level(1.0)
    ('[#############.......]  -20 dB', '[....................]    - dB', '[####################]   +0 dB')
    """
    db = 20 * float(np.log10(peak)) if peak > 0 else -np.inf
    n = round(_WIDTH * min(max(1 - db / _QUIETEST, 0.0), 1.0)) if np.isfinite(db) else 0
    number = f"{db:+.0f}" if np.isfinite(db) else "-"
    return f"[{'#' * n}{'.' * (_WIDTH - n)}] {number:>4} dB"


@contextlib.contextmanager
def live_line() -> Iterator[Line]:
    """Give a line that lives as long as the block runs.

    Yields
    ------
    Line
        One that draws nothing where stderr is no terminal.
    """
    if not is_watched():
        yield Line()
        return
    from rich.console import Console
    from rich.live import Live

    # stdout stays what it is: results may go into a file
    with Live(
        console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:
        yield LiveLine(live)
