"""Folders of recorded noise: which of their files are for training, and what is in a file."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from speechrnn.audio import Waveform, load_audio
from speechrnn.config import AudioConfig
from speechrnn.corpus.files import find_recordings, is_folder
from speechrnn.corpus.layouts import Skipped
from speechrnn.errors import AudioError, CorpusError, explain_os_error
from speechrnn.text import as_file_name, printable

# the folder, or label, of recordings of noise beside those of words
NOISE_LABEL = "_background_noise_"
MANIFEST = "manifest.csv"
# no recording of noise that is longer than an hour is read, in seconds
LONGEST = 3600.0
OnUnusable = Callable[[Skipped], object]


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
        No such folder, no recording in it, or none of that part.
    """
    if path.is_file():
        return (path,)
    if not is_folder(path):
        raise CorpusError(
            f"{printable(path)}: no such folder or file. Needed recordings of noise (wav, flac, ogg, mp3); check the "
            "path."
        )
    manifest = path / MANIFEST
    if split is not None and manifest.is_file():
        files = tuple(path / as_file_name(name) for name in _rows(manifest, split))
        if not files:
            raise CorpusError(f"{printable(manifest)}: no row of the split {split}, needed one or more.")
        return files
    files = find_recordings(path).files
    if not files:
        raise CorpusError(f"{printable(path)}: no recordings of noise in it, needed one or more (wav, flac, ogg, mp3).")
    return tuple(files)


def read_noise(path: Path, audio: AudioConfig, min_peak_db: float | None = None) -> Waveform | Skipped:
    """Read a recording of noise, which may be longer than a word, or say why it is of no use.

    Parameters
    ----------
    path : Path
        The file.
    audio : AudioConfig
        Its rate and what is too quiet.
    min_peak_db : float, optional
        What is too quiet, in dB under full scale, in place of that of `audio`.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32] or Skipped
        At the rate of `audio`.
    """
    least = audio.min_peak_db if min_peak_db is None else min_peak_db
    try:
        y = load_audio(path, msgspec.structs.replace(audio, max_duration=LONGEST, min_peak_db=-math.inf))
    except AudioError as error:
        return Skipped(path, str(error))
    except OSError as error:
        return Skipped(path, explain_os_error(error))
    peak = float(np.abs(y).max())
    if peak >= 10 ** (least / 20) and peak > 0:
        return y
    seen = f"peak {20 * math.log10(peak):.0f} dBFS" if peak > 0 else "digital silence"
    return Skipped(path, f"no noise found ({seen}, needed a peak of {least:g} dBFS). Move it away, or make it louder.")


def read_usable(
    paths: Iterable[Path], audio: AudioConfig, on_unusable: OnUnusable | None = None
) -> Iterator[tuple[Path, Waveform]]:
    """Read recordings of noise, and leave out what is of no use.

    Parameters
    ----------
    paths : iterable of Path
        Files.
    audio : AudioConfig
        Its rate and what is too quiet.
    on_unusable : callable, optional
        Called with each recording that is left out; without it the first one is an error.

    Yields
    ------
    tuple of Path and np.ndarray [shape=(n,), dtype=float32]
        The file, and its samples at the rate of `audio`.

    Raises
    ------
    CorpusError
        There are recordings, and none can be used.
    """
    unusable: list[Skipped] = []
    n_usable = 0
    for path in paths:
        y = read_noise(path, audio)
        if not isinstance(y, Skipped):
            n_usable += 1
            yield path, y
            continue
        if on_unusable is None:
            raise CorpusError(f"{printable(path)}: {y.reason}")
        on_unusable(y)
        unusable.append(y)
    if unusable and not n_usable:
        first, n = unusable[0], len(unusable)
        rest = f" None of the {n} recordings of noise can be used, needed one or more." if n > 1 else ""
        raise CorpusError(f"{printable(first.path)}: {first.reason}{rest}")


def _rows(manifest: Path, split: str) -> list[str]:
    try:
        rows = list(csv.DictReader(io.StringIO(manifest.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{printable(manifest)}: cannot be read ({error}). Needed a CSV of file,split.") from error
    if rows and not {"file", "split"} <= set(rows[0]):
        columns = ", ".join(name for name in rows[0] if name is not None)
        raise CorpusError(f"{printable(manifest)}: has the columns {columns}, needed file and split.")
    if any(not row["file"] for row in rows):
        raise CorpusError(f"{printable(manifest)}: has a row without a file. Fill it in, or take the row out.")
    return sorted(row["file"] for row in rows if row["split"] == split)
