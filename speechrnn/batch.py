"""Many files: read and recognised in parallel, answered in input order, in bounded memory."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from speechrnn.audio import Waveform
from speechrnn.errors import AudioError, explain_os_error
from speechrnn.recognizer import Prediction, Recognizer

# one task reads this many files and runs them by length, this many at a time, so that little padding is computed
TASK, BATCH = 64, 16


@dataclass(frozen=True, slots=True)
class _Read:
    """A file's samples, or why there are none."""

    y: Waveform | None
    error: str | None


def predict_files(recognizer: Recognizer, paths: Iterable[Path], *, jobs: int | None = None) -> Iterator[Prediction]:
    """Recognise many files.

    Parameters
    ----------
    recognizer : Recognizer
        The model.
    paths : iterable of Path
        Files; taken as needed, so there may be any number.
    jobs : int, optional
        Threads; as many as there are cores if absent.

    Yields
    ------
    Prediction
        In input order. A file that cannot be read has `error` and nothing else.
    """
    jobs = jobs or os.cpu_count() or 1
    files = iter(paths)
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[list[Prediction]]] = deque()
        try:
            while True:
                while len(waiting) <= jobs and (task := list(islice(files, TASK))):
                    waiting.append(pool.submit(_predict_task, recognizer, task))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:  # Ctrl-C, or a caller who has seen enough
            for future in waiting:
                future.cancel()


def _predict_task(recognizer: Recognizer, paths: list[Path]) -> list[Prediction]:
    reads = [_read(recognizer, path) for path in paths]
    by_length = sorted((read.y.size, i) for i, read in enumerate(reads) if read.y is not None)
    predictions: dict[int, Prediction] = {}
    for first in range(0, len(by_length), BATCH):
        rows = [i for _, i in by_length[first : first + BATCH]]
        waveforms = [y for i in rows if (y := reads[i].y) is not None]
        predictions.update(zip(rows, recognizer.predict_batch(waveforms), strict=True))
    return [
        replace(predictions[i], path=str(path)) if i in predictions else _failed(path, reads[i].error)
        for i, path in enumerate(paths)
    ]


def _read(recognizer: Recognizer, path: Path) -> _Read:
    try:
        return _Read(recognizer.load_audio(path), None)
    except AudioError as error:
        return _Read(None, str(error))
    except OSError as error:
        return _Read(None, explain_os_error(error))


def _failed(path: Path, error: str | None) -> Prediction:
    return Prediction(str(path), None, None, None, None, None, None, error)
