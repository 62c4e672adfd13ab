"""YAML as configurations need it: plain data only, YAML 1.2 numbers, and nothing that can blow up.

PyYAML's own loaders read ``1e-3`` as a string and ``no`` as a boolean, build dates, and expand aliases without bound.
This one knows mappings, lists, null, booleans, integers, floats and strings, refuses everything else, and limits
size and depth.
"""

import math
import re
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 100_000
MAX_DEPTH = 32


class YAMLError(ValueError):
    """Text that is not the plain YAML that configurations use."""


class _Loader(yaml.SafeLoader):
    """A safe loader with YAML 1.2's core scalars, without tags, aliases and duplicate keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 -- PyYAML's own name
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise YAMLError("found an alias (*), which configurations do not use; write the values out")
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it
        if getattr(event, "tag", None) is not None:
            raise YAMLError(f"found the tag {event.tag}, which configurations do not use; write plain values")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise YAMLError(f"nested deeper than {MAX_DEPTH} levels; no key of a configuration is")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise YAMLError(f"found the key {key!r}, needed a name")
            if key in seen:
                raise YAMLError(f"found the key {key} twice; keep one")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _construct_int(_: _Loader, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _construct_float(_: _Loader, node: yaml.ScalarNode) -> float:
    value = float(node.value)
    if math.isinf(value):
        raise YAMLError(f"found the number {node.value[:40]}, which is too large for a computer's arithmetic")
    return value


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]{1,18}$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
# YAML 1.1 reads 010 as eight and 1:30 as ninety; 1.2 and people do not
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def load_yaml(text: str) -> Any:
    r"""Read one YAML document of plain data.

    Parameters
    ----------
    text : str
        At most 100,000 characters.

    Returns
    -------
    object
        Nested dicts (with string keys), lists, strings, numbers, booleans and None.

    Raises
    ------
    YAMLError
        Not YAML, or YAML with tags, aliases, duplicate keys, more than one document, or too deep nesting.

    Examples
    --------
    >>> load_yaml("a: {rate: 1e-3, answer: no, n: 010}")
    {'a': {'rate': 0.001, 'answer': 'no', 'n': 10}}
    >>> load_yaml("a: &x [1]\nb: *x")
    Traceback (most recent call last):
    speechrnn.yaml.YAMLError: found an alias (*), which configurations do not use; write the values out
    """
    if len(text) > MAX_BYTES:
        raise YAMLError(f"{len(text)} characters long, at most {MAX_BYTES} are read; this is no configuration")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 -- _Loader is a SafeLoader with less in it
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise YAMLError(f"{place}not YAML: {reason}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YAMLError(f"not YAML: {str(error).splitlines()[0]}") from error


def load_yaml_file(path: Path) -> Any:
    """Read a YAML file as `load_yaml` reads text.

    Parameters
    ----------
    path : Path
        A UTF-8 file.

    Returns
    -------
    object
        See `load_yaml`.

    Raises
    ------
    YAMLError
        See `load_yaml`; also when the file is not UTF-8.
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(4 * MAX_BYTES + 1)
    if len(raw) > 4 * MAX_BYTES:
        raise YAMLError(f"more than {4 * MAX_BYTES} bytes long; this is no configuration")
    try:
        return load_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise YAMLError(f"not UTF-8 text (byte {error.start} is 0x{raw[error.start]:02x})") from error


def dump_yaml(tree: Any) -> str:
    """Write plain data as YAML, in the order given.

    Parameters
    ----------
    tree : object
        Nested dicts, lists and scalars.

    Returns
    -------
    str
        Text that `load_yaml` reads back equal.

    Examples
    --------
    >>> load_yaml(dump_yaml({"b": 1e-5, "a": ["no", None, "1e3"]}))
    {'b': 1e-05, 'a': ['no', None, '1e3']}
    """
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False)


class _Dumper(yaml.SafeDumper):
    """Quotes every string that the loader above would read as something else."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- the signature is PyYAML's
        return True
