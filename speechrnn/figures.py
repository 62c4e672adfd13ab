"""Figures without a screen, and their bytes; the one place that asks for matplotlib's figures."""

import io
import warnings
from typing import Any

from speechrnn.extras import require

DPI = 120


def new_figure(width: float, height: float) -> Any:
    """Make a figure of its own; pyplot would keep it and ask for a screen.

    Parameters
    ----------
    width, height : float
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Laid out so that nothing overlaps.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    return require("matplotlib.figure", "plot").Figure(figsize=(width, height), layout="constrained")


def encode_png(figure: Any) -> bytes:
    """Draw a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `new_figure`.

    Returns
    -------
    bytes
        A PNG.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a script that matplotlib's font lacks is drawn as boxes
        figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()
