"""What a network for strings is fed in each pass: batches of strings, and what is said in each."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.config import Config
from speechrnn.errors import TrainingError
from speechrnn.training.acoustics import Beside
from speechrnn.training.babble import make_babble
from speechrnn.training.batches import make_ahead, pad_features, shuffled_order
from speechrnn.training.features import Features
from speechrnn.training.joining import Joiner
from speechrnn.training.material import Material
from speechrnn.training.strings import Strings

# strings that are made once to learn mean and deviation of the coefficients
_PROBE = 200
# targets are padded to multiples of this, so that few shapes are compiled
_TARGET_STEP = 4


@dataclass(frozen=True, slots=True)
class StringBatch:
    """What the training network takes.

    Attributes
    ----------
    inputs : dict
        ``mfcc`` and ``n_frames`` as `speechrnn.training.batches.pad_features` gives them, ``targets`` int32
        (batch, n), zeros after each end, and ``n_targets`` int32 (batch,).
    """

    inputs: dict[str, npt.NDArray[np.generic]]

    def __len__(self) -> int:
        return len(self.inputs["n_targets"])


class StringFeed:
    """Gives the batches of each pass; what a pass holds depends on seed and number alone.

    Parameters
    ----------
    material : Material
        What trains.
    config : Config
        Its `training`, `augmentation` and `strings` decide.
    beside : callable, optional
        What is put behind the coefficients of each frame, for a network that hears the same otherwise.

    Raises
    ------
    TrainingError
        The configuration is not one of strings.
    """

    def __init__(self, material: Material, config: Config, beside: Beside | None = None) -> None:
        if config.strings is None:
            raise TrainingError("this configuration has no strings. Take the preset strings.")
        self._training = config.training
        self._strings = Strings(material, config.strings, config.training.balance)
        stored = (*material.train, *material.words, *material.spoken)
        spectra = [example.spectrum for example in stored if example.spectrum is not None]
        babble = make_babble(material.words, config)
        self._joiner = Joiner(spectra, [noise.y for noise in material.noises], config, babble, beside)
        self._n_strings = config.training.clips_per_epoch or len(material.train)

    @property
    def n_steps(self) -> int:
        """How many batches a pass has at most."""
        return math.ceil(self._n_strings / self._training.batch_size)

    def epoch(self, number: int) -> Iterator[StringBatch]:
        """Give the batches of a pass.

        Parameters
        ----------
        number : int
            Of the pass, counted from 1.

        Yields
        ------
        StringBatch
            Of strings of similar length.
        """
        seed = (self._training.seed, number)
        takes = self._joiner.plan(self._strings.draw(self._n_strings, number, seed), seed)
        order = shuffled_order([take.n_frames for take in takes], self._training.batch_size, seed)

        def make(step: int) -> StringBatch:
            chosen = [takes[i] for i in order[step]]
            return _batch(self._joiner.features(chosen, (*seed, step)), [take.units for take in chosen])

        yield from make_ahead(make, len(order))

    def probe(self) -> Sequence[Features]:
        """Give the features of some strings as training meets them.

        Returns
        -------
        sequence of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            Two hundred.
        """
        seed = (self._training.seed, 0)
        takes = self._joiner.plan(self._strings.draw(_PROBE, 0, seed), seed)
        size = self._training.batch_size
        parts = [takes[first : first + size] for first in range(0, _PROBE, size)]
        return [one for step, part in enumerate(parts) for one in self._joiner.features(part, (*seed, step))]


def _batch(features: Sequence[Features], said: Sequence[tuple[int, ...]]) -> StringBatch:
    n_targets = np.array([len(units) for units in said], np.int32)
    width = max(1, -(-int(n_targets.max()) // _TARGET_STEP)) * _TARGET_STEP
    targets = np.zeros((len(said), width), np.int32)
    for row, units in zip(targets, said, strict=True):
        row[: len(units)] = units
    return StringBatch({**pad_features(features), "targets": targets, "n_targets": n_targets})
