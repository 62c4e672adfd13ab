"""Folders of recorded noise, and which of their files are for training."""

import csv
import io
from pathlib import Path

from speechrnn.corpus.files import find_recordings
from speechrnn.errors import CorpusError
from speechrnn.text import printable

MANIFEST = "manifest.csv"


def list_noises(path: Path, split: str | None = None) -> tuple[Path, ...]:
    """List the recordings of noise in a folder, or those of one part of it.

    Parameters
    ----------
    path : Path
        A folder, searched with all below it, or one recording.
    split : str, optional
        ``train``, ``valid`` or ``test``: where the folder has a ``manifest.csv`` with the columns ``file,split``, its
        rows of that part. A folder without one is a part of its own.

    Returns
    -------
    tuple of Path
        At least one, ordered.

    Raises
    ------
    CorpusError
        No recording is there, or none of that part.
    """
    if path.is_file():
        return (path,)
    manifest = path / MANIFEST
    if split is not None and manifest.is_file():
        files = tuple(path / name for name in _rows(manifest, split))
        if not files:
            raise CorpusError(f"{printable(manifest)}: no row of the split {split}, needed one or more.")
        return files
    files = find_recordings(path).files
    if not files:
        raise CorpusError(f"{printable(path)}: no recordings of noise in it, needed one or more (wav, flac, ogg, mp3).")
    return tuple(files)


def _rows(manifest: Path, split: str) -> list[str]:
    try:
        rows = list(csv.DictReader(io.StringIO(manifest.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{printable(manifest)}: cannot be read ({error}). Needed a CSV of file,split.") from error
    if rows and not {"file", "split"} <= set(rows[0]):
        raise CorpusError(f"{printable(manifest)}: has the columns {', '.join(rows[0])}, needed file and split.")
    return sorted(row["file"] for row in rows if row["split"] == split)
