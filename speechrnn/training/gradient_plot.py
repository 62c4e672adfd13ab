"""The picture of vanishing gradients: a curve for each network, before and after training."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.extras import require
from speechrnn.plots import DPI
from speechrnn.text import printable
from speechrnn.training.gradients import StateGradients

# Okabe and Ito's palette without its yellow, which nobody sees on white
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# a curve that falls further says no more, and would press the others together
RANGE = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class GradientCurves:
    """One network's gradients with its first weights and with its trained ones."""

    name: str
    start: StateGradients
    end: StateGradients


def plot_gradients(curves: Sequence[GradientCurves]) -> bytes:
    """Draw the norm of the loss gradient by steps back from the last frame, on a logarithmic axis.

    Parameters
    ----------
    curves : sequence of GradientCurves
        At least one; dashed at the start of training, solid at the end.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = require("matplotlib.figure", "plot").Figure(figsize=(9, 5.2), layout="constrained")
    axes = figure.add_subplot()
    for i, one in enumerate(curves):
        style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "markersize": 4}
        _draw(axes, one.start, {**style, "linestyle": "--", "markerfacecolor": "white"})
        _draw(axes, one.end, {**style, "linestyle": "-"})
    _bound(axes, [part.norm for one in curves for part in (one.start, one.end)])
    axes.set(
        xlabel="steps back from the last frame",
        ylabel="gradient of the loss w.r.t. the state: norm, median over clips",
        title="How far back the loss reaches",
    )
    axes.grid(alpha=0.3)
    _name(axes, [one.name for one in curves])
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a script that matplotlib's font lacks is drawn as boxes
        figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def _draw(axes: Any, gradients: StateGradients, style: dict[str, Any]) -> None:
    norm = np.where(gradients.norm > 0, gradients.norm, np.nan)  # nothing at all has no place on a logarithmic axis
    axes.plot(gradients.steps_back, norm, linewidth=1.8, markevery=max(1, norm.size // 8), **style)


def _bound(axes: Any, norms: Sequence[npt.NDArray[np.float64]]) -> None:
    values = np.concatenate(norms)
    values = values[np.isfinite(values) & (values > 0)]
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    if values.size:
        axes.set_ylim(max(values.min(), values.max() / RANGE) / 2, values.max() * 2)


def _name(axes: Any, names: Sequence[str]) -> None:
    """A legend of colours, then of line styles: one entry for each pair would be twice as long."""
    line = require("matplotlib.lines", "plot").Line2D
    handles = [
        line([], [], color=COLOURS[i % len(COLOURS)], marker=MARKERS[i % len(MARKERS)], label=printable(name))
        for i, name in enumerate(names)
    ]
    handles += [
        line([], [], color="#666666", linestyle="--", marker="o", markerfacecolor="white", label="start of training"),
        line([], [], color="#666666", linestyle="-", marker="o", label="end of training"),
    ]
    legend = axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
