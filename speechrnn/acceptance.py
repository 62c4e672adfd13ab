"""Whether a word that somebody said can be kept as a clip to train on."""

from dataclasses import dataclass, replace

import numpy as np

from speechrnn.corpus.faults import MAX_CLIPPED, clipped_share
from speechrnn.segmenting import SegmentOptions
from speechrnn.waveform import Waveform

# nobody waits for an answer here: more patience with a pause inside a word, and more room around it
ENDS = replace(SegmentOptions(), hangover=0.4, tail=0.2)


@dataclass(frozen=True, slots=True)
class TakeLimits:
    """What is asked for again; times in seconds.

    Attributes
    ----------
    shortest, longest : float
        Of what is said.
    quietest_db : float
        Of its peak, below full scale.
    stand_out_db : float
        Of its loudest over its quietest tenth.
    patience : float
        So long nothing is heard before the prompt is repeated.
    settling : float
        So long the room is listened to before the first prompt.
    """

    shortest: float = 0.1
    longest: float = 2.0
    quietest_db: float = -40.0
    stand_out_db: float = 10.0
    patience: float = 8.0
    settling: float = 1.0


def judge_take(y: Waveform, sr: int, limits: TakeLimits) -> str | None:
    """Say why an utterance cannot be kept.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        With the room that the end-pointer leaves.
    sr : int
        Rate in Hz.
    limits : TakeLimits
        What can be kept.

    Returns
    -------
    str or None
        What was wrong and what to do; None where it is fine.

    Examples
    --------
    >>> judge_take(np.zeros(8000, np.float32), 8000, TakeLimits())
    'too quiet: digital silence. Come closer, or turn the microphone up.'
    """
    seconds = y.size / sr - ENDS.lead - ENDS.tail
    peak = float(np.abs(y).max(initial=0.0))
    level = f"peak {20 * np.log10(peak):.0f} dBFS, needed {limits.quietest_db:g}" if peak else "digital silence"
    if (share := clipped_share(y)) > MAX_CLIPPED:
        return f"too loud: {share:.1%} of it is cut off. Go back a little, or turn the microphone down."
    if peak < 10 ** (limits.quietest_db / 20):
        return f"too quiet: {level}. Come closer, or turn the microphone up."
    if seconds > limits.longest:
        return f"too long: {seconds:.1f} s. Say this one word, and then nothing."
    if seconds < limits.shortest:
        return f"too short: {max(seconds, 0):.2f} s, it may have been a click."
    frame = max(1, sr // 50)
    power = np.sort((y[: y.size // frame * frame].reshape(-1, frame).astype(np.float64) ** 2).mean(axis=1))
    above = 10 * np.log10(power[-1] / max(power[power.size // 10], 1e-12))
    if above < limits.stand_out_db:
        return f"no word: the loudest is only {above:.0f} dB above the rest. Come closer, or find a quieter place."
    return None
