"""Pictures of an evaluation, of a training and of one clip, as PNG bytes; nothing global is touched."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.audio import Waveform
from speechrnn.extras import require
from speechrnn.figures import encode_png, new_figure
from speechrnn.history import Epoch
from speechrnn.markup import percent
from speechrnn.recognizer import Prediction
from speechrnn.scores import Evaluation
from speechrnn.summary import REJECTED
from speechrnn.text import count, printable

# Okabe and Ito's palette: told apart by everyone, also in grey
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"
MAX_NUMBERED = 25
MAX_BARS = 12
MAX_CHARACTERS = 24
MAX_TITLE_LINES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """MFCC [shape=(n_frames, n_mfcc)] of the part between the trim bounds, in dB, and the samples between frames."""

    mfcc: npt.NDArray[np.float32]
    hop_length: int


def plot_confusion(evaluation: Evaluation, name: str = "") -> bytes:
    """Draw the confusion matrix: counts in the cells, colour by the share of the row.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    name : str, optional
        Of the model and the recordings: a line above the picture.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    n_labels = len(evaluation.labels)
    columns = [*evaluation.labels, *([REJECTED] if evaluation.rejected else [])]
    counts = np.array(evaluation.confusion)[:, : len(columns)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [_short(name) for name in columns]
    side = 2.2 + (0.42 if n_labels <= MAX_NUMBERED else 0.28) * min(n_labels, 100)
    figure = new_figure(side + 1.2, side)
    axes = figure.add_subplot()
    # the root lets a rare confusion show beside a full diagonal
    image = axes.imshow(shares, cmap="Blues", norm=require("matplotlib.colors", "plot").PowerNorm(0.5, 0, 1))
    crowded = max(map(len, names)) > len(REJECTED)
    axes.set_xticks(range(len(columns)), names, rotation=90 if crowded else 0, parse_math=False)
    axes.set_yticks(range(n_labels), names[:n_labels], parse_math=False)
    axes.set(xlabel="answered", ylabel="said")
    measured = f"{count(evaluation.n_clips, 'clip')}, accuracy {percent(evaluation.accuracy)}"
    lines = [*textwrap.wrap(printable(name), int(8 * side))[:MAX_TITLE_LINES], measured]
    figure.suptitle("\n".join(lines), parse_math=False, fontsize=11)
    axes.tick_params(length=0)
    if n_labels <= MAX_NUMBERED:
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = "white" if shares[row, column] > 0.4 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=9)
    if evaluation.rejected:
        axes.axvline(n_labels - 0.5, color=GREY, linewidth=1)
    figure.colorbar(image, ax=axes, shrink=min(0.8, 4 / side), label="share of the row (square-root scale)")
    return encode_png(figure)


def plot_history(rows: Sequence[Epoch], kept: range | None = None, *, strings: bool = False) -> bytes:
    """Draw loss and accuracy by epoch, for training and validation, and mark the epochs whose weights were kept.

    Parameters
    ----------
    rows : sequence of Epoch
        In order.
    kept : range, optional
        From `speechrnn.history.kept_epochs`; if absent, the first with the least loss on the validation clips, else the
        last.
    strings : bool
        Whether strings were trained: their loss and their accuracy are others, see `speechrnn.training.string_fitting`.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(9, 3.6)
    epochs = [row.epoch for row in rows]
    shares = _percent([row.accuracy for row in rows]), _percent([row.valid_accuracy for row in rows])
    # a training that counted no answers has a loss alone
    counted = not rows or any(share is not None for share in shares[0])
    left, *right = figure.subplots(1, 1 + counted, squeeze=False)[0]
    _draw_course(left, epochs, [row.loss for row in rows], [row.valid_loss for row in rows])
    left.set_ylabel("loss (CTC, nats a string)" if strings else "loss (cross-entropy, nats)")
    for axes in right:
        _draw_course(axes, epochs, *shares)
        axes.set_ylabel("strings more probable than not (%)" if strings else "accuracy (%)")
    for axes in (left, *right):
        _mark_epochs(axes, rows, kept)
    # the same for both; above them, where it hides no point
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return encode_png(figure)


def plot_clip(y: Waveform, sr: int, features: Features, prediction: Prediction, *, model: str = "") -> bytes:
    """Draw one recording as the model meets it: waveform with trim bounds, MFCC, probabilities.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        Samples at the model's rate.
    sr : int
        The rate in Hz.
    features : Features
        Of the part between the trim bounds.
    prediction : Prediction
        The answer, with `start`, `end` in seconds and the probabilities.
    model : str, optional
        The name of the model that answered.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(9, 7)
    grid = figure.add_gridspec(3, 1, height_ratios=(1, 1.1, 1))
    wave = figure.add_subplot(grid[0])
    start, end = prediction.start or 0.0, y.size / sr if prediction.end is None else prediction.end
    _draw_waveform(wave, y, sr, (start, end))
    wave.set_title(_title(prediction, model), parse_math=False)
    _draw_mfcc(figure, figure.add_subplot(grid[1], sharex=wave), features.mfcc, start, features.hop_length / sr)
    wave.set_xlim(0, y.size / sr)
    _draw_probabilities(figure.add_subplot(grid[2]), prediction.probabilities or {})
    return encode_png(figure)


