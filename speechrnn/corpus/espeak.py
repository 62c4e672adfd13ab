"""The espeak-ng speech synthesiser, from PyPI's `espeakng-loader` (GPL-3.0, therefore an extra of its own: `synth`)."""

import dataclasses
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.corpus import espeak_process
from speechrnn.errors import CorpusError
from speechrnn.extras import require

TIMEOUT = 600  # seconds for all words of one voice, which take 1.6 ms each
# `en` is Great Britain. Left out: en-shaw, an alphabet, and en-us-nyc, which says most digits exactly as en-us does, so
# that one speaker would go by two names
ACCENTS = ("en", "en-029", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-gb-x-rp", "en-us")
# robots and a demon; every other variant that espeak-ng 1.52 ships is a voice that somebody could have
ABSURD_VARIANTS = re.compile(r".*robo.*|demonic", re.IGNORECASE)


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
        Of espeak-ng.
    sample_rate : int
        In Hz; 22,050.
    waveforms : tuple of np.ndarray [shape=(n,), dtype=int16]
        One for each utterance, with the silence that espeak-ng leaves around words.
    """

    version: str
    sample_rate: int
    waveforms: tuple[npt.NDArray[np.int16], ...]


def speak(voice: str, utterances: Sequence[Utterance], seed: int = 0, variant: str | None = None) -> Speech:
    """Let one voice say some texts, in a process of its own; equal arguments give equal samples.

    Parameters
    ----------
    voice : str
        Accent and variant, such as ``en-us+f2``.
    utterances : sequence of Utterance
        What is said, in order; how a word sounds depends a little on what was said before it.
    seed : int
        Of the noise in breathy voices, 0 to 2**31 - 1.
    variant : str, optional
        Lines of a voice file (formants, pitch, breath), where espeak-ng ships no variant of that name.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `espeakng-loader` is not installed.
    CorpusError
        espeak-ng does not start, does not end, or knows no such voice.
    """
    loader = require("espeakng_loader", "synth")
    data = _data_folder(loader)
    request = {
        "library": loader.get_library_path(),
        "data": str(data),
        "voice": voice,
        "file": None if variant is None else _FILE,
        "seed": seed,
        "utterances": [dataclasses.asdict(utterance) for utterance in utterances],
    }
    with tempfile.TemporaryDirectory() as folder:
        if variant is not None:
            Path(folder, _FILE).write_bytes(_read_accent(data, voice.partition("+")[0]) + b"\n" + variant.encode())
        return speak_apart(espeak_process.__file__, ("espeak-ng", voice), request, folder)


# as seen from the folder: espeak-ng reads no more than 60 characters of a path
_FILE = "voice"


def _read_accent(data: Path, accent: str) -> bytes:
    found = sorted(path for path in data.glob("lang/**/*") if path.name.lower() == accent)
    if not found:
        raise CorpusError(f"espeak-ng could not speak as {accent}: it knows no voice {accent!r}. {_REINSTALL}")
    return found[0].read_bytes()


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
        raise CorpusError(f"{who[0]} could not speak as {who[1]}: {said[-1]}. {_REINSTALL}") from error
    except subprocess.TimeoutExpired as error:
        raise CorpusError(f"{who[0]} said nothing as {who[1]} in {TIMEOUT} s. {_REINSTALL}") from error
    return _parse(reply)


def list_voices() -> tuple[str, ...]:
    """List the voices of this installation: every accent of English with every variant that is not absurd.

    Returns
    -------
    tuple of str
        Such as ``en-us+f2``; all voices of an accent stand together, in a fixed order.

    Raises
    ------
    MissingExtraError
        `espeakng-loader` is not installed.
    CorpusError
        Its data folder is damaged.
    """
    return tuple(f"{accent}+{variant}" for accent in ACCENTS for variant in list_variants())


def list_variants() -> tuple[str, ...]:
    """List the variants of this installation that are not absurd: shapes of a throat, for any language.

    Returns
    -------
    tuple of str
        Such as ``f2``, in a fixed order.

    Raises
    ------
    MissingExtraError
        `espeakng-loader` is not installed.
    CorpusError
        Its data folder is damaged.
    """
    folder = _data_folder(require("espeakng_loader", "synth")) / "voices" / "!v"
    variants = tuple(sorted(file.name for file in folder.glob("*") if not ABSURD_VARIANTS.fullmatch(file.name)))
    if not variants:
        raise CorpusError(f"espeak-ng has no voice variants in {folder}. {_REINSTALL}")
    return variants


_REINSTALL = 'Install it again: pip install --force-reinstall "speechrnn[synth]"'


def _data_folder(loader: Any) -> Path:
    try:
        return Path(loader.get_data_path())
    except RuntimeError as error:
        raise CorpusError(f"espeak-ng has lost its data ({error}). {_REINSTALL}") from error


def _parse(reply: bytes) -> Speech:
    line, _, samples = reply.partition(b"\n")
    header = json.loads(line)
    starts = np.cumsum(header["sizes"])[:-1]
    parts = np.split(np.frombuffer(samples, np.int16), starts) if header["sizes"] else []
    return Speech(header["version"], header["sample_rate"], tuple(parts))
