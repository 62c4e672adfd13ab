"""The front end as an ONNX graph: what `features` does with librosa, for a batch, with products of matrices.

Zeros are put around each clip, the word's frames are gathered from there, and the discrete Fourier transform, mel
filters and cosine transform are matrices. Each step cites the librosa function that it must equal. Few and cheap
operators count: at one clip a call, each costs a microsecond before it computes anything.
"""

import math
from dataclasses import dataclass, replace

import librosa
import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from speechrnn.config import Config, FeatureConfig
from speechrnn.errors import ConfigError
from speechrnn.training.graph import Graph, column
from speechrnn.training.trimming import POWER_FLOOR, Padded, find_word, pad, trim_block

# the range that librosa.feature.mfcc keeps
RANGE_DB = 80.0
# in 1 of the natural logarithm of a power
DECIBEL = 10 / math.log(10)


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Names of the tensors that the front end gives.

    `mfcc` is (batch, frames, n_mfcc) with zeros on padding, `n_frames`, `start` and `end` are int64 (batch,), `mask` is
    float32 (batch, frames), 1 for frames and 0 for padding.
    """

    mfcc: str
    n_frames: str
    mask: str
    start: str
    end: str


def add_front_end(g: Graph, config: Config) -> FrontEnd:
    """Add everything from ``waveform`` and ``length`` to MFCC.

    Parameters
    ----------
    g : Graph
        Whose inputs are ``waveform`` float32 (batch, samples) and ``length`` int64 (batch,).
    config : Config
        Rate, trimming and features.

    Returns
    -------
    FrontEnd
        Names of the results.

    Raises
    ------
    ConfigError
        Some mel filters hold no frequency at all.
    """
    padded = pad(g, config)
    start, end = find_word(g, padded, config) if config.strings is None else _everything(g)
    hop = g.number(config.features.hop_length, np.int64)
    n_frames = g("Add", g("Div", g("Sub", end, start), hop), g.number(1, np.int64), name="n_frames")
    longest = g("ReduceMax", n_frames, g.integers(0), keepdims=0)
    number = g("Range", g.number(0, np.int64), longest, g.number(1, np.int64))
    mask = g("Cast", g("Less", number, column(g, n_frames, 1)), to=TensorProto.FLOAT)
    frames = _cut(g, _silence_around(g, padded, start, end), start, number, config)
    mel = g("Mul", _mel_powers(g, frames, config), column(g, mask, 2))
    mfcc = g("Mul", _mfcc(g, mel, config.features), column(g, mask, 2), name="mfcc")
    return FrontEnd(mfcc, n_frames, mask, start, end)


def mel_filters(config: FeatureConfig, sr: int) -> npt.NDArray[np.float32]:
    """Compute the mel filters as `librosa.filters.mel` does.

    Parameters
    ----------
    config : FeatureConfig
        Filters and frequencies.
    sr : int
        Rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n_mels, 1 + n_fft // 2), dtype=float32]
        Weights of each frequency.
    """
    filters: npt.NDArray[np.float32] = librosa.filters.mel(
        sr=sr, n_fft=config.n_fft, n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax
    )
    return filters


def check_filters(config: Config) -> None:
    """Refuse mel filters that hold no frequency: they are narrower than the transform's resolution.

    Parameters
    ----------
    config : Config
        Rate and features.

    Raises
    ------
    ConfigError
        Some filters are empty; librosa warns of them, but a coefficient that is the same in every clip is a mistake.
    """
    features = config.features
    step = config.audio.sample_rate / features.n_fft
    edges = librosa.mel_frequencies(features.n_mels + 2, fmin=features.fmin, fmax=features.fmax)
    bins = np.arange(1 + features.n_fft // 2) * step
    empty = sum(not np.any((bins > low) & (bins < high)) for low, high in zip(edges, edges[2:], strict=False))
    if empty:
        raise ConfigError(
            f"features.n_mels is {features.n_mels}: {empty} filters lie between two frequencies of n_fft "
            f"{features.n_fft} ({step:.3g} Hz apart). Lower n_mels, or raise n_fft or fmin."
        )


def fourier_kernel(n_fft: int) -> npt.NDArray[np.float32]:
    """Tabulate the real discrete Fourier transform under a Hann window.

    Parameters
    ----------
    n_fft : int
        Samples in a frame.

    Returns
    -------
    np.ndarray [shape=(2 * (1 + n_fft // 2), n_fft), dtype=float32]
        Cosines, then sines; a frame is multiplied from the right.

    Examples
    --------
    >>> y = np.sin(np.arange(16.0)); spectrum = np.fft.rfft(y * np.hanning(17)[:16])
    >>> np.allclose((fourier_kernel(16) @ y) ** 2 @ np.tile(np.eye(9), 2).T, np.abs(spectrum) ** 2, atol=1e-5)
    True
    """
    frequency, sample = np.arange(1 + n_fft // 2)[:, None], np.arange(n_fft)[None, :]
    angle = 2 * np.pi * (frequency * sample % n_fft) / n_fft
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return (np.concatenate([np.cos(angle), np.sin(angle)]) * window).astype(np.float32)


def _silence_around(g: Graph, padded: Padded, start: str, end: str) -> Padded:
    """Set everything outside the word to zero: librosa transforms a word that was cut out."""
    after_start = g("GreaterOrEqual", padded.index, column(g, start, 1))
    inside = g("And", after_start, g("Less", padded.index, column(g, end, 1)))
    return replace(padded, y=g("Where", inside, padded.y, g.number(0.0)))


def _cut(g: Graph, word: Padded, start: str, number: str, config: Config) -> str:
    """Cut words into frames, the first of which is centred on the first sample: (batch, frames, n_fft).

    What is gathered are blocks of samples, as long as all that frames begin at are their multiples.
    """
    trim, features = config.trim, config.features
    first = word.before - features.n_fft // 2
    block = math.gcd(trim_block(trim), features.n_fft, features.hop_length, first)
    blocks = g("Reshape", word.y, g.integers(0, -1, block))
    of_frame = g("Unsqueeze", g("Mul", number, g.number(features.hop_length // block, np.int64)), g.integers(1))
    at = g("Add", of_frame, g.constant((first + np.arange(0, features.n_fft, block)) // block, np.int64))
    at = g("Add", g("Div", column(g, start, 1, 2), g.number(block, np.int64)), at)
    # frames that only longer words in the batch have lie in the zeros at the end
    at = g("Min", at, g("Sub", g("Shape", blocks, start=1, end=2), g.integers(1)))
    frames = g("GatherND", blocks, column(g, at, 3), batch_dims=1)
    return g("Reshape", frames, g.integers(0, 0, features.n_fft))


def _everything(g: Graph) -> tuple[str, str]:
    """Of a string nothing is cut: its digits have times."""
    nothing = g("Mul", "length", g.number(0, np.int64), name="start")
    return nothing, g("Identity", "length", name="end")


def _mel_powers(g: Graph, frames: str, config: Config) -> str:
    """Mel filters over ``abs(librosa.stft(y, pad_mode="constant")) ** 2``, time first: (batch, frames, n_mels).

    Cosines are even about the middle of a frame and sines odd, the window is even and zero at its first sample: sums
    and differences of a frame's two halves need half of the multiplications.
    """
    half = config.features.n_fft // 2
    filters = mel_filters(config.features, config.audio.sample_rate)
    used = filters.any(axis=0)
    cosines, sines = np.split(fourier_kernel(config.features.n_fft)[:, 1 : half + 1], 2)
    cosines[:, -1] /= 2  # the middle itself is added to itself
    axis = g.integers(2)
    left = g("Slice", frames, g.integers(1), g.integers(half + 1), axis)
    right = g("Slice", frames, g.integers(-1), g.integers(half - 1), axis, g.integers(-1))
    real = g("MatMul", g("Add", left, right), g.constant(cosines[used].T))
    imaginary = g("MatMul", g("Sub", left, right), g.constant(sines[used].T))
    power = g("Add", g("Mul", real, real), g("Mul", imaginary, imaginary))
    return g("MatMul", power, g.constant(filters[:, used].T))


def _mfcc(g: Graph, mel: str, config: FeatureConfig) -> str:
    """`librosa.power_to_db` of mel powers, its range counted over true frames, and the orthonormal cosine transform.

    Padding, where powers are zero, is at the floor, so that no maximum is found there.
    """
    logarithm = g("Log", g("Max", mel, g.number(POWER_FLOOR)))
    loudest = g("ReduceMax", logarithm, g.integers(1, 2), keepdims=1)
    limited = g("Max", logarithm, g("Sub", loudest, g.number(RANGE_DB / DECIBEL)))
    return g("MatMul", limited, g.constant(DECIBEL * cosine_transform(config.n_mfcc, config.n_mels).T))


def cosine_transform(n_out: int, n_in: int) -> npt.NDArray[np.float64]:
    """Tabulate the DCT-II with orthonormal scaling: ``scipy.fft.dct(type=2, norm="ortho")`` as a matrix.

    Parameters
    ----------
    n_out : int
        Coefficients kept.
    n_in : int
        Values that are transformed.

    Returns
    -------
    np.ndarray [shape=(n_out, n_in), dtype=float64]
        To be multiplied by a column.
    """
    k, n = np.arange(n_out)[:, None], np.arange(n_in)[None, :]
    matrix: npt.NDArray[np.float64] = np.sqrt(2 / n_in) * np.cos(np.pi * k * (2 * n + 1) / (2 * n_in))
    matrix[0] /= np.sqrt(2)
    return matrix
