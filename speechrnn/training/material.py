"""What a training works with: the clips of the folder and of further sources, read, and what each is for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, Skipped, read_corpus
from speechrnn.corpus.names import parse_fsdd
from speechrnn.corpus.noises import NOISE_LABEL
from speechrnn.corpus.splits import Split
from speechrnn.errors import CorpusError, TrainingError
from speechrnn.settings import SourceConfig
from speechrnn.training.features import Example, Unreadable, load_examples
from speechrnn.training.noises import Noise, load_noises
from speechrnn.training.sampling import Origin

# of so many other words one is kept out of the training where there are validation clips: it helps to set the threshold
_WORDS_PER_KEPT = 5


@dataclass(frozen=True, slots=True)
class Material:
    """What trains and what validates.

    Attributes
    ----------
    train, valid : sequence of Example
        `valid` may be empty: then the last weights are kept.
    labels : tuple of str
        In the order of the outputs.
    origins : tuple of Origin
        Of each example in `train`; empty where all are drawn alike.
    words : sequence of Example
        Other words, which the network learns to refuse.
    word_origins : tuple of Origin
        Of each example in `words`; empty where all are drawn alike.
    noises : sequence of Noise
        Recorded noise, to mix in and to refuse.
    kept_words : sequence of Example
        Every fifth other word, where there are validation clips: by them the threshold is set.
    spoken : sequence of Example
        Whole numbers, for strings; the labels of their clips are strings of digits.
    spoken_origins : tuple of Origin
        Of each example in `spoken`.
    """

    train: Sequence[Example]
    valid: Sequence[Example]
    labels: tuple[str, ...]
    origins: tuple[Origin, ...] = ()
    words: Sequence[Example] = ()
    word_origins: tuple[Origin, ...] = ()
    noises: Sequence[Noise] = ()
    kept_words: Sequence[Example] = ()
    spoken: Sequence[Example] = ()
    spoken_origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """Material, the corpora that it is from, and what could not be used.

    Attributes
    ----------
    material : Material
        As read.
    corpora : tuple of Corpus
        The folder, then the sources that hold speech.
    unreadable : tuple of Unreadable
        Clips that could not be read, or have a label that the folder lacks.
    """

    material: Material
    corpora: tuple[Corpus, ...]
    unreadable: tuple[Unreadable, ...]


def gather(
    corpus: Corpus,
    split: Split,
    config: Config,
    labels: tuple[str, ...] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Gathered:
    """Read the clips of a folder and of the sources that the configuration names.

    Parameters
    ----------
    corpus : Corpus
        The folder.
    split : Split
        Which of its clips train and which validate; of a speaker kept for either test or validation no other word
        and no clip of a source trains.
    config : Config
        Its `data` names the sources.
    labels : tuple of str, optional
        In the order of the outputs; those that train in the folder if absent.
    on_progress : callable, optional
        Called with the clips read so far and their number.

    Returns
    -------
    Gathered
        What trains.

    Raises
    ------
    TrainingError
        Not one clip of some label can be read.
    CorpusError
        A source holds no recordings.
    """
    sources = [(source, _read_source(source)) for source in config.data.sources if source.use != "noise"]
    trained = {clip.label for clip in split.train}
    labels = labels or tuple(label for label in corpus.labels if label in trained)
    kept = {clip.speaker for clip in (*split.test, *split.valid)} - {clip.speaker for clip in split.train} - {None}
    jobs = [_Job(clip, "train", Origin(0, config.data.weight, clip.speaker)) for clip in split.train]
    jobs += [_Job(clip, "valid") for clip in split.valid]
    jobs += [_Job(clip, "words", Origin(0, config.data.weight, clip.speaker)) for clip in _words(corpus, kept)]
    for i, (source, further) in enumerate(sources, start=1):
        jobs += _jobs_of(source, further, i, kept)
    unknown = {job: job.clip for job in jobs if not _is_known(job, labels)}
    jobs = [job for job in jobs if job not in unknown]
    if split.valid:
        jobs = _keep_words(jobs)
    changed = frozenset(job.clip.path for job in jobs if job.part in ("train", "words", "spoken"))

    def tell(n: int) -> None:
        if on_progress:
            on_progress(n, len(jobs))

    loaded = load_examples([job.clip for job in jobs], config, tell, changed)
    lost: list[Skipped] = []
    material = _assort(jobs, loaded, labels, load_noises(_noise_paths(corpus, config), config, lost.append))
    unreadable = tuple(item for item in loaded if isinstance(item, Unreadable))
    _check_labels(material, unreadable)
    strangers = tuple(Unreadable(clip, f"its label {clip.label} is not in {corpus.root}") for clip in unknown.values())
    silent = tuple(Unreadable(Clip(one.path, NOISE_LABEL, None), one.reason) for one in lost)
    return Gathered(material, (corpus, *(further for _, further in sources)), unreadable + strangers + silent)


def _read_source(source: SourceConfig) -> Corpus:
    try:
        return read_corpus(Path(source.path))
    except CorpusError as error:  # whoever typed the name of a preset may not know of it
        raise CorpusError(f"data.sources names {error}") from error


@dataclass(frozen=True, slots=True)
class _Job:
    clip: Clip
    part: str
    origin: Origin | None = None


def _jobs_of(source: SourceConfig, corpus: Corpus, number: int, kept: set[str | None]) -> list[_Job]:
    def origin(clip: Clip) -> Origin:
        return Origin(number, source.weight, clip.speaker)

    clips = [clip for clip in corpus.clips if clip.speaker not in kept]
    words = [_Job(clip, "words", origin(clip)) for clip in _words(corpus, kept)]
    if source.use == "reject":
        return [_Job(clip, "words", origin(clip)) for clip in clips] + words
    if source.use == "strings":
        return [_Job(clip, "spoken", origin(clip)) for clip in clips] + words
    if source.use == "valid":
        return [_Job(clip, "valid") for clip in clips]
    return [_Job(clip, "train", origin(clip)) for clip in clips] + words


def _is_known(job: _Job, labels: tuple[str, ...]) -> bool:
    if job.part == "spoken":
        return set(job.clip.label) <= set(labels)
    return job.part not in ("train", "valid") or job.clip.label in labels


def _keep_words(jobs: Sequence[_Job]) -> list[_Job]:
    said = sorted({_said(job.clip) for job in jobs if job.part == "words"})
    kept = frozenset(said[_WORDS_PER_KEPT - 1 :: _WORDS_PER_KEPT])
    return [replace(job, part="kept") if job.part == "words" and _said(job.clip) in kept else job for job in jobs]


def _said(clip: Clip) -> str:
    """The word in the name ``{word}_{speaker}_{index}``; of another name the whole, for no word is known then."""
    name = parse_fsdd(clip.path)
    return name.label if name else clip.path.stem


def _words(corpus: Corpus, kept: set[str | None]) -> list[Clip]:
    """Other words, but not by a voice that is kept."""
    return [clip for clip in corpus.rejects if clip.label != NOISE_LABEL and clip.speaker not in kept]


def _noise_paths(corpus: Corpus, config: Config) -> list[Path]:
    inside = [clip.path for clip in corpus.rejects if clip.label == NOISE_LABEL]
    return inside + [Path(source.path) for source in config.data.sources if source.use == "noise"]


def _assort(
    jobs: Sequence[_Job], loaded: Sequence[Example | Unreadable], labels: tuple[str, ...], noises: Sequence[Noise]
) -> Material:
    parts: dict[str, list[Example]] = {"train": [], "valid": [], "words": [], "kept": [], "spoken": []}
    origins: dict[str, list[Origin]] = {part: [] for part in parts}
    for job, item in zip(jobs, loaded, strict=True):
        if isinstance(item, Example):
            parts[job.part].append(item)
            if job.origin:
                origins[job.part].append(job.origin)
    trained, refused = tuple(origins["train"]), tuple(origins["words"])
    said = parts["spoken"], tuple(origins["spoken"])
    heard = parts["train"], parts["valid"], labels, trained, parts["words"], refused
    return Material(*heard, noises, parts["kept"], *said)


def _check_labels(material: Material, unreadable: Sequence[Unreadable]) -> None:
    left = {example.clip.label for example in material.train}
    if lost := [label for label in material.labels if label not in left]:
        reason = next((item.reason for item in unreadable if item.clip.label in lost), "none is there.")
        raise TrainingError(
            f"no clip of the label {lost[0]} could be read ({reason}) Needed at least one. "
            "See what is wrong with `speechrnn data check`."
        )
