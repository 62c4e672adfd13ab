"""Pictures: what stands where in them, and that they leave nothing behind."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speechrnn.corpus.clips import Clip
from speechrnn.errors import MissingExtraError
from speechrnn.history import Epoch
from speechrnn.plots import (
    DPI,
    _draw_mfcc,
    _draw_probabilities,
    _draw_waveform,
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
    assert is_picture(plot_confusion(evaluation(labels)))
    y = np.sin(np.arange(4000, dtype=np.float32))
    mfcc = np.ones((31, 20), np.float32)
    assert is_picture(plot_clip(y, 8000, mfcc, prediction(labels), hop_length=80))


def test_a_clip_of_one_frame_and_one_coefficient_can_be_drawn() -> None:
    failed = Prediction(None, None, None, None, None, None, None)
    assert is_picture(plot_clip(np.zeros(80, np.float32), 8000, np.zeros((1, 1), np.float32), failed, hop_length=80))


@pytest.mark.parametrize("n", [0, 1, 60])
@pytest.mark.parametrize("valid", [None, 0.5])
def test_every_course_can_be_drawn(n: int, valid: float | None) -> None:
    assert is_picture(plot_history([Epoch(i + 1, 2 / (i + 1), 0.9, valid, valid, 1.0) for i in range(n)]))


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
