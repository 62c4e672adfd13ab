"""Mel filters for vocal tracts of other lengths, and power spectra, which augmentation changes instead of waveforms."""

from collections.abc import Sequence

import librosa
import numpy as np
import numpy.typing as npt

from speechrnn.audio import Waveform
from speechrnn.config import Config, FeatureConfig
from speechrnn.settings import Span

Spectrum = npt.NDArray[np.float32]

# of the highest frequency: up to here the axis is stretched evenly, from here on so that the end stays where it is
_KNEE = 0.8
# vocal tracts are drawn from so many lengths, evenly spaced by ratio: 1.4 % apart at the default range
_TRACTS = 33


def power_spectrum(y: Waveform, config: FeatureConfig) -> Spectrum:
    """Compute what `librosa.feature.mfcc` computes first: the power of a centred, Hann-windowed Fourier transform.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), dtype=float32]
        A trimmed word.
    config : FeatureConfig
        Its `n_fft` and `hop_length`.

    Returns
    -------
    np.ndarray [shape=(1 + n // hop_length, 1 + n_fft // 2), dtype=float32]
        Time first.

    Examples
    --------
    >>> from speechrnn.config import Config
    >>> power_spectrum(np.zeros(800, np.float32), Config.load("default").features).shape
    (11, 129)
    """
    half = config.n_fft // 2
    padded = np.pad(y, (half, half))
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop_length]
    window = librosa.filters.get_window("hann", config.n_fft).astype(np.float32)
    spectrum = np.fft.rfft(frames * window, axis=1)
    return np.ascontiguousarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)


def warped_filters(config: FeatureConfig, sr: int, factors: Sequence[float]) -> npt.NDArray[np.float32]:
    """Make mel filters that hear a speaker as if the vocal tract were shorter or longer.

    A factor over 1 moves every filter up, which is what a voice with formants that much higher needs to look the same;
    vocal tract length perturbation (Jaitly and Hinton 2013) draws it anew for each clip. A factor of 1 gives the
    filters of `librosa.filters.mel`.

    Parameters
    ----------
    config : FeatureConfig
        Filters and frequencies.
    sr : int
        Rate in Hz.
    factors : sequence of float
        One for each set of filters.

    Returns
    -------
    np.ndarray [shape=(n_factors, n_mels, 1 + n_fft // 2), dtype=float32]
        Weights of each frequency.

    Examples
    --------
    >>> from speechrnn.config import Config
    >>> features = Config.load("default").features
    >>> low, plain, high = (np.argmax(f[20]) for f in warped_filters(features, 8000, [0.8, 1.0, 1.25]))
    >>> bool(low < plain < high)
    True
    """
    bins = np.arange(1 + config.n_fft // 2) * sr / config.n_fft
    edges = librosa.mel_frequencies(config.n_mels + 2, fmin=config.fmin, fmax=config.fmax)
    return np.stack([_triangles(_warp(edges, factor, sr / 2), bins) for factor in factors]).astype(np.float32)


def tract_filters(config: Config) -> npt.NDArray[np.float32]:
    """Make the mel filters of all vocal tracts that augmentation draws from.

    Parameters
    ----------
    config : Config
        Its `augmentation.warp` is their range; without one there is one ordinary tract.

    Returns
    -------
    np.ndarray [shape=(n_tracts, 1 + n_fft // 2, n_mels), dtype=float32]
        For products with power spectra, by growing factor.

    Examples
    --------
    >>> tract_filters(Config.load("default")).shape
    (33, 129, 40)
    >>> tract_filters(Config.load("default", {"augmentation.warp": None})).shape
    (1, 129, 40)
    """
    span = (config.augmentation.warp if config.augmentation else None) or Span(1.0, 1.0)
    factors = np.geomspace(span.low, span.high, _TRACTS if span.low < span.high else 1)
    filters = warped_filters(config.features, config.audio.sample_rate, factors.tolist())
    return np.ascontiguousarray(filters.transpose(0, 2, 1))


def filter_widths(config: FeatureConfig) -> npt.NDArray[np.float32]:
    """Weigh mel powers so that their sum is the power of the whole frame: slaney filters are divided by their width.

    Parameters
    ----------
    config : FeatureConfig
        Filters and frequencies.

    Returns
    -------
    np.ndarray [shape=(n_mels,), dtype=float32]
        Half of each filter's width in Hz.
    """
    edges = librosa.mel_frequencies(config.n_mels + 2, fmin=config.fmin, fmax=config.fmax)
    widths: npt.NDArray[np.float32] = ((edges[2:] - edges[:-2]) / 2).astype(np.float32)
    return widths


def _warp(frequencies: npt.NDArray[np.float64], factor: float, nyquist: float) -> npt.NDArray[np.float64]:
    knee = _KNEE * nyquist * min(1.0, 1.0 / factor)
    above = knee * factor + (frequencies - knee) * (nyquist - knee * factor) / (nyquist - knee)
    return np.where(frequencies <= knee, frequencies * factor, above)


def _triangles(edges: npt.NDArray[np.float64], bins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (bins - low) / (centre - low), (high - bins) / (high - centre)
    filters: npt.NDArray[np.float64] = np.maximum(0, np.minimum(rise, fall)) * 2 / (high - low)
    # between two frequencies of the transform a narrow filter may hold none: it takes the nearest
    for row in np.flatnonzero(filters.sum(axis=1) == 0):
        filters[row, np.abs(bins - edges[row + 1]).argmin()] = 2 / (edges[row + 2] - edges[row])
    return filters
