"""The course of a training, one row an epoch, as a CSV that any spreadsheet opens."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields

from speechrnn.errors import BundleError

# averaged weights (Izmailov et al. 2018) are those after the epochs behind this share of all: the first are far off
NOT_AVERAGED = 0.3


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training clips.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    loss : float
        On the training clips, cross-entropy in nats.
    accuracy : float or None
        On the training clips, a share from 0 to 1; None where nobody counted.
    valid_loss, valid_accuracy : float or None
        On the validation clips; None where there are none.
    seconds : float
        How long it took.
    """

    epoch: int
    loss: float
    accuracy: float | None
    valid_loss: float | None
    valid_accuracy: float | None
    seconds: float


COLUMNS = tuple(field.name for field in fields(Epoch))


def format_history(rows: Sequence[Epoch]) -> str:
    """Write a training's course as CSV.

    Parameters
    ----------
    rows : sequence of Epoch
        In order.

    Returns
    -------
    str
        A header line and a line for each row; None is an empty cell.

    Examples
    --------
    >>> format_history([Epoch(1, 2.25, 0.5, None, None, 3.0)]).splitlines()
    ['epoch,loss,accuracy,valid_loss,valid_accuracy,seconds', '1,2.25,0.5,,,3.0']
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, column) for column in COLUMNS] for row in rows)
    return lines.getvalue()


def parse_history(text: str, where: str = "history.csv") -> tuple[Epoch, ...]:
    r"""Read what `format_history` wrote; columns that are not known are passed over.

    Parameters
    ----------
    text : str
        The CSV.
    where : str
        What an error message calls it.

    Returns
    -------
    tuple of Epoch
        In order.

    Raises
    ------
    BundleError
        A column is missing, or a cell is not a number.

    Examples
    --------
    >>> parse_history("epoch,loss\n1,2.5\n")
    Traceback (most recent call last):
    speechrnn.errors.BundleError: history.csv: no column accuracy, needed epoch, loss, accuracy, ...
    """
    try:
        return tuple(_parse_rows(csv.DictReader(io.StringIO(text, newline=""), strict=True), where))
    except csv.Error as error:
        raise BundleError(f"{where}: not CSV ({error}). Restore the file, or train again.") from error


def _parse_rows(reader: "csv.DictReader[str]", where: str) -> list[Epoch]:
    for column in COLUMNS:
        if column not in (reader.fieldnames or ()):
            raise BundleError(
                f"{where}: no column {column}, needed {', '.join(COLUMNS)}. Restore the file, or train again."
            )
    rows = []
    for cells in reader:
        try:
            rows.append(_parse_row(cells))
        except (ValueError, TypeError) as error:
            raise BundleError(
                f"{where}: line {reader.line_num} is not a row of numbers ({error}). Restore the file, or train again."
            ) from error
    return rows


def _parse_row(cells: dict[str, str]) -> Epoch:
    return Epoch(
        epoch=int(cells["epoch"]),
        loss=float(cells["loss"]),
        accuracy=float(cells["accuracy"]) if cells["accuracy"] else None,
        valid_loss=float(cells["valid_loss"]) if cells["valid_loss"] else None,
        valid_accuracy=float(cells["valid_accuracy"]) if cells["valid_accuracy"] else None,
        seconds=float(cells["seconds"]),
    )


def kept_epochs(best: int, select: str, n_asked: int) -> range:
    """Say which epochs' weights a training kept.

    Parameters
    ----------
    best : int
        The epoch whose weights are kept, or the last of those that are averaged.
    select : {"best", "last", "average"}
        As in the configuration.
    n_asked : int
        Epochs that were asked for.

    Returns
    -------
    range
        One epoch, or those whose mean is kept.

    Examples
    --------
    >>> kept_epochs(7, "best", 10), kept_epochs(10, "average", 10), kept_epochs(2, "average", 10)
    (range(7, 8), range(4, 11), range(2, 3))
    """
    first = min(best, 1 + int(NOT_AVERAGED * n_asked)) if select == "average" else best
    return range(first, best + 1)
