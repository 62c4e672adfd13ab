"""The course of a training survives its file, and a damaged file says where."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.errors import BundleError
from speechrnn.history import Epoch, format_history, parse_history

NUMBERS = st.floats(allow_nan=False)
EPOCHS = st.builds(
    Epoch, st.integers(1), NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS, NUMBERS
)


@given(st.lists(EPOCHS))
def test_what_is_written_is_read_back_exactly(rows: list[Epoch]) -> None:
    assert parse_history(format_history(rows)) == tuple(rows)


def test_unknown_columns_are_passed_over() -> None:
    text = "seconds,epoch,loss,accuracy,valid_loss,valid_accuracy,learning_rate\n3,1,2,0.5,,,0.001\n"
    assert parse_history(text) == (Epoch(1, 2.0, 0.5, None, None, 3.0),)


HEADER = "epoch,loss,accuracy,valid_loss,valid_accuracy,seconds\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column epoch"),
        ("epoch,loss\n1,2\n", "no column accuracy"),
        (HEADER + "1,2,0.5,,,3\n2,two,0.5,,,3\n", "line 3 is not a row of numbers"),
        (HEADER + "1,2\n", "line 2 is not a row of numbers"),
        (HEADER + '1,"2,0.5,,,3\n', "not CSV"),
    ],
)
def test_damage_is_named(text: str, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        parse_history(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BundleError):
        rows = parse_history(HEADER + text)
        assert format_history(parse_history(format_history(rows))) == format_history(rows)
