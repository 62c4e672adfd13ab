"""Several configurations on one split: the whole of `speechrnn compare`."""

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras

from speechrnn.bundle import WEIGHTS, Bundle, read_bundle
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, clip_hash
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.splits import Split, split_corpus
from speechrnn.errors import AudioError, ConfigError, MissingExtraError, TrainingError
from speechrnn.evaluation import Evaluation, evaluate_corpus
from speechrnn.history import parse_history
from speechrnn.recognizer import OnnxEngine, Recognizer
from speechrnn.storage import write_bytes, write_text
from speechrnn.training.features import Example, load_examples
from speechrnn.training.gradient_plot import GradientCurves, plot_gradients
from speechrnn.training.gradients import StateGradients, state_gradients
from speechrnn.training.network import build_network
from speechrnn.training.session import Listener, TrainOptions, train
from speechrnn.training.standings import Contest, Contestant, render_contest, render_markdown, to_json
from speechrnn.training.weights import get_weights, load_weights, set_weights

__all__ = ["Contest", "ContestListener", "ContestOptions", "Contestant", "compare_presets", "render_contest", "to_json"]

FOLDER = "comparison"
PICTURE = "gradients.png"
# clips that the gradients are measured on, and the most that are timed
GRADIENT_CLIPS, TIMED_CLIPS = 32, 300


@dataclass(frozen=True, slots=True)
class ContestOptions:
    """What all contestants share, and what to do with what is already there.

    Attributes
    ----------
    split : str or None
        See `speechrnn.corpus.splits.split_corpus`; None keeps whole speakers for test where they are known.
    overrides : mapping of str to object
        Dotted key paths and values laid over every configuration, such as ``{"training.epochs": 5}``.
    resume : bool
        Keep the bundles that are complete and go on with an unfinished one.
    force : bool
        Use an existing folder and replace bundles of the same names in it.
    """

    split: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    force: bool = False


class ContestListener(Listener):
    """Told how a comparison goes on; this one does nothing."""

    def starting(self, name: str, number: int, total: int) -> None:
        """Hear whose turn it is, counted from 1."""

    def measuring(self, name: str) -> None:
        """Hear that a contestant is trained and is now timed and differentiated."""


