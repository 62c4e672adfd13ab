"""The picture of vanishing gradients: a curve for each network, before and after training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.extras import require
from speechrnn.figures import encode_png, new_figure
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
    """Draw the loss gradient by steps back from the last frame, each curve relative to its own largest norm.

    Parameters
    ----------
    curves : sequence of GradientCurves
        At least one; dashed at the start of training, solid at the end. The axis is logarithmic.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(9, 5.2)
    axes = figure.add_subplot()
    for i, one in enumerate(curves):
        style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "markersize": 4}
        _draw(axes, one.start, {**style, "linestyle": "--", "markerfacecolor": "white"})
        _draw(axes, one.end, {**style, "linestyle": "-"})
    _bound(axes)
    axes.set(
        xlabel="steps back from the last frame",
        ylabel="share of the largest norm, median over clips",
        title="How far back the loss reaches",
    )
    axes.grid(alpha=0.3)
    _name(axes, [one.name for one in curves])
    return encode_png(figure)


def _draw(axes: Any, gradients: StateGradients, style: dict[str, Any]) -> None:
    share = _share_of_peak(gradients.norm)
    axes.plot(gradients.steps_back, share, linewidth=1.8, markevery=max(1, share.size // 8), **style)


def _share_of_peak(norm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """NaN where nothing is left or a number overflowed: neither has a place on a logarithmic axis."""
    drawn = np.isfinite(norm) & (norm > 0)
    return np.where(drawn, norm, np.nan) / np.max(norm, where=drawn, initial=0.0) if drawn.any() else norm * np.nan


def _bound(axes: Any) -> None:
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    values = values[np.isfinite(values)]
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    if values.size:
        axes.set_ylim(max(values.min(), 1 / RANGE) / 2, 2)


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
