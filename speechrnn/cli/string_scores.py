"""What ``evaluate`` prints of a model of strings."""

from pathlib import Path

import typer

from speechrnn.bundle import read_bundle
from speechrnn.cli.progress import progress
from speechrnn.corpus.layouts import Corpus
from speechrnn.places import find_model
from speechrnn.string_evaluation import evaluate_strings, render_strings, strings_to_json
from speechrnn.text import printable
from speechrnn.transcriber import load_strings


def is_of_strings(model: Path) -> bool:
    """Tell what kind a model is of.

    Parameters
    ----------
    model : Path
        As typed.

    Returns
    -------
    bool
        True where it hears strings.
    """
    return read_bundle(find_model(model)).metadata.kind == "strings"


def print_string_scores(data: Corpus, model: Path, *, as_json: bool) -> tuple[int, int]:
    """Evaluate a model of strings and print what came out.

    Parameters
    ----------
    data : Corpus
        Of strings.
    model : Path
        A bundle.
    as_json : bool
        One object in place of tables.

    Returns
    -------
    tuple of int
        How many files could not be scored, and how many there were.
    """
    with progress("evaluating") as show:
        evaluation = evaluate_strings(data, load_strings(model), on_progress=show)
    typer.echo(strings_to_json(evaluation) if as_json else render_strings(evaluation))
    for one in evaluation.skipped:
        typer.echo(f"not scored: {printable(one.path)}: {one.reason}", err=True)
    return len(evaluation.skipped), evaluation.n_strings + len(evaluation.skipped)
