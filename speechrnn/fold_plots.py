"""Pictures of a cross-validation and of a learning curve, as PNG bytes."""

from collections.abc import Sequence

from speechrnn.figures import encode_png, new_figure
from speechrnn.folds import Crossval
from speechrnn.plots import BLUE, GREY, ORANGE


def plot_folds(score: Crossval) -> bytes:
    """Draw a bar for each speaker, a dot for each seed, and the mean with its interval.

    Parameters
    ----------
    score : Crossval
        The score.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(7, 0.45 * len(score.folds) + 1.6)
    axes = figure.subplots()
    names = [f"{fold.name} ({fold.n_clips})" for fold in score.folds]
    rows = range(len(names))
    axes.barh(rows, [100 * fold.accuracy for fold in score.folds], color=BLUE, height=0.6)
    for row, fold in zip(rows, score.folds, strict=True):
        axes.plot([100 * value for value in fold.per_seed], [row] * len(fold.per_seed), "o", color="white", mec="black")
        axes.text(
            100 * min(fold.per_seed) - 1, row, f"{100 * fold.accuracy:.1f}", va="center", ha="right", color="white"
        )
    axes.axvline(100 * score.macro, color=ORANGE)
    axes.axvspan(100 * score.interval[0], 100 * score.interval[1], color=ORANGE, alpha=0.2)
    axes.set_yticks(list(rows), names)
    lowest = min(min(fold.per_seed) for fold in score.folds)
    axes.set_xlim(max(0.0, 100 * lowest - 15), 100)
    axes.set_xlabel("accuracy (%)")
    kind = "speakers that did not train" if score.by == "speaker" else "clips that did not train; their voices did"
    axes.set_title(
        f"{kind}: mean {100 * score.macro:.1f} %, {score.n_clips} clips, {score.n_seeds} seed(s)", fontsize=10
    )
    return encode_png(figure)


def plot_curves(curves: Sequence[tuple[str, Sequence[tuple[int, Crossval]]]]) -> bytes:
    """Draw accuracy on voices that did not train over how much trained.

    Parameters
    ----------
    curves : sequence of (str, sequence of (int, Crossval))
        Name of the axis, and the score at each number.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure(4.2 * len(curves), 3.4)
    for axes, (name, points) in zip(
        figure.subplots(1, len(curves), squeeze=False, sharey=True)[0], curves, strict=True
    ):
        x = [n for n, _ in points]
        low, high = ([100 * score.interval[i] for _, score in points] for i in (0, 1))
        axes.fill_between(x, low, high, color=BLUE, alpha=0.2)
        axes.plot(x, [100 * score.macro for _, score in points], "o-", color=BLUE, label="mean over speakers")
        axes.plot(x, [100 * score.worst_accuracy for _, score in points], "s--", color=GREY, label="worst speaker")
        axes.set_xscale("log", base=2)
        axes.set_xticks(x, [str(n) for n in x])
        axes.set_xlabel(name)
    figure.axes[0].set_ylabel("accuracy (%)")
    figure.axes[0].legend(fontsize=8)
    return encode_png(figure)
