"""Plain data in and out, YAML 1.2's scalars, and nothing that can blow up."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.yaml import MAX_BYTES, MAX_DEPTH, YAMLError, dump_yaml, load_yaml, load_yaml_file

SCALARS: dict[str, Any] = {
    "~": None, "null": None, "Null": None, "NULL": None, "": None,
    "true": True, "False": False, "TRUE": True,
    # YAML 1.1 reads these as booleans, a sexagesimal number, an octal number and a date
    "yes": "yes", "no": "no", "on": "on", "Off": "Off", "y": "y", "1:30": "1:30", "010": 10, "2025-01-01": "2025-01-01",
    "0": 0, "-1": -1, "+12": 12, "1_000": "1_000", "0x1f": "0x1f", "0o17": "0o17",
    "1.5": 1.5, "1.": 1.0, ".5": 0.5, "1e3": 1000.0, "1e-3": 0.001, "-2.5E+2": -250.0, "e3": "e3", ".": ".", "1e": "1e",
    # words, which no number of a configuration is
    ".inf": ".inf", "-.inf": "-.inf", ".nan": ".nan", "nan": "nan", "inf": "inf",
    "'1'": "1", '"null"': "null", "a b": "a b", "=": "=",
}  # fmt: skip


@pytest.mark.parametrize("text", SCALARS)
def test_scalars_are_those_of_yaml_1_2(text: str) -> None:
    found = load_yaml(f"key: {text}")["key"]
    assert found == SCALARS[text]
    assert type(found) is type(SCALARS[text])


REFUSED = {
    "alias": ("a: &x [1]\nb: *x", "alias"),
    "an alias that holds itself": ("a: &x [*x]", "alias"),
    "billion laughs": ("a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]", "alias"),
    "merge of an alias": ("a: &x {k: 1}\nb: {<<: *x}", "alias"),
    "tag": ("a: !!python/object/apply:os.system [true]", "tag"),
    "standard tag": ("a: !!str 1", "tag"),
    "tag of a mapping": ("!thing {a: 1}", "tag"),
    "bare tag": ("a: ! 1", "tag"),
    "key twice": ("a: 1\nb: 2\na: 3", "key a twice"),
    "key twice inside": ("a: {b: 1, b: 2}", "key b twice"),
    "number as key": ("1: a", "key 1"),
    "list as key": ("? [1, 2]\n: a", "needed a name"),
    "empty key": ("~: a", "key None"),
    "two documents": ("a: 1\n---\nb: 2", "single document"),
    "open bracket": ("a: [1", "line 1"),
    "tab": ("a:\n\tb: 1", "line 2, column 1"),
    "control character": ("a: \x01", "not YAML"),
    "lone surrogate": ("a: \ud800", "not YAML"),
    "infinite number": ("a: 1e999", "1e999"),
    "deep": ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deeper"),
    "very deep": ("[" * 20_000, "deeper"),
    "very deep in blocks": ("- " * 20_000 + "a", "deeper"),
    "large": ("a" * (MAX_BYTES + 1), str(MAX_BYTES)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason(case: str) -> None:
    text, reason = REFUSED[case]
    with pytest.raises(YAMLError) as caught:
        load_yaml(text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_depth_up_to_the_limit_is_read() -> None:
    text = "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1)
    found = load_yaml(text)
    for _ in range(MAX_DEPTH - 1):
        [found] = found
    assert found == 1


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert load_yaml("<<: {a: 1}") == {"<<": {"a": 1}}


def test_many_keys_take_no_quadratic_time() -> None:
    text = "\n".join(f"{i:x}k:" for i in range(14_500))
    assert MAX_BYTES * 0.9 < len(text) < MAX_BYTES
    assert len(load_yaml(text)) == 14_500  # a count for each key would take minutes


def test_files_are_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffname: Größe".encode())
    assert load_yaml_file(path) == {"name": "Größe"}
    path.write_bytes("name: Größe".encode("latin-1"))
    with pytest.raises(YAMLError, match=r"not UTF-8 text \(byte 8 is 0xf6\)"):
        load_yaml_file(path)
    path.write_bytes("name: a".encode("utf-16"))
    with pytest.raises(YAMLError, match="not UTF-8"):
        load_yaml_file(path)
    with path.open("wb") as file:
        file.truncate(10**10)  # sparse
    with pytest.raises(YAMLError, match="no configuration"):
        load_yaml_file(path)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALAR_DATA = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(list(SCALARS))
)
DATA = st.recursive(SCALAR_DATA, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(DATA)
def test_dump_and_load_give_back_the_same(tree: Any) -> None:
    found = load_yaml(dump_yaml(tree))
    assert found == tree
    assert repr(found) == repr(tree)  # 1 and 1.0 and True are equal, but not the same
