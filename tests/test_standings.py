"""The table of a comparison: what it says about what was tested, and that its JSON is one."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

from speechrnn.bundle import Bundle
from speechrnn.metadata import Heard, Metadata
from speechrnn.significance import Interval
from speechrnn.training.gradients import StateGradients
from speechrnn.training.standings import Contest, Contestant, render_contest, render_markdown, to_json

METADATA = Metadata(1, "isolated", 8000, 0.0, 1234, {}, (), Heard(), "speaker")


def contestant(name: str = "rnn", macro: float | None = 0.5, n_clips: int = 75) -> Contestant:
    start = StateGradients(np.arange(3), np.array([1.0, 4.0, 0.25]))
    end = StateGradients(np.arange(3), np.array([1.0, np.inf, 0.0]))
    bundle = Bundle(Path("out") / name, ("0", "1"), METADATA)
    return Contestant(name, 0.75, Interval(0.6, 0.9), macro, n_clips, 1234, 0.456, None, start, end, bundle)


def contest(*contestants: Contestant, n_speakers: int = 2, n_unheard: int = 2) -> Contest:
    files = (Path("out/comparison.md"),)
    return Contest("tones", "speaker", 75, n_speakers, n_unheard, 32, contestants or (contestant(),), files)


def test_a_row_has_all_figures() -> None:
    lines = render_contest(contest(contestant(), contestant("lstm", macro=None))).splitlines()
    rows = {cells[0]: cells[1:] for line in lines[2:5] if (cells := line.split())}
    assert rows["rnn"] == ["75.0", "%", "60.0", "to", "90.0", "50.0", "%", "1,234", "0.46", "—"]
    assert rows["lstm"] == ["75.0", "%", "60.0", "to", "90.0", "—", "1,234", "0.46", "—"]


@pytest.mark.parametrize(
    ("n_speakers", "n_unheard", "said"),
    [
        (1, 1, "75 clips (split: speaker) of 1 speaker not heard in training."),
        (2, 2, "of 2 speakers not heard in training."),
        (3, 0, "of 3 speakers heard in training, so a mean over unseen speakers (—) cannot be given"),
        (3, 1, "of 3 speakers, 1 of them not heard in training."),
        (0, 0, "speakers are not named, so a mean over unseen speakers (—) cannot be given."),
    ],
)
def test_the_headline_says_whose_voices_were_tested(n_speakers: int, n_unheard: int, said: str) -> None:
    made = contest(n_speakers=n_speakers, n_unheard=n_unheard)
    assert said in render_contest(made).splitlines()[0]
    assert said in render_markdown(made, None)


def test_clips_that_one_could_not_read_are_told() -> None:
    assert "wide could not read 2 test clips" in render_contest(contest(contestant(), contestant("wide", n_clips=73)))


def test_the_page_says_how_much_of_the_gradient_is_left() -> None:
    page = render_markdown(contest(), "gradients.png")
    assert "- rnn: 0.062 of the largest norm is left 2 steps back at the start of training, 0 at the end." in page
    assert "](gradients.png)" in page
    assert "gradients.png" not in render_markdown(contest(), None)


def test_names_cannot_break_the_page_or_the_table() -> None:
    made = contest(contestant("a|b\n*c*"))
    assert "a\\|b\\\\n\\*c\\*" in render_markdown(made, None)
    assert "a|b\\n*c*" in render_contest(made)


def test_the_json_has_every_field_and_an_overflow_is_null() -> None:
    tree = json.loads(to_json(contest()))
    [row] = tree["contestants"]
    assert row["gradients_end"] == {"steps_back": [0, 1, 2], "norm": [1.0, None, 0.0]}
    assert row["interval"] == {"low": 0.6, "high": 0.9}
    assert row["bundle"] == str(Path("out/rnn"))
    assert tree["files"] == [str(Path("out/comparison.md"))]
    assert set(tree) == set(Contest.__dataclass_fields__)
    assert set(row) == set(Contestant.__dataclass_fields__)
