"""Pictures of certainty: which curve is drawn from which figures, and which files a report has."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn.certainty_plots import _draw_open_set, _draw_reliability, bin_answers, plot_certainty, plot_noise
from speechrnn.corpus.clips import Clip
from speechrnn.evaluation import Evaluated
from speechrnn.recognizer import Prediction
from speechrnn.report import write_report
from speechrnn.robustness import NoiseLevel, OpenSet, score_rejects
from speechrnn.scores import score
from speechrnn.significance import Interval
from tests.test_plots import is_picture

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

LABELS = ("6", "7")


def answers(n: int) -> tuple[list[Clip], list[Prediction]]:
    """Nine of ten right, one of ten refused; all with 80 %."""
    clips = [Clip(Path(f"{i}.wav"), LABELS[i % 2], "ann") for i in range(n)]
    given = []
    for i, clip in enumerate(clips):
        label = clip.label if i % 10 else LABELS[1 - i % 2]
        probabilities = {one: 0.8 if one == label else 0.2 for one in LABELS}
        given.append(Prediction(str(clip.path), None if i % 10 == 5 else label, 0.8, probabilities, 0.9, 0.0, 0.3))
    return clips, given


def reject_scores() -> OpenSet:
    rng = np.random.default_rng(0)
    known, right = rng.uniform(0.4, 1, 50), np.ones(50, bool)
    rejects = rng.uniform(0, 0.7, 40)
    return OpenSet(score_rejects(known, right, rejects, rejects >= 0.5), None)


def level(snr_db: float | None, accuracy: float) -> NoiseLevel:
    interval = Interval(accuracy - 0.05, accuracy + 0.05)
    return NoiseLevel(snr_db, accuracy, interval, accuracy, "ann", accuracy, 0.9, 50)


def test_bins_count_the_most_probable_label_of_refused_clips_too() -> None:
    clips, given = answers(50)
    unread = Prediction("x.wav", None, None, None, None, None, None, "empty. Record again.")
    [*bins] = bin_answers([*clips, clips[0]], [*given, unread])
    assert sum(one.n for one in bins) == 50
    assert {round(one.probability, 6) for one in bins} == {0.8}
    assert sum(one.n * one.accuracy for one in bins) == pytest.approx(45)


def test_the_diagram_shows_bins_and_the_curve_its_points() -> None:
    left, right = Figure().subplots(1, 2)
    bins = bin_answers(*answers(50))
    _draw_reliability(left, bins)
    assert list(left.lines[1].get_ydata()) == [100 * one.accuracy for one in bins]
    assert [one.n for one in bins] == [50]  # as many bins as the calibration error is of
    assert left.get_legend().get_texts()[1].get_text() == "all answers together"
    scores = reject_scores()
    _draw_open_set(right, scores)
    assert scores.words is not None
    assert right.lines[0].get_xdata()[-1] == 100
    assert list(right.lines[0].get_ydata()) == [100 * point.accepted_right for point in scores.words.curve]
    assert "40 other words" in right.get_legend().get_texts()[0].get_text()
    assert is_picture(plot_certainty(bins, None))
    assert is_picture(plot_certainty(bins, scores))


def test_noise_is_drawn_from_clean_to_loud_whatever_the_order() -> None:
    assert is_picture(plot_noise([level(0.0, 0.6), level(None, 0.95), level(20.0, 0.9)]))
    assert plot_noise([level(0.0, 0.6), level(None, 0.9)]) == plot_noise([level(None, 0.9), level(0.0, 0.6)])
    assert plot_noise([level(0.0, 0.6)]) != plot_noise([level(0.0, 0.7)])


def test_a_report_draws_what_it_knows_and_drops_older_pictures(tmp_path: Path) -> None:
    clips, given = answers(50)
    plain = score(clips, given, LABELS, ["none"] * 50)
    full = replace(plain, ece=0.1, open_set=reject_scores(), noise=(level(None, 0.9), level(0.0, 0.5)))
    pictures = {"confusion.png", "certainty.png", "noise.png"}
    for evaluation, drawn in ((full, pictures), (plain, {"confusion.png"})):
        evaluated = Evaluated(evaluation, tuple(clips), tuple(given), "model", "clips", ("none",) * 50)
        write_report(tmp_path, evaluated)
        assert {path.name for path in tmp_path.glob("*.png")} == drawn
        text = (tmp_path / "report.md").read_text()
        assert {name for name in pictures if f"]({name})" in text} == drawn
