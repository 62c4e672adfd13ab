"""Text as it comes from file systems, made fit to be compared and to be shown."""

import os
import unicodedata
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
