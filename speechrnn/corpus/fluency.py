"""How digits are said inside a number that is spoken fluently: not each as if it stood alone.

The vowel of "two" is short and comes from further front before another digit, "eight" loses its end, "seven" its second
vowel.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np

from speechrnn.corpus.people import parse_rule
from speechrnn.yaml import load_yaml_file

SOUNDS = Path(__file__).parent / "fluent_sounds.yaml"
# after it somebody pauses: the word before it is said in full
_PAUSE = ","


def slur(phonemes: str, seed: tuple[int, ...]) -> str:
    """Say the digits of a number as people do who say it quickly.

    Parameters
    ----------
    phonemes : str
        Words with spaces between them, a comma after each group.
    seed : tuple of int
        Chooses.

    Returns
    -------
    str
        As many words; the last of each group, and what is no digit, as they were.

    Examples
    --------
    >>> sorted({slur("tˈu tˈu, tˈu", (i,)) for i in range(50)})
    ['tu tˈu, tˈu', 'tʊ tˈu, tˈu', 'tˈu tˈu, tˈu', 'tˈɨ tˈu, tˈu', 'tˈʊ tˈu, tˈu']
    """  # noqa: RUF002 -- the sign of stress, no grave accent
    rng = np.random.default_rng(seed)
    *words, last = phonemes.split(" ")
    return " ".join([*(word if word.endswith(_PAUSE) else _slur(word, rng) for word in words), last])


def _slur(word: str, rng: np.random.Generator) -> str:
    for pattern, choices in _rules():
        if match := pattern.fullmatch(word):
            return match.expand(choices[int(rng.integers(len(choices)))])
    return word


@cache
def _rules() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    rules = (parse_rule(rule) for rule in load_yaml_file(SOUNDS)["rules"].split())
    return tuple((re.compile(pattern), choices) for pattern, choices in rules)
