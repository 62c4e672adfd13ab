"""What is heard beside a word, on mel powers: hiss of any colour, recorded noise, hum, and people who talk."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from speechrnn.config import Config
from speechrnn.settings import Span
from speechrnn.training.frontend import mel_filters
from speechrnn.training.spectra import filter_widths, power_spectrum

Mel = npt.NDArray[np.float32]
Rows = npt.NDArray[np.bool_]

# seconds of white noise from which coloured noise is cut
_WHITE_SECONDS = 20
# spectral slopes of coloured noise over the whole mel axis, and the largest of its slow bumps, in dB
_COLOUR_DB, _BUMPS_DB = Span(-40.0, 10.0), 4.0
# hums that are made, each of so many seconds, with so many overtones of the mains; how fast overtones get weaker
_HUMS, _HUM_SECONDS, _MAINS_HZ, _OVERTONES, _FALL = 24, 2.0, (50.0, 60.0), 12, Span(0.0, 1.5)
# noise recordings are used where they are within this of their own loudest second
_LOUD_ENOUGH_DB = 20.0


class Backgrounds:
    """Cuts noise for the windows of a batch, at no stated level.

    Parameters
    ----------
    noises : sequence of np.ndarray [shape=(n,), dtype=float32]
        Recorded noise at the model's rate; may be empty.
    config : Config
        Its `augmentation` says how often noise is of which kind.
    rng : np.random.Generator
        Decides the white noise from which all coloured noise is cut, and the hums.
    babble : sequence of np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        Mel powers of people who talk at once; may be empty.
    """

    def __init__(
        self,
        noises: Sequence[npt.NDArray[np.float32]],
        config: Config,
        rng: np.random.Generator,
        babble: Sequence[Mel] = (),
    ) -> None:
        features, sr = config.features, config.audio.sample_rate
        filters = mel_filters(features, sr)
        self._widths = filter_widths(features)
        # frames in a second
        self._second = round(sr / features.hop_length)
        white = rng.standard_normal(_WHITE_SECONDS * sr).astype(np.float32)
        self._white = power_spectrum(white, features) @ filters.T
        self._recorded = [self._cut_quiet(power_spectrum(y, features) @ filters.T) for y in noises]
        what = config.augmentation
        noise = what.noise if what else None
        n_hums = _HUMS if noise and noise.hum else 0
        hums = [power_spectrum(_hum(sr, rng), features) @ filters.T for _ in range(n_hums)]
        kinds = ((self._recorded, noise.recorded), (hums, noise.hum), (list(babble), noise.babble)) if noise else ()
        # each kind that there is, and up to which draw it is meant; what is left is coloured
        self._kinds = [kind for kind, share in kinds if kind and share]
        self._upto = np.cumsum([share for kind, share in kinds if kind and share])

    def _cut_quiet(self, mel: Mel) -> Mel:
        """Leave the silence between sounds out: noise at a stated level must be there."""
        energy = mel @ self._widths
        second = max(1, min(len(energy), self._second))
        level = np.convolve(energy, np.ones(second) / second, mode="same")
        loud = level > level.max(initial=0.0) * 10 ** (-_LOUD_ENOUGH_DB / 10)
        return np.ascontiguousarray(mel[loud], np.float32)

    def hiss(self, n: int, n_frames: int, rng: np.random.Generator) -> Mel:
        """Cut coloured noise.

        Parameters
        ----------
        n, n_frames : int
            Windows, and frames of each.
        rng : np.random.Generator
            Decides colours and places.

        Returns
        -------
        np.ndarray [shape=(n, n_frames, n_mels), dtype=float32]
            Mel powers.
        """
        return self._colour(np.ones(n, bool), n_frames, rng)

    def noise(self, n: int, n_frames: int, rng: np.random.Generator) -> Mel:
        """Cut recorded noise, hum or babble where there is any and the draw says so, else coloured noise.

        Parameters
        ----------
        n, n_frames : int
            Windows, and frames of each.
        rng : np.random.Generator
            Decides.

        Returns
        -------
        np.ndarray [shape=(n, n_frames, n_mels), dtype=float32]
            Mel powers.
        """
        kind = np.searchsorted(self._upto, rng.random(n), side="right")
        noise = self._colour(kind == len(self._kinds), n_frames, rng)
        for row in np.flatnonzero(kind < len(self._kinds)):
            ones = self._kinds[kind[row]]
            noise[row] = _cut(ones[rng.integers(len(ones))], rng.random(), n_frames)
        return noise

    def _colour(self, chosen: Rows, n_frames: int, rng: np.random.Generator) -> Mel:
        """White noise under a random slope with slow bumps in the rows that are chosen, zeros in the others."""
        rows, axis = np.flatnonzero(chosen), np.linspace(0, 1, len(self._widths))
        db = rng.uniform(_COLOUR_DB.low, _COLOUR_DB.high, (len(rows), 1)) * axis
        for order in (1, 2, 3):
            phase = rng.uniform(0, 2 * np.pi, (len(rows), 1))
            db += _BUMPS_DB / order * rng.standard_normal((len(rows), 1)) * np.cos(np.pi * order * axis + phase)
        gains, starts = (10 ** (db / 10)).astype(np.float32), rng.random(len(rows))
        noise = np.zeros((len(chosen), n_frames, len(axis)), np.float32)
        for row, gain, start in zip(rows, gains, starts, strict=True):
            np.multiply(_cut(self._white, start, n_frames), gain, out=noise[row])
        return noise


def _hum(sr: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """What the mains leave in a line: one of two frequencies, with overtones of any phase that get weaker."""
    t = np.arange(round(_HUM_SECONDS * sr)) / sr
    orders = np.arange(1, _OVERTONES + 1)
    levels = rng.standard_normal(_OVERTONES) * orders ** -rng.uniform(_FALL.low, _FALL.high)
    phases = rng.uniform(0, 2 * np.pi, _OVERTONES)
    mains = _MAINS_HZ[rng.integers(len(_MAINS_HZ))]
    hum: npt.NDArray[np.float32] = (np.sin(2 * np.pi * mains * np.outer(t, orders) + phases) @ levels).astype(
        np.float32
    )
    return hum


def _cut(noise: Mel, start: float, n: int) -> Mel:
    """So many frames, from a share of all on; a noise begins anew where it ends."""
    first = int(start * len(noise))
    return noise[first : first + n] if first + n <= len(noise) else noise[(first + np.arange(n)) % len(noise)]
