"""Answers as a Parquet file (extra ``parquet``): the fields of a prediction, one row each."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from speechrnn.extras import require
from speechrnn.storage import atomic_file

# rows that are in memory at once, and in one group of the file
_ROWS = 8192


def answer_schema() -> Any:
    """Give the columns: those of `Prediction`; `probabilities` is a map, since ``--top`` leaves labels out.

    Returns
    -------
    pyarrow.Schema
        Of every file that this package writes.
    """
    arrow = require("pyarrow", extra="parquet", purpose="writing Parquet")
    text, number = arrow.string(), arrow.float64()
    return arrow.schema(
        [
            # a file name is bytes that need not be UTF-8; what is not is written as Python escapes it, see `_escape`
            ("path", text),
            ("label", text),
            ("probability", number),
            ("probabilities", arrow.map_(text, number)),
            ("known", number),
            ("start", number),
            ("end", number),
            ("error", text),
        ]
    )


def write_table(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows, a group at a time, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    rows : iterable of mapping
        Fields of predictions.
    """
    parquet = require("pyarrow.parquet", extra="parquet", purpose="writing Parquet")
    arrow = require("pyarrow", extra="parquet", purpose="writing Parquet")
    schema, rest = answer_schema(), iter(rows)
    with atomic_file(path) as temporary, parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
        while group := list(islice(rest, _ROWS)):
            writer.write_table(arrow.Table.from_pylist([as_columns(row) for row in group], schema))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read what `write_table` wrote, a group at a time.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    dict
        Fields of a prediction.
    """
    parquet = require("pyarrow.parquet", extra="parquet", purpose="reading Parquet")
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            for row in batch.to_pylist(maps_as_pydicts="strict"):
                row["path"] = _unescape(row["path"])
                yield row


def holds_answers(folder: Path) -> bool:
    """Tell whether a folder holds parts that the machines of a cluster wrote, and nothing else.

    Parameters
    ----------
    folder : Path
        Any.

    Returns
    -------
    bool
        True where each file is a Parquet file with the columns of `answer_schema`.
    """
    files = list(folder.iterdir())
    return all(file.suffix == ".parquet" and file.is_file() for file in files) and all(map(is_answers, files))


def is_answers(path: Path) -> bool:
    """Tell whether a file is one of answers, by its columns.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    bool
        True where it is a Parquet file with the columns of `answer_schema`.

    Raises
    ------
    OSError
        It cannot be read at all.
    """
    parquet = require("pyarrow.parquet", extra="parquet", purpose="reading Parquet")
    try:
        names: list[str] = parquet.read_schema(path).names
    except (ValueError, OSError) as error:  # pyarrow's ArrowInvalid, and what it says of a torn index
        if getattr(error, "errno", None) is not None:
            raise
        return False
    return bool(names == answer_schema().names)


def as_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    r"""Make the fields of a prediction fit the columns.

    Parameters
    ----------
    row : mapping
        As `dataclasses.asdict` gives it.

    Returns
    -------
    dict
        The same; undecodable bytes of the path are escaped.

    Examples
    --------
    >>> as_columns({"path": "a\udcff.wav", "probabilities": {"6": 1.0}})
    {'path': 'a\\udcff.wav', 'probabilities': [('6', 1.0)]}
    """
    probabilities = row["probabilities"]
    return {
        **row,
        "path": _escape(str(row["path"])),
        "probabilities": None if probabilities is None else list(probabilities.items()),
    }


# an undecodable byte as Python escapes it, and the backslashes before it
_ESCAPED = re.compile(r"(\\+)udc([89a-f][0-9a-f])")
# backslashes that the reader would take for a part of one
_AMBIGUOUS = re.compile(r"\\+(?=[\udc80-\udcff]|udc[89a-f][0-9a-f])")


def _escape(path: str) -> str:
    """Double the backslashes before what is, or looks like, an escaped byte; others stand as they are."""
    return _AMBIGUOUS.sub(lambda found: 2 * found[0], path).encode("utf-8", "backslashreplace").decode()


def _unescape(path: str) -> str:
    def read(found: re.Match[str]) -> str:
        n, escaped = divmod(len(found[1]), 2)
        return "\\" * n + (chr(0xDC00 + int(found[2], 16)) if escaped else f"udc{found[2]}")

    return _ESCAPED.sub(read, path)
