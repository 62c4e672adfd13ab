"""The parts of a configuration as frozen structs that say what each value may be.

What the values are for stands in `configs/default.yaml`; `speechrnn.config` puts the parts together.
"""

import math
from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1, le=4096)]
# below, a filter would be longer than many words
LOWEST_HZ = 20.0
# where more is loud than a word can be, silence is so much less far down, again and again, but no less than this, in dB
_STEP_DB, _LEAST_DB = 6.0, 18.0
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class AudioConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a recording is read and what is refused; keys are explained in `configs/default.yaml`."""

    sample_rate: Annotated[int, Meta(ge=4000, le=48000)]
    min_peak_db: Annotated[float, Meta(ge=-120.0, le=0.0)]
    min_duration: Annotated[float, Meta(gt=0.0, le=1.0)]
    max_duration: Annotated[float, Meta(gt=1.0, le=600.0)]


class TrimConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `librosa.effects.trim`, what is loud, and for how long a word can be.

    Examples
    --------
    >>> TrimConfig(top_db=42, frame_length=256, hop_length=64, max_loud=0.5).levels_db
    (42.0, 36.0, 30.0, 24.0, 18.0)
    >>> TrimConfig(top_db=42, frame_length=256, hop_length=64).levels_db
    (42.0,)
    """

    top_db: Annotated[float, Meta(gt=0.0, le=120.0)]
    frame_length: Annotated[int, Meta(ge=4, le=8192)]
    hop_length: Positive
    # what bundles of earlier releases lack: all that was there was loud, and never too long
    fmin: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.0
    max_loud: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0
    margin: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0

    def __post_init__(self) -> None:
        """Refuse gaps between frames: a sound at the very end could fall between the last two and nothing be left."""
        if self.frame_length % 2:
            raise ValueError(f"frame_length is {self.frame_length}, allowed are even numbers")
        if self.hop_length > self.frame_length // 2:
            raise ValueError(f"hop_length is {self.hop_length}, allowed is at most half of frame_length")
        if 0 < self.fmin < LOWEST_HZ:
            raise ValueError(f"fmin is {self.fmin:g}, allowed is 0 for no filter, or at least {LOWEST_HZ:g}")

    @property
    def levels_db(self) -> tuple[float, ...]:
        """How far silence is under the loudest frame: the first at which no more is loud than a word can be."""
        n = max(0, int((self.top_db - _LEAST_DB) // _STEP_DB)) if self.max_loud else 0
        return tuple(float(self.top_db - _STEP_DB * i) for i in range(n + 1))

    def margin_length(self, sr: int) -> int:
        """Samples of `margin` at a rate in Hz: whole steps of `hop_length`, as whatever is cut.

        Examples
        --------
        >>> TrimConfig(top_db=42, frame_length=256, hop_length=64, margin=0.1).margin_length(8000)
        768
        """
        return round(self.margin * sr / self.hop_length) * self.hop_length


class FeatureConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `librosa.feature.mfcc`, and what normalises its coefficients."""

    n_mfcc: Annotated[int, Meta(ge=1, le=128)]
    n_mels: Annotated[int, Meta(ge=1, le=256)]
    n_fft: Annotated[int, Meta(ge=16, le=8192)]
    hop_length: Positive
    fmin: Annotated[float, Meta(ge=0.0, le=24000.0)]
    fmax: Annotated[float, Meta(gt=0.0, le=24000.0)]
    normalization: Literal["none", "mean", "mean_variance", "both"]
    standardize: bool

    def __post_init__(self) -> None:
        """Refuse values that contradict each other."""
        if self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc is {self.n_mfcc}, allowed is at most n_mels, which is {self.n_mels}")
        if self.normalization == "both" and self.n_mfcc == 1:
            raise ValueError("n_mfcc is 1, allowed with normalization: both are 2 or more")
        if self.fmin >= self.fmax:
            raise ValueError(f"fmin is {self.fmin:g}, allowed is less than fmax, which is {self.fmax:g}")
        if self.n_fft % 2:
            raise ValueError(f"n_fft is {self.n_fft}, allowed are even numbers")


class ConvConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One convolution over time."""

    filters: Positive
    kernel_size: Annotated[int, Meta(ge=1, le=63)]
    stride: Annotated[int, Meta(ge=1, le=8)] = 1


class RecurrentConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Recurrent layers of one kind, stacked."""

    cell: Literal["lstm", "gru", "rnn"]
    units: Positive
    layers: Annotated[int, Meta(ge=1, le=8)]
    bidirectional: bool
    activation: Literal["tanh", "relu"]

    def __post_init__(self) -> None:
        """Refuse a ReLU inside gates: their state would grow without bound."""
        if self.activation == "relu" and self.cell != "rnn":
            raise ValueError(f"activation is relu, allowed with cell: {self.cell} is tanh")


class NetworkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The layers from features to probabilities."""

    conv: Annotated[tuple[ConvConfig, ...], Meta(max_length=16)]
    recurrent: RecurrentConfig | None
    pooling: Literal["last", "mean", "max", "attention", "attention_max", "flatten", "none"]
    flatten_frames: Annotated[int, Meta(ge=1, le=3000)]
    hidden: Annotated[tuple[Positive, ...], Meta(max_length=16)]
    dropout: Annotated[float, Meta(ge=0.0, lt=1.0)]
    rejection: bool = False

    @property
    def stride(self) -> int:
        """Frames of the front end for each one that leaves the convolutions."""
        return math.prod(conv.stride for conv in self.conv)

    def __post_init__(self) -> None:
        """Refuse `last` without a recurrent layer: there is no state to take."""
        if self.pooling == "last" and self.recurrent is None:
            raise ValueError(
                "pooling is last, allowed without recurrent layers are mean, max, attention, attention_max, flatten"
            )


class TrainingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How the weights are fitted."""

    epochs: Annotated[int, Meta(ge=1, le=10000)]
    batch_size: Positive
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)]
    schedule: Literal["constant", "cosine"]
    clip_norm: Annotated[float, Meta(gt=0.0, le=1e6)] | None
    patience: Annotated[int, Meta(ge=1, le=10000)] | None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    final_rate: Share = 0.0
    select: Literal["best", "last", "average"] = "best"
    clips_per_epoch: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    balance: Literal["clips", "speakers"] = "clips"
    label_smoothing: Share = 0.0
    reject_at: Share | None = None
    start_share: Share = 0.0
    distillation: Share = 0.0
    enough_loss: Annotated[float, Meta(gt=0.0, le=10.0)] | None = None

    @property
    def chooses(self) -> bool:
        """Whether validation clips decide which weights are kept, or when to stop."""
        return self.select == "best" or self.patience is not None


class Span(Struct, frozen=True, forbid_unknown_fields=True):
    """A range from which a value is drawn evenly, anew for each clip."""

    low: Annotated[float, Meta(ge=-200.0, le=200.0)]
    high: Annotated[float, Meta(ge=-200.0, le=200.0)]

    def __post_init__(self) -> None:
        """Refuse a range that is empty."""
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g}, allowed is at most high, which is {self.high:g}")


class SourceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One more corpus: where it lies, what it is for, and how often it is drawn."""

    path: str
    use: Literal["train", "valid", "reject", "noise", "strings"] = "train"
    weight: Annotated[float, Meta(gt=0.0, le=1000.0)] = 1.0


class RejectionConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What the output `known` learns to refuse; shares of the clips of a batch."""

    words: Share
    noise: Share
    broken: Share
    whole: tuple[str, ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing for the labels."""
        if (refused := self.words + self.noise + self.broken) >= 1.0:
            raise ValueError(f"words, noise and broken are {refused:g} together, allowed is less than 1")


class DataConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What trains beside the folder that the command names."""

    weight: Annotated[float, Meta(gt=0.0, le=1000.0)] = 1.0
    sources: Annotated[tuple[SourceConfig, ...], Meta(max_length=100)] = ()
    rejection: RejectionConfig = RejectionConfig(words=0.0, noise=0.0, broken=0.0)
