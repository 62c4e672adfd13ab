"""Thresholds that a caller gives, checked."""

from numbers import Real

from speechrnn.errors import ConfigError


def check_threshold(name: str, value: float) -> float:
    """Refuse what is no probability: with `nan` everything would count, and with 2 nothing.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : float
        What was given.

    Returns
    -------
    float
        The same.

    Raises
    ------
    ConfigError
        It is no number from 0 to 1.

    Examples
    --------
    >>> check_threshold("threshold", 2)
    Traceback (most recent call last):
    speechrnn.errors.ConfigError: threshold is 2, needed a number from 0 to 1. Leave it out for the model's own.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ConfigError(f"{name} is {value!r}, needed a number from 0 to 1. Leave it out for the model's own.")
    return value
