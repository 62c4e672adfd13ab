"""One recording of one word, and the names that labels go by."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# folders and names of material that is no label: it teaches and tests rejection
REJECT_LABELS = frozenset({"unknown", "_unknown_", "_background_noise_"})


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of one word.

    Attributes
    ----------
    path : Path
        The file.
    label : str
        What is said, canonical (see `canonical_label`).
    speaker : str or None
        Who says it, where that is known.
    """

    path: Path
    label: str
    speaker: str | None


def canonical_label(name: str) -> str:
    """Give the one name of a label: digits for digit words, everything else as it stands.

    Parameters
    ----------
    name : str
        Such as ``six``, ``Six`` or ``6``.

    Returns
    -------
    str
        Such as ``6``.

    Examples
    --------
    >>> canonical_label("Six"), canonical_label("6"), canonical_label("stop")
    ('6', '6', 'stop')
    """
    name = name.strip()
    lowered = name.lower()
    return str(DIGIT_WORDS.index(lowered)) if lowered in DIGIT_WORDS else name


def label_key(label: str) -> tuple[bool, int, str, str]:
    """Give what labels are sorted by: numbers first, by value, then words by alphabet.

    Parameters
    ----------
    label : str
        Canonical.

    Returns
    -------
    tuple of bool, int, str and str
        To be compared: more digits are more, once leading zeros are gone.

    Examples
    --------
    >>> sorted(["stop", "10", "9"], key=label_key)
    ['9', '10', 'stop']
    """
    number = label.lstrip("0") if label.isascii() and label.isdigit() else ""
    return not (label.isascii() and label.isdigit()), len(number), number, label


def clip_hash(path: Path) -> str:
    """Name the content of a file in 16 characters: the start of its SHA-256.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    str
        Hexadecimal; equal for copies under other names.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def try_hash(path: Path) -> str | None:
    """Name the content of a file as `clip_hash` does, if it can be read: whoever reads it says what is wrong.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    str or None
        None where it cannot.
    """
    try:
        return clip_hash(path)
    except OSError:
        return None
