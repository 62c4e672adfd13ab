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

from speechrnn.cli.outcome import name_files
from speechrnn.cli.progress import progress
from speechrnn.config import Config
from speechrnn.crossvalidation import Crossvalidated, CrossvalOptions, crossval
from speechrnn.errors import ConfigError, MissingExtraError
from speechrnn.fold_claim import PLAN
from speechrnn.fold_plan import measure
from speechrnn.fold_plots import plot_curves, plot_folds
from speechrnn.folds import Crossval
from speechrnn.learning_curve import Point, learning_curve
from speechrnn.markup import Table, text_table
from speechrnn.storage import write_bytes, write_text
from speechrnn.suspects import Suspect, beat_guessing, find_suspects
from speechrnn.text import count, printable, spell_path

MAX_SUSPECTS, MAX_MISTAKES = 20, 3


@dataclass(frozen=True, slots=True)
class CrossvalRequest:
    """What was typed."""

    data: Path
    config: str | None
    out: Path
    overrides: Mapping[str, Any]
    learning_curve: bool
    start: Path | None = None


def run_crossval(request: CrossvalRequest, by: str, seeds: int, jobs: int, *, as_json: bool) -> tuple[str, bool]:
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
    bool
        Whether all files could be read; those that could not, and those that are not used, are named on stderr.

    Raises
    ------
    ConfigError
        `by` is something else, or a learning curve is to go on from trained models.
    KeyboardInterrupt
        Ctrl-C, with how to go on.
    """
    if by not in ("speaker", "clip"):
        raise ConfigError(f"--by {by}: allowed are speaker and clip")
    config = Config.load(request.config or "default", request.overrides)
    if request.start is not None and request.learning_curve:
        raise ConfigError(
            "--learning-curve trains on fewer speakers, --from DIR goes on from models that heard all; choose one"
        )
    options = CrossvalOptions(by, seeds, jobs, start=request.start)
    try:
        done, points = _train(request, config, options)
    except KeyboardInterrupt as error:
        if not (request.out / PLAN).is_file():
            raise
        raise KeyboardInterrupt("to go on, run the same command again: what is done is kept") from error
    suspects = find_suspects(done.answers) if (trusted := beat_guessing(done.answers)) else ()
    if not trusted:
        typer.echo(
            "the answers of the folds cannot be told from guesses, so no label is doubted. Add voices or recordings, "
            "hold their labels against `speechrnn data check`, or train longer.",
            err=True,
        )
    found = _as_json(done, suspects, points)
    write_text(request.out / "crossval.json", found + "\n")
    write_text(request.out / "suspects.csv", _as_csv(suspects))
    _draw(request.out, done, points)
    text = found if as_json else describe_crossval(done.score, suspects, points)
    for what, items in (("not used", done.skipped), ("could not be read", done.unread)):
        if items:
            name_files(what, [f"{printable(item.path)}: {item.reason}" for item in items])
    return text, not done.unread


def _train(
    request: CrossvalRequest, config: Config, options: CrossvalOptions
) -> tuple[Crossvalidated, tuple[Point, ...]]:
    with progress("folds") as show:
        done = crossval(request.data, config, request.out, options, show)
        if not request.learning_curve:
            return done, ()
        return done, learning_curve(request.data, config, request.out / "learning-curve", options, show)


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
            f"Mean over {count(len(rows), head[0])}: {100 * score.macro:.1f} % on {voices}; 95 % of draws of "
            f"{head[0]}s {low} to {high}. Worst: {printable(score.worst)}, {100 * score.worst_accuracy:.1f} %."
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


def _as_json(done: Crossvalidated, suspects: Sequence[Suspect], points: Sequence[Point]) -> str:
    whole = dataclasses.asdict(done.score)
    whole["unreadable"] = [{"path": spell_path(item.path), "reason": item.reason} for item in done.unread]
    whole["suspects"] = [dataclasses.asdict(suspect) for suspect in suspects]
    whole["learning_curve"] = [dataclasses.asdict(point) for point in points]
    return json.dumps(whole, default=str)


def _as_csv(suspects: Sequence[Suspect]) -> str:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["path", "label", "says", "probability"])
    lines.writerows([s.path, s.label, s.says, f"{s.probability:.4f}"] for s in suspects)
    return text.getvalue()


def curves_of(done: Crossvalidated, points: Sequence[Point]) -> list[tuple[str, list[tuple[int, Crossval]]]]:
    """Say what a learning curve draws; at its right end is the score with all.

    Parameters
    ----------
    done : Crossvalidated
        With all speakers and clips.
    points : sequence of Point
        With fewer.

    Returns
    -------
    list of (str, list of (int, Crossval))
        Name of the axis, and the score at each number; no curve that would be one point.
    """
    most = measure(done.folds)
    speakers = [(p.speakers, p.score) for p in points if p.speakers] + [(most.speakers, done.score)]
    clips = [(p.clips, p.score) for p in points if p.clips] + [(most.clips, done.score)]
    named = [("speakers that train", speakers), ("clips of each label and speaker", clips)]
    return [(name, curve) for name, curve in named if len(curve) > 1]


def _draw(out: Path, done: Crossvalidated, points: Sequence[Point]) -> None:
    try:
        write_bytes(out / "crossval.png", plot_folds(done.score))
        if curves := curves_of(done, points):
            write_bytes(out / "learning-curve.png", plot_curves(curves))
        else:  # one of an earlier run would tell another story
            (out / "learning-curve.png").unlink(missing_ok=True)
    except MissingExtraError as error:
        typer.echo(f"no picture: {error}", err=True)
