"""How a synthetic corpus was made: the options, and the manifest in its folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from speechrnn.corpus.clips import DIGIT_WORDS
from speechrnn.errors import ConfigError, CorpusError
from speechrnn.storage import write_bytes
from speechrnn.text import printable

# the second stands in the place of the first until every clip is there
MANIFEST, UNFINISHED = "synthesis.json", "synthesis-unfinished.json"
BOUNDS = {
    "voices": (1, 10_000),
    "repeats": (1, 1_000),
    "seed": (0, 2**32 - 1),
    "sample_rate": (4_000, 48_000),
    "strings": (0, 10_000),
    "each": (0, 10_000),
}
# what can stand before the underscore of a file name on every system
_LABEL = re.compile(r"[^\W_](?:[^\W_]|['-]| (?! ))*(?<! )")


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """What is spoken, and by how many; the same options give the same bytes.

    Attributes
    ----------
    voices : int
        How many speakers.
    repeats : int
        How often each speaker says each word, each time a little differently.
    seed : int
        Decides voices, pitch, rate, level and noise.
    sample_rate : int
        Of the files, in Hz.
    words : mapping of str to str
        Label to the text that is spoken.
    engine : str
        Which synthesiser speaks; see `speechrnn.corpus.engines.find_engine`.
    rejects : bool
        The words are no labels: their clips go into a folder ``unknown``, as material for rejection.
    strings : int
        How many whole numbers each speaker says, in place of the words; 0 for words.

    each : int
        How many of the words each speaker says, others every time, so that slow engines can lend them many voices; 0
        for all.

    Raises
    ------
    ConfigError
        A value out of range, or a label that does not fit into a file name.

    Examples
    --------
    >>> SynthesisOptions(voices=3, repeats=2).n_clips
    60
    >>> SynthesisOptions(repeats=0)
    Traceback (most recent call last):
    speechrnn.errors.ConfigError: repeats is 0, allowed are 1 to 1000
    """

    voices: int = 24
    repeats: int = 5
    seed: int = 0
    sample_rate: int = 16_000
    words: Mapping[str, str] = field(default_factory=lambda: {str(i): word for i, word in enumerate(DIGIT_WORDS)})
    engine: str = "espeak-ng"
    rejects: bool = False
    strings: int = 0
    each: int = 0

    def __post_init__(self) -> None:
        """Check every bound."""
        for name, (low, high) in BOUNDS.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise ConfigError(f"{name} is {value}, allowed are {low} to {high}")
        if self.strings and self.rejects:
            raise ConfigError("strings are of digits, rejects are words that are none: allowed is one of the two")
        if not self.words:
            raise ConfigError("words is empty, allowed is one word or more")
        for label, text in self.words.items():
            if not _LABEL.fullmatch(label):
                raise ConfigError(f"words has the label {label!r}, allowed are letters, digits, blanks, ' and -")
            if not text.strip():
                raise ConfigError(f"words.{label} is {text!r}, allowed is a text that can be spoken")

    @property
    def n_clips(self) -> int:
        """How many files these options make."""
        return self.voices * (self.strings or self.repeats * min(self.each or len(self.words), len(self.words)))


@dataclass(frozen=True, slots=True)
class Manifest:
    """How a synthetic corpus was made.

    Attributes
    ----------
    engine : str
        As in `options`.
    version : str
        Of the engine.
    seed : int
        As in `options`.
    n_clips : int
        How many clips were asked for.
    options : SynthesisOptions
        What was asked for.
    judge : str
        The model that listened to each clip; empty where none did.
    dropped : int
        Clips that it took for another word, or other words that made no sound: they are not there.
    """

    engine: str
    version: str
    seed: int
    n_clips: int
    options: SynthesisOptions
    judge: str = ""
    dropped: int = 0


def read_manifest(directory: Path) -> Manifest | None:
    """Read how a folder was synthesised.

    Parameters
    ----------
    directory : Path
        Any folder.

    Returns
    -------
    Manifest or None
        None where the folder is no synthetic corpus, or an unfinished one.

    Raises
    ------
    CorpusError
        The manifest is damaged.
    """
    return _read(directory / MANIFEST)


def read_unfinished(directory: Path) -> Manifest | None:
    """Read what an interrupted synthesis was about to make.

    Parameters
    ----------
    directory : Path
        Any folder.

    Returns
    -------
    Manifest or None
        None where none was interrupted.

    Raises
    ------
    CorpusError
        The note that it left is damaged.
    """
    return _read(directory / UNFINISHED)


def write_unfinished(directory: Path, manifest: Manifest) -> None:
    """Note what a synthesis is about to make.

    Parameters
    ----------
    directory : Path
        Its folder; made where absent.
    manifest : Manifest
        What it will be.
    """
    write_bytes(directory / UNFINISHED, _encode(manifest))


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Declare a synthesis finished.

    Parameters
    ----------
    directory : Path
        Its folder, with all clips.
    manifest : Manifest
        What it is.
    """
    write_bytes(directory / MANIFEST, _encode(manifest))
    (directory / UNFINISHED).unlink(missing_ok=True)


def _read(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (msgspec.DecodeError, ConfigError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{printable(path)}: no readable manifest of a synthesis ({error}). Delete the folder and make it again."
        ) from error


def _encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
