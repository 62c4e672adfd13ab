"""SVOX Pico (Apache-2.0), from PyPI's `py-nanotts`: six women, two of whom read English and four respelled digits.

A shift of rate moves pitch and formants, and so makes other people of each, as of hibari's voice.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from speechrnn.corpus import pico_process
from speechrnn.corpus.accents import respell
from speechrnn.corpus.hibari import FACTORS
from speechrnn.corpus.speech import Speech, Utterance, speak_apart
from speechrnn.extras import check_installed

# by the language as `accents.yaml` has it; the last two are English
_VOICES = {"de": "de-DE", "es": "es-ES", "fr": "fr-FR", "it": "it-IT", "gb": "en-GB", "us": "en-US"}
_ENGLISH = ("gb", "us")
# words a minute at which the voices speak by themselves
_OWN_RATE = 150
# an utterance has a pitch of 0 to 99
_PITCHES = (0.8, 1.2)


def list_pico_voices() -> tuple[str, ...]:
    """List the voices that are made of the six in the package.

    Returns
    -------
    tuple of str
        Such as ``gb+low``.

    Examples
    --------
    >>> len(list_pico_voices())
    36
    """
    return tuple(f"{language}+{name}" for language in _VOICES for name in FACTORS)


def spell_pico(voice: str, text: str, seed: tuple[int, ...]) -> str:
    """Spell a digit as the voice has to read it.

    Parameters
    ----------
    voice : str
        From `list_pico_voices`.
    text : str
        The English word of a digit, or ``oh``.
    seed : tuple of int
        Chooses among the spellings that a language has for it.

    Returns
    -------
    str
        As it is for English voices.

    Raises
    ------
    CorpusError
        The voice is foreign and the text is no digit.

    Examples
    --------
    >>> spell_pico("gb+low", "nine", (0,))
    'nine'
    """
    return text if voice.partition("+")[0] in _ENGLISH else respell(voice, text, seed)


def speak_pico(voice: str, utterances: Sequence[Utterance], seed: int = 0) -> Speech:  # noqa: ARG001 -- it has no noise
    """Let one voice say some texts, in a process of its own; equal arguments give equal samples on one machine.

    Parameters
    ----------
    voice : str
        From `list_pico_voices`.
    utterances : sequence of Utterance
        What is said, in order.
    seed : int
        Not used: the same words always sound the same.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `py-nanotts` is not installed.
    CorpusError
        It does not start, or does not end.
    """
    check_installed("py_nanotts", "synth")
    language, _, name = voice.partition("+")
    factor = FACTORS.get(name, 1.0)
    request = {
        "voice": _VOICES.get(language),
        "utterances": [
            {
                "text": utterance.text,
                "speed": utterance.rate / _OWN_RATE / factor,
                "pitch": float(np.interp(utterance.pitch, (0, 99), _PITCHES)),
            }
            for utterance in utterances
        ],
    }
    speech = speak_apart(pico_process.__file__, ("Pico", voice), request)
    return replace(speech, sample_rate=round(speech.sample_rate * factor))
