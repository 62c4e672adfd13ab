"""Any name that a file system gives can be compared, written and shown."""

import os

from hypothesis import given
from hypothesis import strategies as st

from speechrnn.text import as_text, printable

file_names = st.binary(min_size=1, max_size=30).filter(lambda b: not set(b) & {0, 47}).map(os.fsdecode)


@given(file_names)
def test_any_file_name_becomes_text_that_can_be_written(name: str) -> None:
    assert as_text(name).encode() == as_text(as_text(name)).encode()
    assert printable(name).isprintable()
