"""The reference front end: `librosa.effects.trim` of what lies above hum, then `librosa.feature.mfcc`, clip by clip.

The graph in `frontend` does the same inside ``model.onnx``; tests hold the two together.
"""

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt

from speechrnn.audio import Waveform, decode, prepare
from speechrnn.config import AudioConfig, Config, FeatureConfig
from speechrnn.corpus.clips import Clip
from speechrnn.errors import AudioError, HomeError, explain_os_error
from speechrnn.homes import cache_home
from speechrnn.storage import write_bytes
from speechrnn.training.bounds import find_word
from speechrnn.training.overdrive import overdrive
from speechrnn.training.spectra import Spectrum, power_spectrum

Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A clip as the network takes it.

    Attributes
    ----------
    clip : Clip
        Where it comes from.
    features : np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
        MFCC of the trimmed clip; no frames where the clip is changed anew in each pass.
    digest : str
        `speechrnn.corpus.clips.clip_hash` of the file.
    spectrum : np.ndarray [shape=(n_frames, n_bins), dtype=float32] or None
        Power spectrum of the same frames, where augmentation needs it.
    """

    clip: Clip
    features: Features
    digest: str
    spectrum: Spectrum | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A clip that cannot train, and why."""

    clip: Clip
    reason: str


def mfcc(y: Waveform, config: FeatureConfig, sr: int) -> Features:
    """Compute mel-frequency cepstral coefficients (Davis and Mermelstein 1980) as `librosa.feature.mfcc` does.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A trimmed word.
    config : FeatureConfig
        Frames and filters.
    sr : int
        Rate in Hz.

    Returns
    -------
    np.ndarray [shape=(1 + n // hop_length, n_mfcc), dtype=float32]
        Time first.

    Examples
    --------
    >>> config = Config.load("default")
    >>> mfcc(np.zeros(800, np.float32), config.features, config.audio.sample_rate).shape
    (11, 20)
    """
    with warnings.catch_warnings():
        # a word shorter than one frame is padded with silence, which is what we want; librosa warns of it
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")
        coefficients = librosa.feature.mfcc(
            y=y,
            sr=sr,
            n_mfcc=config.n_mfcc,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            fmin=config.fmin,
            fmax=config.fmax,
        )
    return np.ascontiguousarray(coefficients.T, dtype=np.float32)


def word_mfcc(y: Waveform, config: Config) -> Features:
    """Trim a recording and compute the MFCC of what is left.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A recording at the model's rate.
    config : Config
        Trimming and features.

    Returns
    -------
    np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
        Time first.
    """
    word = find_word(y, config.trim, config.audio.sample_rate)
    return mfcc(y[word.start : word.end], config.features, config.audio.sample_rate)


def load_examples(
    clips: Iterable[Clip],
    config: Config,
    on_progress: Callable[[int], None] | None = None,
    changed: frozenset[Path] = frozenset(),
) -> list[Example | Unreadable]:
    """Read clips and compute their features, files in parallel.

    Parameters
    ----------
    clips : iterable of Clip
        What to read.
    config : Config
        How.
    on_progress : callable, optional
        Called with the number of clips done so far.
    changed : frozenset of Path
        Clips of which augmentation takes the spectrum alone: it is half the time to leave their features out.

    Returns
    -------
    list of Example or Unreadable
        In the order of `clips`.
    """

    def load(clip: Clip) -> Example | Unreadable:
        try:
            raw = clip.path.read_bytes()
            digest = hashlib.sha256(raw).hexdigest()
            y = _decode_cached(raw, digest, config.audio)
        except AudioError as error:
            return Unreadable(clip, str(error))
        except OSError as error:
            return Unreadable(clip, explain_os_error(error))
        word = find_word(y, config.trim, config.audio.sample_rate)
        y = y[word.start : word.end]
        what = config.augmentation
        spectrum = power_spectrum(overdrive(y, digest, what.overdrive), config.features) if what else None
        if spectrum is not None and clip.path in changed:
            return Example(clip, np.zeros((0, config.features.n_mfcc), np.float32), digest[:16], spectrum)
        return Example(clip, mfcc(y, config.features, config.audio.sample_rate), digest[:16], spectrum)

    results: list[Example | Unreadable] = []
    # threads, not processes: decoding and resampling leave Python's lock, and importing librosa anew costs seconds
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for result in pool.map(load, clips):
            results.append(result)
            if on_progress:
                on_progress(len(results))
    finally:  # after Ctrl-C nobody waits for the files that are still to come
        pool.shutdown(cancel_futures=True)
    return results


def _decode_cached(raw: bytes, digest: str, config: AudioConfig) -> Waveform:
    """Decode and resample once; the key is the content, so a renamed file is found and a changed one is not."""
    plain = decode(raw, config.max_duration) if raw.startswith(b"RIFF") else None
    if plain is not None and plain.sr == config.sample_rate:  # is read as quickly as a copy of it would be
        return prepare(plain, config)
    limits = f"{config.sample_rate}-{config.min_peak_db:g}-{config.min_duration:g}-{config.max_duration:g}"
    try:
        place = cache_home() / "audio" / limits / digest[:2] / f"{digest}.npy"
    except HomeError:  # nowhere to keep it: costs time, nothing else
        return prepare(plain or decode(raw, config.max_duration), config)
    try:
        cached: Waveform = np.load(place, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # not there, or damaged: made again
        y = prepare(plain or decode(raw, config.max_duration), config)
        _keep(place, y)
        return y
    return cached


def _keep(place: Path, y: Waveform) -> None:
    buffer = io.BytesIO()
    np.save(buffer, y, allow_pickle=False)
    try:
        write_bytes(place, buffer.getvalue())
    except OSError:  # a cache that cannot be written costs time, nothing else
        return
