"""Text as it comes from file systems, made fit to be compared and to be shown."""

import csv
import io
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path


def as_text(name: str) -> str:
    r"""Make a label or speaker of a part of a file name: trimmed, in one Unicode form, and writable as UTF-8.

    Parameters
    ----------
    name : str
        As the file system gives it: bytes that are no UTF-8 are surrogates in it.

    Returns
    -------
    str
        Composed (NFC, because macOS decomposes names); bytes that are no UTF-8 are spelled out.

    Examples
    --------
    >>> as_text(os.fsdecode(b"Zo\xff")), len(as_text("u\u0308"))
    ('Zo\\xff', 1)
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text).strip()


def printable(path: Path | str) -> str:
    r"""Show a path in one line that any UTF-8 terminal can print.

    Parameters
    ----------
    path : Path or str
        With whatever the file system allows.

    Returns
    -------
    str
        Newlines, other control characters and undecodable bytes are spelled out.

    Examples
    --------
    >>> print(printable("a\nb.wav"))
    a\nb.wav
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def spell_path(path: Path) -> str:
    r"""Write a path as UTF-8 can hold it.

    Parameters
    ----------
    path : Path
        Any.

    Returns
    -------
    str
        The path; bytes in it that are no UTF-8 are spelled out.

    Examples
    --------
    >>> spell_path(Path("0_zoë_0.wav")), spell_path(Path(os.fsdecode(b"0_zo\xeb_0.wav")))
    ('0_zoë_0.wav', '0_zo\\xeb_0.wav')
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def csv_line(cells: Iterable[object]) -> str:
    r"""Write a row of a CSV.

    Parameters
    ----------
    cells : iterable
        None is an empty cell.

    Returns
    -------
    str
        With its newline; a cell with a line break of any kind stands in quotes, for which `csv` looks in its own
        line end alone.

    Examples
    --------
    >>> csv_line(["a\rb.wav", 6, None])
    '"a\rb.wav",6,\n'
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"