def _draw_course(
    axes: Any, epochs: Sequence[int], train: Sequence[float | None], valid: Sequence[float | None]
) -> None:
    marker, square = ("o", "s") if len(epochs) <= 40 else (None, None)
    axes.plot(epochs, _numbers(train), color=BLUE, marker=marker, markersize=3.5, label="training")
    if any(value is not None for value in valid):
        axes.plot(epochs, _numbers(valid), "--", color=ORANGE, marker=square, markersize=3.5, label="validation")
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)


def _mark_epochs(axes: Any, rows: Sequence[Epoch], kept: range | None = None) -> None:
    n = max((row.epoch for row in rows), default=1)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, n) if n <= 10 * step)
    axes.set_xlim(0.5, n + 0.5)
    axes.set_xticks([1, *(epoch for epoch in range(step, n + 1, step) if epoch > 1)])
    for line in axes.lines:
        line.set(clip_on=False, in_layout=False)  # the first and the last epoch stand on the frame
    if rows:
        first, last = (kept[0], kept[-1]) if kept else (_kept_epoch(rows),) * 2
        if first < last:
            axes.axvspan(first, last, color=GREY, alpha=0.15, label=f"kept: mean of epochs {first} to {last}")
        else:
            axes.axvline(last, color=GREY, linestyle=":", linewidth=1.5, label=f"kept: epoch {last}")


def _kept_epoch(rows: Sequence[Epoch]) -> int:
    validated = [(row.valid_loss, row.epoch) for row in rows if row.valid_loss is not None]
    return min(validated)[1] if validated else rows[-1].epoch


def _draw_waveform(axes: Any, y: Waveform, sr: int, bounds: tuple[float, float]) -> None:
    seconds = np.arange(y.size) / sr
    axes.plot(seconds, y, color=BLUE, linewidth=0.6)
    cut = [(low, high) for low, high in ((0.0, bounds[0]), (bounds[1], y.size / sr)) if high > low]
    for i, (low, high) in enumerate(cut):
        label = "_" if i else "cut off before recognition"  # an underscore keeps it out of the legend
        axes.axvspan(low, high, color=GREY, alpha=0.25, linewidth=0, label=label)
    for bound in bounds:
        axes.axvline(bound, color=ORANGE, linewidth=1.5, linestyle="--")
    trim = f"trim: {bounds[0]:.3f} s to {bounds[1]:.3f} s"
    axes.plot([], [], color=ORANGE, linewidth=1.5, linestyle="--", label=trim)
    peak = max(float(np.abs(y).max(initial=0.0)), 1e-6)
    axes.set(xlabel="time (s)", ylabel="amplitude (full = 1)", ylim=(-1.6 * peak, 1.1 * peak))
    axes.legend(loc="lower right", ncols=2, fontsize=8, framealpha=0.9)


def _draw_mfcc(figure: Any, axes: Any, mfcc: npt.NDArray[np.float32], start: float, hop: float) -> None:
    n_frames, n_mfcc = mfcc.shape
    # coefficient 0 is the loudness and far larger than the rest: the others set the colours
    limit = max(float(np.percentile(np.abs(mfcc[:, 1:]), 99)) if n_frames and n_mfcc > 1 else 0.0, 1e-6)
    extent = (start - hop / 2, start + (n_frames - 0.5) * hop, -0.5, n_mfcc - 0.5)
    place = {"origin": "lower", "aspect": "auto", "extent": extent, "interpolation": "nearest"}
    image = axes.imshow(mfcc.T, cmap="PuOr", vmin=-limit, vmax=limit, **place)
    axes.set(xlabel="time (s)", ylabel="MFCC coefficient")
    axes.yaxis.set_major_locator(require("matplotlib.ticker", "plot").MaxNLocator(integer=True))
    figure.colorbar(image, ax=axes, extend="both", label="value (dB)\nrow 0, loudness: off scale")


def _draw_probabilities(axes: Any, probabilities: dict[str, float]) -> None:
    shown = dict(probabilities)
    if len(shown) > MAX_BARS:
        shown = dict(sorted(shown.items(), key=lambda item: -item[1])[:MAX_BARS])
    best = max(shown, key=shown.__getitem__, default=None)
    percents = [100 * value for value in shown.values()]
    bars = axes.bar(range(len(shown)), percents, color=[ORANGE if label == best else BLUE for label in shown])
    axes.bar_label(bars, [f"{value:.1f}" for value in percents], padding=2, fontsize=9)
    names = [_short(label) for label in shown]
    rotation = 30 if max(map(len, names), default=0) > 6 else 0
    axes.set_xticks(range(len(shown)), names, rotation=rotation, parse_math=False)
    all_labels = "label" if len(shown) == len(probabilities) else f"label (the {MAX_BARS} most probable)"
    axes.set(xlabel=all_labels, ylabel="probability (%)", ylim=(0, 115), yticks=range(0, 101, 25))


def _title(prediction: Prediction, model: str) -> str:
    name = printable(prediction.path.rpartition("/")[2]) if prediction.path else "recording"
    name = name if len(name) <= 60 else name[:57] + "..."
    answer = "no label" if prediction.label is None else printable(prediction.label)
    sure = "" if prediction.probability is None else f" ({percent(prediction.probability)})"
    by = f", model {_short(model)}" if model else ""
    return f"{name}: {answer}{sure}{by}"


def _short(label: str) -> str:
    text = printable(label)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 3] + "..."


def _percent(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else 100 * value for value in values]


def _numbers(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