def compare_presets(
    data: str | Path,
    presets: Sequence[str | Path],
    out: str | Path | None = None,
    options: ContestOptions | None = None,
    listener: ContestListener | None = None,
) -> Contest:
    """Train several configurations on the same clips and measure them on the same clips.

    Parameters
    ----------
    data : str or Path
        Recordings in any layout that `speechrnn.corpus.layouts.read_corpus` knows.
    presets : sequence of str or Path
        Names of presets or YAML files, each with a name of its own.
    out : str or Path, optional
        A new folder: one bundle for each contestant, ``comparison.md``, ``comparison.json`` and ``gradients.png``;
        ``comparison`` if absent.
    options : ContestOptions, optional
        Split, overrides, what to do with what is there.
    listener : ContestListener, optional
        Told how it goes on.

    Returns
    -------
    Contest
        As written.

    Raises
    ------
    SpeechRNNError
        A configuration, the recordings, the place or a fit is wrong; nothing is trained before the first three are
        known to be right.
    """
    options, listener = options or ContestOptions(), listener or ContestListener()
    configs = _load_configs(presets, options)
    folder = _claim(Path(out or FOLDER), options)
    corpus = read_corpus(Path(data))
    split = split_corpus(corpus, options.split, next(iter(configs.values())).training.seed)
    for name in configs:
        if (folder / name).exists() and options.resume and not options.force:
            _check_finished(read_bundle(folder / name), configs[name], corpus, split)
    entries = []
    for number, (name, config) in enumerate(configs.items(), start=1):
        listener.starting(name, number, len(configs))
        path = folder / name
        keep = path.exists() and options.resume and not options.force
        training = TrainOptions(options.split, resume=options.resume, force=options.force)
        bundle = read_bundle(path) if keep else train(data, config, path, training, listener).bundle
        listener.measuring(name)
        entries.append(_measure(name, bundle, corpus, split))
    return _write(folder, _gather(str(corpus.root), split, entries))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A contestant, with the evaluation it comes from and why it lacks gradients."""

    contestant: Contestant
    evaluation: Evaluation
    n_gradient_clips: int
    missing: str | None


@dataclass(frozen=True, slots=True)
class _Gradients:
    start: StateGradients | None = None
    end: StateGradients | None = None
    n_clips: int = 0
    missing: str | None = None


def _load_configs(presets: Sequence[str | Path], options: ContestOptions) -> dict[str, Config]:
    if not presets:
        raise ConfigError("found no configuration to compare, needed at least one. Give --configs rnn,lstm,gru.")
    named = [(Path(preset).stem, Config.load(preset, options.overrides)) for preset in presets]
    name, n = Counter(name for name, _ in named).most_common(1)[0]
    if n > 1:
        raise ConfigError(f"{n} configurations are named {name}, needed one name each. Rename a file or give it once.")
    seeds = {config.training.seed for _, config in named}
    if len(seeds) > 1:
        raise ConfigError(
            f"the configurations have the seeds {', '.join(map(str, sorted(seeds)))}, needed one, because it chooses "
            "the test clips. Give --set training.seed=0."
        )
    return dict(named)


def _claim(folder: Path, options: ContestOptions) -> Path:
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder}: is a file, needed a folder. Choose another one with --out.")
    if folder.exists() and not (options.force or options.resume):
        raise TrainingError(
            f"{folder}: exists already. Choose another folder with --out, go on with --resume, or replace with --force."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _check_finished(bundle: Bundle, config: Config, corpus: Corpus, split: Split) -> None:
    """Refuse a bundle that this comparison would not have made: its score would be of something else."""
    clips = (*split.train, *split.valid)
    heard = bundle.metadata.heard
    problem = None
    if bundle.config != config:
        problem = "another configuration"
    elif bundle.metadata.split != split.method or bundle.labels != corpus.labels:
        problem = "another split or other labels"
    elif not set(heard.speakers) <= {clip.speaker for clip in clips}:
        problem = "other speakers"
    elif heard.clips and not set(heard.clips) <= {clip_hash(clip.path) for clip in clips}:
        problem = "other clips"
    if problem:
        raise TrainingError(
            f"{bundle.path}: was trained with {problem}, needed the same. Choose another folder with --out, or train "
            "it anew with --force."
        )


def _measure(name: str, bundle: Bundle, corpus: Corpus, split: Split) -> _Entry:
    evaluation = evaluate_corpus(replace(corpus, clips=split.test, rejects=(), skipped=()), Recognizer(bundle)).evaluation
    unheard = [speaker.accuracy for speaker in evaluation.per_speaker.values() if not speaker.heard]
    seconds = [row.seconds for row in parse_history(bundle.read("history.csv").decode())]
    gradients = _differentiate(bundle, split.test)
    contestant = Contestant(
        name=name,
        accuracy=evaluation.accuracy,
        interval=evaluation.interval,
        macro=statistics.fmean(unheard) if unheard else None,
        n_clips=evaluation.n_clips,
        n_parameters=bundle.metadata.n_parameters,
        seconds_per_pass=statistics.fmean(seconds[1:] or seconds),
        ms_per_clip=_time(bundle, _choose(split.test, TIMED_CLIPS)),
        gradients_start=gradients.start,
        gradients_end=gradients.end,
        bundle=bundle,
    )
    return _Entry(contestant, evaluation, gradients.n_clips, gradients.missing)


def _differentiate(bundle: Bundle, test: Sequence[Clip]) -> _Gradients:
    config, labels = bundle.config, bundle.labels
    if config.network.recurrent is None:
        return _Gradients()
    loaded = load_examples(_choose(test, GRADIENT_CLIPS), config)
    examples = [item for item in loaded if isinstance(item, Example)]
    if not examples:
        return _Gradients(missing="No gradients: none of the test clips chosen for them can be read.")
    keras.utils.set_random_seed(config.training.seed)  # as `speechrnn.training.session.train` does: the same weights
    network = build_network(config, len(labels))
    trained = load_weights(bundle.read(WEIGHTS))
    fixed = {name: array for name, array in trained.items() if name.startswith("standardization/")}
    set_weights(network, {**get_weights(network), **fixed})
    try:
        start = state_gradients(network, examples, labels)
        set_weights(network, trained)
        return _Gradients(start, state_gradients(network, examples, labels), len(examples))
    except TrainingError as error:  # another backend: the table is worth having without the picture
        return _Gradients(missing=f"No {error}")


def _choose(clips: Sequence[Clip], n: int) -> list[Clip]:
    """At most `n` clips, evenly spread, so that every label and speaker has its share."""
    n = min(n, len(clips))
    return [clips[i * len(clips) // n] for i in range(n)]


def _time(bundle: Bundle, clips: Sequence[Clip]) -> float | None:
    """Median of milliseconds for one clip in onnxruntime on one thread, the reading of the file left out."""
    recognizer, engine = Recognizer(bundle), OnnxEngine(bundle, threads=1)
    times = []
    for clip in clips:
        try:
            y = recognizer.load_audio(clip.path)
        except (AudioError, OSError):  # the evaluation lists it
            continue
        if not times:  # the first run also plans its memory
            engine.run([y])
        began = time.perf_counter()
        engine.run([y])
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times) if times else None
