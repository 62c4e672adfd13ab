"""How strings of digits are made for training; `configs/strings.yaml` says what the values are for."""

from typing import Annotated

from msgspec import Meta, Struct

from speechrnn.settings import NetworkConfig, Share, Span, TrainingConfig


class StringsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How strings for training are joined from clips of one voice, and what else a pass holds."""

    n_digits: Annotated[int, Meta(ge=1, le=20)]
    repeated: Share
    spoken: Share
    empty: Share
    words: Share
    fluent: Share
    fluent_gap: Span
    fluent_tempo: Span
    gap: Span
    tempo: Span
    drift: Annotated[float, Meta(ge=0.0, le=0.5)]
    level_db: Annotated[float, Meta(ge=0.0, le=20.0)]
    margin: Annotated[float, Meta(ge=0.0, le=3.0)]
    min_probability: Share

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to join, and tempos that would turn a clip into nothing."""
        if (taken := self.spoken + self.empty) > 1.0:
            raise ValueError(f"spoken and empty are {taken:g} together, allowed is at most 1")
        for name, span in (("fluent_tempo", self.fluent_tempo), ("tempo", self.tempo)):
            if not 0.25 <= span.low <= span.high <= 4.0:
                raise ValueError(f"{name} is {span.low:g} to {span.high:g}, allowed are 0.25 to 4")

    def check_fits(self, network: NetworkConfig, training: TrainingConfig, *, augmented: bool) -> None:
        """Refuse what goes with single words alone.

        Parameters
        ----------
        network : NetworkConfig
            Of the same configuration.
        training : TrainingConfig
            Likewise.
        augmented : bool
            Whether it has an `augmentation`, were all parts of it null.

        Raises
        ------
        ValueError
            Strings cannot have it.
        """
        null = "allowed with strings is null"
        refused = (
            (network.rejection, "network.rejection is true, allowed with strings is false: the blank refuses"),
            (
                training.select == "best",
                "training.select is best, allowed with strings: last and average, for no clip of theirs validates",
            ),
            (
                training.patience is not None,
                f"training.patience is {training.patience}, {null}, for no clip of theirs validates",
            ),
            (training.enough_loss is not None, f"training.enough_loss is {training.enough_loss}, {null}"),
            (
                not augmented,
                "augmentation is null, needed for strings is that section, of which every part may be null",
            ),
        )
        for found, said in refused:
            if found:
                raise ValueError(said)
