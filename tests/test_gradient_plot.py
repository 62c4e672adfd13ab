"""The picture of gradients: what is in it, and that no figure of a network breaks it."""

import io

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from matplotlib.image import imread

from speechrnn.training.gradient_plot import (
    COLOURS,
    RANGE,
    GradientCurves,
    _bound,
    _draw,
    _share_of_peak,
    plot_gradients,
)
from speechrnn.training.gradients import StateGradients


def gradients(*norm: float) -> StateGradients:
    return StateGradients(np.arange(len(norm)), np.array(norm))


@pytest.mark.parametrize(
    "norm", [(1.0,), (0.0, 0.0), (1.0, 0.0), (1.0, np.inf), (1.0, 1e-300), tuple(0.5**k for k in range(60))]
)
def test_every_course_can_be_drawn(norm: tuple[float, ...]) -> None:
    curves = [GradientCurves(f"$\\frac{{{i} 名\n", gradients(*norm), gradients(*norm[:1])) for i in range(9)]
    pixels = imread(io.BytesIO(plot_gradients(curves)), format="png")
    assert min(pixels.shape[:2]) > 400
    # the legend, and so the first colour, is there whatever the curves are
    wanted = np.array([int(COLOURS[0][i : i + 2], 16) / 255 for i in (1, 3, 5)])
    assert np.any(np.abs(pixels[..., :3] - wanted).max(axis=-1) < 0.02)


def test_the_axis_is_logarithmic_and_a_curve_that_vanishes_does_not_flatten_the_others() -> None:
    axes = Figure().add_subplot()
    _draw(axes, gradients(1.0, 0.0, 1e-20), {"color": COLOURS[0], "linestyle": "--"})
    _bound(axes)
    [line] = axes.lines
    np.testing.assert_array_equal(line.get_ydata(), [1.0, np.nan, 1e-20])
    assert axes.get_yscale() == "log"
    assert axes.get_ylim() == pytest.approx((1 / RANGE / 2, 2.0))


def test_a_curve_is_drawn_relative_to_its_own_largest_norm() -> None:
    np.testing.assert_allclose(_share_of_peak(np.array([2.0, 8.0, 0.0, np.inf])), [0.25, 1.0, np.nan, np.nan])
    norm = np.array([3.0, 7.0, 1e-9])
    np.testing.assert_allclose(_share_of_peak(norm * 1e5), _share_of_peak(norm))
