"""From a folder of recordings to a bundle: the whole of `speechrnn train`."""

from dataclasses import dataclass, replace
from pathlib import Path

import keras

from speechrnn.adaptation import adapt_config, adapts, choose_split, own_config
from speechrnn.bundle import Bundle, read_bundle, write_bundle
from speechrnn.config import Config
from speechrnn.corpus.layouts import Corpus
from speechrnn.corpus.splits import Split, split_corpus
from speechrnn.errors import BundleError, CorpusError
from speechrnn.evaluation import Evaluated, as_corpus, evaluate_corpus, to_json
from speechrnn.history import Epoch
from speechrnn.places import choose_model_path, find_model, remember_model
from speechrnn.recognizer import Recognizer
from speechrnn.training.assembly import assemble, describe, fingerprint, tuned
from speechrnn.training.batches import spread
from speechrnn.training.checkpoint import Journal
from speechrnn.training.claim import Claim, claim
from speechrnn.training.distribution import leave
from speechrnn.training.features import Unreadable
from speechrnn.training.fitting import Step, fit
from speechrnn.training.frontend import check_filters
from speechrnn.training.inheritance import first_network, go_back
from speechrnn.training.material import Gathered, gather
from speechrnn.training.network import build_network
from speechrnn.training.reference import check_parity
from speechrnn.training.string_fitting import fit_strings
from speechrnn.training.string_reference import check_string_parity
from speechrnn.training.sureness import tune
from speechrnn.training.threads import one_blas_thread
from speechrnn.training.weights import calibration_weights, set_weights

# clips on which each export is compared with Keras before the bundle is written
PARITY_CLIPS = 32


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How a training deals with what is already there.

    Attributes
    ----------
    split : str or None
        ``speaker``, ``clip``, ``official``, ``none`` or the path of a CSV; see `speechrnn.corpus.splits.split_corpus`.
    start : str, Path or None
        A bundle to start from: its weights, and its configuration where none is given.
    resume : bool
        Go on from the last epoch of an unfinished training.
    force : bool
        Replace an existing bundle, or drop an unfinished training, at the same place.
    """

    split: str | None = None
    start: str | Path | None = None
    resume: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left.

    Attributes
    ----------
    bundle : Bundle
        As written.
    history : tuple of Epoch
        One row an epoch.
    test : Evaluated or None
        On the test clips of the split; None where it has none.
    unreadable : tuple of Unreadable
        Clips that could not train.
    split : Split
        Which clips did what.
    best : int
        The epoch whose weights are kept, counted from 1.
    """

    bundle: Bundle
    history: tuple[Epoch, ...]
    test: Evaluated | None
    unreadable: tuple[Unreadable, ...]
    split: Split
    best: int


class Listener:
    """Told how a training goes on; this one does nothing, the command line's draws bars."""

    def reading(self, done: int, total: int) -> None:
        """Hear of clips read so far."""

    def resuming(self, epoch: int) -> None:
        """Hear that an unfinished training goes on after this epoch."""

    def fitting(self, step: Step) -> None:
        """Hear of a batch, or of an epoch."""

    def fitted(self, n_epochs: int, best: int) -> None:
        """Hear that no more epochs follow, and the one whose weights are kept."""

    def evaluating(self, done: int, total: int) -> None:
        """Hear of test clips recognised so far."""


def train(
    data: str | Path,
    config: Config | str | Path | None = None,
    out: str | Path | None = None,
    options: TrainOptions | None = None,
    listener: Listener | None = None,
) -> Trained:
    """Train a network on a folder or CSV of recordings and write a bundle.

    Parameters
    ----------
    data : str or Path
        Recordings in any layout that `speechrnn.corpus.layouts.read_corpus` knows.
    config : Config, str or Path, optional
        A configuration, a preset's name or a YAML file; the one of ``options.start``, or ``default``, if absent.
    out : str or Path, optional
        The bundle's folder; a new one in the default place if absent.
    options : TrainOptions, optional
        Split, start, what to do with what is there.
    listener : Listener, optional
        Told how it goes on.

    Returns
    -------
    Trained
        The bundle, its history, and its score on the test clips.

    Raises
    ------
    SpeechRNNError
        The configuration, the recordings, the place or the fit is wrong; the message says what to do.
    """
    options, listener = options or TrainOptions(), listener or Listener()
    start = read_bundle(find_model(options.start)) if options.start is not None else None
    corpus = as_corpus(data)
    settings = _choose_config(config, start, corpus)
    check_filters(settings)
    if out == "":  # not this folder, as `Path` would have it
        raise BundleError("the path of the model to be is empty, needed a folder. Is a variable not set?")
    path = Path(out) if out is not None else choose_model_path(config, resume=options.resume)
    with one_blas_thread(), claim(path, Path(data), resume=options.resume, force=options.force) as place:
        trained = _train(place, _Plan(corpus, settings, options, start), listener)
    remember_model(place.path)
    return trained


