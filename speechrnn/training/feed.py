"""What a network is fed in each pass: batches of clips as they are, or changed anew, with what it should answer."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.config import Config
from speechrnn.settings import RejectionConfig
from speechrnn.training.acoustics import Beside
from speechrnn.training.augmentation import Augmenter, Piece
from speechrnn.training.babble import make_babble
from speechrnn.training.batches import make_ahead, one_hot, pad_features, shuffled_windows, sorted_order
from speechrnn.training.draws import stream
from speechrnn.training.features import Features
from speechrnn.training.material import Material
from speechrnn.training.sampling import OWN, Pool, Sample, chances, draw, draw_pass, number_voices

Seed = tuple[int, ...]
# from rows of a pass, and what is added to the seed, to their features
_Make = Callable[[npt.NDArray[np.int64], Seed], list[Features]]

# clips that are changed once to learn mean and deviation of the coefficients
_PROBE = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """What `keras.Model.train_on_batch` takes.

    Attributes
    ----------
    inputs : dict
        As `speechrnn.training.batches.pad_features` gives them.
    targets : np.ndarray [shape=(batch, n_labels), dtype=float32]
        One-hot; zeros for what is no label.
    labelled : np.ndarray [shape=(batch,), dtype=float32]
        1 for a label, 0 for what is none.
    known : np.ndarray [shape=(batch,), dtype=float32]
        What the output `known` should answer.
    own : np.ndarray [shape=(batch,), dtype=bool]
        Which are made of recordings of the folder that trains, not of a source.
    """

    inputs: dict[str, npt.NDArray[np.generic]]
    targets: npt.NDArray[np.float32]
    labelled: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]
    own: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labelled)


class Feed:
    """Gives the batches of each pass; what a pass holds depends on seed and number alone.

    Parameters
    ----------
    material : Material
        What trains.
    config : Config
        Its `training`, `augmentation` and `data` decide.
    beside : callable, optional
        What is put behind the coefficients of each frame that is changed, for a network that hears the same otherwise.
    """

    def __init__(self, material: Material, config: Config, beside: Beside | None = None) -> None:
        self._material, self._config = material, config
        self._pool = _pool(material, config)
        self._sources = [origin.source for origin in (*material.origins, *material.word_origins)]
        self._rejection = _rejection(config)
        self._n_clips = config.training.clips_per_epoch or len(material.train)
        self._augmenter = _augmenter(material, config, beside) if config.augmentation else None

    @property
    def n_steps(self) -> int:
        """How many batches a pass has."""
        return math.ceil(self._n_clips / self._config.training.batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give the batches of a pass.

        Parameters
        ----------
        number : int
            Of the pass, counted from 1.

        Yields
        ------
        Batch
            Of clips of similar length.
        """
        seed = (self._config.training.seed, number)
        samples = draw_pass(self._pool, self._rejection, self._n_clips, stream("pass", *seed))
        make = self._changed(samples, seed)
        size = self._config.training.batch_size
        windows = shuffled_windows(len(samples), size, seed)

        def batches(number: int) -> list[Batch]:
            rows = windows[number]
            features = make(rows, (number,))
            order = sorted_order([len(one) for one in features], size)
            stream("batches", *seed, number).shuffle(order)
            return [self._batch([features[i] for i in one], [samples[rows[i]] for i in one]) for one in order]

        for window in make_ahead(batches, len(windows)):
            yield from window

    def probe(self) -> Sequence[Features]:
        """Give the features of some clips as training meets them.

        Returns
        -------
        sequence of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            Of all clips where they train as they are, else of a thousand changed ones.
        """
        if self._augmenter is None:
            return [example.features for example in self._material.train]
        seed = (self._config.training.seed, 0)
        rows = draw(self._pool.shares, _PROBE, stream("probe", *seed))
        return self._changed([Sample((Piece(int(row)),), None) for row in rows], seed)(np.arange(_PROBE), ())

    def noise(self, n: int) -> Sequence[Features]:
        """Give the features of noise alone, as long as words are.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        sequence of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            Empty where clips train as they are: then no noise is made.
        """
        if self._augmenter is None:
            return []
        seed = (self._config.training.seed, 0, 1)
        return self._changed([Sample((), None)] * n, seed)(np.arange(n), ())

    def _changed(self, samples: Sequence[Sample], seed: Seed) -> _Make:
        """Make features of what is drawn, or give those that are stored where clips train as they are."""
        augmenter, size = self._augmenter, self._config.training.batch_size
        if augmenter is None:
            stored = [*self._material.train, *self._material.words]
            return lambda rows, _: [stored[samples[i].pieces[0].row].features for i in rows]
        takes = augmenter.plan([sample.pieces for sample in samples], seed)

        def make(rows: npt.NDArray[np.int64], place: Seed) -> list[Features]:
            made = dict[int, Features]()
            for step, part in enumerate(sorted_order([takes[i].n_frames for i in rows], size)):
                chosen = rows[part].tolist()
                features = augmenter.features([takes[i] for i in chosen], (*seed, *place, step))
                made.update(zip(chosen, features, strict=True))
            return [made[i] for i in rows.tolist()]

        return make

    def _batch(self, features: Sequence[Features], samples: Sequence[Sample]) -> Batch:
        targets = np.zeros((len(samples), len(self._material.labels)), np.float32)
        for row, sample in zip(targets, samples, strict=True):
            if sample.unit is not None:
                row[sample.unit] = 1.0
        labelled = targets.sum(axis=1)
        return Batch(pad_features(features), targets, labelled, labelled, np.array([self._is_own(s) for s in samples]))

    def _is_own(self, sample: Sample) -> bool:
        return bool(sample.pieces) and self._sources[sample.pieces[0].row] == OWN


def validation_batches(material: Material, size: int) -> Iterator[Batch]:
    """Give the validation clips as they are, shortest first.

    Parameters
    ----------
    material : Material
        Its `valid`.
    size : int
        Clips in a batch.

    Yields
    ------
    Batch
        Of labels alone.
    """
    features = [example.features for example in material.valid]
    targets = one_hot([example.clip.label for example in material.valid], material.labels)
    for rows in sorted_order([len(f) for f in features], size):
        ones = np.ones(len(rows), np.float32)
        yield Batch(pad_features([features[i] for i in rows]), targets[rows], ones, ones, ones > 0)


def _pool(material: Material, config: Config) -> Pool:
    unit = {label: i for i, label in enumerate(material.labels)}
    units = np.array([unit[example.clip.label] for example in material.train], np.int64)
    rejection = config.data.rejection
    return Pool(
        units,
        chances(material.origins, config.training.balance),
        # a word of many voices is no more to be refused than another: all clips of a source alike
        chances(material.word_origins, "clips"),
        number_voices(material.origins),
        frozenset(unit[label] for label in rejection.whole if label in unit),
        tuple(frozenset(unit[label] for label in labels if label in unit) for labels in rejection.alike),
    )


def _rejection(config: Config) -> RejectionConfig:
    """What is refused; without augmentation nobody makes noise, or breaks words."""
    asked = config.data.rejection
    if not config.network.rejection:
        return RejectionConfig(0.0, 0.0, 0.0)
    return asked if config.augmentation else RejectionConfig(asked.words, 0.0, 0.0)


def _augmenter(material: Material, config: Config, beside: Beside | None) -> Augmenter:
    spectra = [example.spectrum for example in (*material.train, *material.words) if example.spectrum is not None]
    noises, babble = [noise.y for noise in material.noises], make_babble(material.words, config)
    return Augmenter(spectra, noises, config, babble, beside)
