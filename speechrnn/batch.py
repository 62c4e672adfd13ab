"""Many files: read and recognised in parallel, answered in input order, in bounded memory."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from speechrnn.audio import Waveform
from speechrnn.errors import AudioError, MissingExtraError, explain_os_error
from speechrnn.extras import require
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.text import printable

# one task reads this many files and runs them by length, this many at a time, so that little padding is computed
TASK, BATCH = 64, 16
# bytes of a recording that comes on stdin or in an archive: more than any word needs, and an endless stream has to end
LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording whose bytes are here already, such as a member of an archive."""

    path: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Remote:
    """A recording that fsspec opens, such as ``s3://bucket/six.wav``."""

    path: str


# a prediction has failed before it was read, and is passed on in its place
Item = Path | Recording | Remote | Prediction


@dataclass(frozen=True, slots=True)
class _Read:
    """A file's samples, or why there are none."""

    y: Waveform | None
    error: str | None


def predict_files(recognizer: Recognizer, items: Iterable[Item], *, jobs: int | None = None) -> Iterator[Prediction]:
    """Recognise many files.

    Parameters
    ----------
    recognizer : Recognizer
        The model.
    items : iterable of Path, Recording, Remote or Prediction
        Files; taken as needed, so there may be any number.
    jobs : int, optional
        Threads, each of which takes `TASK` files at a time; as many as there are cores if absent.

    Yields
    ------
    Prediction
        In input order. A file that cannot be read has `error` and nothing else.
    """
    files = iter(items)
    first = list(islice(files, TASK))
    if len(first) < TASK:
        yield from predict_task(recognizer, first)
        return
    from concurrent.futures import Future, ThreadPoolExecutor  # 5 ms that a single file shall not wait for

    jobs = jobs or os.cpu_count() or 1
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[list[Prediction]]] = deque([pool.submit(predict_task, recognizer, first)])
        try:
            while True:
                while len(waiting) <= jobs and (task := list(islice(files, TASK))):
                    waiting.append(pool.submit(predict_task, recognizer, task))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:  # Ctrl-C, or a caller who has seen enough
            for future in waiting:
                future.cancel()


def predict_task(recognizer: Recognizer, items: Sequence[Item]) -> list[Prediction]:
    """Read and recognise a few files on this thread.

    Parameters
    ----------
    recognizer : Recognizer
        The model.
    items : sequence of Path, Recording, Remote or Prediction
        All of them are in memory at once.

    Returns
    -------
    list of Prediction
        In the same order.
    """
    reads = [_read(recognizer, item) for item in items]
    by_length = sorted((read.y.size, i) for i, read in enumerate(reads) if read.y is not None)
    predictions: dict[int, Prediction] = {}
    for first in range(0, len(by_length), BATCH):
        rows = [i for _, i in by_length[first : first + BATCH]]
        waveforms = [y for i in rows if (y := reads[i].y) is not None]
        predictions.update(zip(rows, recognizer.predict_batch(waveforms), strict=True))
    return [
        item
        if isinstance(item, Prediction)
        else replace(predictions[i], path=name_item(item))
        if i in predictions
        else fail(name_item(item), reads[i].error or "")
        for i, item in enumerate(items)
    ]


def name_item(item: Item) -> str:
    """Say what the answer calls a file.

    Parameters
    ----------
    item : Path, Recording, Remote or Prediction
        As `predict_files` takes it.

    Returns
    -------
    str
        The `path` of its prediction.
    """
    return str(item) if isinstance(item, Path) else item.path or "-"


def fail(path: Path | str, reason: str) -> Prediction:
    """Answer for what cannot be read.

    Parameters
    ----------
    path : Path or str
        What it is called.
    reason : str
        Why; a leading path is taken off.

    Returns
    -------
    Prediction
        With an `error` alone.
    """
    reason = reason.removeprefix(f"{printable(path)}: ")
    return Prediction(str(path), None, None, None, None, None, None, reason)


def _read(recognizer: Recognizer, item: Item) -> _Read:
    if isinstance(item, Prediction):
        return _Read(None, item.error)
    try:
        return _Read(recognizer.load_audio(open_item(item)), None)
    except AudioError as error:
        return _Read(None, str(error))
    except OSError as error:
        return _Read(None, explain_os_error(error))


def open_item(item: Path | Recording | Remote) -> Path | bytes:
    """Get at a recording, wherever it is.

    Parameters
    ----------
    item : Path, Recording or Remote
        What is to be read.

    Returns
    -------
    Path or bytes
        As `speechrnn.load_audio` takes it.

    Raises
    ------
    AudioError
        It is a URL that nothing here opens, or fsspec is not installed.
    OSError
        The URL cannot be read.

    Examples
    --------
    >>> open_item(Recording("six.wav", b"RIFF"))
    b'RIFF'
    """
    if isinstance(item, Path):
        return item
    return item.raw if isinstance(item, Recording) else _fetch(item)


def explain_address(error: Exception) -> str:
    """Say that a URL cannot be opened, without the URL.

    Parameters
    ----------
    error : Exception
        As fsspec raised it.

    Returns
    -------
    str
        What was seen, and what to do.

    Examples
    --------
    >>> explain_address(ValueError("Protocol not known: foo"))
    'cannot be opened (Protocol not known: foo). Check the address.'
    >>> explain_address(ImportError("HTTPFileSystem requires aiohttp"))
    'cannot be opened (HTTPFileSystem requires aiohttp). Install what it names.'
    """
    advice = "Install what it names" if isinstance(error, ImportError) else "Check the address"
    return f"cannot be opened ({printable(str(error))[:300] or type(error).__name__}). {advice}."


@contextmanager
def lend_fsspec() -> Iterator[Any]:
    """Lend fsspec for the time that one URL is read, which may fail in any way.

    Yields
    ------
    module
        The package `fsspec`.

    Raises
    ------
    AudioError
        Its protocol is unknown, lacks a package or a login, or its server refuses.
    OSError
        The URL cannot be read.
    MissingExtraError
        fsspec is not installed.
    """
    fsspec = require("fsspec", extra="ray", purpose="reading from a URL")
    try:
        yield fsspec
    except OSError:  # has words of its own
        raise
    # each file system raises errors of its own package, many of them with no parent but this
    except Exception as error:
        raise AudioError(explain_address(error)) from error


def _fetch(item: Remote) -> bytes:
    """Read a URL; what is wrong with one of a list is an answer, not the end of the others."""
    try:
        with lend_fsspec() as fsspec, fsspec.open(item.path, "rb") as file:
            raw: bytes = file.read()
    except MissingExtraError as error:
        raise AudioError(str(error)) from error
    return raw
