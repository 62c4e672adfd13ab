"""What a training works with: the clips of the folder and of further sources, read, and what each is for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, try_hash
from speechrnn.corpus.layouts import Corpus, Skipped
from speechrnn.corpus.noises import NOISE_LABEL
from speechrnn.corpus.splits import Split
from speechrnn.errors import TrainingError
from speechrnn.text import count, printable
from speechrnn.training.features import Example, Unreadable, load_examples
from speechrnn.training.noises import Noise, load_noises
from speechrnn.training.roles import Role, assign, is_known, keep_words, read_sources, trained_labels
from speechrnn.training.sampling import OWN, Origin


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
        Of each example in `train`; where none is given, all are the folder's own and drawn alike.
    words : sequence of Example
        Other words, which the network learns to refuse.
    word_origins : tuple of Origin
        Of each example in `words`; likewise.
    noises : sequence of Noise
        Recorded noise, to mix in and to refuse.
    kept_words : sequence of Example
        Every fifth other word, where there are validation clips: by them the threshold is set.
    spoken : sequence of Example
        Whole numbers, for strings; the labels of their clips are strings of digits.
    spoken_origins : tuple of Origin
        Of each example in `spoken`; likewise.
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

    def __post_init__(self) -> None:
        """Give origins to what has none."""
        for part, origins in (("train", "origins"), ("words", "word_origins"), ("spoken", "spoken_origins")):
            alike = (Origin(OWN, 1.0, None),) * len(getattr(self, part))
            object.__setattr__(self, origins, getattr(self, origins) or alike)


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
        Clips that could not be read, have a label that the folder lacks, or are of a source and kept by the split.
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
        and no clip of a source trains, and no source brings in what is kept, nor a copy of it.
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
        Not one clip of some label can be read, or not one of the folder's own that would train.
    CorpusError
        A source holds no recordings.
    """
    sources = read_sources(config)
    labels = labels or trained_labels(corpus, split)
    roles = assign(corpus, split, config, sources)
    unknown = {role: role.clip for role in roles if not is_known(role, labels)}
    roles = [role for role in roles if role not in unknown]
    if any(role.part == "valid" for role in roles):
        roles = keep_words(roles)
    validate = {role.clip.path for role in roles if role.part == "valid"}  # as they are, whatever else they do
    changed = frozenset(role.clip.path for role in roles if role.part in ("train", "words", "spoken")) - validate

    def tell(n: int) -> None:
        if on_progress:
            on_progress(n, len(roles))

    loaded = _leave_out(roles, load_examples([role.clip for role in roles], config, tell, changed), split)
    lost: list[Skipped] = []
    material = assort(roles, loaded, labels, load_noises(_noise_paths(corpus, split, config), config, lost.append))
    unreadable = tuple(item for item in loaded if isinstance(item, Unreadable))
    _check_labels(material, unreadable)
    _check_own(material, unreadable, corpus, split)
    strangers = tuple(Unreadable(clip, f"its label {clip.label} is not in {corpus.root}") for clip in unknown.values())
    silent = tuple(Unreadable(Clip(one.path, NOISE_LABEL, None), one.reason) for one in lost)
    return Gathered(material, (corpus, *(further for _, further in sources)), unreadable + strangers + silent)


def _leave_out(
    roles: Sequence[Role], loaded: Sequence[Example | Unreadable], split: Split
) -> Sequence[Example | Unreadable]:
    """A source may hold what is kept for test or validation, by the same path, another one, or as a copy."""
    if not any(role.further for role in roles):
        return loaded
    kept = {try_hash(clip.path) for clip in (*split.test, *split.valid)}
    trains = {
        item.digest
        for role, item in zip(roles, loaded, strict=True)
        if role.part == "train" and isinstance(item, Example)
    }

    def judge(role: Role, item: Example | Unreadable) -> Example | Unreadable:
        if not role.further or isinstance(item, Unreadable):
            return item
        if item.digest in kept:
            return Unreadable(role.clip, "the same recording is kept for test or validation")
        if role.part == "valid" and item.digest in trains:
            return Unreadable(role.clip, "the same recording trains")
        return item

    return [judge(role, item) for role, item in zip(roles, loaded, strict=True)]


def _noise_paths(corpus: Corpus, split: Split, config: Config) -> list[Path]:
    noises = [clip.path for clip in corpus.rejects if clip.label == NOISE_LABEL]
    inside = [path for path in noises if split.rejects.get(path, "train") == "train"]
    return inside + [Path(source.path) for source in config.data.sources if source.use == "noise"]


def assort(
    roles: Sequence[Role], loaded: Sequence[Example | Unreadable], labels: tuple[str, ...], noises: Sequence[Noise]
) -> Material:
    """Put what was read where its role says.

    Parameters
    ----------
    roles : sequence of Role
        From `speechrnn.training.roles.assign`.
    loaded : sequence of Example or Unreadable
        The clip of each role; what could not be read is left out.
    labels : tuple of str
        In the order of the outputs.
    noises : sequence of Noise
        To mix in and to refuse.

    Returns
    -------
    Material
        In the order of `roles`.
    """
    parts: dict[str, list[Example]] = {"train": [], "valid": [], "words": [], "kept": [], "spoken": []}
    origins: dict[str, list[Origin]] = {part: [] for part in parts}
    for role, item in zip(roles, loaded, strict=True):
        if isinstance(item, Example):
            parts[role.part].append(item)
            if role.origin:
                origins[role.part].append(role.origin)
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


def _check_own(material: Material, unreadable: Sequence[Unreadable], corpus: Corpus, split: Split) -> None:
    """Where sources say every label, nothing else would tell that of the folder itself nothing was heard."""
    if split.train and not any(origin.source == OWN for origin in material.origins):
        own = set(split.train)
        reason = next((item.reason for item in unreadable if item.clip in own), "none is there.")
        raise TrainingError(
            f"{printable(corpus.root)}: none of {count(len(own), 'recording')} that would train can be used ({reason}) "
            "Needed at least one. See what is wrong with `speechrnn data check`."
        )
