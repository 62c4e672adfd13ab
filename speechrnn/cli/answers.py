"""Predictions as lines: for people, as JSON, as CSV."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import typer

from speechrnn.cli.group import FAILED
from speechrnn.cli.progress import is_watched, progress
from speechrnn.markup import percent
from speechrnn.recognizer import Prediction
from speechrnn.text import csv_line, printable

DIGITS = frozenset("0123456789")
# a bar is for waits; below this there is none
MANY = 500
# and it moves once in so many clips
_STEP = 16


class Format(Protocol):
    """How predictions are printed."""

    @property
    def top(self) -> int | None:
        """Say how many labels there are in each; None is as many as is usual."""

    def head(self) -> str:
        """Give the text before the first one."""

    def line(self, prediction: Prediction) -> str:
        """Give the text for one, with a newline; possibly nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    r"""For people: ``six.wav: 6 (99.8 %)``, and nothing for what failed.

    Examples
    --------
    >>> Text(2).line(Prediction("a.wav", "6", 0.75, {"6": 0.75, "7": 0.25}, 1.0, 0.0, 0.4))
    'a.wav: 6 (75.0 %), 7 (25.0 %)\n'
    >>> Text(1).line(Prediction("a.wav", None, 0.75, {"6": 0.75, "7": 0.25}, 0.1, 0.0, 0.4))
    'a.wav: no digit (nearest: 6 (75.0 %))\n'
    >>> Text(None).line(Prediction("a.wav", None, 0.75, {"yes": 0.75, "no": 0.25}, 0.1, 0.0, 0.4))
    'a.wav: no known word\n'
    """

    top: int | None

    def head(self) -> str:
        """Give nothing."""
        return ""

    def line(self, prediction: Prediction) -> str:
        """Give the line for one."""
        if prediction.error is not None:
            return ""
        best = ", ".join(f"{printable(label)} ({percent(p)})" for label, p in _best(prediction, self.top or 1))
        answer = best if prediction.label is not None else self._refuse(prediction, best)
        return f"{printable(prediction.path or '-')}: {answer}\n"

    def _refuse(self, prediction: Prediction, best: str) -> str:
        """A refusal makes no guess, unless one is asked for."""
        kind = "digit" if DIGITS.issuperset(prediction.probabilities or {}) else "known word"
        return f"no {kind} (nearest: {best})" if self.top else f"no {kind}"


@dataclasses.dataclass(frozen=True, slots=True)
class Json:
    """One object a line, as `docs/prediction.schema.json` describes it; ASCII, so that any file name survives."""

    top: int | None

    def head(self) -> str:
        """Give nothing."""
        return ""

    def line(self, prediction: Prediction) -> str:
        """Give the line for one."""
        # asdict copies every probability, at half the time of the line
        fields = {name: getattr(prediction, name) for name in _FIELDS}
        if self.top and prediction.probabilities is not None:
            fields["probabilities"] = dict(_best(prediction, self.top))
        return json.dumps(fields, allow_nan=False) + "\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Csv:
    r"""A table; ``--top K`` adds the columns label_2, probability_2 and so on.

    Examples
    --------
    >>> Csv(2).head()
    'path,label,probability,known,start,end,error,label_2,probability_2\n'
    """

    top: int | None

    def head(self) -> str:
        """Give the header."""
        more = [f"{name}_{k}" for k in range(2, (self.top or 1) + 1) for name in ("label", "probability")]
        return csv_line([*_COLUMNS, *more])

    def line(self, prediction: Prediction) -> str:
        """Give the row for one."""
        top = self.top or 1
        more: list[Any] = [cell for pair in _best(prediction, top)[1:] for cell in pair]
        more += [None] * (2 * (top - 1) - len(more))
        return csv_line([*(getattr(prediction, name) for name in _COLUMNS), *more])


FORMATS: Mapping[str, Callable[[int | None], Format]] = {"text": Text, "json": Json, "csv": Csv}
_FIELDS = tuple(field.name for field in dataclasses.fields(Prediction))
_COLUMNS = ("path", "label", "probability", "known", "start", "end", "error")


@dataclasses.dataclass(frozen=True, slots=True)
class Tally:
    """How many inputs there were, and how many failed."""

    n: int
    n_failed: int


class Answer(Protocol):
    """What came of one input, such as a prediction or a transcript."""

    @property
    def path(self) -> str | None:
        """Name the input; None is stdin."""

    @property
    def error(self) -> str | None:
        """Say why there is no answer."""


_Answer = TypeVar("_Answer", bound=Answer)


def print_answers(predictions: Iterable[Prediction], layout: Format, count: Callable[[], int | None]) -> Tally:
    """Print predictions on stdout as they come, and name on stderr what failed.

    Parameters
    ----------
    predictions : iterable of Prediction
        In the order of printing.
    layout : Format
        How.
    count : callable
        Says how many there will be; called where a bar may be drawn.

    Returns
    -------
    Tally
        What came.
    """
    sys.stdout.write(layout.head())
    # where the answers themselves run over the screen they show how far it is
    watched = watch(predictions, count) if not sys.stdout.isatty() else predictions
    return tally(watched, lambda prediction: sys.stdout.write(layout.line(prediction)))


def tally(answers: Iterable[_Answer], take: Callable[[_Answer], object]) -> Tally:
    """Pass answers on, name on stderr what failed, and count.

    Parameters
    ----------
    answers : iterable of Prediction or Transcript
        As they come.
    take : callable
        Prints or writes one.

    Returns
    -------
    Tally
        What came.
    """
    n = n_failed = 0
    for answer in answers:
        take(answer)
        n += 1
        if answer.error is not None:
            n_failed += 1
            typer.echo(f"error: {printable(answer.path or '-')}: {answer.error}", err=True)
    return Tally(n, n_failed)


def settle(came: Tally) -> None:
    """End a command: say how many of several inputs failed, and fail with them.

    Parameters
    ----------
    came : Tally
        What came.

    Raises
    ------
    typer.Exit
        With `FAILED`, where any did.
    """
    if came.n_failed and came.n > 1:
        typer.echo(f"{came.n_failed} of {came.n} inputs failed", err=True)
    if came.n_failed:
        raise typer.Exit(FAILED)


def watch(predictions: Iterable[Prediction], count: Callable[[], int | None], done: int = 0) -> Iterator[Prediction]:
    """Draw a bar with clips a second and the time left while predictions come, where many will and somebody looks.

    Parameters
    ----------
    predictions : iterable of Prediction
        As they come.
    count : callable
        Says how many there will be, with those done before.
    done : int
        How many were done before.

    Yields
    ------
    Prediction
        Each.
    """
    total = count() if is_watched() else 0
    if total is not None and total < MANY:
        yield from predictions
        return
    with progress("predicting", unit="clips") as show:
        for n, prediction in enumerate(predictions, start=done + 1):
            yield prediction
            if show is not None and n % _STEP == 0:
                show(n, total)


def _best(prediction: Prediction, n: int) -> list[tuple[str, float]]:
    return sorted((prediction.probabilities or {}).items(), key=lambda item: -item[1])[:n]
