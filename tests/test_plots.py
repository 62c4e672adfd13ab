"""Pictures: what stands where in them, and that they leave nothing behind."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speechrnn import plots
from speechrnn.corpus.clips import Clip
from speechrnn.errors import MissingExtraError
from speechrnn.figures import DPI
from speechrnn.history import Epoch
from speechrnn.plots import (
    Features,
    _draw_mfcc,
    _draw_probabilities,
    _draw_waveform,
    _kept_epoch,
    _mark_epochs,
    _title,
    plot_clip,
    plot_confusion,
    plot_history,
)
from speechrnn.recognizer import Prediction
from speechrnn.scores import Evaluation, score

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from matplotlib.image import imread

ODD = "$\\frac{x$ 名\n前"


def evaluation(labels: tuple[str, ...]) -> Evaluation:
    clips = [Clip(Path(f"{label}.wav"), label, None) for label in labels]
    answers = [Prediction(None, label, *[None] * 5) for label in (*labels[1:], None)]
    return score(clips, answers, labels, ["none"] * len(labels))


def prediction(labels: tuple[str, ...], start: float | None = 0.1, end: float | None = 0.4) -> Prediction:
    probabilities = {label: 1 / len(labels) for label in labels}
    return Prediction("x/" + ODD, labels[0], 1 / len(labels), probabilities, 1.0, start, end)


def is_picture(png: bytes) -> bool:
    """Decodes, and is neither blank nor cut to nothing."""
    pixels = imread(io.BytesIO(png), format="png")
    return min(pixels.shape[:2]) > DPI and float(pixels[..., :3].std()) > 0.02


@pytest.mark.parametrize("labels", [("go",), ("go", ODD), tuple(f"word {i}" for i in range(40))])
def test_every_vocabulary_can_be_drawn(labels: tuple[str, ...]) -> None:
    assert is_picture(plot_confusion(evaluation(labels), ODD * 30))
    y = np.sin(np.arange(4000, dtype=np.float32))
    mfcc = np.ones((31, 20), np.float32)
    assert is_picture(plot_clip(y, 8000, Features(mfcc, 80), prediction(labels), model=ODD))


def test_a_clip_of_one_frame_and_one_coefficient_can_be_drawn() -> None:
    failed = Prediction(None, None, None, None, None, None, None)
    assert is_picture(plot_clip(np.zeros(80, np.float32), 8000, Features(np.zeros((1, 1), np.float32), 80), failed))


@pytest.mark.parametrize("n", [0, 1, 60])
@pytest.mark.parametrize("valid", [None, 0.5])
def test_every_course_can_be_drawn(n: int, valid: float | None) -> None:
    assert is_picture(plot_history([Epoch(i + 1, 2 / (i + 1), 0.9, valid, valid, 1.0) for i in range(n)]))
    assert is_picture(plot_history([Epoch(i + 1, float("nan"), 0.9, valid, valid, 1.0) for i in range(n)]))


@pytest.mark.parametrize(("accuracy", "labels"), [(None, ["loss"]), (0.9, ["loss", "accuracy"])])
def test_what_nobody_counted_is_not_drawn(
    accuracy: float | None, labels: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(plots, "encode_png", drawn.append)
    plot_history([Epoch(1, 2.0, accuracy, None, None, 1.0), Epoch(2, 1.0, accuracy, None, None, 1.0)])
    assert [axes.get_ylabel().split()[0] for axes in drawn[0].axes] == labels


def course(*valid: float | None) -> list[Epoch]:
    return [Epoch(i, 1.0, 0.5, loss, None, 1.0) for i, loss in enumerate(valid, start=1)]


@pytest.mark.parametrize(
    ("valid", "kept"), [((3.0, 1.0, 2.0), 2), ((1.0, 1.0), 1), ((None, None, None), 3), ((0.0, 0.5), 1)]
)
def test_the_epoch_whose_weights_were_kept_is_marked(valid: tuple[float | None, ...], kept: int) -> None:
    axes = Figure().add_subplot()
    _mark_epochs(axes, course(*valid))
    assert _kept_epoch(course(*valid)) == kept
    [line] = axes.lines
    assert (line.get_xdata(), line.get_label()) == ([kept, kept], f"kept: epoch {kept}")


def test_a_mean_of_epochs_is_marked_as_one_and_another_than_the_best_where_it_was_kept() -> None:
    for kept, label in ((range(2, 4), "kept: mean of epochs 2 to 3"), (range(3, 4), "kept: epoch 3")):
        axes = Figure().add_subplot()
        _mark_epochs(axes, course(1.0, 2.0, 3.0), kept)
        assert axes.get_legend_handles_labels()[1] == [label]


@pytest.mark.parametrize("n", [1, 2, 7, 11, 60, 99, 250, 5000])
def test_epochs_are_whole_and_begin_with_1(n: int) -> None:
    axes = Figure().add_subplot()
    _mark_epochs(axes, course(*[None] * n))
    assert axes.get_xlim() == (0.5, n + 0.5)
    ticks = axes.get_xticks()
    assert len(ticks) <= 11
    assert ticks[0] == 1
    assert all(tick == int(tick) for tick in ticks)


@pytest.mark.parametrize(("bounds", "n_told"), [((0.0, 0.5), 0), ((0.1, 0.5), 1), ((0.0, 0.4), 1), ((0.1, 0.4), 1)])
def test_the_legend_tells_of_a_cut_only_where_one_is(bounds: tuple[float, float], n_told: int) -> None:
    axes = Figure().add_subplot()
    _draw_waveform(axes, np.ones(4000, np.float32), 8000, bounds)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts.count("cut off before recognition") == n_told
    assert len(texts) == n_told + 1


def test_the_title_names_recording_answer_and_model() -> None:
    answer = Prediction("x/six.wav", "6", 0.985, None, 1.0, 0.0, 1.0)
    assert _title(answer, "mine") == "six.wav: 6 (98.5 %), model mine"


def test_loudness_does_not_set_the_colours_of_the_other_coefficients() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    mfcc = np.full((31, 20), 2.0, np.float32)
    mfcc[:, 0] = -500
    _draw_mfcc(figure, axes, mfcc, 0.0, 0.01)
    assert axes.images[0].get_clim() == (-2.0, 2.0)


def test_trim_bounds_stand_at_their_seconds() -> None:
    axes = Figure().add_subplot()
    _draw_waveform(axes, np.ones(4000, np.float32), 8000, (0.1, 0.4))
    assert [line.get_xdata() for line in axes.lines[1:3]] == [[0.1, 0.1], [0.4, 0.4]]


def test_the_first_frame_is_centred_on_the_start() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    _draw_mfcc(figure, axes, np.zeros((31, 20), np.float32), 0.1, 0.01)
    left, right, low, high = axes.images[0].get_extent()
    assert (left, right) == pytest.approx((0.095, 0.405))
    assert (low, high) == (-0.5, 19.5)


def test_of_many_labels_the_most_probable_are_drawn() -> None:
    axes = Figure().add_subplot()
    _draw_probabilities(axes, {f"w{i}": i / 190 for i in range(20)})
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"w{i}" for i in range(19, 7, -1)]
    assert [bar.get_height() for bar in axes.containers[0]] == pytest.approx([100 * i / 190 for i in range(19, 7, -1)])


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"speechrnn\[plot\]"):
        plot_history([])


def test_drawing_leaves_no_global_state() -> None:
    code = (
        "import sys, matplotlib, speechrnn.plots as plots; before = matplotlib.rcParams.copy(); plots.plot_history([]);"
        "assert 'matplotlib.pyplot' not in sys.modules; assert matplotlib.rcParams.copy() == before"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
