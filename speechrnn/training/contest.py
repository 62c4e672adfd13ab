"""Several configurations on one split: the whole of `speechrnn compare`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from speechrnn.bundle import Bundle, read_bundle
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, try_hash
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.splits import Split, split_corpus
from speechrnn.errors import ConfigError, CorpusError, MissingExtraError, TrainingError
from speechrnn.metadata import Heard
from speechrnn.storage import write_bytes, write_text
from speechrnn.text import printable
from speechrnn.training.gradient_plot import GradientCurves, plot_gradients
from speechrnn.training.measurement import Measurement, measure
from speechrnn.training.roles import list_heard
from speechrnn.training.session import Listener, TrainOptions, train
from speechrnn.training.standings import Contest, Contestant, render_contest, render_markdown, to_json

__all__ = ["Contest", "ContestListener", "ContestOptions", "Contestant", "compare_presets", "render_contest", "to_json"]

FOLDER = "comparison"
PICTURE = "gradients.png"


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
    if not split.test:
        raise CorpusError(
            f"{printable(corpus.root)}: the split {printable(split.method)} keeps no clip for test, needed some to "
            "compare by. Give another --split."
        )
    for name in configs:
        if (folder / name).exists() and options.resume and not options.force:
            _check_finished(read_bundle(folder / name), configs[name], corpus, split)
    results = []
    for number, (name, config) in enumerate(configs.items(), start=1):
        listener.starting(name, number, len(configs))
        path = folder / name
        keep = path.exists() and options.resume and not options.force
        training = TrainOptions(options.split, resume=options.resume, force=options.force)
        trained = None if keep else train(data, config, path, training, listener)
        listener.measuring(name)
        bundle, test = (trained.bundle, trained.test) if trained else (read_bundle(path), None)
        results.append(measure(name, bundle, corpus, split.test, test))
    return _write(folder, _gather(str(corpus.root), split, results))


def _load_configs(presets: Sequence[str | Path], options: ContestOptions) -> dict[str, Config]:
    if not presets:
        raise ConfigError("found no configuration to compare, needed at least one. Give --configs rnn,lstm,gru.")
    named = [(Path(preset).stem, Config.load(preset, options.overrides)) for preset in presets]
    name, n = Counter(name for name, _ in named).most_common(1)[0]
    if n > 1:
        raise ConfigError(f"{n} configurations are named {name}, needed one name each. Rename a file or give it once.")
    if strings := [name for name, config in named if config.strings is not None]:
        raise ConfigError(f"{strings[0]} is of strings of digits, needed presets of single words: those are compared.")
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
    return folder


def _check_finished(bundle: Bundle, config: Config, corpus: Corpus, split: Split) -> None:
    """Refuse a bundle that this comparison would not have made: its score would be of something else."""
    problem: str | None
    if bundle.config != config:
        problem = "another configuration"
    elif bundle.metadata.split != split.method or bundle.labels != corpus.labels:
        problem = "another split or other labels"
    else:
        problem = _find_strange(bundle.metadata.heard, list_heard(corpus, split, config), split)
    if problem:
        raise TrainingError(
            f"{bundle.path}: was trained with {problem}, needed the same. Choose another folder with --out, or train "
            "it anew with --force."
        )


def _find_strange(heard: Heard, clips: Sequence[Clip], split: Split) -> str | None:
    """Other words and sources are heard too; what is kept for test never is, whichever name it goes by."""
    if not set(heard.speakers) <= {clip.speaker for clip in clips}:
        return "other speakers"
    kept = _hashes(split.test) - _hashes((*split.train, *split.valid))
    return "other clips" if heard.clips and not set(heard.clips) <= _hashes(clips) - kept else None


def _hashes(clips: Iterable[Clip]) -> set[str | None]:
    return {try_hash(clip.path) for clip in clips}


def _gather(data: str, split: Split, results: Sequence[Measurement]) -> Contest:
    """The facts that all share: of speakers, the most that any contestant could be tested on."""
    return Contest(
        data=data,
        split=split.method,
        n_clips=len(split.test),
        n_speakers=max(result.n_speakers for result in results),
        n_unheard=max(result.n_unheard for result in results),
        n_gradient_clips=max(result.n_gradient_clips for result in results),
        contestants=tuple(result.contestant for result in results),
        missing=tuple(dict.fromkeys(result.missing for result in results if result.missing)),
    )


def _write(folder: Path, contest: Contest) -> Contest:
    curves = [
        GradientCurves(one.name, one.gradients_start, one.gradients_end)
        for one in contest.contestants
        if one.gradients_start is not None and one.gradients_end is not None
    ]
    picture, page, table = folder / PICTURE, folder / "comparison.md", folder / "comparison.json"
    picture.unlink(missing_ok=True)  # one of an earlier comparison would tell another story
    try:
        if curves:
            write_bytes(picture, plot_gradients(curves))
    except MissingExtraError as error:
        contest = replace(contest, missing=(*contest.missing, f"No {PICTURE}: {error}"))
    drawn = (picture,) if picture.exists() else ()
    contest = replace(contest, files=(page, table, *drawn))
    write_text(page, render_markdown(contest, PICTURE if drawn else None))
    write_text(table, to_json(contest) + "\n")
    return contest
