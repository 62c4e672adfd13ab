"""What a network for strings is taught by: connectionist temporal classification, and what it knew when it began."""

import math
from typing import Any

import keras
from keras import ops

from speechrnn.training.layers import EveryNth, UnmaskedLayer
from speechrnn.training.weights import freeze_copy

# a string that has more than half of all probability
MORE_PROBABLE_THAN_NOT = math.log(2)


@keras.saving.register_keras_serializable("speechrnn")
class StringLoss(UnmaskedLayer):
    """The negative logarithm of the probability of each string; true lengths alone count, unlike in keras.losses.CTC.

    `stride` is the number of frames of the features for each frame of the network's output.
    """

    def __init__(self, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, log_probs: Any, n_frames: Any, targets: Any, n_targets: Any) -> Any:
        """From (batch, frames, 1 + n_labels) and targets (batch, n) to losses (batch,)."""
        return ops.ctc_loss(targets, log_probs, n_targets, _frames_left(n_frames, self.stride), mask_index=0)

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "stride": self.stride}


@keras.saving.register_keras_serializable("speechrnn")
class KeptAnswers(UnmaskedLayer):
    """Learn without forgetting (Li and Hoiem 2016): where a teacher has the string, its frames count in its place.

    `share` of such a string's loss is how far its answers are from the teacher's: the divergence of Kullback and
    Leibler (1951), summed over true frames. Of a string that the teacher does not have there is nothing to keep.
    """

    def __init__(self, stride: int, share: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride, self.share = stride, share

    def call(self, losses: Any, taught: Any, log_probs: Any, kept: Any, n_frames: Any) -> Any:
        """From losses and the teacher's (batch,), answers and the teacher's (batch, frames, n) to losses (batch,)."""
        frames = ops.sum(ops.exp(kept) * (kept - log_probs), axis=-1)
        there = ops.arange(ops.shape(frames)[1]) < _frames_left(n_frames, self.stride)[:, None]
        divergence = ops.sum(ops.where(there, frames, 0.0), axis=1)
        share = self.share * ops.cast(taught < MORE_PROBABLE_THAN_NOT, frames.dtype)
        return (1 - share) * losses + share * divergence

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "stride": self.stride, "share": self.share}


def _frames_left(n_frames: Any, stride: int) -> Any:
    """Count the frames of the answer from those of the features: int32 (batch,)."""
    return ops.cast((n_frames + (stride - 1)) // stride, "int32")


def add_loss(network: keras.Model, keep: float = 0.0) -> keras.Model:
    """Put the loss behind a network: its targets are inputs, because their lengths differ.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`, with ``network.pooling: none``.
    keep : float
        Where the network as it is now has a string, so much of what teaches it is how it answers now, from 0 to 1.

    Returns
    -------
    keras.Model
        With the same layers; gives one loss for each string.
    """
    targets = keras.Input((None,), dtype="int32", name="targets")
    n_targets = keras.Input((), dtype="int32", name="n_targets")
    stride = math.prod(layer.stride for layer in network.layers if isinstance(layer, EveryNth))
    features, n_frames = network.inputs
    measure = StringLoss(stride, name="loss")
    losses = measure(network.output, n_frames, targets, n_targets)
    if keep:
        kept = freeze_copy(network)([features, n_frames], training=False)
        taught = measure(kept, n_frames, targets, n_targets)
        losses = KeptAnswers(stride, keep, name="kept")(losses, taught, network.output, kept, n_frames)
    return keras.Model([features, n_frames, targets, n_targets], losses, name="speechrnn")
