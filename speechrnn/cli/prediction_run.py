"""The steps of ``predict``: what recognises, and where the answers go."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import typer

from speechrnn.batch import Item, predict_files
from speechrnn.cli.answers import FORMATS, Tally, print_answers, tally, watch
from speechrnn.cli.inputs import Inputs
from speechrnn.cli.outfile import Outfile, check_same, choose_outfile, open_outfile, skip_done
from speechrnn.recognizer import Prediction, Recognizer, load
from speechrnn.text import printable

__all__ = ["Engine", "Local", "choose_outfile", "load_recognizer", "show_answers", "write_answers"]


class Engine(Protocol):
    """What answers for a stream of recordings, in their order."""

    def predict(self, items: Iterable[Item]) -> Iterator[Prediction]:
        """Give a prediction for each."""


@dataclass(frozen=True, slots=True)
class Local:
    """The threads of this process."""

    recognizer: Recognizer
    jobs: int | None

    def predict(self, items: Iterable[Item]) -> Iterator[Prediction]:
        """Give a prediction for each."""
        return predict_files(self.recognizer, items, jobs=self.jobs)


def load_recognizer(model: Path | None, threshold: float | None, *, keras: bool) -> Recognizer:
    """Load a model, and say which where none is named.

    Parameters
    ----------
    model : Path or None
        As typed.
    threshold : float or None
        As typed.
    keras : bool
        Whether the plain librosa-Keras chain runs it.

    Returns
    -------
    Recognizer
        Ready to predict.
    """
    if keras:
        from speechrnn.training.reference import load_reference

        recognizer = load_reference(model, threshold=threshold)
    else:
        recognizer = load(model, threshold=threshold)
    if model is None:
        typer.echo(f"model: {recognizer.bundle.path}", err=True)
    return recognizer


def show_answers(engine: Engine, inputs: Inputs, form: str, top: int | None) -> Tally:
    """Print the answers as they come.

    Parameters
    ----------
    engine : Engine
        What answers.
    inputs : Inputs
        To what.
    form : str
        ``text``, ``json`` or ``csv``.
    top : int or None
        Labels in each answer.

    Returns
    -------
    Tally
        What came.
    """
    return print_answers(engine.predict(inputs), FORMATS[form](top), inputs.count)


def write_answers(engine: Engine, inputs: Inputs, outfile: Outfile) -> Tally:
    """Write the answers to a file, behind those that it has, and say where they are.

    Parameters
    ----------
    engine : Engine
        What answers.
    inputs : Inputs
        To what.
    outfile : Outfile
        Where.

    Returns
    -------
    Tally
        What came now.
    """
    items, n_before, last = skip_done(outfile, inputs)
    predictions = check_same(last, engine.predict(items))
    with open_outfile(outfile) as file:
        done = tally(watch(predictions, inputs.count, n_before), file.add)
    before = f", {n_before} of them done before" if n_before else ""
    typer.echo(f"{n_before + done.n} answers{before}: {printable(outfile.path)}", err=True)
    return done
