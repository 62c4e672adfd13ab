"""What synthesisers are asked to say, what they answer, and a process of their own for those that keep state."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.errors import CorpusError

TIMEOUT = 600  # seconds for all words of one voice; of espeak-ng each takes 1.6 ms
REINSTALL = 'Install it again: pip install --force-reinstall "speechrnn[synth]"'


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text and how it is said.

    Attributes
    ----------
    text : str
        What is said.
    rate : int
        Words a minute, 80 to 450.
    pitch : int
        0 to 99; the voice's own is 50.
    pitch_range : int
        0 (monotone) to 99; the voice's own is 50.
    """

    text: str
    rate: int = 175
    pitch: int = 50
    pitch_range: int = 50


@dataclass(frozen=True, slots=True)
class Speech:
    """What one voice said.

    Attributes
    ----------
    version : str
        Of the synthesiser.
    sample_rate : int
        In Hz; 22,050 where espeak-ng speaks.
    waveforms : tuple of np.ndarray [shape=(n,), dtype=int16]
        One for each utterance, with the silence that the synthesiser leaves around words.
    """

    version: str
    sample_rate: int
    waveforms: tuple[npt.NDArray[np.int16], ...]


def speak_apart(script: str, who: tuple[str, str], request: Mapping[str, Any], folder: str | None = None) -> Speech:
    """Let a synthesiser speak in a process of its own, which keeps no state and takes nobody along.

    Parameters
    ----------
    script : str
        A file of this package: reads a JSON object, writes a line of JSON (``version``, ``sample_rate``, ``sizes``) and
        the samples of all utterances, int16.
    who : tuple of str
        Synthesiser and voice, for the sentence that says what went wrong.
    request : mapping
        Goes to its standard input.
    folder : str, optional
        Its working folder.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    CorpusError
        It does not start, does not end, or refuses.
    """
    try:
        reply = subprocess.run(  # noqa: S603 -- this very Python with a file of this package
            [sys.executable, "-I", script],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
            cwd=folder,
        ).stdout
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or [
            f"it ended with status {error.returncode}"
        ]
        raise CorpusError(f"{who[0]} could not speak as {who[1]}: {said[-1]}. {REINSTALL}") from error
    except subprocess.TimeoutExpired as error:
        raise CorpusError(f"{who[0]} said nothing as {who[1]} in {TIMEOUT} s. {REINSTALL}") from error
    return _parse(reply)


def _parse(reply: bytes) -> Speech:
    line, _, samples = reply.partition(b"\n")
    header = json.loads(line)
    starts = np.cumsum(header["sizes"])[:-1]
    parts = np.split(np.frombuffer(samples, np.int16), starts) if header["sizes"] else []
    return Speech(header["version"], header["sample_rate"], tuple(parts))
