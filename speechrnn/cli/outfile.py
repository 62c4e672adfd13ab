"""``predict --out FILE``: answers in a file, one whole line after the other, to be gone on with after any end.

A JSONL or CSV file grows by whole lines. A Parquet file cannot: its index stands at its end. Until all is done its rows
stand in a JSONL file beside it (docs/adr/0019-batch-output.md).
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

from speechrnn.batch import Item, name_item
from speechrnn.cli.answers import Format
from speechrnn.cli.outplace import Outfile
from speechrnn.cli.outrows import Row, check_row, check_torn, read_answers
from speechrnn.errors import NO_SPACE, OutputError, explain_no_space
from speechrnn.parquet import write_table
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.text import printable

# lines wait for so many others, or for the first that comes after so long; a kill loses those that wait, at most, and
# --resume does them again
_LINES, _SECONDS = 256, 1.0
# an answer of the same model to the same clip differs by less
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class Begun:
    """What a file has already.

    Attributes
    ----------
    items : iterable
        Inputs that are still to do.
    n, n_failed : int
        Rows that are there, and those of them that hold an error.
    last : Row or None
        The last of them that holds an answer.
    """

    items: Iterable[Item]
    n: int = 0
    n_failed: int = 0
    last: Row | None = None


def skip_done(outfile: Outfile, items: Iterable[Item], recognizer: Recognizer) -> Begun:
    """Leave out what the file has already; the last answer is given again, to see that it is the same model's.

    Parameters
    ----------
    outfile : Outfile
        From `speechrnn.cli.outplace.choose_outfile`.
    items : iterable
        All inputs, in the order of those that the file was begun with.
    recognizer : Recognizer
        What goes on with it.

    Returns
    -------
    Begun
        What is there, and what is to do.

    Raises
    ------
    OutputError
        The file was begun with other inputs, another ``--top`` or threshold, or is no file of answers.
    """
    if outfile.anew:
        return Begun(items)
    rest, n, n_failed, end = iter(items), 0, 0, 0
    last: tuple[Item, Row] | None = None
    for row in read_answers(outfile.journal, outfile.layout):
        item = next(rest, None)
        if item is None or name_item(item) != row.path:
            seen = "the inputs end before it" if item is None else f"that input is now {printable(name_item(item))}"
            raise OutputError(
                f"{printable(outfile.journal)}: row {n + 1} is of {printable(row.path)}, but {seen}. Give the inputs "
                "that it was begun with, or another --out."
            )
        try:
            check_row(row, outfile.layout, recognizer)
        except OutputError as error:
            raise OutputError(f"{printable(outfile.journal)}: row {n + 1} {error}, or another --out.") from error
        n, n_failed, end = n + 1, n_failed + (row.error is not None), row.end
        last = (item, row) if row.error is None else last  # an error tells nothing of the model
    if n:
        os.truncate(outfile.journal, end)  # behind it, a line that a kill tore
        return Begun(chain([last[0]], rest), n, n_failed, last[1]) if last else Begun(rest, n, n_failed)
    if outfile.journal.exists():
        first = list(islice(rest, 1))
        check_torn(outfile.journal, outfile.layout, name_item(first[0]) if first else None)
        os.truncate(outfile.journal, 0)
        rest = chain(first, rest)
    return Begun(rest)


def check_same(last: Row | None, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
    """Take off the answer that is given again, and hold it against the row.

    Parameters
    ----------
    last : Row or None
        From `skip_done`.
    predictions : iterable of Prediction
        Of the inputs from there.

    Yields
    ------
    Prediction
        Those behind it.

    Raises
    ------
    OutputError
        The answers in the file are another model's.
    """
    rest = iter(predictions)
    if last is not None and (now := next(rest, None)) is not None:
        near = last.probability is None or abs((now.probability or 0.0) - last.probability) < _SAME
        if now.error is None and not (near and last.label == now.label):
            raise OutputError(
                f"{printable(last.path)} has {_say(last)} in the file, and {_say(now)} by this model: it is not the "
                "one (or not the --threshold) that the file was begun with. Give that one, or another --out."
            )
    yield from rest


@contextmanager
def open_outfile(outfile: Outfile) -> Iterator["Writer"]:
    """Write answers behind those that are there; on leaving without an error a Parquet file is made.

    Parameters
    ----------
    outfile : Outfile
        From `speechrnn.cli.outplace.choose_outfile`.

    Yields
    ------
    Writer
        Takes predictions.

    Raises
    ------
    OSError
        No space, no rights; what was written before stays, in whole lines.
    """
    # not unlinked: the lock of `hold_outfile` is on this file; a Parquet file stays until the new one takes its name
    if outfile.anew and outfile.journal.exists():
        os.truncate(outfile.journal, 0)
    with outfile.journal.open("ab", buffering=0) as file:
        writer = Writer(file, outfile.layout)
        try:
            yield writer
        finally:  # Ctrl-C loses nothing that is known
            writer.flush()
    if outfile.journal != outfile.path:
        with outfile.journal.open("rb") as file:
            write_table(outfile.path, map(json.loads, file))
        outfile.journal.unlink()


@contextmanager
def tell_how_to_go_on(outfile: Outfile) -> Iterator[None]:
    """Name the file that a full disk or Ctrl-C ends, and ``--resume`` where it has answers already.

    Parameters
    ----------
    outfile : Outfile
        As `open_outfile` takes it, inside this.

    Raises
    ------
    OutputError
        The disk is full, and what was written is worth going on with.
    OSError
        It is full, and nothing was written; or another trouble.
    KeyboardInterrupt
        With what to do.
    """
    option = "--resume instead of --force" if outfile.anew else "--resume"
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        if not _is_begun(outfile):
            raise OSError(error.errno, error.strerror, str(outfile.path)) from error
        raise OutputError(
            f"{printable(outfile.path)}: {explain_no_space(error, f'run the same command with {option}')}"
        ) from error
    except KeyboardInterrupt as error:
        if not _is_begun(outfile):
            raise
        raise KeyboardInterrupt(f"to go on, run the same command with {option}") from error


def _is_begun(outfile: Outfile) -> bool:
    return outfile.journal.exists() and outfile.journal.stat().st_size > 0


class Writer:
    """Appends whole lines.

    Parameters
    ----------
    file : binary file object
        Opened for appending, without a buffer.
    layout : Format
        How a line is written.
    """

    def __init__(self, file: BinaryIO | Any, layout: Format) -> None:
        self._file, self._layout = file, layout
        self._size = os.fstat(file.fileno()).st_size
        self._lines: list[str] = [] if self._size else [layout.head()]
        self._since = time.monotonic()

    def add(self, prediction: Prediction) -> None:
        """Write a prediction, soon.

        Parameters
        ----------
        prediction : Prediction
            The next one.
        """
        self._lines.append(self._layout.line(prediction))
        if len(self._lines) >= _LINES or time.monotonic() - self._since > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits, all of it or none of it.

        Raises
        ------
        OSError
            No space; the file is as it was.
        """
        data = memoryview("".join(self._lines).encode("utf-8", "surrogateescape"))
        self._lines, self._since = [], time.monotonic()
        size = self._size + len(data)
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size = size


def _say(answer: Row | Prediction) -> str:
    return f"{printable(answer.label or 'no label')} ({100 * (answer.probability or 0):.1f} %)"
