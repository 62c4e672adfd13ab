"""Where a word lies in a recording: what `speechrnn.training.trimming` is in the graph, with librosa."""

from dataclasses import dataclass

import librosa
import numpy as np

from speechrnn.audio import Waveform
from speechrnn.config import TrimConfig
from speechrnn.high_pass import above


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a word lies: the first sample, and the one after the last."""

    start: int
    end: int


def find_word(y: Waveform, config: TrimConfig, sr: int) -> Bounds:
    """Find the first and the last frame that are loud enough, as `librosa.effects.trim` does after a high-pass.

    Where more is loud than a word can be, it is noise: silence is not as far down as `top_db` says, but 6 dB less, and
    6 dB less again, until no more is loud. The weak ends that the word then loses are about as long as `margin`.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A recording.
    config : TrimConfig
        What is loud enough.
    sr : int
        Rate in Hz.

    Returns
    -------
    Bounds
        In samples.

    Examples
    --------
    A whistle between half seconds of hum:

    >>> from speechrnn.config import Config
    >>> t, config = np.arange(10400) / 8000, Config.load("digits")
    >>> y = 0.1 * np.sin(2 * np.pi * 50 * t) + np.sin(2 * np.pi * 900 * t) * ((t > 0.5) & (t < 0.8))
    >>> find_word(y.astype(np.float32), config.trim, 8000)
    Bounds(start=3904, end=6592)

    The same in a hiss 30 dB under it, of which a tenth of a second is left on either side:

    >>> y += 0.02 * np.random.default_rng(0).standard_normal(10400)
    >>> find_word(y.astype(np.float32), config.trim, 8000)
    Bounds(start=3136, end=7360)
    """
    loud = above(y, config.fmin, sr)
    top_db = _choose_level(loud, config, sr)
    _, (start, end) = librosa.effects.trim(
        loud, top_db=top_db, frame_length=config.frame_length, hop_length=config.hop_length
    )
    margin = config.margin_length(sr) if top_db < config.top_db else 0
    return Bounds(max(0, int(start) - margin), min(len(y), int(end) + margin))


def _choose_level(loud: Waveform, config: TrimConfig, sr: int) -> float:
    """Take the first of `levels_db` at which no more is loud than a word can be."""
    *levels, last = config.levels_db
    if not levels:
        return last
    rms = librosa.feature.rms(y=loud, frame_length=config.frame_length, hop_length=config.hop_length)
    level_db = librosa.amplitude_to_db(rms, ref=np.max, top_db=None)
    most = config.max_loud * sr / config.hop_length
    return next((top_db for top_db in levels if np.count_nonzero(level_db > -top_db) <= most), last)
