"""How synthetic speech varies: which voices speak, how each says a word, how each clip is recorded; all of it pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import soxr

from speechrnn.corpus.speech import Utterance
from speechrnn.errors import CorpusError

SILENCE_DB = -45.0  # what is this far under the peak at either end is not the word
PADDING = (0.03, 0.15)  # seconds before and after the word
PEAK_DB = (-20.0, -1.0)  # dBFS
NOISE_DB = (-70.0, -60.0)  # RMS, dBFS
MIN_WORD = 500  # samples of the engine: no word is so short, about 20 ms
VOICE_RATE, VOICE_PITCH, VOICE_RANGE = (130, 190), (30, 70), (30, 75)


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker of synthetic clips.

    Attributes
    ----------
    name : str
        What the engine calls it, such as ``en-us+f2``.
    rate, pitch, pitch_range : int
        Its habits, as in `Utterance`; each take departs a little from them.
    seed : int
        Decides the takes and the recordings of this voice, 0 to 2**31 - 1.
    prefix : str
        Of its engine, for the name.
    """

    name: str
    rate: int
    pitch: int
    pitch_range: int
    seed: int
    prefix: str = "espeak-"

    @property
    def speaker(self) -> str:
        """The name in file names, such as ``espeak-en-us-f2``; without the underscore that separates their parts."""
        return self.prefix + re.sub(r"[^a-z0-9]+", "-", self.name.lower())


def choose_voices(names: Sequence[str], n: int, seed: int, prefix: str = "espeak-") -> tuple[Voice, ...]:
    """Choose voices without repetition, accents in turn, and no variant twice before each had its turn.

    Parameters
    ----------
    names : sequence of str
        All ``accent+variant``; every accent with the same variants.
    n : int
        How many voices.
    seed : int
        Decides which, and their habits.
    prefix : str
        Of the engine, for their names as speakers.

    Returns
    -------
    tuple of Voice
        With the same seed, a smaller number gives the beginning of a greater one.

    Raises
    ------
    CorpusError
        There are fewer than `n`.

    Examples
    --------
    >>> voices = choose_voices(["en+f1", "en+m1", "en-us+f1", "en-us+m1"], 4, seed=0)
    >>> len({voice.name for voice in voices}), len({voice.name.split("+")[1] for voice in voices[:2]})
    (4, 2)
    """
    if n > len(names):
        raise CorpusError(f"{n} voices asked for, the engine has {len(names)}. Ask for fewer voices and more repeats.")
    rng = np.random.default_rng(seed)
    accents = rng.permutation(sorted({name.partition("+")[0] for name in names})).tolist()
    variants = rng.permutation(sorted({name.partition("+")[2] for name in names})).tolist()
    return tuple(replace(_voice(i, accents, variants, seed), prefix=prefix) for i in range(n))


def _voice(i: int, accents: list[str], variants: list[str], seed: int) -> Voice:
    round_, turn = divmod(i, len(variants))
    rng = np.random.default_rng((seed, i))
    return Voice(
        name=f"{accents[(turn + round_) % len(accents)]}+{variants[turn]}",
        rate=int(rng.integers(*VOICE_RATE, endpoint=True)),
        pitch=int(rng.integers(*VOICE_PITCH, endpoint=True)),
        pitch_range=int(rng.integers(*VOICE_RANGE, endpoint=True)),
        seed=int(rng.integers(2**31)),
    )


def vary(voice: Voice, text: str, index: int, tempo: float = 1.0) -> Utterance:
    """Say how a voice says something this time: rate within 12 %, pitch and its range within 8 and 12 points.

    Parameters
    ----------
    voice : Voice
        Who speaks.
    text : str
        What is said.
    index : int
        The how manieth utterance of the voice it is.
    tempo : float
        Over 1 is faster than the voice's own rate.

    Returns
    -------
    Utterance
        For the engine.
    """
    rng = np.random.default_rng((voice.seed, index, 0))
    rate, pitch, pitch_range = rng.uniform(-1, 1, 3)
    return Utterance(
        text,
        rate=round(voice.rate * (1 + 0.12 * rate) * tempo),
        pitch=round(voice.pitch + 8 * pitch),
        pitch_range=round(voice.pitch_range + 12 * pitch_range),
    )


def render(
    waveform: npt.NDArray[np.int16], source_rate: int, sample_rate: int, seed: tuple[int, int]
) -> npt.NDArray[np.int16]:
    """Make a recording of a synthetic word: its silence cut, padded, at some level, over a faint noise.

    Parameters
    ----------
    waveform : np.ndarray [shape=(n,), dtype=int16]
        As the engine gives it.
    source_rate : int
        Of `waveform`, in Hz.
    sample_rate : int
        Of the recording, in Hz.
    seed : tuple of two ints
        Of the voice, and index of the utterance.

    Returns
    -------
    np.ndarray [shape=(m,), dtype=int16]
        With a peak between -20 and -1 dBFS and noise between -70 and -60 dBFS throughout.

    Raises
    ------
    CorpusError
        There is no word in it.

    Examples
    --------
    A fifth of a second of tone in a second of silence, with 0.03 to 0.15 s on each side:

    >>> tone = np.zeros(22050, np.int16)
    >>> tone[5000:9410] = 9000 * np.sin(np.arange(4410))
    >>> 0.26 * 8000 - 2 < render(tone, 22050, 8000, (0, 0)).size < 0.5 * 8000 + 2
    True
    """
    word = _cut(waveform.astype(np.float64))
    rng = np.random.default_rng((*seed, 1))
    y = soxr.resample(word, source_rate, sample_rate, quality="soxr_hq")
    before, after = (round(seconds * sample_rate) for seconds in rng.uniform(*PADDING, 2))
    y = np.pad(y * _gain(rng.uniform(*PEAK_DB)) / np.abs(y).max(), (before, after))
    y = y + _gain(rng.uniform(*NOISE_DB)) * rng.standard_normal(y.size)
    return np.clip(np.round(y * 32767), -32768, 32767).astype(np.int16)


def _cut(y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    loud = np.flatnonzero(np.abs(y) > np.abs(y).max(initial=0.0) * _gain(SILENCE_DB))
    if loud.size < 2 or loud[-1] - loud[0] < MIN_WORD:
        raise CorpusError("the synthesiser said nothing. Give every label a text that can be spoken.")
    return y[loud[0] : loud[-1] + 1]


def _gain(db: float) -> float:
    return float(10 ** (db / 20))
