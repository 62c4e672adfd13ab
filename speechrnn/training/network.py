"""The network in Keras: features and their true length in, one probability a label out.

Padding is masked exactly: what a clip gets does not depend on the clips beside it. Keras' convolutions drop masks and
its one-way recurrent layers leave values on padding, so the mask is multiplied in by hand wherever it matters.
"""

from typing import Any

import keras
from keras import ops

from speechrnn.config import Config, NetworkConfig, RecurrentConfig

# added to scores of padding before a softmax or a maximum; exp(-1e9) is zero in float32
FAR_BELOW = -1e9
VARIANCE_FLOOR = 1e-5


class _Layer(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """Takes the mask as an input like any other and attaches none to its result: the loss would apply it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, *_: Any, **__: Any) -> None:
        """Attach nothing."""


@keras.saving.register_keras_serializable("speechrnn")
class FrameMask(_Layer):
    """From features (batch, frames, n_mfcc) and true lengths (batch,) to 1 for frames, 0 for padding."""

    def call(self, features: Any, n_frames: Any) -> Any:
        """Compare each frame's index with the clip's length: (batch, frames)."""
        index = ops.arange(ops.shape(features)[1], dtype="int32")
        return ops.cast(index[None, :] < ops.cast(n_frames, "int32")[:, None], "float32")


@keras.saving.register_keras_serializable("speechrnn")
class ApplyMask(_Layer):
    """Set padding to zero."""

    def call(self, x: Any, mask: Any) -> Any:
        """Multiply (batch, frames, n) by (batch, frames)."""
        return x * mask[:, :, None]


@keras.saving.register_keras_serializable("speechrnn")
class ClipNormalization(_Layer):
    """Take off each coefficient's mean over the clip, and divide by its deviation if asked to."""

    def __init__(self, variance: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.variance = variance

    def call(self, x: Any, mask: Any) -> Any:
        """Normalise over true frames alone."""
        x = x - masked_mean(x, mask)[:, None, :]
        if self.variance:
            x = x / ops.sqrt(masked_mean(x * x, mask) + VARIANCE_FLOOR)[:, None, :]
        return x

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "variance": self.variance}


@keras.saving.register_keras_serializable("speechrnn")
class Standardization(_Layer):
    """Subtract and divide by figures of the training clips, which `speechrnn.training.fitting` sets before the fit."""

    def build(self, shape: Any) -> None:
        """Make the two vectors, fixed while training."""
        self.mean = self.add_weight(name="mean", shape=(shape[-1],), initializer="zeros", trainable=False)
        self.deviation = self.add_weight(name="deviation", shape=(shape[-1],), initializer="ones", trainable=False)

    def call(self, x: Any) -> Any:
        """Standardise (batch, frames, n)."""
        return (x - self.mean) / self.deviation


@keras.saving.register_keras_serializable("speechrnn")
class Attention(_Layer):
    """Average over frames with learned weights: softmax over time of v . tanh(W h_t + b) (Bahdanau et al. 2015)."""

    def build(self, x_shape: Any) -> None:
        """Make W (n, n), b (n,) and v (n, 1)."""
        n = x_shape[-1]
        self.kernel = self.add_weight(name="kernel", shape=(n, n), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(n,), initializer="zeros")
        self.query = self.add_weight(name="query", shape=(n, 1), initializer="glorot_uniform")

    def call(self, x: Any, mask: Any) -> Any:
        """From (batch, frames, n) to (batch, n)."""
        scores = ops.matmul(ops.tanh(ops.matmul(x, self.kernel) + self.bias), self.query)
        weights = ops.softmax(scores + (1.0 - mask[:, :, None]) * FAR_BELOW, axis=1)
        return ops.sum(weights * x, axis=1)


@keras.saving.register_keras_serializable("speechrnn")
class Pooling(_Layer):
    """Mean or maximum over true frames."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, x: Any, mask: Any) -> Any:
        """From (batch, frames, n) to (batch, n)."""
        if self.kind == "mean":
            return masked_mean(x, mask)
        return ops.max(x + (1.0 - mask[:, :, None]) * FAR_BELOW, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "kind": self.kind}


@keras.saving.register_keras_serializable("speechrnn")
class FlattenFrames(_Layer):
    """Put the first frames side by side: what is longer is cut, what is shorter ends in zeros."""

    def __init__(self, n_frames: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_frames = n_frames

    def call(self, x: Any) -> Any:
        """From (batch, frames, n), zero on padding, to (batch, n_frames * n)."""
        longer = ops.pad(x, [[0, 0], [0, self.n_frames], [0, 0]])
        return ops.reshape(longer[:, : self.n_frames, :], (-1, self.n_frames * x.shape[-1]))

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "n_frames": self.n_frames}


def masked_mean(x: Any, mask: Any) -> Any:
    """Average over true frames.

    Parameters
    ----------
    x : tensor [shape=(batch, frames, n)]
        Values, anything on padding.
    mask : tensor [shape=(batch, frames)]
        1 for frames, 0 for padding.

    Returns
    -------
    tensor [shape=(batch, n)]
        The mean of each clip.
    """
    return ops.sum(x * mask[:, :, None], axis=1) / ops.sum(mask, axis=1, keepdims=True)


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
        From ``mfcc`` float32 (batch, frames, n_mfcc) and ``n_frames`` int32 (batch,) to (batch, n_labels).

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
        variance = config.features.normalization == "mean_variance"
        x = ClipNormalization(variance, name="clip_normalization")(x, mask)
    if config.features.standardize:
        x = Standardization(name="standardization")(x)
    network = config.network
    for i, conv in enumerate(network.conv):
        x = ApplyMask(name=f"conv_{i}_mask")(x, mask)
        x = layers.Conv1D(conv.filters, conv.kernel_size, padding="same", activation="relu", name=f"conv_{i}")(x)
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
    probabilities = layers.Dense(n_labels, activation="softmax", name="output")(x)
    return keras.Model([features, n_frames], probabilities, name="speechrnn")


def _recurrent_layer(config: RecurrentConfig, name: str, *, sequences: bool) -> keras.layers.Layer:
    kinds = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
    layer = kinds[config.cell](config.units, activation=config.activation, return_sequences=sequences, name=name)
    return keras.layers.Bidirectional(layer, name=name) if config.bidirectional else layer


def _pool(x: Any, mask: Any, network: NetworkConfig) -> Any:
    match network.pooling:
        case "last":
            return x
        case "attention":
            return Attention(name="attention")(x, mask)
        case "flatten":
            return FlattenFrames(network.flatten_frames, name="flatten")(ApplyMask(name="flatten_mask")(x, mask))
        case kind:
            return Pooling(kind, name="pooling")(x, mask)