@dataclass(frozen=True, slots=True)
class _Plan:
    corpus: Corpus
    config: Config
    options: TrainOptions
    start: Bundle | None


def _train(place: Claim, plan: _Plan, listener: Listener) -> Trained:
    corpus, config = plan.corpus, plan.config
    split = split_corpus(corpus, choose_split(plan.options.split, plan.start, corpus, config), config.training.seed)
    # labels without a recording of the user's come from the sources of the adaptation
    labels = plan.start.labels if plan.start and adapts(plan.start, corpus) and config.data.sources else None
    gathered = gather(corpus, split, config, labels, listener.reading)
    material = gathered.material
    network = first_network(config, material, plan.start)
    journal = Journal(place.checkpoint, fingerprint(network, material, config), plan.options.resume)
    if config.strings is not None:
        return _finish_strings(place, plan, _Fit(network, gathered, split, journal), listener)
    checkpoint = fit(network, material, config, journal, _Steps(listener))
    if leave():  # what follows each process does alone, on a network of its own
        network = build_network(config, len(material.labels))
        set_weights(network, checkpoint.best_weights)
    checkpoint = go_back(checkpoint, network, config, plan.start, material)
    listener.fitted(len(checkpoint.progress.history), checkpoint.progress.best)
    origin = describe(gathered, split.method, config, plan.start)
    if origin.calibration is None and (calibration := tune(network, material, config)):
        checkpoint = replace(checkpoint, best_weights={**checkpoint.best_weights, **calibration_weights(calibration)})
        origin = tuned(origin, calibration)
    draft = assemble(checkpoint, material, config, origin)
    trial = write_bundle(place.trial, draft.files, draft.metadata, replace=True)
    check_parity(trial, [example.clip.path for example in spread(material.train, PARITY_CLIPS)])
    test = _evaluate(trial, corpus, split, listener)
    files = draft.files | ({"metrics.json": to_json(test.evaluation).encode()} if test else {})
    bundle = write_bundle(place.path, files, draft.metadata, replace=plan.options.force)
    return Trained(bundle, checkpoint.progress.history, test, gathered.unreadable, split, checkpoint.progress.best)


@dataclass(frozen=True, slots=True)
class _Fit:
    network: keras.Model
    gathered: Gathered
    split: Split
    journal: Journal


def _finish_strings(place: Claim, plan: _Plan, it: _Fit, listener: Listener) -> Trained:
    """Fit a network for strings and write its bundle; it is measured on strings, of which the folder has none."""
    material = it.gathered.material
    checkpoint = fit_strings(it.network, material, plan.config, it.journal, _Steps(listener))
    checkpoint = go_back(checkpoint, it.network, plan.config, plan.start, material)
    listener.fitted(len(checkpoint.progress.history), checkpoint.progress.best)
    origin = describe(it.gathered, it.split.method, plan.config, plan.start)
    draft = assemble(checkpoint, material, plan.config, origin)
    trial = write_bundle(place.trial, draft.files, draft.metadata, replace=True)
    check_string_parity(trial, [example.clip.path for example in spread(material.train, PARITY_CLIPS)])
    bundle = write_bundle(place.path, draft.files, draft.metadata, replace=plan.options.force)
    done = checkpoint.progress
    return Trained(bundle, done.history, None, it.gathered.unreadable, it.split, done.best)


class _Steps:
    """Passes steps on; the first one shows where an unfinished training goes on."""

    def __init__(self, listener: Listener) -> None:
        self._listener, self._begun = listener, False

    def __call__(self, step: Step) -> None:
        if not self._begun and step.epoch > 1:
            self._listener.resuming(step.epoch - 1)
        self._begun = True
        self._listener.fitting(step)


def _choose_config(config: Config | str | Path | None, start: Bundle | None, corpus: Corpus) -> Config:
    if isinstance(config, Config):
        return config
    if start and config is None:
        return adapt_config(start) if adapts(start, corpus) else own_config(start)
    return Config.load(config or "default")


def _evaluate(bundle: Bundle, corpus: Corpus, split: Split, listener: Listener) -> Evaluated | None:
    if not split.test:
        return None
    test = replace(corpus, clips=split.test, rejects=(), skipped=())
    try:
        return evaluate_corpus(test, Recognizer(bundle), on_progress=listener.evaluating)
    except CorpusError:  # not one test clip can be read: no score, but the training is not lost
        return None
