"""The layers that Keras lacks: masks that are inputs like any other, pooling under a mask, calibration.

Padding is masked exactly: what a clip gets does not depend on the clips beside it.
"""

import math
from typing import Any

import keras
from keras import ops

# added to scores of padding before a softmax or a maximum; exp(-1e9) is zero in float32
FAR_BELOW = -1e9
VARIANCE_FLOOR = 1e-5
# no probability is taken for nearer to 0 or 1 than this where its log-odds are needed
SURE_FLOOR = 1e-6
SUREST = math.log(1 - SURE_FLOOR) - math.log(SURE_FLOOR)


class UnmaskedLayer(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """Takes the mask as an input like any other and attaches none to its result: the loss would apply it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, *_: Any, **__: Any) -> None:
        """Attach nothing."""


@keras.saving.register_keras_serializable("speechrnn")
class FrameMask(UnmaskedLayer):
    """From features (batch, frames, n_mfcc) and true lengths (batch,) to 1 for frames, 0 for padding."""

    def call(self, features: Any, n_frames: Any) -> Any:
        """Compare each frame's index with the clip's length: (batch, frames)."""
        index = ops.arange(ops.shape(features)[1], dtype="int32")
        return ops.cast(index[None, :] < ops.cast(n_frames, "int32")[:, None], "float32")


@keras.saving.register_keras_serializable("speechrnn")
class ApplyMask(UnmaskedLayer):
    """Set padding to zero."""

    def call(self, x: Any, mask: Any) -> Any:
        """Multiply (batch, frames, n) by (batch, frames)."""
        return x * mask[:, :, None]


@keras.saving.register_keras_serializable("speechrnn")
class ClipNormalization(UnmaskedLayer):
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
class LevelNormalization(UnmaskedLayer):
    """Take the loudest frame's level off the first coefficient: what is left of it does not depend on the distance."""

    def call(self, x: Any, mask: Any) -> Any:
        """Normalise over true frames alone; the other coefficients stay as they are."""
        level = x[:, :, :1]
        loudest = ops.max(level + (1.0 - mask[:, :, None]) * FAR_BELOW, axis=1, keepdims=True)
        return ops.concatenate([level - loudest, x[:, :, 1:]], axis=2)


@keras.saving.register_keras_serializable("speechrnn")
class Standardization(UnmaskedLayer):
    """Subtract and divide by figures of the training clips, which `speechrnn.training.fitting` sets before the fit."""

    def build(self, shape: Any) -> None:
        """Make the two vectors, fixed while training."""
        self.mean = self.add_weight(name="mean", shape=(shape[-1],), initializer="zeros", trainable=False)
        self.deviation = self.add_weight(name="deviation", shape=(shape[-1],), initializer="ones", trainable=False)

    def call(self, x: Any) -> Any:
        """Standardise (batch, frames, n)."""
        return (x - self.mean) / self.deviation


@keras.saving.register_keras_serializable("speechrnn")
class Attention(UnmaskedLayer):
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
        scores = scores + (1.0 - mask[:, :, None]) * FAR_BELOW
        # as ops.softmax, which warns people of a word that leaves a single frame
        weights = ops.exp(scores - ops.logsumexp(scores, axis=1, keepdims=True))
        return ops.sum(weights * x, axis=1)


@keras.saving.register_keras_serializable("speechrnn")
class Pooling(UnmaskedLayer):
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
class EveryNth(UnmaskedLayer):
    """Keep the first of every n frames of a mask, as a convolution with that stride does."""

    def __init__(self, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, x: Any) -> Any:
        """From (batch, frames) to (batch, ceil(frames / stride))."""
        return x[:, :: self.stride]

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "stride": self.stride}


@keras.saving.register_keras_serializable("speechrnn")
class Calibration(UnmaskedLayer):
    """Make the answers as sure as they are right (Guo et al. 2017, Platt 1999).

    Probabilities are the softmax of logits over a temperature; `known` is a logistic function of its own logit and of
    the log-odds of the most probable label. Its own logit is that of all labels together against one more unit, "none
    of them", so that a fresh layer is the softmax over labels and that unit: what is no label has to be less than each
    of them. `speechrnn.training.calibration` sets the layer after training.
    """

    def build(self, logits_shape: Any, unknown_shape: Any) -> None:  # noqa: ARG002 -- Keras looks at their names
        """Make the temperature (1,) and the three weights of `known`, fixed while training."""
        fixed = {"trainable": False}
        self.temperature = self.add_weight(name="temperature", shape=(1,), initializer="ones", **fixed)
        self.known = self.add_weight(name="known", shape=(3,), initializer="zeros", **fixed)
        self.known.assign([1.0, 0.0, 0.0])

    def call(self, logits: Any, unknown: Any) -> Any:
        """From (batch, n_labels) and (batch, 1) to probabilities (batch, n_labels) and known (batch, 1)."""
        known = ops.logsumexp(logits, axis=-1, keepdims=True) - unknown
        scores = logits / self.temperature
        probabilities = ops.softmax(scores, axis=-1)
        # out of a probability near 1 float32 has no log-odds; Keras' argmax has an operator that TFLite lacks
        top, place = ops.top_k(scores, 1)
        others = ops.logsumexp(scores + ops.one_hot(place[:, 0], scores.shape[-1]) * FAR_BELOW, axis=-1, keepdims=True)
        margin = ops.clip(top - others, -SUREST, SUREST)
        return probabilities, ops.sigmoid(self.known[0] * known + self.known[1] * margin + self.known[2])

    def compute_output_shape(self, logits_shape: Any, unknown_shape: Any) -> Any:
        """Give the shapes of the inputs."""
        return logits_shape, unknown_shape


@keras.saving.register_keras_serializable("speechrnn")
class FlattenFrames(UnmaskedLayer):
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


def same_padding(kernel_size: int) -> tuple[int, int]:
    """Say how many zeros go before and after the frames so that each has a filter centred on it.

    Parameters
    ----------
    kernel_size : int
        Frames that one filter sees.

    Returns
    -------
    tuple of int
        Of an odd number the larger part comes after, as in Keras.

    Examples
    --------
    >>> same_padding(5), same_padding(4)
    ((2, 2), (1, 2))
    """
    return (kernel_size - 1) // 2, kernel_size // 2


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
