"""CSV files that list recordings: columns path and label, or path and split, checked row by row."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechrnn.errors import CorpusError
from speechrnn.text import as_file_name, printable

PARTS = ("train", "valid", "test")
# what is read; of other columns there may be any number
COLUMNS = ("path", "label", "speaker", "split")


@dataclass(frozen=True, slots=True)
class Row:
    """One recording in a CSV; a column that the file lacks, or an empty cell, is None.

    Attributes
    ----------
    line : int
        Where the row ends in the file, counted from 1.
    path : str
        The recording as written, as the name of a file.
    label : str or None
        What is said.
    speaker : str or None
        Who says it.
    split : str or None
        One of ``train``, ``valid``, ``test``.
    """

    line: int
    path: str
    label: str | None
    speaker: str | None
    split: str | None


def read_table(path: Path, needed: Sequence[str]) -> tuple[Row, ...]:
    """Read a CSV in UTF-8 with a header line; columns that `Row` does not know are ignored.

    Parameters
    ----------
    path : Path
        The file.
    needed : sequence of str
        Columns that must be there and filled in every row. A column `split` must be filled where it exists.

    Returns
    -------
    tuple of Row
        In the order of the file.

    Raises
    ------
    CorpusError
        Not readable, not UTF-8, not CSV, a needed column is missing, a column is there twice, or
        a row is wrong (with its line number).
    """
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if of_strings := "label" not in header:  # a string of digits is a label, too
            header = ["label" if name == "digits" else name for name in header]
        _check_header(path, header, needed)
        filled = [*needed, *(["split"] if "split" in header else [])]
        rows = tuple(_parse_row(path, reader.line_num, header, cells, filled) for cells in reader if cells)
        return tuple(replace(row, label=_join_groups(row.label)) for row in rows) if of_strings else rows
    except csv.Error as error:
        raise CorpusError(
            f"{printable(path)}: line {reader.line_num}: not readable as CSV ({error}). Export it again."
        ) from error


def _join_groups(label: str | None) -> str | None:
    """A string of digits may be written in groups."""
    digits = (label or "").replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdigit() else label


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{printable(path)}: cannot be read ({error.strerror}). Check the rights on it.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CorpusError(f"{printable(path)}: line {line} is not UTF-8. Save the file as CSV in UTF-8.") from error


def _check_header(path: Path, header: list[str], needed: Sequence[str]) -> None:
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        raise CorpusError(
            f"{printable(path)}: more than one column {' and '.join(twice)}, needed one. Take out or rename the others."
        )
    missing = [name for name in needed if name not in header]
    if not missing:
        return
    seen = ", ".join(map(printable, header)) or "none, the file is empty"
    raise CorpusError(
        f"{printable(path)}: no column {' or '.join(missing)} (columns found: {seen[:200]}). "
        f"Needed a first line with {','.join(needed)}, separated by commas."
    )


def _parse_row(path: Path, line: int, header: list[str], cells: list[str], filled: list[str]) -> Row:
    where = f"{printable(path)}: line {line}"
    if len(cells) != len(header):
        raise CorpusError(
            f"{where}: found {len(cells)} values, needed {len(header)}, one for each column. Quote values with commas."
        )
    # a path keeps its outer spaces: file names may have them
    row = {name: (cell if name == "path" else cell.strip()) for name, cell in zip(header, cells, strict=True)}
    for name in filled:
        if not row[name]:
            raise CorpusError(f"{where}: {name} is empty. Fill it in, or take the row out.")
    split = row.get("split", "").lower() or None
    if split not in (None, *PARTS):
        raise CorpusError(
            f"{where}: split is {printable(row['split'])[:60]}, needed {', '.join(PARTS[:-1])} or {PARTS[-1]}."
        )
    file = as_file_name(row["path"])
    return Row(line, file, row.get("label") or None, row.get("speaker") or None, split)
