"""What synthetic voices say when they say numbers: strings of digits, grouped or not, slow or fast, zero or oh."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from speechrnn.corpus.clips import DIGIT_WORDS

LENGTHS = (1, 8)
# of digits the same as the one before, beyond chance: what recognizers swallow most easily
_REPEATED = 0.12
_OH = 0.2
# where "oh" is what is asked for, a digit is 0 as often as this
_ZEROS = 0.3
# the words of a synthesis that says "oh" for 0
OH_WORDS = {"0": "oh"}
# how a string is cut into groups: not at all, after each third or fourth digit, after each digit
_GROUPINGS = ((0, 0.6), (3, 0.15), (4, 0.1), (2, 0.08), (1, 0.07))
# against a voice's own rate
_TEMPO = (0.85, 1.9)


@dataclass(frozen=True, slots=True)
class Saying:
    """A text, what it means, and how fast it is said.

    Attributes
    ----------
    label : str
        Such as ``4071``.
    words : tuple of str
        Such as ``four``, ``oh``, ``seven``, ``one``.
    group : int
        After so many digits comes a comma; 0 is never.
    tempo : float
        Over 1 is faster than the voice's own rate.
    """

    label: str
    words: tuple[str, ...]
    group: int = 0
    tempo: float = 1.0

    def text(self, spell: Callable[[str], str]) -> str:
        """Write what a voice reads.

        Parameters
        ----------
        spell : callable
            Turns a word into what the voice has to read.

        Returns
        -------
        str
            Words, with commas between groups.
        """
        ends = [self.group and (i + 1) % self.group == 0 for i in range(len(self.words))]
        spelled = [spell(word) + ("," if end else "") for word, end in zip(self.words, ends, strict=True)]
        return " ".join(spelled).rstrip(",")


def draw_strings(n: int, seed: tuple[int, ...], oh: bool = False) -> tuple[Saying, ...]:
    """Draw strings of digits.

    Parameters
    ----------
    n : int
        How many.
    seed : tuple of int
        Decides.
    oh : bool
        Whether each 0 is "oh", and three digits in ten are 0; else one in ten is, and "oh" in every fifth string.

    Returns
    -------
    tuple of Saying
        Of 1 to 8 digits.

    Examples
    --------
    >>> sayings = draw_strings(50, (0,))
    >>> {len(saying.label) for saying in sayings} == set(range(1, 9))
    True
    >>> {word for saying in draw_strings(50, (0,), oh=True) for word in saying.words} >= {"oh", "nine"}
    True
    >>> any("zero" in saying.words for saying in draw_strings(50, (0,), oh=True))
    False
    >>> Saying("407", ("four", "oh", "seven"), group=2).text(str.upper)
    'FOUR OH, SEVEN'
    """
    rng = np.random.default_rng(seed)
    return tuple(_draw(rng, oh) for _ in range(n))


def _draw(rng: np.random.Generator, oh: bool) -> Saying:
    digits: list[int] = []
    for _ in range(int(rng.integers(*LENGTHS, endpoint=True))):
        again = digits and rng.random() < _REPEATED
        nought = oh and rng.random() < _ZEROS
        digits.append(digits[-1] if again else 0 if nought else int(rng.integers(int(oh), 10)))
    zero = "oh" if oh or (rng.random() < _OH and len(digits) > 1) else DIGIT_WORDS[0]
    words = tuple(DIGIT_WORDS[digit] if digit else zero for digit in digits)
    sizes, chances = zip(*_GROUPINGS, strict=True)
    group = int(rng.choice(sizes, p=chances))
    low, high = np.log(_TEMPO)
    return Saying("".join(map(str, digits)), words, group, float(np.exp(rng.uniform(low, high))))
