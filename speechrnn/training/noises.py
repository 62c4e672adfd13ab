"""Recorded noise to train with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.audio import Waveform
from speechrnn.config import Config
from speechrnn.corpus.clips import clip_hash
from speechrnn.corpus.noises import OnUnusable, list_noises, read_usable

# of a recording of hours the first minutes are noise enough
MAX_SECONDS = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A recording of noise.

    Attributes
    ----------
    path : Path
        The file.
    y : np.ndarray [shape=(n,), dtype=float32]
        At the model's rate.
    digest : str
        Of the file, as `speechrnn.corpus.clips.clip_hash`.
    """

    path: Path
    y: Waveform
    digest: str


def load_noises(paths: Sequence[Path], config: Config, on_unusable: OnUnusable | None = None) -> list[Noise]:
    """Read recordings of noise, or all in some folders.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    config : Config
        Its `audio` decides rate and what is too quiet.
    on_unusable : callable, optional
        Called with each recording that cannot be read or is silent, and that is left out; without it the first one is
        an error.

    Returns
    -------
    list of Noise
        The rows ``train`` where a folder has a manifest.

    Raises
    ------
    CorpusError
        A folder holds no recordings, or no recording can be used.
    """
    n = round(MAX_SECONDS * config.audio.sample_rate)
    files = [file for place in paths for file in list_noises(place, "train")]
    least = 10 ** (config.audio.min_peak_db / 20)
    usable = read_usable(files, config.audio, on_unusable)
    return [Noise(path, _first_minutes(y, n, least), clip_hash(path)) for path, y in usable]


def _first_minutes(y: Waveform, n: int, least: float) -> Waveform:
    """The first `n` samples, or, where nothing sounds in them, those from where something does."""
    first = int(np.argmax(np.abs(y) >= least))
    # a copy: a view would keep hours of it in memory
    return (y[:n] if first < n else y[first : first + n]).copy()
