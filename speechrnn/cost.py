"""What one answer costs, counted: multiplications that end in an addition, as the field compares networks."""

from speechrnn.config import Config, FeatureConfig, NetworkConfig
from speechrnn.high_pass import high_pass

_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def count_multiply_adds(config: Config, n_labels: int, n_samples: int) -> tuple[int, int]:
    """Count multiply-adds of a recording that is all word: products of matrices, convolutions and recurrences.

    Parameters
    ----------
    config : Config
        Features and network.
    n_labels : int
        Units of the softmax.
    n_samples : int
        Its length.

    Returns
    -------
    tuple of int
        Of the front end, of the network.

    Examples
    --------
    One second at 8 kHz through LSTM(50): 101 frames of 4 * 50 * (20 + 50) products, then 10 * 50 for the softmax.

    >>> count_multiply_adds(Config.load("tutorial"), 10, 8000)[1] == 101 * 4 * 50 * (20 + 50) + 10 * 50
    True
    """
    n_frames = 1 + n_samples // config.features.hop_length
    filtering = high_pass(config.trim.fmin, config.audio.sample_rate).size if config.trim.fmin else 0
    return _front_end(config.features, n_frames) + n_samples * filtering, _network(config, n_labels, n_frames)


def _front_end(features: FeatureConfig, n_frames: int) -> int:
    half = features.n_fft // 2
    # cosines of the sums of a frame's two halves, sines of their differences
    fourier, mel = 2 * half * (half + 1), (half + 1) * features.n_mels
    return n_frames * (fourier + mel + features.n_mels * features.n_mfcc)


def _network(config: Config, n_labels: int, n_frames: int) -> int:
    network, total = config.network, 0
    size = config.features.n_mfcc * (2 if config.features.normalization == "both" else 1)
    for conv in network.conv:
        n_frames = -(-n_frames // conv.stride)
        total += n_frames * conv.filters * conv.kernel_size * size
        size = conv.filters
    if (cell := network.recurrent) is not None:
        ways = 2 if cell.bidirectional else 1
        for _ in range(cell.layers):
            total += n_frames * ways * _GATES[cell.cell] * cell.units * (size + cell.units)
            size = ways * cell.units
    pooled, size = _pool(network, n_frames, size)
    total += pooled
    for units in (*network.hidden, n_labels + (1 if network.rejection else 0)):
        total += units * size
        size = units
    return total


def _pool(network: NetworkConfig, n_frames: int, size: int) -> tuple[int, int]:
    """What pooling costs, and how many values it leaves."""
    attention = n_frames * size * (size + 2)
    match network.pooling:
        case "flatten":
            return 0, network.flatten_frames * size
        case "attention":
            return attention, size
        case "attention_max":
            return attention, 2 * size
    return 0, size
