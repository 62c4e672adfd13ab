from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.corpus.tables import Row, read_table
from speechrnn.errors import CorpusError

NEEDED = ("path", "label")


def table(folder: Path, content: str | bytes) -> Path:
    path = folder / "clips.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_only_strings_of_digits_are_written_in_groups(tmp_path: Path) -> None:
    for column, expected in (("digits", ["411", "911"]), ("label", ["4-1-1", "9 1 1"])):
        (tmp_path / "list.csv").write_text(f"path,{column}\na.wav,4-1-1\nb.wav,9 1 1\n")
        assert [row.label for row in read_table(tmp_path / "list.csv", ("path", "label"))] == expected


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    path = table(
        tmp_path, '\ufeffLabel,other, path ,speaker,split\r\nsix,x,"a\nb, c.wav",,TEST\r\n\r\n7,,d.wav, Zoë ,train\r\n'
    )
    assert read_table(path, NEEDED) == (
        Row(3, "a\nb, c.wav", "six", None, "test"),
        Row(5, "d.wav", "7", "Zoë", "train"),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"no column path or label \(columns found: none, the file is empty\)"),
        ("path;label\na.wav;6\n", r"no column path or label \(columns found: path;label\).*separated by commas"),
        ("path,speaker\na.wav,ann\n", "no column label"),
        ("path,label\na.wav,6\nb.wav\n", "line 3: found 1 values, needed 2"),
        ("path,label\na.wav,6,7\n", "line 2: found 3 values, needed 2"),
        ("path,label\na.wav, \n", "line 2: label is empty"),
        ("path,label\n,6\n", "line 2: path is empty"),
        ("path,label,split\na.wav,6,\n", "line 2: split is empty"),
        ("path,label,label\na.wav,6,7\n", "more than one column label, needed one"),
        ("path,Digits,digits\na.wav,6,7\n", "more than one column label, needed one"),
        ("path,label,path\na.wav,6,b.wav\n", "more than one column path, needed one"),
        ("path,label,split\na.wav,6,dev\n", "line 2: split is dev, needed train, valid or test"),
        ('path,label\na.wav,6\n"b.wav,7\n', "line 3: not readable as CSV"),
        (b"path,label\na.wav,6\nb\xfc.wav,7\n", "line 3 is not UTF-8"),
        ("path,label\na.wav,6\n".encode("utf-16"), "line 1 is not UTF-8"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read_table(table(tmp_path, content), NEEDED)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        read_table(tmp_path, NEEDED)


@given(
    st.binary(max_size=200)
    | st.text(alphabet='path,lbe"\n\r\0\ufeff6', max_size=80).map(lambda t: ("path,label\n" + t).encode())
)
def test_arbitrary_bytes_give_rows_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = table(tmp_path_factory.getbasetemp(), content)
    message = ""
    try:
        rows = read_table(path, NEEDED)
    except CorpusError as error:
        rows, message = (), str(error)
    assert message.isprintable()
    assert all(row.path and row.label for row in rows)
