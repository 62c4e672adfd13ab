"""What lies between a mouth and a recognizer, on mel powers: room, microphone, noise, end-pointing, and the front end.

Works on a batch (clips, frames, mels) at a time. The figures that are drawn are in the configuration's `augmentation`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from speechrnn.config import Config
from speechrnn.high_pass import passed
from speechrnn.settings import Span
from speechrnn.training.backgrounds import Backgrounds
from speechrnn.training.draws import stream
from speechrnn.training.features import Features
from speechrnn.training.frontend import cosine_transform, mel_filters
from speechrnn.training.spectra import filter_widths

Mel = npt.NDArray[np.float32]
Rows = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
# from mel powers of frames to further columns of the same frames
Beside = Callable[[Mel], Mel]

# `librosa.power_to_db`: its floor and its range
POWER_FLOOR, RANGE_DB = 1e-10, 80.0
_LARGEST = np.finfo(np.float32).max
_TABLE = 1 << 20
# power of noise that stands alone: that of speech some 20 dB under full scale
_ALONE_POWER = 100.0
# what a line may leave: its edges, and how far what lies outside is under what is left
_LINE_LOW_HZ, _LINE_HIGH_HZ, _LINE_DB = Span(200.0, 500.0), Span(1800.0, 3600.0), Span(10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the words of a batch lie.

    Attributes
    ----------
    n_frames, first, n_word : np.ndarray [shape=(batch,), dtype=int64]
        Frames of each window, the word's first frame, and its frames; 0 where there is none.
    """

    n_frames: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    n_word: npt.NDArray[np.int64]


