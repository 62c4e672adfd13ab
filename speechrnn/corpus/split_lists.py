"""A split that somebody wrote down: a CSV that says of each recording whether it trains, validates or tests."""

import os
from collections.abc import Iterable
from pathlib import Path

from speechrnn.corpus.files import find_listed
from speechrnn.corpus.layouts import Corpus
from speechrnn.corpus.tables import Row, read_table
from speechrnn.errors import CorpusError
from speechrnn.text import printable


def read_listed(corpus: Corpus, table: Path, methods: Iterable[str]) -> dict[Path, str]:
    """Read which part each recording belongs to.

    Parameters
    ----------
    corpus : Corpus
        What is divided.
    table : Path
        A CSV with the columns ``path,split``; its paths start at its own folder or at the folder of the corpus.
    methods : iterable of str
        The names of other splits, to be told where this is neither a name nor a file.

    Returns
    -------
    dict of Path to str
        The part of every clip, and of the other words and noises that are listed.

    Raises
    ------
    CorpusError
        There is no such file, a clip is not in it, or in two parts.
    """
    if not table.is_file():
        raise CorpusError(
            f"--split {printable(table)}: no such split or file. Needed {', '.join(methods)} or the path of a CSV "
            "with the columns path,split."
        )
    rows: dict[str, Row] = {}
    for row in read_table(table, ("path", "split")):
        for folder in (table.parent, corpus.folder):
            first = rows.setdefault(_absolute(find_listed(folder, row.path)), row)
            if first.split != row.split:
                raise CorpusError(
                    f"{printable(table)}: lines {first.line} and {row.line} put {printable(row.path)} in two parts, "
                    "needed one. Take one line out."
                )
    missing = [
        clip.path for clip in sorted(corpus.clips, key=lambda clip: clip.path.parts) if _absolute(clip.path) not in rows
    ]
    if missing:
        raise CorpusError(
            f"{printable(table)}: {len(missing)} of {len(corpus.clips)} clips are not listed, such as "
            f"{printable(missing[0])}; needed every one. Add them."
        )
    listed = [clip for clip in (*corpus.clips, *corpus.rejects) if _absolute(clip.path) in rows]
    return {clip.path: rows[_absolute(clip.path)].split or "" for clip in listed}


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 -- takes out "..", which Path.absolute() keeps
