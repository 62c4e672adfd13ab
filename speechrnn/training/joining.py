"""Strings as they would be recorded: spectra of one voice joined in time, with gaps and overlaps, slow or hurried.

Powers of sounds that overlap add up. What rooms and microphones do comes after it (`speechrnn.training.acoustics`),
to the whole string at once: it has one voice, one room, one noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.settings import Span
from speechrnn.training.acoustics import Acoustics, Beside, Layout
from speechrnn.training.draws import stream
from speechrnn.training.features import Features
from speechrnn.training.spectra import Spectrum, tract_filters
from speechrnn.training.strings import Saying, n_needed

_SILENCE = 1e-12
# a word hurried is cut at both ends where it is so far under its loudest frame, and keeps so many frames at least
_HURRIED_DB, _FEWEST_FRAMES = Span(5.0, 30.0), 6
# of the tempo, from one digit to the next; of a number that is spoken as a whole
_JITTER, _WHOLE_TEMPO = 0.1, Span(0.8, 1.35)
# noise alone, in seconds
_NOTHING = Span(0.5, 4.0)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a stored spectrum and its place in the string.

    Attributes
    ----------
    row : int
        Which spectrum.
    first, last : int
        Its frames.
    offset, n_frames : int
        Where it goes, and how long it becomes.
    gain_db : float
        How much louder it becomes, against its own loudest sounds.
    """

    row: int
    first: int
    last: int
    offset: int
    n_frames: int
    gain_db: float


@dataclass(frozen=True, slots=True)
class StringTake:
    """What one string of a pass is made of.

    Attributes
    ----------
    parts : tuple of Part
        In time; none for noise alone.
    n_frames : int
        Of the whole window.
    units : tuple of int
        What is said, as labels count from 1.
    """

    parts: tuple[Part, ...]
    n_frames: int
    units: tuple[int, ...]


