"""What ``predict`` is given: files, folders and stdin, as one stream of predictions in input order."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from speechrnn.batch import predict_files
from speechrnn.corpus.files import find_recordings, is_folder
from speechrnn.errors import AudioError, CorpusError
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.text import printable

# a text, not a path: `./-` is a file like any other
STDIN: Literal["-"] = "-"
Input = Path | Literal["-"] | Prediction
# more than any single word needs; without a bound an endless stream would fill the memory
MAX_STDIN = 256 << 20


def list_inputs(inputs: Sequence[str]) -> list[Input]:
    """Replace folders by the recordings in them.

    Parameters
    ----------
    inputs : sequence of str
        Files, folders, and ``-`` for stdin.

    Returns
    -------
    list of Path, str or Prediction
        Files to be read, ``-``, and predictions with an `error` for what cannot be.
    """
    listed: list[Input] = []
    for name in inputs:
        if name == STDIN:
            listed.append(STDIN)
            continue
        path = Path(name)
        try:
            listed += _list_folder(path) if is_folder(path) else [path]
        except CorpusError as error:
            listed.append(_fail(path, str(error)))
    return listed


def predict_inputs(recognizer: Recognizer, inputs: Sequence[Input], *, jobs: int | None = None) -> Iterator[Prediction]:
    """Recognise what `list_inputs` listed.

    Parameters
    ----------
    recognizer : Recognizer
        The model.
    inputs : sequence of Path, str or Prediction
        Files, ``-``, and what failed already.
    jobs : int, optional
        See `predict_files`.

    Yields
    ------
    Prediction
        One for each input, in order.
    """
    files = [item for item in inputs if isinstance(item, Path)]
    answers = predict_files(recognizer, files, jobs=jobs)
    for item in inputs:
        if isinstance(item, Prediction):
            yield item
        else:
            yield next(answers) if isinstance(item, Path) else _predict_stdin(recognizer)


def _list_folder(folder: Path) -> list[Input]:
    found = find_recordings(folder)
    if not found.files and not found.unusable:
        return [_fail(folder, "no recordings in this folder or below it (wav, flac, ogg, mp3, ...). Check the path.")]
    listed = {
        path: _fail(path, f"{reason}. Remove it, or point it at a file.") for path, reason in found.unusable.items()
    }
    return [listed.get(path, path) for path in sorted([*found.files, *listed], key=lambda path: path.parts)]


def _predict_stdin(recognizer: Recognizer) -> Prediction:
    raw = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(raw) > MAX_STDIN:
        return _fail(STDIN, f"more than {MAX_STDIN >> 20} MiB on stdin, needed the recording of one word. Cut it.")
    if not raw:
        return _fail(STDIN, "empty: nothing came on stdin. Give a recording, such as: speechrnn predict - < six.wav")
    try:
        prediction = recognizer.predict(raw)
    except AudioError as error:
        return _fail(STDIN, str(error))
    return replace(prediction, path=STDIN)


def _fail(path: Path | str, reason: str) -> Prediction:
    reason = reason.removeprefix(f"{printable(path)}: ")
    return Prediction(str(path), None, None, None, None, None, None, reason)
