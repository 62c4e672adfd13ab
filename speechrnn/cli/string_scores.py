"""What ``evaluate`` prints of a model of strings."""

from dataclasses import dataclass, replace
from pathlib import Path

import typer

from speechrnn.bundle import read_bundle
from speechrnn.cli.progress import progress
from speechrnn.cli.recordings import Opened, find_absent
from speechrnn.places import find_model
from speechrnn.string_evaluation import evaluate_strings, render_strings, strings_to_json
from speechrnn.text import printable
from speechrnn.transcriber import load_strings


@dataclass(frozen=True, slots=True)
class Scored:
    """How many recordings of strings could be read; what was left out on purpose is in neither number.

    Attributes
    ----------
    n_unread : int
        Files that could not be read.
    n_files : int
        All that had to be.
    """

    n_unread: int
    n_files: int


def is_of_strings(model: str | Path) -> bool:
    """Tell what kind a model is of.

    Parameters
    ----------
    model : str or Path
        A bundle or its name, as typed.

    Returns
    -------
    bool
        True where it hears strings.
    """
    return read_bundle(find_model(model)).metadata.kind == "strings"


def print_string_scores(opened: Opened, model: str | Path, *, as_json: bool) -> Scored:
    """Evaluate a model of strings and print what came out.

    Parameters
    ----------
    opened : Opened
        A corpus of strings.
    model : str or Path
        A bundle or its name, as typed.
    as_json : bool
        One object in place of tables.

    Returns
    -------
    Scored
        How many could be read.
    """
    data, recognizer = opened.corpus, load_strings(model)
    with progress("evaluating") as show:
        evaluation = evaluate_strings(data, recognizer, on_progress=show)
    named = replace(
        evaluation,
        alignments=tuple(replace(one, path=str(opened.name(Path(one.path)))) for one in evaluation.alignments),
        skipped=opened.rename(evaluation.skipped),
    )
    typer.echo(strings_to_json(named) if as_json else render_strings(named))
    for one in named.skipped:
        typer.echo(f"not scored: {printable(one.path)}: {one.reason}", err=True)
    strings = {clip.path for clip in data.clips if set(clip.label) <= set(recognizer.labels)}
    failed = {one.path for one in set(evaluation.skipped) - set(data.skipped) if one.path in strings}
    n_unread = len(failed | find_absent(data))
    return Scored(n_unread, evaluation.n_strings + n_unread)
