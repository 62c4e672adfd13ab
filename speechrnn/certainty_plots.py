"""Pictures of how far probabilities can be believed, of what gets through, and of noise, as PNG bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from speechrnn.calibration_error import Bin, reliability
from speechrnn.corpus.clips import Clip
from speechrnn.figures import encode_png, new_figure
from speechrnn.plots import BLUE, GREY, ORANGE
from speechrnn.recognizer import Prediction
from speechrnn.robustness import FALSE_ACCEPTS, NoiseLevel, OpenSet


def bin_answers(clips: Sequence[Clip], predictions: Sequence[Prediction]) -> tuple[Bin, ...]:
    """Sort answers into bins of equal size by the probability of their most probable label, refused or not.

    Parameters
    ----------
    clips : sequence of Clip
        What was said.
    predictions : sequence of Prediction
        What was answered, in the same order; what could not be read is left out.

    Returns
    -------
    tuple of Bin
        As `speechrnn.calibration_error.reliability` gives them.

    Examples
    --------
    >>> from pathlib import Path
    >>> answer = Prediction("6.wav", "6", 0.75, {"6": 0.75, "7": 0.25}, 1.0, 0.0, 0.4)
    >>> bin_answers([Clip(Path("6.wav"), "6", None)], [answer])
    (Bin(probability=0.75, accuracy=1.0, n=1),)
    """
    pairs = [
        (max(p.values()), max(p, key=p.__getitem__) == clip.label)
        for clip, answer in zip(clips, predictions, strict=True)
        if (p := answer.probabilities)
    ]
    return reliability(np.array([sure for sure, _ in pairs]), np.array([right for _, right in pairs], bool))


def plot_certainty(bins: Sequence[Bin], open_set: OpenSet | None) -> bytes:
    """Draw the reliability diagram and, where the data holds what is no label, the open-set curve.

    Parameters
    ----------
    bins : sequence of Bin
        From `bin_answers`.
    open_set : OpenSet or None
        Scores against other words and noises.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(4.4 if open_set is None else 9, 4)
    axes = figure.subplots(1, 1 if open_set is None else 2, squeeze=False)[0]
    _draw_reliability(axes[0], bins)
    if open_set is not None:
        _draw_open_set(axes[1], open_set)
    return encode_png(figure)


def plot_noise(levels: Sequence[NoiseLevel]) -> bytes:
    """Draw accuracy over the ratio of word to noise.

    Parameters
    ----------
    levels : sequence of NoiseLevel
        From `speechrnn.noise_sweep.sweep_noise`.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(5.5, 3.8)
    axes = figure.subplots()
    ordered = sorted(levels, key=lambda level: -(level.snr_db if level.snr_db is not None else np.inf))
    places = list(range(len(ordered)))
    low, high = ([100 * getattr(level.interval, end) for level in ordered] for end in ("low", "high"))
    axes.fill_between(places, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(places, [100 * level.accuracy for level in ordered], "o-", color=BLUE, label="accepted and right")
    axes.plot(places, [100 * level.forced for level in ordered], "s--", color=ORANGE, label="if forced to answer")
    if all(level.worst_accuracy is not None for level in ordered):
        worst = [100 * (level.worst_accuracy or 0.0) for level in ordered]
        axes.plot(places, worst, "v:", color=GREY, label="worst speaker, accepted and right")
    axes.set_xticks(places, ["clean" if level.snr_db is None else f"{level.snr_db:g}" for level in ordered])
    axes.set(xlabel="word to noise (dB)", ylabel="accuracy (%)", ylim=(0, 101))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower left")
    return encode_png(figure)


def _draw_reliability(axes: Any, bins: Sequence[Bin]) -> None:
    axes.plot([0, 100], [0, 100], color=GREY, linestyle=":", label="as sure as right")
    sure, right = [100 * one.probability for one in bins], [100 * one.accuracy for one in bins]
    told = f"answers in {len(bins)} bins of equal size" if len(bins) > 1 else "all answers together"
    axes.plot(sure, right, "o-", color=BLUE, label=told)
    axes.set(xlabel="mean probability (%)", ylabel="right (%)", xlim=(0, 101), ylim=(0, 101))
    axes.set_title("Reliability", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left")


def _draw_open_set(axes: Any, open_set: OpenSet) -> None:
    for name, style, score in (("other words", "-", open_set.words), ("noises", "--", open_set.noises)):
        if score is not None:
            x = [100 * point.false_accepts for point in score.curve]
            y = [100 * point.accepted_right for point in score.curve]
            color = BLUE if style == "-" else ORANGE
            axes.plot(x, y, style, color=color, label=f"{score.n} {name}, area {score.area:.3f}")
    at = 100 * FALSE_ACCEPTS
    axes.axvline(at, color=GREY, linestyle=":", label=f"{at:.0f} % taken for a label")
    axes.set(xlabel="taken for a label (%)", ylabel="labels accepted and right (%)", xlim=(0, 100), ylim=(0, 101))
    axes.set_title("Open set", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
