"""The network in Keras: features and their true length in, one probability a label out.

Padding is masked exactly: what a clip gets does not depend on the clips beside it. Keras' convolutions drop masks and
its one-way recurrent layers leave values on padding, so the mask is multiplied in by hand wherever it matters.
"""

from typing import Any

import keras
from keras import ops

from speechrnn.config import Config, NetworkConfig, RecurrentConfig
from speechrnn.training.layers import (
    ApplyMask,
    Attention,
    Calibration,
    ClipNormalization,
    EveryNth,
    FlattenFrames,
    FrameMask,
    LevelNormalization,
    Pooling,
    Standardization,
    same_padding,
)


def build_network(config: Config, n_labels: int) -> keras.Model:
    """Build the network that a configuration describes, with fresh weights.

    Parameters
    ----------
    config : Config
        Its `features` and `network` decide.
    n_labels : int
        Units of the softmax.

    Returns
    -------
    keras.Model
        From ``mfcc`` float32 (batch, frames, n_mfcc) and ``n_frames`` int32 (batch,) to probabilities
        (batch, n_labels), and with ``network.rejection`` also to known (batch, 1). With ``network.pooling: none`` to
        log probabilities (batch, frames, 1 + n_labels), the blank first, of the frames that strides leave.

    Examples
    --------
    >>> network = build_network(Config.load("tutorial"), n_labels=10)
    >>> network.count_params() == 4 * 50 * (20 + 50 + 1) + 10 * (50 + 1)
    True
    """
    layers = keras.layers
    features = keras.Input((None, config.features.n_mfcc), name="mfcc")
    n_frames = keras.Input((), dtype="int32", name="n_frames")
    mask = FrameMask(name="mask")(features, n_frames)
    x: Any = features
    if config.features.normalization != "none":
        variance = config.features.normalization != "mean"
        x = ClipNormalization(variance, name="clip_normalization")(x, mask)
    if config.features.normalization == "both":
        # taking off the mean takes the vowel off a word that is little else; beside it stands what still has it
        level = LevelNormalization(name="level_normalization")(features, mask)
        x = layers.Concatenate(name="both")([x, level])
    if config.features.standardize:
        x = Standardization(name="standardization")(x)
    network = config.network
    for i, conv in enumerate(network.conv):
        x = ApplyMask(name=f"conv_{i}_mask")(x, mask)
        # padded by hand: with a stride, "same" would put the frames elsewhere in a batch of another length
        x = layers.ZeroPadding1D(same_padding(conv.kernel_size), name=f"conv_{i}_padding")(x)
        convolve = layers.Conv1D(conv.filters, conv.kernel_size, conv.stride, activation="relu", name=f"conv_{i}")
        x = convolve(x)
        if conv.stride > 1:
            mask = EveryNth(conv.stride, name=f"mask_{i}_stride")(mask)
        x = layers.Dropout(network.dropout, name=f"conv_{i}_dropout")(x)
    if network.recurrent:
        for i in range(network.recurrent.layers):
            last = network.pooling == "last" and i == network.recurrent.layers - 1
            layer = _recurrent_layer(network.recurrent, f"recurrent_{i}", sequences=not last)
            x = layer(x, mask=ops.cast(mask, "bool"))
            x = layers.Dropout(network.dropout, name=f"recurrent_{i}_dropout")(x)
    x = _pool(x, mask, network)
    for i, units in enumerate(network.hidden):
        x = layers.Dense(units, activation="relu", name=f"hidden_{i}")(x)
        x = layers.Dropout(network.dropout, name=f"hidden_{i}_dropout")(x)
    return keras.Model([features, n_frames], _answer(x, n_labels, network), name="speechrnn")


def _answer(x: Any, n_labels: int, network: NetworkConfig) -> Any:
    dense = keras.layers.Dense
    if network.pooling == "none":
        return dense(1 + n_labels, activation="log_softmax", name="output")(x)
    if not network.rejection:
        return dense(n_labels, activation="softmax", name="output")(x)
    logits, unknown = dense(n_labels, name="output")(x), dense(1, name="unknown")(x)
    return list(Calibration(name="calibration")(logits, unknown))


def _recurrent_layer(config: RecurrentConfig, name: str, *, sequences: bool) -> keras.layers.Layer:
    kinds = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
    layer = kinds[config.cell](config.units, activation=config.activation, return_sequences=sequences, name=name)
    return keras.layers.Bidirectional(layer, name=name) if config.bidirectional else layer


def _pool(x: Any, mask: Any, network: NetworkConfig) -> Any:
    match network.pooling:
        case "last" | "none":
            return x
        case "attention":
            return Attention(name="attention")(x, mask)
        case "attention_max":
            beside = keras.layers.Concatenate(name="beside")
            return beside([Attention(name="attention")(x, mask), Pooling("max", name="pooling")(x, mask)])
        case "flatten":
            return FlattenFrames(network.flatten_frames, name="flatten")(ApplyMask(name="flatten_mask")(x, mask))
        case kind:
            return Pooling(kind, name="pooling")(x, mask)
