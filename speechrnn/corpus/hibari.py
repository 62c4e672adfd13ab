"""The neural voice of PyPI's `hibari-tts` (Apache-2.0), as several people: a shift of rate moves pitch and formants."""

from collections.abc import Sequence

import numpy as np

from speechrnn.corpus.speech import Speech, Utterance
from speechrnn.extras import require

# a voice heard at another rate has another vocal tract; further away it is no plausible one
FACTORS = {"low": 0.82, "lower": 0.88, "calm": 0.94, "own": 1.0, "higher": 1.07, "high": 1.15}
# words a minute at which the voice speaks by itself
_OWN_RATE = 160
_SPEEDS = (0.6, 1.6)
# one word alone is said in many tones
_TONES = ("{}.", "{}", "{}!", "{}?", "{},")


def list_neural_voices() -> tuple[str, ...]:
    """List the voices that are made of the one in the package.

    Returns
    -------
    tuple of str
        Such as ``heart+low``.
    """
    return tuple(f"heart+{name}" for name in FACTORS)


def speak_neural(voice: str, utterances: Sequence[Utterance], seed: int = 0) -> Speech:
    """Let the voice say some texts; equal arguments give equal samples on one machine.

    Parameters
    ----------
    voice : str
        From `list_neural_voices`.
    utterances : sequence of Utterance
        What is said, in order; pitch chooses the tone, because the voice has no other.
    seed : int
        Of its noise.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `hibari-tts` is not installed.
    """
    import speechrnn.runtime  # noqa: F401 -- hibari imports onnxruntime, which must have been told to keep quiet

    hibari = require("hibari", "synth")
    engine = hibari.Hibari()
    factor = FACTORS[voice.partition("+")[2]] if voice else 1.0
    waveforms = []
    for i, utterance in enumerate(utterances):
        text = _TONES[utterance.pitch % len(_TONES)].format(utterance.text.capitalize())
        speed = float(np.clip(utterance.rate / _OWN_RATE / factor, *_SPEEDS))
        y = np.asarray(engine(text, speed=speed, seed=(seed + i) % 2**31), np.float64).ravel()
        waveforms.append(np.round(np.clip(y, -1, 1) * 32767).astype(np.int16))
    return Speech(str(hibari.__version__), round(hibari.SAMPLE_RATE * factor), tuple(waveforms))
