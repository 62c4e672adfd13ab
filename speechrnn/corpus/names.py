"""What the names of recordings say."""

import re
from dataclasses import dataclass
from pathlib import Path

from speechrnn.text import as_text

NOHASH = "_nohash_"
_FSDD = re.compile(r"(_unknown_|_background_noise_|[^_]+)_(.+)_([0-9]+)", re.DOTALL)

_STRING = re.compile(r"([0-9]{1,99})(?:_(.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FSDDName:
    """The three parts of a name such as ``6_jackson_12.wav``.

    Attributes
    ----------
    label : str
        What is said, as written.
    speaker : str
        Who says it.
    index : int
        Which take.
    """

    label: str
    speaker: str
    index: int


def parse_fsdd(path: Path) -> FSDDName | None:
    """Read a name of the form ``{label}_{speaker}_{index}.ext``; the label holds no underscore, the speaker may.

    Parameters
    ----------
    path : Path
        Only its last part is looked at.

    Returns
    -------
    FSDDName or None
        None where the name has another form, that of Speech Commands (``_nohash_``) included.

    Examples
    --------
    >>> parse_fsdd(Path("six_mary_ann_12.wav"))
    FSDDName(label='six', speaker='mary_ann', index=12)
    >>> parse_fsdd(Path("0a7c2a8d_nohash_0.wav")) is None
    True
    """
    match = _FSDD.fullmatch(path.stem)
    if match is None or NOHASH in path.stem:
        return None
    label, speaker, index = match.groups()
    return FSDDName(as_text(label), as_text(speaker), int(index))


def parse_string(path: Path) -> tuple[str, str | None] | None:
    """Read a name that is a string of digits, such as ``4071.wav`` or ``4071_ann.wav``.

    Parameters
    ----------
    path : Path
        Only its last part is looked at.

    Returns
    -------
    tuple of str and str or None, or None
        Digits and speaker; None where the name has another form.

    Examples
    --------
    >>> parse_string(Path("4071.wav")), parse_string(Path("4071_ann.wav")), parse_string(Path("ann.wav"))
    (('4071', None), ('4071', 'ann'), None)
    """
    match = _STRING.fullmatch(path.stem)
    return (match[1], as_text(match[2]) if match[2] else None) if match else None


def parse_nohash(path: Path) -> str | None:
    """Read the speaker from a name of Speech Commands.

    Parameters
    ----------
    path : Path
        Only its last part is looked at.

    Returns
    -------
    str or None
        The part before ``_nohash_``; None without it.

    Examples
    --------
    >>> parse_nohash(Path("six/0a7c2a8d_nohash_0.wav"))
    '0a7c2a8d'
    """
    speaker, nohash, _ = path.name.partition(NOHASH)
    return (as_text(speaker) or None) if nohash else None
