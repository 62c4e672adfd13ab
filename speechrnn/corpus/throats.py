"""Voices for espeak-ng that nobody drew: a number decides formants, pitch, breath and roughness.

espeak-ng reads a voice's throat from a small text file, a variant. Those that it ships are about a hundred; here any
number is written, spread over men, women and children by the length of the vocal tract and the pitch that goes with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechrnn.corpus.espeak import ACCENTS, speak
from speechrnn.corpus.speech import Speech, Utterance

# with seven accents as many voices as may be asked for
N_THROATS = 1_429


@dataclass(frozen=True, slots=True)
class _Kind:
    """People alike: how often they are met, formants in percent of espeak-ng's own man, lowest pitch in Hz."""

    share: float
    formants: tuple[float, float]
    pitch: tuple[float, float]


_KINDS = (
    _Kind(0.45, (88.0, 104.0), (70.0, 130.0)),
    _Kind(0.40, (100.0, 120.0), (130.0, 215.0)),
    _Kind(0.15, (113.0, 132.0), (180.0, 290.0)),
)


def list_throats() -> tuple[str, ...]:
    """List the voices: every accent of English with every throat.

    Returns
    -------
    tuple of str
        Such as ``en-us+t17``; all voices of an accent stand together, in a fixed order.
    """
    return tuple(f"{accent}+t{number}" for accent in ACCENTS for number in range(N_THROATS))


def speak_throat(voice: str, utterances: Sequence[Utterance], seed: int = 0) -> Speech:
    """Let one voice say some texts; equal arguments give equal samples.

    Parameters
    ----------
    voice : str
        From `list_throats`.
    utterances : sequence of Utterance
        What is said, in order.
    seed : int
        Of the noise in breathy voices, 0 to 2**31 - 1.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `espeakng-loader` is not installed.
    CorpusError
        espeak-ng does not start, does not end, or knows no such accent.
    """
    number = voice.partition("+t")[2]
    return speak(voice, utterances, seed, write_throat(int(number)) if number else None)


def write_throat(number: int) -> str:
    """Write the lines of a voice file: equal numbers, equal voices.

    Parameters
    ----------
    number : int
        Which; any two are different people.

    Returns
    -------
    str
        Lines as espeak-ng reads them: ``formant`` has number, frequency, height and width in percent of its own.

    Examples
    --------
    >>> write_throat(0) == write_throat(0) != write_throat(1)
    True
    """
    rng = np.random.default_rng((number, 20_260_101))
    kind = _KINDS[int(rng.choice(len(_KINDS), p=[kind.share for kind in _KINDS]))]
    place = rng.uniform()  # within a kind, the higher voice tends to have the shorter tract
    tract = np.interp(np.clip(place + rng.normal(0, 0.2), 0, 1), (0, 1), kind.formants)
    low = np.exp(np.interp(place, (0, 1), np.log(kind.pitch)))
    lines = [f"pitch {low:.0f} {low * rng.uniform(1.2, 1.75):.0f}"]
    tilt = rng.uniform(-7, 5)  # percent a formant: dull or sharp
    for formant in range(9):
        frequency = tract * rng.uniform(0.95, 1.05) if formant else 100.0
        height = np.clip(100 + tilt * formant + rng.uniform(-15, 15), 30, 150)
        lines.append(f"formant {formant} {frequency:.0f} {height:.0f} {rng.uniform(75, 150):.0f}")
    lines += [
        f"roughness {rng.integers(0, 4)}",
        f"flutter {rng.integers(0, 6)}",
        f"voicing {rng.uniform(70, 140):.0f}",
        f"consonants {rng.uniform(70, 150):.0f} {rng.uniform(70, 150):.0f}",
    ]
    if rng.uniform() < 0.4:
        lines.append(f"breath 0 {' '.join(str(n) for n in rng.integers(1, 7, 7))}")
    if rng.uniform() < 0.15:
        lines.append(f"klatt {rng.integers(1, 4)}")
    return "\n".join(lines) + "\n"
