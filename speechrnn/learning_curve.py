"""How many clips, how many speakers: a cross-validation for each of a few smaller sets."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.crossvalidation import CrossvalOptions, crossval
from speechrnn.errors import MissingLabelError
from speechrnn.fold_plan import Amount, measure, plan_folds
from speechrnn.folds import Crossval

CLIPS = (2, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Point:
    """The score with less to train on.

    Attributes
    ----------
    speakers : int or None
        So many trained; None: all that were not kept.
    clips : int or None
        So many of each label and speaker; None: all.
    score : Crossval
        On the speakers kept.
    """

    speakers: int | None
    clips: int | None
    score: Crossval


def learning_curve(
    data: str | Path,
    config: Config,
    out: Path,
    options: CrossvalOptions,
    on_fold: Callable[[int, int], None] | None = None,
) -> tuple[Point, ...]:
    """Cross-validate with fewer speakers, where speakers are kept, and with fewer clips of each.

    Parameters
    ----------
    data : str or Path
        Recordings in any layout.
    config : Config
        As for `speechrnn.crossvalidation.crossval`.
    out : Path
        A folder for each point is made in it.
    options : CrossvalOptions
        Folds, seeds, jobs.
    on_fold : callable, optional
        Called with the folds done and all folds of the point at work.

    Returns
    -------
    tuple of Point
        Fewer speakers first, then fewer clips; those at which every label trains in every fold.

    Raises
    ------
    SpeechRNNError
        As `crossval` does.
    """
    points = []
    most = measure(plan_folds(read_corpus(Path(data)), config, out, options))
    for speakers, clips in plan_points(most, options.by):
        folder = out / f"{speakers or 'all'}-speakers-{clips or 'all'}-clips"
        fewer = replace(options, speakers=speakers, clips=clips)
        # of so few, some label may not train: that is found before anything is written
        with contextlib.suppress(MissingLabelError):
            done = crossval(data, config, folder, fewer, on_fold)
            points.append(Point(speakers, clips, done.score))
    return tuple(points)


def plan_points(most: Amount, by: str) -> list[tuple[int | None, int | None]]:
    """Choose numbers of speakers, doubling, and of clips, as far as more train.

    Parameters
    ----------
    most : Amount
        What trains without a limit.
    by : str
        ``speaker``, or ``clip``: then no number of speakers, for folds are none.

    Returns
    -------
    list of (int or None, int or None)
        Speakers and clips of each point; None is all.

    Examples
    --------
    >>> plan_points(Amount(speakers=5, clips=8), "speaker")
    [(1, None), (2, None), (4, None), (None, 2), (None, 5)]
    >>> plan_points(Amount(speakers=5, clips=8), "clip")
    [(None, 2), (None, 5)]
    """
    speakers: list[int | None] = []
    n = 1
    while n < most.speakers and by == "speaker":
        speakers.append(n)
        n *= 2
    return [(n, None) for n in speakers] + [(None, n) for n in CLIPS if n < most.clips]
