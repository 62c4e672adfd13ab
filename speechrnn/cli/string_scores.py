"""What ``evaluate`` prints of a model of strings."""

from pathlib import Path

import typer

from speechrnn.bundle import read_bundle
from speechrnn.cli.progress import progress
from speechrnn.cli.recordings import find_absent
from speechrnn.corpus.layouts import Corpus
from speechrnn.places import find_model
from speechrnn.string_evaluation import evaluate_strings, render_strings, strings_to_json
from speechrnn.text import printable
from speechrnn.transcriber import load_strings


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


def print_string_scores(data: Corpus, model: str | Path, *, as_json: bool) -> tuple[int, int]:
    """Evaluate a model of strings and print what came out.

    Parameters
    ----------
    data : Corpus
        Of strings.
    model : str or Path
        A bundle or its name, as typed.
    as_json : bool
        One object in place of tables.

    Returns
    -------
    tuple of int
        How many files could not be read, and how many had to be; what was left out on purpose is in neither.
    """
    recognizer = load_strings(model)
    with progress("evaluating") as show:
        evaluation = evaluate_strings(data, recognizer, on_progress=show)
    typer.echo(strings_to_json(evaluation) if as_json else render_strings(evaluation))
    for one in evaluation.skipped:
        typer.echo(f"not scored: {printable(one.path)}: {one.reason}", err=True)
    strings = {clip.path for clip in data.clips if set(clip.label) <= set(recognizer.labels)}
    failed = {one.path for one in set(evaluation.skipped) - set(data.skipped) if one.path in strings}
    n_unread = len(failed | find_absent(data))
    return n_unread, evaluation.n_strings + n_unread
