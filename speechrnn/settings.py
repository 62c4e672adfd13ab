"""The parts of a configuration as frozen structs that say what each value may be.

What the values are for stands in `configs/default.yaml`; `speechrnn.config` puts the parts together.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1, le=4096)]


class AudioConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a recording is read and what is refused; keys are explained in `configs/default.yaml`."""

    sample_rate: Annotated[int, Meta(ge=4000, le=48000)]
    min_peak_db: Annotated[float, Meta(ge=-120.0, le=0.0)]
    min_duration: Annotated[float, Meta(gt=0.0, le=1.0)]
    max_duration: Annotated[float, Meta(gt=1.0, le=600.0)]


class TrimConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `librosa.effects.trim`."""

    top_db: Annotated[float, Meta(gt=0.0, le=120.0)]
    frame_length: Annotated[int, Meta(ge=2, le=8192)]
    hop_length: Positive

    def __post_init__(self) -> None:
        """Refuse gaps between frames: a sound at the very end could fall between the last two and nothing be left."""
        if self.frame_length % 2:
            raise ValueError(f"frame_length is {self.frame_length}, allowed are even numbers")
        if self.hop_length > self.frame_length // 2:
            raise ValueError(f"hop_length is {self.hop_length}, allowed is at most half of frame_length")


class FeatureConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `librosa.feature.mfcc`, and what normalises its coefficients."""

    n_mfcc: Annotated[int, Meta(ge=1, le=128)]
    n_mels: Annotated[int, Meta(ge=1, le=256)]
    n_fft: Annotated[int, Meta(ge=16, le=8192)]
    hop_length: Positive
    fmin: Annotated[float, Meta(ge=0.0, le=24000.0)]
    fmax: Annotated[float, Meta(gt=0.0, le=24000.0)]
    normalization: Literal["none", "mean", "mean_variance"]
    standardize: bool

    def __post_init__(self) -> None:
        """Refuse values that contradict each other."""
        if self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc is {self.n_mfcc}, allowed is at most n_mels, which is {self.n_mels}")
        if self.fmin >= self.fmax:
            raise ValueError(f"fmin is {self.fmin:g}, allowed is less than fmax, which is {self.fmax:g}")
        if self.n_fft % 2:
            raise ValueError(f"n_fft is {self.n_fft}, allowed are even numbers")


class ConvConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One convolution over time."""

    filters: Positive
    kernel_size: Annotated[int, Meta(ge=1, le=63)]


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
    pooling: Literal["last", "mean", "max", "attention", "flatten"]
    flatten_frames: Annotated[int, Meta(ge=1, le=3000)]
    hidden: Annotated[tuple[Positive, ...], Meta(max_length=16)]
    dropout: Annotated[float, Meta(ge=0.0, lt=1.0)]

    def __post_init__(self) -> None:
        """Refuse `last` without a recurrent layer: there is no state to take."""
        if self.pooling == "last" and self.recurrent is None:
            raise ValueError("pooling is last, allowed without recurrent layers are mean, max, attention, flatten")


class TrainingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How the weights are fitted."""

    epochs: Annotated[int, Meta(ge=1, le=10000)]
    batch_size: Positive
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)]
    schedule: Literal["constant", "cosine"]
    clip_norm: Annotated[float, Meta(gt=0.0, le=1e6)] | None
    patience: Annotated[int, Meta(ge=1, le=10000)] | None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]
