"""Voices of other languages reading English digits as their own spelling would have them: accents."""

from functools import cache
from pathlib import Path

import numpy as np

from speechrnn.corpus.clips import canonical_label
from speechrnn.corpus.espeak import list_variants
from speechrnn.errors import CorpusError
from speechrnn.yaml import load_yaml_file

SPELLINGS = Path(__file__).parent / "accents.yaml"


def list_foreign_voices() -> tuple[str, ...]:
    """List every language of `SPELLINGS` with every variant of this installation.

    Returns
    -------
    tuple of str
        Such as ``de+f2``; all voices of a language stand together.

    Raises
    ------
    MissingExtraError
        `espeakng-loader` is not installed.
    """
    return tuple(f"{language}+{variant}" for language in _spellings() for variant in list_variants())


def respell(voice: str, text: str, seed: tuple[int, ...]) -> str:
    """Spell a digit as readers of the voice's language would.

    Parameters
    ----------
    voice : str
        Such as ``de+f2``.
    text : str
        The English word of a digit, or ``oh``.
    seed : tuple of int
        Chooses among the spellings that the language has for it.

    Returns
    -------
    str
        In the script of the language.

    Raises
    ------
    CorpusError
        The text is no digit.

    Examples
    --------
    >>> respell("it+m1", "nine", (0,)) in ("nain", "nàin")
    True
    """
    if text == "oh":
        return "o"
    label = canonical_label(text)
    if not (label.isascii() and label.isdigit() and int(label) < 10):
        raise CorpusError(f"the accents know no spelling of {text!r}, needed a digit. Use another engine for it.")
    choices = _spellings()[voice.partition("+")[0]][int(label)]
    return choices[int(np.random.default_rng(seed).integers(len(choices)))]


@cache
def _spellings() -> dict[str, tuple[tuple[str, ...], ...]]:
    rows = load_yaml_file(SPELLINGS)
    return {language: tuple(tuple(word.split("/")) for word in row.split()) for language, row in rows.items()}
