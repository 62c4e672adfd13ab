"""What is changed in every clip of a pass, as frozen structs that say what each value may be.

What the values are for stands in `configs/default.yaml`.
"""

from typing import Annotated

from msgspec import Meta, Struct

from speechrnn.settings import Share, Span

# what is added to a word, or follows it, is at most this much louder than the word: powers stay far within a float32
_LOUDEST_DB = 60.0


class OverdriveConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Recordings that were too loud for what recorded them: their peaks are cut off."""

    probability: Share
    gain_db: Span

    def __post_init__(self) -> None:
        """Refuse a gain that cuts nothing, and one that leaves nothing but its sign."""
        if not 0 <= self.gain_db.low <= self.gain_db.high <= _LOUDEST_DB:
            raise ValueError(
                f"gain_db is {self.gain_db.low:g} to {self.gain_db.high:g}, allowed are 0 to {_LOUDEST_DB:g}"
            )


class EdgesConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What a hasty end-pointer takes for silence and cuts off: first and last sounds far under the loudest."""

    probability: Share
    below_db: Span


class PlacementConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The word somewhere in a longer window over a noise floor, as imperfect end-pointing leaves it."""

    probability: Share
    max_duration: Annotated[float, Meta(gt=0.0, le=10.0)]
    floor_db: Span

    def __post_init__(self) -> None:
        """Refuse a floor under which no word is left."""
        if self.floor_db.low < -_LOUDEST_DB:
            raise ValueError(f"floor_db.low is {self.floor_db.low:g}, allowed is at least {-_LOUDEST_DB:g}")


class NoiseConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Noise over the whole window, recorded where a source has some, else coloured."""

    probability: Share
    snr_db: Span
    recorded: Share
    hum: Share = 0.0
    babble: Share = 0.0

    def __post_init__(self) -> None:
        """Refuse noise in which no word is left."""
        if self.snr_db.low < -_LOUDEST_DB:
            raise ValueError(f"snr_db.low is {self.snr_db.low:g}, allowed is at least {-_LOUDEST_DB:g}")
        if (of_one_kind := self.recorded + self.hum + self.babble) > 1.0:
            raise ValueError(f"recorded, hum and babble are {of_one_kind:g} together, allowed is at most 1")


class ReverberationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A decaying tail after each frame."""

    probability: Share
    decay: Span
    level_db: Span

    def __post_init__(self) -> None:
        """Refuse a time in which nothing can decay, and a tail beside which no sound is left."""
        if self.decay.low <= 0:
            raise ValueError(f"decay.low is {self.decay.low:g}, allowed is more than 0")
        if self.level_db.high > _LOUDEST_DB:
            raise ValueError(f"level_db.high is {self.level_db.high:g}, allowed is at most {_LOUDEST_DB:g}")


class ChannelConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What microphones and lines do to the spectrum."""

    probability: Share
    tilt_db: Annotated[float, Meta(ge=0.0, le=20.0)]
    bumps_db: Annotated[float, Meta(ge=0.0, le=20.0)]
    telephone: Share


class MaskingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """SpecAugment (Park et al. 2019): a stretch of frames and a band of mel filters are blanked."""

    probability: Share
    frames: Share
    mels: Share


class AugmentationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How each training clip is changed anew in each pass; a part that is null is left out."""

    warp: Span | None
    tempo: Span | None
    edges: EdgesConfig | None
    placement: PlacementConfig | None
    noise: NoiseConfig | None
    reverberation: ReverberationConfig | None
    channel: ChannelConfig | None
    masking: MaskingConfig | None
    overdrive: OverdriveConfig | None = None

    def __post_init__(self) -> None:
        """Refuse factors that would turn a clip into nothing."""
        for name, span in (("warp", self.warp), ("tempo", self.tempo)):
            if span and not 0.25 <= span.low <= span.high <= 4.0:
                raise ValueError(f"{name} is {span.low:g} to {span.high:g}, allowed are 0.25 to 4")
