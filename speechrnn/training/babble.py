"""People who talk at once, made of the other words that train."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from speechrnn.config import Config
from speechrnn.training.draws import stream
from speechrnn.training.features import Example
from speechrnn.training.frontend import mel_filters
from speechrnn.training.spectra import filter_widths

# rooms that are made, each of so many seconds, with so many people; how much quieter than the nearest they are, in dB
_ROOMS, _SECONDS, _PEOPLE, _QUIETER_DB = 12, 20.0, (3, 9), 10.0


def make_babble(words: Sequence[Example], config: Config) -> list[npt.NDArray[np.float32]]:
    """Let some people say other words, all at once.

    Parameters
    ----------
    words : sequence of Example
        Words that are no label; those without a spectrum say nothing.
    config : Config
        Its `augmentation` says whether any is wanted, its seed what is said.

    Returns
    -------
    list of np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        Mel powers, one array a room; none where there are no such words, or no babble is wanted.
    """
    noise = config.augmentation.noise if config.augmentation else None
    spectra = [word.spectrum for word in words if word.spectrum is not None]
    if not spectra or noise is None or not noise.babble:
        return []
    features, sr = config.features, config.audio.sample_rate
    filters, widths = mel_filters(features, sr).T, filter_widths(features)
    n_frames, rng = round(_SECONDS * sr / features.hop_length), stream("babble", config.training.seed)
    rooms = []
    for _ in range(_ROOMS):
        room = np.zeros((n_frames, features.n_mels), np.float32)
        for _ in range(rng.integers(*_PEOPLE)):
            said = [spectra[i] for i in rng.integers(0, len(spectra), 1 + n_frames // 20)]
            mel = np.resize(np.concatenate(said) @ filters, room.shape)
            # phases are random, so powers add
            room += mel * np.float32(10 ** (-rng.uniform(0, _QUIETER_DB) / 10) / max((mel @ widths).mean(), 1e-12))
        rooms.append(room)
    return rooms
