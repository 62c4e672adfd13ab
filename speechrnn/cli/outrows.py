"""Answers that stand in a file already, read line by line, to go on behind them."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

from speechrnn.cli.answers import Csv, Format
from speechrnn.errors import OutputError
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.text import printable


@dataclass(frozen=True, slots=True)
class Row:
    """What a line of the file says, and where in the file it ends."""

    path: str
    label: str | None
    probability: float | None
    known: float | None
    n_labels: int | None  # that have a probability in it; a CSV has columns for them
    error: str | None
    end: int


def read_answers(path: Path, layout: Format) -> Iterator[Row]:
    """Read a file of answers, a row at a time; a last row that is torn is left out.

    Parameters
    ----------
    path : Path
        The file; possibly not there.
    layout : Format
        How its lines are written.

    Yields
    ------
    Row
        One for each answer.

    Raises
    ------
    OutputError
        It is no file of answers, or has other columns.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        lines = _whole_lines(file, quoted=isinstance(layout, Csv))
        header = next(lines, (b"", 0))[0] if isinstance(layout, Csv) else b""
        if header and header.decode("utf-8", "replace") != layout.head():
            raise OutputError(
                f"{printable(path)}: its columns are not those of this command. Give the same --top, or another --out."
            )
        for line, end in lines:
            try:
                yield _parse(line, end, csv_columns=bool(header))
            except (ValueError, KeyError, TypeError) as error:
                raise OutputError(
                    f"{printable(path)}: the line that ends at byte {end} is no answer of speechrnn. Give "
                    "another --out."
                ) from error


def check_row(row: Row, layout: Format, recognizer: Recognizer) -> None:
    """Refuse an answer that this command would have written otherwise.

    Parameters
    ----------
    row : Row
        From `read_answers`.
    layout : Format
        How this command writes answers.
    recognizer : Recognizer
        The model of this command.

    Raises
    ------
    OutputError
        It holds another number of labels, or was refused by another threshold; without the name of the file.
    """
    n_all = len(recognizer.labels)
    n = min(layout.top or n_all, n_all)
    if row.n_labels not in (None, n):
        raise OutputError(f"has {row.n_labels} probabilities, needed {n}. Give the same --top and --model")
    if row.known is None or row.probability is None or row.error is not None:
        return
    if recognizer.refuses(row.known, row.probability) != (row.label is None):
        seen, now = ("no label", "answer") if row.label is None else (f"the label {printable(row.label)}", "refuse")
        raise OutputError(
            f"has {seen} where this command would {now} (known {row.known:.3f}, probability {row.probability:.3f}). "
            "Give the same --threshold and --model"
        )


def check_torn(path: Path, layout: Format, first: str | None) -> None:
    """Refuse a file that has no whole row, unless a kill may have left it so.

    Parameters
    ----------
    path : Path
        The file.
    layout : Format
        How its lines are written.
    first : str or None
        What the first answer calls its input; None where there is no input.

    Raises
    ------
    OutputError
        It begins otherwise than a file of answers.
    """
    found, begin = path.read_bytes(), layout.head()
    if first is not None:  # what two answers to it have in common, all have
        pair = [layout.line(Prediction(first, label, None, None, None, None, None)) for label in (None, "6")]
        begin += "".join(a for a, _ in takewhile(lambda both: both[0] == both[1], zip(*pair, strict=False)))
    expected = begin.encode("utf-8", "surrogateescape")
    longer = first is not None and found.startswith(expected) and not _is_other(found)
    if not (expected.startswith(found) or longer):
        raise OutputError(
            f"{printable(path)}: does not begin as a file of answers to these inputs does. Give those that it was "
            "begun with and the same --top, or another --out."
        )


def _is_other(found: bytes) -> bool:
    """A whole JSON object that only its newline is missing from, and that is no answer."""
    try:
        _parse(found, len(found), csv_columns=False)
    except (KeyError, TypeError):
        return True
    except ValueError:  # torn, or CSV
        return False
    return False


def _parse(line: bytes, end: int, *, csv_columns: bool) -> Row:
    text = line.decode("utf-8", "surrogateescape")
    if csv_columns:
        [cells] = csv.reader(io.StringIO(text, newline=""))
        path, label, probability, known, *_, error = cells[:7]
        return Row(path, label or None, _number(probability), _number(known), None, error or None, end)
    fields = json.loads(text)
    probability, known, labels = (fields[name] for name in ("probability", "known", "probabilities"))
    n_labels = None if labels is None else len(labels)
    return Row(fields["path"], fields["label"], _number(probability), _number(known), n_labels, fields["error"], end)


def _number(cell: Any) -> float | None:
    return None if cell is None or cell == "" else float(cell)


def _whole_lines(file: BinaryIO, *, quoted: bool) -> Iterator[tuple[bytes, int]]:
    """Each row with the place where it ends; a line break inside quotes ends none, and a torn row is left out."""
    row, end = b"", 0
    for line in file:
        row += line
        if line.endswith(b"\n") and not (quoted and row.count(b'"') % 2):
            end += len(row)
            yield row, end
            row = b""
