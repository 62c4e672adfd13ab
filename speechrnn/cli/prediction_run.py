"""The steps of ``predict``: what recognises, and answers on stdout; `speechrnn.cli.prediction_files` writes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import typer

from speechrnn.batch import Item, predict_files
from speechrnn.cli.answers import FORMATS, Tally, print_answers
from speechrnn.cli.inputs import Inputs
from speechrnn.extras import check_installed
from speechrnn.recognizer import Prediction, Recognizer, load


class Engine(Protocol):
    """What answers for a stream of recordings, in their order."""

    @property
    def recognizer(self) -> Recognizer:
        """Give the model that it runs."""

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


def find_cluster(recognizer: Recognizer, address: str | None, jobs: int | None) -> Engine:
    """Take the machines of a Ray cluster.

    Parameters
    ----------
    recognizer : Recognizer
        The model.
    address : str or None
        As typed.
    jobs : int or None
        Most actors.

    Returns
    -------
    Engine
        Not connected yet.
    """
    from speechrnn.cluster import Cluster

    check_installed("ray", extra="ray", purpose="--engine ray")
    return Cluster(recognizer, address, jobs)


def load_recognizer(model: str | None, threshold: float | None, *, keras: bool) -> Recognizer:
    """Load a model, and say which where none is named.

    Parameters
    ----------
    model : str or None
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
