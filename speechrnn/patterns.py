"""What is known of a string before it is heard: how many digits, and which of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

from speechrnn.errors import ConfigError
from speechrnn.text import write_labels

# units allowed at each place of a string; None allows any
Places = tuple[frozenset[int] | None, ...]
MAX_PLACES = 1000
_ANY = "d"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is known of a string before it is heard.

    Attributes
    ----------
    places : tuple of frozenset of int or None
        Units allowed at each place; None allows any label.
    template : str
        ``d`` for each place, and what stands between them when it is written.
    """

    places: Places
    template: str

    def write(self, labels: Sequence[str]) -> str:
        """Write labels as the template has them; of another number than it has places, as `write_labels` does."""
        if len(labels) != len(self.places):
            return write_labels(labels)
        rest = iter(labels)
        return re.sub(f"{_ANY}+", lambda places: write_labels([next(rest) for _ in places[0]]), self.template)


def parse_pattern(pattern: str, labels: Sequence[str]) -> Pattern:
    """Read a pattern: ``d`` is any digit, a digit is itself, all else separates.

    Parameters
    ----------
    pattern : str
        Such as ``ddd-dddd`` or ``0ddd``.
    labels : sequence of str
        Of the model, in the order of its outputs.

    Returns
    -------
    Pattern
        For `decode`.

    Raises
    ------
    ConfigError
        It is no text, has no place for a digit, too many, or a digit that the model does not know.

    Examples
    --------
    >>> pattern = parse_pattern("0d-d", "0123456789")
    >>> pattern.places, pattern.write(["0", "4", "7"])
    ((frozenset({1}), None, None), '04-7')
    """
    if not isinstance(pattern, str):
        raise ConfigError(f"pattern is {pattern!r}, needed a text: d for any digit, or the digit itself: ddd-dddd.")
    places: list[frozenset[int] | None] = []
    for char in pattern:
        if char == _ANY:
            places.append(None)
        elif char.isdigit():
            if char not in labels:
                raise ConfigError(f"the pattern {pattern!r} has {char}, the model knows {', '.join(labels)}.")
            places.append(frozenset({1 + list(labels).index(char)}))
    if not 0 < len(places) <= MAX_PLACES:
        raise ConfigError(
            f"the pattern {pattern[:60]!r} has {len(places)} places, needed 1 to {MAX_PLACES}: d for any digit, or the "
            "digit itself, such as ddd-dddd."
        )
    template = "".join(_ANY if char == _ANY or char.isdigit() else char for char in pattern)
    return Pattern(tuple(places), template)


def any_of_length(length: int) -> Pattern:
    """Give the pattern of so many digits.

    Parameters
    ----------
    length : int
        How many.

    Returns
    -------
    Pattern
        For `decode`.

    Raises
    ------
    ConfigError
        No whole number, fewer than 1, or too many.

    Examples
    --------
    >>> any_of_length(4).template
    'dddd'
    """
    if not isinstance(length, Integral) or isinstance(length, bool):
        raise ConfigError(f"length is {length!r}, needed a whole number from 1 to {MAX_PLACES}.")
    if not 1 <= length <= MAX_PLACES:
        raise ConfigError(f"a length of {length} digits, allowed are 1 to {MAX_PLACES}.")
    return Pattern((None,) * length, _ANY * length)


def choose_pattern(length: int | None, pattern: str | None, labels: Sequence[str]) -> Pattern | None:
    """Read what is known of strings.

    Parameters
    ----------
    length : int, optional
        How many digits there are.
    pattern : str, optional
        Such as ``ddd-dddd``.
    labels : sequence of str
        Of the model, in the order of its outputs.

    Returns
    -------
    Pattern or None
        None where nothing is known.

    Raises
    ------
    ConfigError
        Both are given, or one of them is wrong.
    """
    if length is not None and pattern is not None:
        raise ConfigError("length and pattern are both given, needed one of them: the pattern has a length.")
    if pattern is not None:
        return parse_pattern(pattern, labels)
    return None if length is None else any_of_length(length)
