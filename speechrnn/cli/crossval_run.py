"""What ``speechrnn crossval`` does, writes and prints."""

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from speechrnn.cli.progress import progress
from speechrnn.config import Config
from speechrnn.crossvalidation import CrossvalOptions, crossval
from speechrnn.errors import ConfigError, MissingExtraError
from speechrnn.fold_plots import plot_curves, plot_folds
from speechrnn.folds import Crossval
from speechrnn.learning_curve import Point, learning_curve
from speechrnn.markup import Table, count, text_table
from speechrnn.storage import write_bytes, write_text
from speechrnn.suspects import Suspect, find_suspects
from speechrnn.text import printable

MAX_SUSPECTS, MAX_MISTAKES = 20, 3


@dataclass(frozen=True, slots=True)
class CrossvalRequest:
    """What was typed."""

    data: Path
    config: str | None
    out: Path
    overrides: Mapping[str, Any]
    learning_curve: bool


def run_crossval(request: CrossvalRequest, by: str, seeds: int, jobs: int, *, as_json: bool) -> str:
    """Cross-validate, write the results beside the folds, and say what came out.

    Parameters
    ----------
    request : CrossvalRequest
        Recordings, configuration, folder.
    by : str
        ``speaker`` or ``clip``.
    seeds, jobs : int
        As in `speechrnn.crossvalidation.CrossvalOptions`.
    as_json : bool
        Whether JSON is asked for.

    Returns
    -------
    str
        For stdout.

    Raises
    ------
    ConfigError
        `by` is something else.
    """
    if by not in ("speaker", "clip"):
        raise ConfigError(f"--by {by}: allowed are speaker and clip")
    config = Config.load(request.config or "default", request.overrides)
    options = CrossvalOptions(by, seeds, jobs)
    points: tuple[Point, ...] = ()
    with progress("folds") as show:
        done = crossval(request.data, config, request.out, options, show)
        if request.learning_curve:
            points = learning_curve(request.data, config, request.out / "learning-curve", options, show)
    suspects = find_suspects(done.answers)
    found = _as_json(done.score, suspects, points)
    write_text(request.out / "crossval.json", found + "\n")
    write_text(request.out / "suspects.csv", _as_csv(suspects))
    _draw(request.out, done.score, points)
    return found if as_json else describe_crossval(done.score, suspects, points)


def describe_crossval(score: Crossval, suspects: Sequence[Suspect], points: Sequence[Point]) -> str:
    """Write the score as a table, and what follows from it.

    Parameters
    ----------
    score : Crossval
        The score.
    suspects : sequence of Suspect
        Clips whose label looks wrong.
    points : sequence of Point
        Of a learning curve; may be empty.

    Returns
    -------
    str
        Lines of text.
    """
    head = ("speaker" if score.by == "speaker" else "part", "clips", "accuracy", "seeds", "mistakes")
    rows = [
        (
            printable(fold.name),
            str(fold.n_clips),
            f"{100 * fold.accuracy:.1f} %",
            " ".join(f"{100 * value:.1f}" for value in fold.per_seed),
            ", ".join(f"{name} ({n})" for name, n in list(fold.mistakes.items())[:MAX_MISTAKES]),
        )
        for fold in score.folds
    ]
    low, high = (f"{100 * value:.1f}" for value in score.interval)
    voices = "voices that did not train" if score.by == "speaker" else "voices heard in training"
    lines = [
        text_table(Table(head, tuple(rows))),
        "",
        (
            f"Mean over {count(len(rows), head[0])}: {100 * score.macro:.1f} % on {voices}; 95 % of draws of speakers "
            f"{low} to {high}. Worst: {printable(score.worst)}, {100 * score.worst_accuracy:.1f} %."
        ),
        f"{score.n_clips} clips, {count(score.n_speakers, 'speaker')}, {count(score.n_seeds, 'seed')}.",
    ]
    if suspects:
        lines += ["", f"{count(len(suspects), 'clip')} may bear a wrong label (all in suspects.csv):"]
        lines += [
            f"  {printable(s.path)}: labelled {printable(s.label)}, heard as {printable(s.says)} ({s.probability:.2f})"
            for s in suspects[:MAX_SUSPECTS]
        ]
    if points:
        table = tuple(
            (
                str(p.speakers or "all"),
                str(p.clips or "all"),
                f"{100 * p.score.macro:.1f} %",
                f"{100 * p.score.worst_accuracy:.1f} %",
            )
            for p in points
        )
        names = ("speakers", "clips of each label", "mean", "worst")
        lines += ["", text_table(Table(names, table))]
    return "\n".join(lines)


def _as_json(score: Crossval, suspects: Sequence[Suspect], points: Sequence[Point]) -> str:
    whole = dataclasses.asdict(score)
    whole["suspects"] = [dataclasses.asdict(suspect) for suspect in suspects]
    whole["learning_curve"] = [dataclasses.asdict(point) for point in points]
    return json.dumps(whole, default=str)


def _as_csv(suspects: Sequence[Suspect]) -> str:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["path", "label", "says", "probability"])
    lines.writerows([s.path, s.label, s.says, f"{s.probability:.4f}"] for s in suspects)
    return text.getvalue()


def _draw(out: Path, score: Crossval, points: Sequence[Point]) -> None:
    try:
        write_bytes(out / "crossval.png", plot_folds(score))
        if points:
            speakers = [(p.speakers, p.score) for p in points if p.speakers] + [(score.n_speakers - 1, score)]
            n_clips = score.n_clips // max(1, len(score.folds) * 10)
            clips = [(p.clips, p.score) for p in points if p.clips] + [(n_clips, score)]
            named = [("speakers that train", speakers), ("clips of each label and speaker", clips)]
            write_bytes(out / "learning-curve.png", plot_curves(named))
    except MissingExtraError as error:
        typer.echo(f"no picture: {error}", err=True)
