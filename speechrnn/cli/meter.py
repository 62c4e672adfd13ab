"""A line on the terminal that lives: how loud it is, and what was heard last. Nothing of that where nobody watches."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from speechrnn.cli.progress import is_watched
from speechrnn.waveform import Waveform

# the quietest level that is drawn, in dB of full scale
_QUIETEST = -60.0
# characters of the bar, at most and at least; of the number, and of the brackets beside it
_LONGEST, _SHORTEST, _NUMBER, _BRACKETS = 20, 5, 7, 3
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
        from rich.cells import cell_len
        from rich.text import Text

        room = self._live.console.width - cell_len(self._note)
        # the note matters more than the meter; one that is cut anyway leaves room for the number
        level = draw_level(self._peak, room - 1 if room >= 0 else _NUMBER)
        text = f"{level} {self._note}" if level else self._note
        self._live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
        self._drawn, self._peak = time.monotonic(), 0.0


def draw_level(peak: float, room: int) -> str:
    """Draw a level as a bar, where there is room for one.

    Parameters
    ----------
    peak : float
        Of the samples; full scale at 1.
    room : int
        Characters that it may take.

    Returns
    -------
    str
        Bar and number, or the number, or nothing; its width depends on `room` alone.

    Examples
    --------
    >>> draw_level(0.1, 80), draw_level(0.0, 30), draw_level(1.0, 19), draw_level(0.1, 8)
    ('[#############.......]  -20 dB', '[....................]    - dB', '[#########]   +0 dB', ' -20 dB')
    """
    db = 20 * float(np.log10(peak)) if peak > 0 else -np.inf
    number = f"{f'{db:+.0f}' if np.isfinite(db) else '-':>4} dB"
    width = min(room - _NUMBER - _BRACKETS, _LONGEST)
    if width < _SHORTEST:
        return number if room >= _NUMBER else ""
    n = round(width * min(max(1 - db / _QUIETEST, 0.0), 1.0)) if np.isfinite(db) else 0
    return f"[{'#' * n}{'.' * (width - n)}] {number}"


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
