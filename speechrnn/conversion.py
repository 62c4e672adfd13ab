"""Trees of YAML into structs: what does not fit is told by key path, value seen, and what is allowed."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from speechrnn.errors import ConfigError
from speechrnn.text import printable

T = TypeVar("T")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_PART = re.compile(r"\[[^]]*\]|[^.[]+")


def convert(tree: Any, kind: type[T], *, where: str) -> T:
    """Check data against a struct.

    Parameters
    ----------
    tree : object
        Mappings, lists and scalars, as YAML gives them.
    kind : type
        A msgspec struct.
    where : str
        What the message calls the source.

    Returns
    -------
    object
        An instance of `kind`.

    Raises
    ------
    ConfigError
        The data does not fit.

    Examples
    --------
    >>> from speechrnn.settings import ConvConfig
    >>> convert({"filters": 0, "kernel_size": 5}, ConvConfig, where="my.yaml")
    Traceback (most recent call last):
    speechrnn.errors.ConfigError: my.yaml: filters is 0: Expected `int` >= 1
    >>> convert({"filter": 8, "kernel_size": 5}, ConvConfig, where="my.yaml")
    Traceback (most recent call last):
    speechrnn.errors.ConfigError: my.yaml: filter is 8, but there is no key filter; the nearest is filters.
    Allowed are filters, kernel_size, stride.
    """
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        problem, _, at = str(error).rpartition(" - at `$")
        if not problem:  # at the top
            problem, at = at, ""
        raise ConfigError(f"{where}: {_explain(problem, at.rstrip('`').removeprefix('.'), tree, kind)}") from error


def _explain(problem: str, path: str, tree: Any, kind: type) -> str:
    parts = _PART.findall(path)
    value, allowed = _look_up(tree, parts), _allowed(kind, parts)
    if match := _UNKNOWN.fullmatch(problem):
        return _explain_unknown(match[1], path, value, allowed)
    if match := _MISSING.fullmatch(problem):
        return f"{_join(path, match[1])} is missing. Needed are {', '.join(allowed)}."
    if not problem.startswith(("Expected ", "Invalid ")):  # a struct's own check, which begins with the key
        return _join(path, problem)
    seen = f"{path or 'all of it'} is {_shorten(value)}"
    if allowed and problem.startswith("Expected `object"):
        return f"{seen}, needed {'null or ' * ('null`' in problem.partition(',')[0])}a mapping of {', '.join(allowed)}"
    if allowed and problem.startswith(("Expected `str", "Invalid enum")) and "at `key`" not in problem:
        return f"{seen}, allowed are {', '.join(allowed)}"
    return f"{seen}: {problem}"


def _explain_unknown(key: str, path: str, parent: Any, allowed: tuple[str, ...]) -> str:
    value, whole = _look_up(parent, [key]), _join(path, printable(key))
    while isinstance(value, dict) and len(value) == 1:  # as --set a.b.c=1 makes them
        [(below, value)] = value.items()
        whole = f"{whole}.{printable(str(below))}"
    owner = f"{path} has no key" if path else "there is no key"
    near = difflib.get_close_matches(key, allowed, 1)
    hint = f"; the nearest is {near[0]}" if near else ""
    return f"{whole} is {_shorten(value)}, but {owner} {printable(key)}{hint}. Allowed are {', '.join(allowed)}."


def _look_up(tree: Any, parts: Iterable[str]) -> Any:
    """Follow a path as far as it leads."""
    for part in parts:
        if part.startswith("[") and isinstance(tree, list) and part[1:-1].isdecimal():
            tree = tree[int(part[1:-1])]
        elif isinstance(tree, dict) and part in tree:
            tree = tree[part]
    return tree


def _allowed(kind: type, parts: Iterable[str]) -> tuple[str, ...]:
    """The keys of the struct, or the words, that may stand at a path; nothing where it is neither."""
    from msgspec import inspect  # only who made a mistake waits for it

    info: Any = inspect.type_info(kind)
    for part in [*parts, ""]:
        if isinstance(info, inspect.UnionType):
            info = next(one for one in info.types if not isinstance(one, inspect.NoneType))
        if not part:
            break
        if isinstance(info, inspect.StructType):
            info = next((field.type for field in info.fields if field.encode_name == part), None)
        else:
            info = getattr(info, "item_type", None)
    if isinstance(info, inspect.StructType):
        return tuple(field.encode_name for field in info.fields)
    return tuple(map(str, info.values)) if isinstance(info, inspect.LiteralType) else ()


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shorten(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else "null" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
