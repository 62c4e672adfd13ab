"""What a network is fed in each pass: batches of clips as they are, or changed anew, with what it should answer."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.config import Config
from speechrnn.settings import RejectionConfig
from speechrnn.training.augmentation import Augmenter, Piece
from speechrnn.training.batches import one_hot, pad_features, shuffled_order, sorted_order
from speechrnn.training.features import Features
from speechrnn.training.material import Material
from speechrnn.training.sampling import OWN, Pool, Sample, chances, draw, draw_pass, number_voices

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
    """

    def __init__(self, material: Material, config: Config) -> None:
        self._material, self._config = material, config
        self._pool = _pool(material, config)
        self._sources = [origin.source for origin in (*material.origins, *material.word_origins)]
        self._rejection = _rejection(config)
        self._n_clips = config.training.clips_per_epoch or len(material.train)
        self._augmenter = _augmenter(material, config) if config.augmentation else None

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
        samples = draw_pass(self._pool, self._rejection, self._n_clips, np.random.default_rng(seed))
        make = self._changed(samples, seed) if self._augmenter else self._as_they_are(samples)
        order = shuffled_order(make.lengths, self._config.training.batch_size, seed)

        def batch(step: int) -> Batch:
            rows = order[step]
            return self._batch(make.features(rows, step), [samples[i] for i in rows])

        # the next batch is made while the network learns from this one
        with ThreadPoolExecutor(1) as ahead:
            pending = ahead.submit(batch, 0)
            for step in range(1, len(order)):
                made, pending = pending.result(), ahead.submit(batch, step)
                yield made
            yield pending.result()

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
        rows = draw(self._pool.shares, _PROBE, np.random.default_rng(seed))
        make = self._changed([Sample((Piece(int(row)),), None) for row in rows], seed)
        size = self._config.training.batch_size
        parts = (np.arange(first, min(first + size, _PROBE)) for first in range(0, _PROBE, size))
        return [features for step, part in enumerate(parts) for features in make.features(part, step)]

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
        return self._changed([Sample((), None)] * n, seed).features(np.arange(n), 0)

    def _as_they_are(self, samples: Sequence[Sample]) -> "_Making":
        stored = [*self._material.train, *self._material.words]
        features = [stored[sample.pieces[0].row].features for sample in samples]
        return _Making([len(f) for f in features], lambda rows, _step: [features[i] for i in rows])

    def _changed(self, samples: Sequence[Sample], seed: tuple[int, ...]) -> "_Making":
        augmenter = self._augmenter
        if augmenter is None:
            return self._as_they_are(samples)
        takes = augmenter.plan([sample.pieces for sample in samples], seed)
        return _Making(
            [take.n_frames for take in takes],
            lambda rows, step: augmenter.features([takes[i] for i in rows], (*seed, step)),
        )

    def _batch(self, features: Sequence[Features], samples: Sequence[Sample]) -> Batch:
        targets = np.zeros((len(samples), len(self._material.labels)), np.float32)
        for row, sample in zip(targets, samples, strict=True):
            if sample.unit is not None:
                row[sample.unit] = 1.0
        labelled = targets.sum(axis=1)
        return Batch(pad_features(features), targets, labelled, labelled, np.array([self._is_own(s) for s in samples]))

    def _is_own(self, sample: Sample) -> bool:
        return bool(sample.pieces) and self._sources[sample.pieces[0].row] == OWN


@dataclass(frozen=True, slots=True)
class _Making:
    """How the features of a pass are made: frames of each clip, and a function of the rows and number of a batch."""

    lengths: Sequence[int]
    features: Callable[[npt.NDArray[np.int64], int], Sequence[Features]]


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


def _augmenter(material: Material, config: Config) -> Augmenter:
    spectra = [example.spectrum for example in (*material.train, *material.words) if example.spectrum is not None]
    return Augmenter(spectra, [noise.y for noise in material.noises], config)
