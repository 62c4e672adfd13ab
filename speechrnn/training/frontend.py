"""The front end as an ONNX graph: what `features` does with librosa, for a batch, with products of matrices.

The discrete Fourier transform is a strided convolution with windowed cosines and sines; mel filters and the cosine
transform are matrices. Each step cites the librosa function that it must equal.
"""

from dataclasses import dataclass

import librosa
import numpy as np
import numpy.typing as npt

from speechrnn.config import Config, FeatureConfig, TrimConfig
from speechrnn.errors import ConfigError
from speechrnn.training.graph import Graph

# librosa.power_to_db's amin (that of amplitude_to_db, squared), and the range that librosa.feature.mfcc keeps
_POWER_FLOOR = 1e-10
_RANGE_DB = 80.0


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Names of the tensors that the front end gives.

    `mfcc` is (batch, frames, n_mfcc) with zeros on padding, `n_frames`, `start` and `end` are int64 (batch,), `mask` is
    bool (batch, frames).
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
    y = _silence_padding(g)
    start, end = _find_word(g, y, config.trim) if config.strings is None else _everything(g)
    word, n_samples = _shift(g, y, start, end)
    hop = g.number(config.features.hop_length, np.int64)
    n_frames = g("Add", g("Div", n_samples, hop), g.number(1, np.int64), name="n_frames")
    power = _power_spectrum(g, word, config.features)
    mask = _less(g, _axis_index(g, power, 1), n_frames)
    coefficients = _mfcc(g, power, mask, config)
    zeroed = g("Where", _column(g, mask, 2), coefficients, g.number(0.0), name="mfcc")
    return FrontEnd(zeroed, n_frames, mask, start, end)


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
    np.ndarray [shape=(2 * (1 + n_fft // 2), 1, n_fft), dtype=float32]
        Cosines, then sines, as weights of a convolution.

    Examples
    --------
    >>> y = np.sin(np.arange(16.0)); spectrum = np.fft.rfft(y * np.hanning(17)[:16])
    >>> np.allclose((fourier_kernel(16)[:, 0] @ y) ** 2 @ np.tile(np.eye(9), 2).T, np.abs(spectrum) ** 2, atol=1e-5)
    True
    """
    frequency, sample = np.arange(1 + n_fft // 2)[:, None], np.arange(n_fft)[None, :]
    angle = 2 * np.pi * (frequency * sample % n_fft) / n_fft
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return (np.concatenate([np.cos(angle), np.sin(angle)]) * window)[:, None, :].astype(np.float32)


def _silence_padding(g: Graph) -> str:
    """Set samples beyond each clip's length to zero: the caller may have left anything there."""
    inside = _less(g, _axis_index(g, "waveform", 1), "length")
    return g("Where", inside, "waveform", g.number(0.0))


def _find_word(g: Graph, y: str, config: TrimConfig) -> tuple[str, str]:
    """`librosa.effects.trim`: mean power of centred frames, against the loudest one."""
    half = config.frame_length // 2
    squares = g("Unsqueeze", g("Mul", y, y), g.integers(1))
    window = g.constant(np.full((1, 1, config.frame_length), 1 / config.frame_length))
    power = g("Conv", squares, window, strides=[config.hop_length], pads=[half, half])
    power = g("Max", g("Squeeze", power, g.integers(1)), g.number(_POWER_FLOOR))
    hop = g.number(config.hop_length, np.int64)
    # a clip of n samples has 1 + n // hop frames of its own; the batch may have more
    own = g("Not", g("Greater", _axis_index(g, power, 1), _column(g, g("Div", "length", hop), 1)))
    loudest = g("ReduceMax", g("Where", own, power, g.number(0.0)), g.integers(1), keepdims=1)
    threshold = g("Mul", loudest, g.number(10 ** (-config.top_db / 10)))
    loud = g("Cast", g("And", own, g("Greater", power, threshold)), to=1)
    first = g("ArgMax", loud, axis=1, keepdims=0)
    last = g("ArgMax", loud, axis=1, keepdims=0, select_last_index=1)
    start = g("Mul", first, hop, name="start")
    end = g("Min", g("Mul", g("Add", last, g.number(1, np.int64)), hop), "length", name="end")
    return start, end


def _everything(g: Graph) -> tuple[str, str]:
    """Of a string nothing is cut: its digits have times."""
    nothing = g("Mul", "length", g.number(0, np.int64), name="start")
    return nothing, g("Identity", "length", name="end")


def _shift(g: Graph, y: str, start: str, end: str) -> tuple[str, str]:
    """Move each word to the front of its row, zeros after it, and cut the rows to the longest word."""
    n_samples = g("Sub", end, start)
    longest = g("ReduceMax", n_samples, g.integers(0), keepdims=0)
    index = g("Unsqueeze", g("Range", g.number(0, np.int64), longest, g.number(1, np.int64)), g.integers(0))
    last = g("Sub", _size(g, y, 1), g.number(1, np.int64))
    source = g("Min", g("Add", index, _column(g, start, 1)), last)
    moved = g("GatherElements", y, source, axis=1)
    return g("Where", _less(g, index, n_samples), moved, g.number(0.0)), n_samples


def _power_spectrum(g: Graph, word: str, config: FeatureConfig) -> str:
    """``abs(librosa.stft(y, pad_mode="constant")) ** 2``, time first: (batch, frames, 1 + n_fft // 2)."""
    half = config.n_fft // 2
    kernel = g.constant(fourier_kernel(config.n_fft))
    parts = g("Conv", g("Unsqueeze", word, g.integers(1)), kernel, strides=[config.hop_length], pads=[half, half])
    n = 1 + half
    real, imaginary = g.multiple("Split", parts, g.integers(n, n), names=("real", "imaginary"), axis=1)
    power = g("Add", g("Mul", real, real), g("Mul", imaginary, imaginary))
    return g("Transpose", power, perm=[0, 2, 1])


def _mfcc(g: Graph, power: str, mask: str, config: Config) -> str:
    """`librosa.power_to_db` of mel powers, its range counted over true frames, and the orthonormal cosine transform."""
    features = config.features
    mel = g("MatMul", power, g.constant(mel_filters(features, config.audio.sample_rate).T))
    logarithm = g("Log", g("Max", mel, g.number(_POWER_FLOOR)))
    decibel = g("Mul", logarithm, g.number(10 / np.log(10)))
    far_below = g("Where", _column(g, mask, 2), decibel, g.number(-1e9))
    loudest = g("ReduceMax", far_below, g.integers(1, 2), keepdims=1)
    limited = g("Max", decibel, g("Sub", loudest, g.number(_RANGE_DB)))
    return g("MatMul", limited, g.constant(cosine_transform(features.n_mfcc, features.n_mels).T))


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


def _size(g: Graph, x: str, axis: int) -> str:
    return g("Squeeze", g("Shape", x, start=axis, end=axis + 1), g.integers(0))


def _axis_index(g: Graph, x: str, axis: int) -> str:
    """0, 1, ... along an axis, as a row (1, size)."""
    index = g("Range", g.number(0, np.int64), _size(g, x, axis), g.number(1, np.int64))
    return g("Unsqueeze", index, g.integers(0))


def _less(g: Graph, row: str, per_clip: str) -> str:
    """(1, n) < (batch,), as (batch, n)."""
    return g("Less", row, _column(g, per_clip, 1))


def _column(g: Graph, x: str, axis: int) -> str:
    return g("Unsqueeze", x, g.integers(axis))
