"""The espeak-ng speech synthesiser, from PyPI's `espeakng-loader` (GPL-3.0, therefore an extra of its own: `synth`)."""

import dataclasses
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speechrnn.corpus import espeak_process
from speechrnn.corpus.speech import REINSTALL, Speech, Utterance, speak_apart
from speechrnn.errors import CorpusError
from speechrnn.extras import require

# `en` is Great Britain. Left out: en-shaw, an alphabet, and en-us-nyc, which says most digits exactly as en-us does, so
# that one speaker would go by two names
ACCENTS = ("en", "en-029", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-gb-x-rp", "en-us")
# robots and a demon; every other variant that espeak-ng 1.52 ships is a voice that somebody could have
ABSURD_VARIANTS = re.compile(r".*robo.*|demonic", re.IGNORECASE)


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
        raise CorpusError(f"espeak-ng could not speak as {accent}: it knows no voice {accent!r}. {REINSTALL}")
    return found[0].read_bytes()


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
        raise CorpusError(f"espeak-ng has no voice variants in {folder}. {REINSTALL}")
    return variants


def _data_folder(loader: Any) -> Path:
    try:
        return Path(loader.get_data_path())
    except RuntimeError as error:
        raise CorpusError(f"espeak-ng has lost its data ({error}). {REINSTALL}") from error
