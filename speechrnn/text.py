"""Text made fit to be compared and to be shown: as it comes from file systems, and labels."""

import csv
import io
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path


def as_bytes(text: Path | str) -> bytes:
    r"""Give the bytes of a text, the same under any locale.

    Parameters
    ----------
    text : Path or str
        Of any origin: `os.fsencode` takes names from the file system alone, and where its encoding is not UTF-8 fails
        on others, such as those out of a table.

    Returns
    -------
    bytes
        UTF-8; what the file system gave as surrogates is the bytes that it has there.

    Examples
    --------
    >>> as_bytes("zoë"), as_bytes("zo\udcc3\udcab")
    (b'zo\xc3\xab', b'zo\xc3\xab')
    """
    return str(text).encode("utf-8", "surrogateescape")


def as_file_name(text: str) -> str:
    """Make a text that was read the name of a file, as the file system would give it.

    Parameters
    ----------
    text : str
        Such as a path in a table.

    Returns
    -------
    str
        Where file names are UTF-8, the same.

    Examples
    --------
    >>> as_file_name("0_zoë_0.wav") == os.fsdecode("0_zoë_0.wav".encode())
    True
    """
    return os.fsdecode(as_bytes(text))


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
    >>> as_text("Zo\udcff"), len(as_text("u\u0308"))
    ('Zo\\xff', 1)
    """
    text = as_bytes(name).decode("utf-8", "backslashreplace")
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
    text = as_bytes(path).decode("utf-8", "backslashreplace")
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
    >>> spell_path(Path("0_zoë_0.wav")), spell_path(Path("0_zo\udceb_0.wav"))
    ('0_zoë_0.wav', '0_zo\\xeb_0.wav')
    """
    return as_bytes(path).decode("utf-8", "backslashreplace")


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


def write_labels(labels: Sequence[str]) -> str:
    """Write labels one after the other, apart where one is longer than a character.

    Parameters
    ----------
    labels : sequence of str
        In order.

    Returns
    -------
    str
        As `speechrnn.Transcript.digits` has them.

    Examples
    --------
    >>> write_labels(["4", "0"]), write_labels(["yes", "no"])
    ('40', 'yes no')
    """
    return ("" if all(len(label) == 1 for label in labels) else " ").join(labels)


def count(n: int, noun: str) -> str:
    """Say how many.

    Parameters
    ----------
    n : int
        The number.
    noun : str
        In the singular; its plural has an s.

    Returns
    -------
    str
        Number and noun.

    Examples
    --------
    >>> count(1, "clip"), count(0, "clip"), count(2500, "clip")
    ('1 clip', '0 clips', '2500 clips')
    """
    return f"{n} {noun}{'' if n == 1 else 's'}"