class Joiner:
    """Makes the features of strings from stored spectra.

    Parameters
    ----------
    spectra : sequence of np.ndarray [shape=(n_frames, n_bins), dtype=float32]
        Power spectra of words and whole numbers, silence cut off.
    noises : sequence of np.ndarray [shape=(n,), dtype=float32]
        Recorded noise at the model's rate; may be empty.
    config : Config
        Its `strings` and `augmentation`.
    babble : sequence of np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        From `speechrnn.training.babble.make_babble`.
    beside : callable, optional
        As `speechrnn.training.acoustics.Acoustics` takes it.

    Raises
    ------
    TrainingError
        The configuration is not one of strings.
    """

    def __init__(
        self,
        spectra: Sequence[Spectrum],
        noises: Sequence[npt.NDArray[np.float32]],
        config: Config,
        babble: Sequence[npt.NDArray[np.float32]] = (),
        beside: Beside | None = None,
    ) -> None:
        if config.strings is None:
            raise TrainingError("this configuration has no strings. Take the preset strings.")
        self._config, self._what = config, config.strings
        self._spectra = spectra
        self._levels = [10 * np.log10(np.maximum(one.sum(axis=1), _SILENCE)) for one in spectra]
        self._loudness = np.array([_loudness(level) for level in self._levels])
        self._filters = tract_filters(config)
        self._acoustics = Acoustics(noises, config, babble, beside)
        self._rate = config.audio.sample_rate / config.features.hop_length
        self._stride = config.network.stride

    def plan(self, sayings: Sequence[Saying], seed: tuple[int, ...]) -> list[StringTake]:
        """Draw where each part of each string goes, so that batches can be made of similar lengths.

        Parameters
        ----------
        sayings : sequence of Saying
            What is said.
        seed : tuple of int
            Decides the draws.

        Returns
        -------
        list of StringTake
            In the order of `sayings`.
        """
        rng = stream("join", *seed)
        return [self._take(saying, rng) for saying in sayings]

    def _take(self, saying: Saying, rng: np.random.Generator) -> StringTake:
        before, after = (int(self._what.margin * self._rate * share**2) for share in rng.random(2))
        if not saying.rows:
            return StringTake((), round(_draw(_NOTHING, rng) * self._rate), ())
        parts = self._join(saying, before, rng) if saying.joined else self._whole(saying, before, rng)
        end = max(part.offset + part.n_frames for part in parts) + after
        return StringTake(tuple(parts), max(end, (n_needed(saying.units) + 1) * self._stride), saying.units)

    def _whole(self, saying: Saying, before: int, rng: np.random.Generator) -> list[Part]:
        [row] = saying.rows
        n = len(self._spectra[row])
        return [Part(row, 0, n, before, max(_FEWEST_FRAMES, round(n / _draw_ratio(_WHOLE_TEMPO, rng))), 0.0)]

    def _join(self, saying: Saying, before: int, rng: np.random.Generator) -> list[Part]:
        what = self._what
        fluent = rng.random() < what.fluent
        tempo = _draw_ratio(what.fluent_tempo if fluent else what.tempo, rng)
        drift, swell = rng.uniform(-what.drift, what.drift), rng.normal(0, what.level_db)
        parts: list[Part] = []
        place = before
        for i, row in enumerate(saying.rows):
            first, last = self._edges(row, rng) if fluent else (0, len(self._spectra[row]))
            along = i / max(1, len(saying.rows) - 1) - 0.5
            factor = tempo * np.exp(2 * drift * along + rng.normal(0, _JITTER))
            n = max(_FEWEST_FRAMES, round((last - first) / factor))
            gain = swell * along + rng.normal(0, what.level_db / 2)
            parts.append(Part(row, first, last, max(0, place), n, float(gain)))
            gap = _draw(what.fluent_gap if fluent else what.gap, rng) * self._rate
            # of a short word no more than a third lies under its neighbour
            place = parts[-1].offset + n + max(round(gap), -(n // 3))
        return parts

    def _edges(self, row: int, rng: np.random.Generator) -> tuple[int, int]:
        """Where a hurried word begins and ends: its first and last sounds run into its neighbours."""
        level = self._levels[row]
        bounds = []
        for levels in (level, level[::-1]):
            loud = levels >= level.max() - _draw(_HURRIED_DB, rng)
            bounds.append(int(loud.argmax()))
        first, last = bounds[0], len(level) - bounds[1]
        return (first, last) if last - first >= _FEWEST_FRAMES else (0, len(level))

    def features(self, takes: Sequence[StringTake], seed: tuple[int, ...]) -> list[Features]:
        """Make the features of a batch.

        Parameters
        ----------
        takes : sequence of StringTake
            From `plan`.
        seed : tuple of int
            Decides everything else that is drawn.

        Returns
        -------
        list of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            As the front end would compute them from a recording of such a string; wider by what `beside` makes.
        """
        rng = stream("joined", *seed)
        n_frames = np.array([take.n_frames for take in takes], np.int64)
        mel = np.zeros((len(takes), int(n_frames.max()), self._filters.shape[2]), np.float32)
        voiced = np.zeros(mel.shape[:2], bool)
        throats = rng.integers(0, len(self._filters), len(takes))
        for row, heard, take, throat in zip(mel, voiced, takes, throats, strict=True):
            for part in take.parts:
                place = slice(part.offset, part.offset + part.n_frames)
                row[place] += self._stretch(part) @ self._filters[throat]
                heard[place] = True
        layout = Layout(n_frames, np.zeros(len(takes), np.int64), voiced.sum(axis=1))
        return self._acoustics.record(mel, layout, rng)

    def _stretch(self, part: Part) -> Spectrum:
        """The part's frames at their new tempo, each between two stored ones, as loud as all others."""
        frames = self._spectra[part.row]
        place = np.linspace(part.first, part.last - 1, part.n_frames)
        below = place.astype(np.int64)
        weight = (place - below).astype(np.float32)[:, None]
        above = np.minimum(below + 1, len(frames) - 1)
        gain = np.float32(10 ** ((part.gain_db - self._loudness[part.row]) / 10))
        stretched: Spectrum = (frames[below] * (1 - weight) + frames[above] * weight) * (gain * _FULL)
        return stretched


# power of the loudest sounds of a word: well above the floor of the logarithm
_FULL = np.float32(100.0)


def _loudness(level: npt.NDArray[np.float64]) -> float:
    """Mean power of the loudest fifth of the frames, in dB."""
    loudest = np.sort(level)[-max(1, len(level) // 5) :]
    return float(10 * np.log10(np.mean(10 ** (loudest / 10))))


def _draw(span: Span, rng: np.random.Generator) -> float:
    return float(rng.uniform(span.low, span.high))


def _draw_ratio(span: Span, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(span.low), np.log(span.high))))
