"""Recorded noise to train with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.audio import Waveform, load_audio
from speechrnn.config import Config
from speechrnn.corpus.noises import list_noises
from speechrnn.errors import AudioError, CorpusError, explain_os_error
from speechrnn.text import printable

# of a recording of hours the first minutes are noise enough; none that is longer than an hour is read
MAX_SECONDS, LONGEST = 120.0, 3600.0


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


def load_noises(paths: Sequence[Path], config: Config) -> list[Noise]:
    """Read recordings of noise, or all in some folders.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    config : Config
        Its `audio` decides rate and what is too quiet.

    Returns
    -------
    list of Noise
        The rows ``train`` where a folder has a manifest.

    Raises
    ------
    CorpusError
        A folder holds no recordings, or a recording cannot be read.
    """
    limits = msgspec.structs.replace(config.audio, max_duration=LONGEST)
    noises: list[Noise] = []
    for path in (file for place in paths for file in list_noises(place, "train")):
        try:
            raw = path.read_bytes()
            y = load_audio(raw, limits)
        except AudioError as error:
            raise CorpusError(f"{printable(path)}: {error}") from error
        except OSError as error:
            raise CorpusError(f"{printable(path)}: {explain_os_error(error)}") from error
        n = round(MAX_SECONDS * config.audio.sample_rate)
        noises.append(Noise(path, y[:n], hashlib.sha256(raw).hexdigest()[:16]))
    return noises
