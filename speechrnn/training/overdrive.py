"""Recordings that were too loud for what recorded them: the only change that has to happen to a waveform."""

import numpy as np

from speechrnn.audio import Waveform
from speechrnn.augmentation_settings import OverdriveConfig
from speechrnn.training.draws import stream


def overdrive(y: Waveform, digest: str, config: OverdriveConfig | None) -> Waveform:
    """Cut off the peaks of some recordings.

    Which ones, and how much, their content decides: spectra are stored once, so a recording is either overdriven in
    every pass or in none.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A recording.
    digest : str
        Of its file, hexadecimal.
    config : OverdriveConfig or None
        How often, and how far the loudest peak would be over what is left of it, in dB.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        The same, or a copy with its peaks cut off.

    Examples
    --------
    Half of the peak is 6 dB under it:

    >>> from speechrnn.settings import Span
    >>> y = np.array([0.125, -1.0, 0.25, 0.75], np.float32)
    >>> overdrive(y, "abcdef01", OverdriveConfig(1.0, Span(6.0206, 6.0206))).round(3).tolist()
    [0.125, -0.5, 0.25, 0.5]
    """
    if config is None or not y.size:
        return y
    chance, gain = stream("overdrive", int(digest[:8], 16)).random(2)
    if chance >= config.probability:
        return y
    span = config.gain_db
    most = np.abs(y).max() * np.float32(10 ** (-(span.low + (span.high - span.low) * gain) / 20))
    return np.clip(y, -most, most)
