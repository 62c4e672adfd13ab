"""What the names of recordings say."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechrnn.corpus.clips import DIGIT_WORDS, canonical_label
from speechrnn.text import as_text

DIGITS = frozenset(map(canonical_label, DIGIT_WORDS))
NOHASH = "_nohash_"
# why what `find_takes` finds is not used
NUMBERED = "no layout fits: its name may be the number of a take. For strings list it in a CSV, path,digits"
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


def find_takes(files: Sequence[Path]) -> frozenset[Path]:
    """Find names that are numbers and yet may say which take it is, not what is said.

    So it is below a folder that is called by a digit's word, as in ``ann/six/0.wav``, or by a number, where its names
    count; and everywhere, where most such names are in folders that each count, as ``ann/yes/0.wav``, ``ann/no/0.wav``.

    Parameters
    ----------
    files : sequence of Path
        Below the folder of the corpus, and relative to it: a folder above says nothing.

    Returns
    -------
    frozenset of Path
        Some of them.

    Examples
    --------
    >>> sorted(map(str, find_takes([Path("ann/six/0.wav"), Path("ann/4071.wav"), Path("bob/222.wav")])))
    ['ann/six/0.wav']
    """
    numbers: dict[Path, dict[Path, int]] = defaultdict(dict)
    for file in files:
        if parse_fsdd(file) is None and (name := parse_string(file)):
            numbers[file.parent][file] = int(name[0])
    counted = {folder: frozenset(names) for folder, names in numbers.items() if counts_takes(names.values())}
    below_words = frozenset(file for file in files if any(part.lower() in DIGIT_WORDS for part in file.parts[:-1]))
    named = frozenset(file for folder in numbers.values() for file in folder)
    if len(counted) > 1 and 2 * sum(map(len, counted.values())) > len(named):
        return below_words | named
    return below_words.union(*(names for folder, names in counted.items() if folder.name in DIGITS))


def counts_takes(numbers: Collection[int]) -> bool:
    """Tell whether the names of a folder may count takes, of which some may have been thrown away.

    Parameters
    ----------
    numbers : collection of int
        The names, one at least.

    Returns
    -------
    bool
        True where they begin with 0 or 1, and fill half of what follows.

    Examples
    --------
    >>> counts_takes([0, 1, 3]), counts_takes([1, 4071]), counts_takes([50, 51, 52])
    (True, False, False)
    """
    return min(numbers) <= 1 and max(numbers) < 2 * len(set(numbers))


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
