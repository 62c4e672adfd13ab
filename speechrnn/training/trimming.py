"""Where the word lies: `librosa.effects.trim`, of what lies above hum, as a part of the ONNX graph.

Squares are summed over blocks that frames have in common, then blocks over frames: of 256 samples every 64, each is
added once in place of four times.
"""

import math
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from speechrnn.config import Config, TrimConfig
from speechrnn.high_pass import banded, high_pass
from speechrnn.training.graph import Graph, column

# librosa.power_to_db's amin; that of amplitude_to_db, squared
POWER_FLOOR = 1e-10


@dataclass(frozen=True, slots=True)
class Padded:
    """Clips between zeros: ``y`` (batch, n), each sample's number in its clip, and how many zeros come first."""

    y: str
    index: str
    before: int


def pad(g: Graph, config: Config) -> Padded:
    """Put zeros around each clip, so that all frames lie inside, and over what the caller left beyond its length.

    Parameters
    ----------
    g : Graph
        Whose inputs are ``waveform`` float32 (batch, samples) and ``length`` int64 (batch,).
    config : Config
        Lengths of frames.

    Returns
    -------
    Padded
        Its rows are filled by blocks of `trim_block`.
    """
    half, half_trim = config.features.n_fft // 2, config.trim.frame_length // 2
    block = trim_block(config.trim)
    before = half_trim + max(0, -(-(half - half_trim) // block)) * block
    n = g("Shape", "waveform", start=1, end=2)
    # as many after the clip, and so many more that blocks fill the row
    after = g("Add", g("Mod", g("Sub", g.integers(-2 * before), n), g.integers(block)), g.integers(before))
    y = g("Pad", "waveform", g("Concat", g.integers(0, before, 0), after, axis=0))
    stop = g("Squeeze", g("Add", n, after), g.integers(0))
    index = g("Range", g.number(-before, np.int64), stop, g.number(1, np.int64))
    y = g("Where", g("Less", index, column(g, "length", 1)), y, g.number(0.0))
    return Padded(y, index, before)


def find_word(g: Graph, padded: Padded, whole: Config) -> tuple[str, str]:
    """Add `speechrnn.training.bounds.find_word`: mean power of centred frames above `fmin`, against the loudest one.

    Parameters
    ----------
    g : Graph
        As for `pad`.
    padded : Padded
        From `pad`.
    whole : Config
        Rate, and arguments of the trimming.

    Returns
    -------
    tuple of str
        ``start`` and ``end``, int64 (batch,).
    """
    config = whole.trim
    half, hop, block = config.frame_length // 2, config.hop_length, _energy_block(config)
    energies = g("Unsqueeze", _energies(g, padded, whole), g.integers(1))
    # the first frame is centred on the first sample: blocks before it have no weight
    blocks = np.zeros((1, 1, (padded.before - half + config.frame_length) // block))
    blocks[..., -config.frame_length // block :] = 1 / config.frame_length
    power = g("Squeeze", g("Conv", energies, g.constant(blocks), strides=[hop // block]), g.integers(1))
    # a clip of n samples has 1 + n // hop frames of its own; the batch may have more
    centres = g("Slice", padded.index, g.integers(padded.before), g.integers(1 - half), g.integers(0), g.integers(hop))
    own = g("LessOrEqual", centres, column(g, "length", 1))
    power = g("Where", own, g("Max", power, g.number(POWER_FLOOR)), g.number(0.0))
    return _bound(g, power, whole)


def _bound(g: Graph, power: str, whole: Config) -> tuple[str, str]:
    """Bound what is loud, and what lies on either side of it where the threshold is not the lowest."""
    threshold, margin = _threshold(g, power, whole)
    samples = g.number(whole.trim.hop_length, np.int64)
    loud = g("Cast", g("Greater", power, threshold), to=TensorProto.FLOAT)
    first = g("Mul", g("ArgMax", loud, axis=1, keepdims=0), samples)
    last = g("ArgMax", loud, axis=1, keepdims=0, select_last_index=1)
    end = g("Mul", g("Add", last, g.number(1, np.int64)), samples)
    if margin is not None:
        first, end = g("Max", g("Sub", first, margin), g.number(0, np.int64)), g("Add", end, margin)
    return g("Identity", first, name="start"), g("Min", end, "length", name="end")


def _threshold(g: Graph, power: str, whole: Config) -> tuple[str, str | None]:
    """What is loud, (batch, 1), at the first of `levels_db` that will do; of several, the margin too, (batch,)."""
    config, sr = whole.trim, whole.audio.sample_rate
    shares = np.array([10 ** (-db / 10) for db in config.levels_db], np.float32)
    thresholds = g("Mul", g("ReduceMax", power, g.integers(1), keepdims=1), g.constant(shares))
    if len(shares) == 1:
        return thresholds, None
    # an axis of levels before that of frames; the last has to do
    loud = g("Greater", g("Unsqueeze", power, g.integers(1)), g("Unsqueeze", thresholds, g.integers(2)))
    n_loud = g("ReduceSum", g("Cast", loud, to=TensorProto.FLOAT), g.integers(2), keepdims=0)
    many = g("Cast", g("Greater", n_loud, g.number(config.max_loud * sr / config.hop_length)), to=TensorProto.INT64)
    # a higher threshold leaves less: as many levels are too low as leave too much
    others = g("Slice", many, g.integers(0), g.integers(-1), g.integers(1))
    level = g("ReduceSum", others, g.integers(1), keepdims=1)
    threshold = g("GatherElements", thresholds, level, axis=1)
    raised = g("Squeeze", g("Min", level, g.number(1, np.int64)), g.integers(1))
    return threshold, g("Mul", raised, g.number(config.margin_length(sr), np.int64))


def _energies(g: Graph, padded: Padded, whole: Config) -> str:
    """Sums of squares over blocks: (batch, blocks). Where the high-pass would hear a clip begin, or end, is silence."""
    block = _energy_block(whole.trim)
    if not whole.trim.fmin:
        squares = g("Reshape", g("Mul", padded.y, padded.y), g.integers(0, -1, block))
        return g("ReduceSum", squares, g.integers(2), keepdims=0)
    taps = high_pass(whole.trim.fmin, whole.audio.sample_rate)
    half = len(taps) // 2
    y = g("Unsqueeze", padded.y, g.integers(1))
    # a filter for each sample of a block: (batch, block, blocks)
    filters = g.constant(banded(taps, block)[:, None, :])
    loud = g("Conv", y, filters, strides=[block], pads=[half, half])
    index = g("Transpose", g("Reshape", padded.index, g.integers(-1, block)), perm=[1, 0])
    last = g("Sub", column(g, "length", 1, 2), g.number(half, np.int64))
    inside = g("And", g("GreaterOrEqual", index, g.number(half, np.int64)), g("Less", index, last))
    loud = g("Mul", loud, g("Cast", inside, to=TensorProto.FLOAT))
    return g("ReduceSum", g("Mul", loud, loud), g.integers(1), keepdims=0)


def _energy_block(config: TrimConfig) -> int:
    """Filters for a block of 16 samples are as quick as those for one of 64, and a fifth as large."""
    return math.gcd(trim_block(config), 16) if config.fmin else trim_block(config)


def trim_block(config: TrimConfig) -> int:
    """Give the longest stretch of samples such that every frame of the trimming begins and ends with one.

    Parameters
    ----------
    config : TrimConfig
        Arguments of the trimming.

    Returns
    -------
    int
        Samples.

    Examples
    --------
    >>> trim_block(TrimConfig(top_db=40, frame_length=500, hop_length=200))
    100
    """
    return math.gcd(config.frame_length, config.hop_length)