class Acoustics:
    """Records words as rooms and microphones would, and hears them as the front end does.

    Parameters
    ----------
    noises : sequence of np.ndarray [shape=(n,), dtype=float32]
        Recorded noise at the model's rate; may be empty.
    config : Config
        Its `augmentation`, `features` and `trim`.
    babble : sequence of np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        Mel powers of people who talk at once; may be empty.
    beside : callable, optional
        Makes of mel powers what is put behind the coefficients of each frame, for whoever hears the same otherwise.
    """

    def __init__(
        self,
        noises: Sequence[npt.NDArray[np.float32]],
        config: Config,
        babble: Sequence[Mel] = (),
        beside: Beside | None = None,
    ) -> None:
        self._config, self._what, self._beside = config, config.augmentation, beside
        features, sr = config.features, config.audio.sample_rate
        filters = mel_filters(features, sr)
        self._widths = filter_widths(features)
        self._n_bins = filters.sum(axis=1) ** 2 / np.maximum((filters**2).sum(axis=1), 1e-12)
        self._hz = (filters @ (np.arange(filters.shape[1]) * sr / features.n_fft)) / np.maximum(
            filters.sum(axis=1), 1e-12
        )
        rng = stream("acoustics", config.training.seed)
        self._backgrounds = Backgrounds(noises, config, rng, babble)
        self._cosines = np.cos(rng.uniform(0, 2 * np.pi, _TABLE)).astype(np.float32)
        # what the trimming measures, of whole powers
        self._loud = self._widths * passed(config.trim.fmin, sr, self._hz).astype(np.float32)
        self._cepstra = cosine_transform(features.n_mfcc, features.n_mels).T.astype(np.float32)

    def record(self, mel: Mel, layout: Layout, rng: np.random.Generator) -> list[Features]:
        """Turn the mel powers of words in their windows into features.

        Parameters
        ----------
        mel : np.ndarray [shape=(batch, frames, n_mels), dtype=float32]
            Clean words, zero around them; changed in place.
        layout : Layout
            Where they lie.
        rng : np.random.Generator
            Decides all that is drawn.

        Returns
        -------
        list of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            One for each clip; wider by what `beside` makes.
        """
        what = self._what
        inside = np.arange(mel.shape[1]) < layout.n_frames[:, None]
        if what is not None:
            mel = self._reverberate(mel, rng)
            mel *= self._channels(len(mel), rng)[:, None, :]
            power = self._word_power(mel, layout)
            floor, noise = (
                power * 10 ** (-below / 10) for below in (self._floor_db(layout, rng), self._noise_db(layout, rng))
            )
            n, n_frames = inside.shape
            self._add(mel, self._backgrounds.hiss(n, n_frames, rng), floor, rng)
            self._add(mel, self._backgrounds.noise(n, n_frames, rng), noise, rng)
        if self._config.strings is None:
            inside = self._trimmed(mel, inside)
        return self._transform(mel[inside], inside.sum(axis=1), rng)

    def _reverberate(self, mel: Mel, rng: np.random.Generator) -> Mel:
        """Add an exponentially decaying tail to each frame."""
        config = self._what.reverberation if self._what else None
        if config is None:
            return mel
        n = len(mel)
        chosen = rng.random(n) < config.probability
        # `decay` is the time in which the tail falls by 60 dB, in seconds
        seconds = self._config.features.hop_length / self._config.audio.sample_rate
        kept = (10 ** (-6 * seconds / _draw(config.decay, n, rng)))[chosen].astype(np.float32)
        gain = (10 ** (_draw(config.level_db, n, rng) / 10))[chosen].astype(np.float32)
        for room, keep, level in zip(np.flatnonzero(chosen), kept, gain, strict=True):
            # the tail begins a frame after the sound: tail[t] = keep * (tail[t - 1] + (1 - keep) * mel[t - 1])
            ahead, back = np.array([[0, keep * (1 - keep)], [1, -keep]], np.float32)
            mel[room] += level * lfilter(ahead, back, mel[room], axis=0)
        return mel

    def _channels(self, n: int, rng: np.random.Generator) -> Mel:
        """Tilt, slow bumps, a telephone's band: gains (n, n_mels)."""
        config = self._what.channel if self._what else None
        m = len(self._widths)
        if config is None:
            return np.ones((n, m), np.float32)
        axis = np.linspace(-1, 1, m)
        db = config.tilt_db * rng.standard_normal((n, 1)) * axis
        for order in (1, 2, 3, 4):
            phase = rng.uniform(0, 2 * np.pi, (n, 1))
            db += config.bumps_db / order * rng.standard_normal((n, 1)) * np.cos(np.pi * order * (axis + 1) + phase)
        db *= rng.random((n, 1)) < config.probability
        low, high = _draw(_LINE_LOW_HZ, n, rng)[:, None], _draw(_LINE_HIGH_HZ, n, rng)[:, None]
        outside = np.maximum(0, np.maximum(np.log2(low / np.maximum(self._hz, 1)), 4 * np.log2(self._hz / high)))
        db -= (rng.random((n, 1)) < config.telephone) * np.minimum(outside, 1) * _draw(_LINE_DB, n, rng)[:, None]
        return (10 ** (db / 10)).astype(np.float32)

    def _floor_db(self, layout: Layout, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        config = self._what.placement if self._what else None
        n = len(layout.n_frames)
        if config is None:
            return np.where(layout.n_word > 0, np.inf, 0.0)
        return np.where(layout.n_word > 0, _draw(config.floor_db, n, rng), 0.0)

    def _noise_db(self, layout: Layout, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        config = self._what.noise if self._what else None
        n = len(layout.n_frames)
        if config is None:
            return np.full(n, np.inf)
        drawn = np.where(rng.random(n) < config.probability, _draw(config.snr_db, n, rng), np.inf)
        # noise alone stands over the floor more or less, so that recorded noise is met bare too
        return np.where(layout.n_word > 0, drawn, rng.uniform(-40, 10, n))

    def _word_power(self, mel: Mel, layout: Layout) -> npt.NDArray[np.float64]:
        """Mean power of each word over its frames."""
        total = (mel @ self._widths).sum(axis=1, dtype=np.float64)
        return np.where(layout.n_word > 0, total / np.maximum(layout.n_word, 1), _ALONE_POWER)

    def _add(self, mel: Mel, noise: Mel, power: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
        """Add noise of a stated mean power to what is there; the phases between the two are random."""
        gain = np.minimum(power / np.maximum((noise @ self._widths).mean(axis=1), 1e-30), _LARGEST)
        noise *= gain.astype(np.float32)[:, None, None]
        first = int(rng.integers(0, _TABLE - mel.size)) if mel.size < _TABLE else 0
        cosines = self._cosines[first : first + mel.size]
        with np.errstate(over="ignore"):  # where both are so loud that no float32 holds it, phases count for less
            cross = mel * noise
        np.minimum(cross, _LARGEST, out=cross)
        np.sqrt(cross, out=cross)
        cross *= cosines.reshape(mel.shape) if cosines.size == mel.size else np.resize(cosines, mel.shape)
        cross *= (2 / np.sqrt(self._n_bins)).astype(np.float32)
        mel += noise
        mel += cross

    def _trimmed(self, mel: Mel, inside: Rows) -> Rows:
        """Which frames the trimming leaves of each window."""
        trim, rate = self._config.trim, self._config.audio.sample_rate / self._config.features.hop_length
        energy = (mel @ self._loud) * inside
        thresholds = energy.max(axis=1, keepdims=True) * 10 ** (-np.array(trim.levels_db) / 10)
        n_loud = (energy[:, None, :] > thresholds[:, :-1, None]).sum(axis=2)
        level = (n_loud > trim.max_loud * rate).sum(axis=1)
        loud = energy > np.take_along_axis(thresholds, level[:, None], axis=1)
        margin = np.where(level > 0, round(trim.margin * rate), 0)
        first, last = loud.argmax(axis=1) - margin, mel.shape[1] - loud[:, ::-1].argmax(axis=1) + margin
        frames = np.arange(mel.shape[1])
        kept: Rows = (frames >= first[:, None]) & (frames < last[:, None]) & inside
        return kept

    def _transform(self, frames: Mel, n_frames: Counts, rng: np.random.Generator) -> list[Features]:
        """Take logarithms, blank, transform: what the front end does to the frames of clips, one behind the other."""
        ends = np.cumsum(n_frames)
        firsts = ends - n_frames
        db = np.log10(np.maximum(frames, POWER_FLOOR))
        db *= 10
        quietest = np.maximum.reduceat(db.max(axis=1), firsts) - RANGE_DB
        np.maximum(db, np.repeat(quietest, n_frames)[:, None], out=db)
        bounds = list(zip(firsts.tolist(), ends.tolist(), strict=True))
        self._blank([db[first:end] for first, end in bounds], rng)
        cepstra = db @ self._cepstra
        if self._beside:
            cepstra = np.concatenate([cepstra, self._beside(frames)], axis=1)
        return [cepstra[first:end] for first, end in bounds]

    def _blank(self, clips: list[Mel], rng: np.random.Generator) -> None:
        """Write the mean over stretches of time and of the mel axis."""
        config = self._what.masking if self._what else None
        if config is None:
            return
        for clip, draws in zip(clips, rng.random((len(clips), 5)).tolist(), strict=True):
            chance, width, place, height, position = draws
            if chance >= config.probability:
                continue
            frames, m = clip.shape
            n, k = int(width * config.frames * frames + 0.5), int(height * config.mels * m + 0.5)
            mean = clip.sum(axis=0) / np.float32(frames)
            first, low = int(place * (frames - n)), int(position * (m - k))
            clip[first : first + n] = mean
            clip[:, low : low + k] = mean.sum() / m


def _draw(span: Span, n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    return rng.uniform(span.low, span.high, n)
