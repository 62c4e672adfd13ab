"""What strings to train on: digits of one voice one after the other, whole numbers, other words, nothing at all.

Only drawing happens here; `speechrnn.training.joining` makes features of what is drawn.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from speechrnn.string_settings import StringsConfig
from speechrnn.training.draws import stream
from speechrnn.training.features import Example
from speechrnn.training.material import Material
from speechrnn.training.sampling import Origin, chances, draw

# passes in which strings are still short: from random weights long ones teach a network nothing but silence
_SHORT_PASSES = 3
# of the windows without a digit, those that hold other words; the rest is noise alone
_EMPTY_WORDS = 0.6
# other words, at most: in a window without a digit, and in a string
_MOST_WORDS, _MOST_AMONG_DIGITS = 4, 3


@dataclass(frozen=True, slots=True)
class Saying:
    """One string of a pass.

    Attributes
    ----------
    rows : tuple of int
        Stored spectra, one after the other; none for noise alone.
    units : tuple of int
        What is said, as labels count from 1.
    joined : bool
        Whether it is made of single words; a whole number comes as it was spoken.
    """

    rows: tuple[int, ...]
    units: tuple[int, ...]
    joined: bool = True


@dataclass(slots=True)
class _Voice:
    """Rows of one voice: by digit, of other words."""

    digits: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    words: list[int] = field(default_factory=list)


class Strings:
    """Draws the strings of each pass.

    Parameters
    ----------
    material : Material
        Its `train`, `words` and `spoken` are stored one after the other, in this order.
    config : StringsConfig
        What a pass holds.
    balance : str
        ``training.balance``.
    """

    def __init__(self, material: Material, config: StringsConfig, balance: str) -> None:
        self._config = config
        unit = {label: 1 + i for i, label in enumerate(material.labels)}
        self._units = [unit[example.clip.label] for example in material.train]
        self._said = [tuple(unit[char] for char in example.clip.label) for example in material.spoken]
        self._shares = chances(material.origins, balance)
        self._word_shares = chances(material.word_origins, "clips") if material.words else np.zeros(0)
        self._spoken_shares = chances(material.spoken_origins, balance) if material.spoken else np.zeros(0)
        self._names = [_name(*each) for each in zip(material.train, material.origins, strict=True)]
        self._word_names = [_name(*each) for each in zip(material.words, material.word_origins, strict=True)]
        self._voices: dict[str | int, _Voice] = defaultdict(_Voice)
        for row, name in enumerate(self._names):
            self._voices[name].digits[self._units[row]].append(row)
        for row, name in enumerate(self._word_names, start=len(self._units)):
            self._voices[name].words.append(row)

    def draw(self, n: int, number: int, seed: tuple[int, ...]) -> list[Saying]:
        """Draw the strings of a pass.

        Parameters
        ----------
        n : int
            How many.
        number : int
            Of the pass, counted from 1: the first ones are short.
        seed : tuple of int
            Decides.

        Returns
        -------
        list of Saying
            Shuffled.
        """
        rng = stream("strings", *seed)
        config = self._config
        most = min(config.n_digits, 2 * number) if 0 < number <= _SHORT_PASSES else config.n_digits
        n_empty = round(config.empty * n)
        n_spoken = round(config.spoken * n) if self._said else 0
        sayings = [self._joined(int(row), most, rng) for row in draw(self._shares, n - n_empty - n_spoken, rng)]
        sayings += self._spoken(n_spoken, most, rng)
        sayings += [self._empty(rng) for _ in range(n_empty)]
        return [sayings[i] for i in rng.permutation(len(sayings))]

    def _joined(self, row: int, most: int, rng: np.random.Generator) -> Saying:
        """A string that begins with this clip, in its voice."""
        voice = self._voices[self._names[row]]
        known = sorted(voice.digits)
        units = [self._units[row]]
        rows = [row]
        # whose one digit is all that there is, such as "oh", says no long string of it
        most = min(most, len(known))
        for _ in range(int(rng.integers(1, most, endpoint=True)) - 1):
            again = rng.random() < self._config.repeated
            units.append(units[-1] if again else known[int(rng.integers(len(known)))])
            rows.append(_one_of(voice.digits[units[-1]], rng))
        if voice.words and rng.random() < self._config.words:
            at = int(rng.integers(len(rows) + 1))
            n = int(rng.integers(1, _MOST_AMONG_DIGITS, endpoint=True))
            rows[at:at] = [_one_of(voice.words, rng) for _ in range(n)]
        return Saying(tuple(rows), tuple(units))

    def _spoken(self, n: int, most: int, rng: np.random.Generator) -> list[Saying]:
        shares = self._spoken_shares
        if n and most < self._config.n_digits:
            fit = np.array([len(said) <= most for said in self._said])
            shares = np.where(fit, shares, 0.0)
            n = n if fit.any() else 0
        first = len(self._names) + len(self._word_names)
        rows = draw(shares / shares.sum(), n, rng).tolist() if n else []
        return [Saying((first + row,), self._said[row], joined=False) for row in rows]

    def _empty(self, rng: np.random.Generator) -> Saying:
        if not self._word_names or rng.random() >= _EMPTY_WORDS:
            return Saying((), ())
        [row] = draw(self._word_shares, 1, rng).tolist()
        words = self._voices[self._word_names[row]].words
        more = [_one_of(words, rng) for _ in range(int(rng.integers(_MOST_WORDS)))]
        return Saying((len(self._names) + row, *more), ())


def _one_of(rows: Sequence[int], rng: np.random.Generator) -> int:
    return rows[int(rng.integers(len(rows)))]


def n_needed(units: Sequence[int]) -> int:
    """Count the frames that a string needs at least: one for each label, and a blank between equal ones.

    Parameters
    ----------
    units : sequence of int
        What is said.

    Returns
    -------
    int
        Of the network's output.

    Examples
    --------
    >>> n_needed([5, 5, 2])
    4
    """
    array: npt.NDArray[np.int64] = np.asarray(units, np.int64)
    return len(units) + int((array[1:] == array[:-1]).sum())


def _name(example: Example, origin: Origin) -> str | int:
    """Whose voice it is: a name's in all sources alike; clips without one have one voice in each source."""
    return origin.source if example.clip.speaker is None else example.clip.speaker
