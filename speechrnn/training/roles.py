"""What each clip of the folder and of further sources is for; nothing is read yet but their names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.names import parse_fsdd
from speechrnn.corpus.noises import NOISE_LABEL
from speechrnn.corpus.splits import Split
from speechrnn.errors import CorpusError
from speechrnn.settings import SourceConfig
from speechrnn.text import printable
from speechrnn.training.sampling import OWN, Origin

# of so many other words one is kept out of the training where there are validation clips: it helps to set the threshold
_WORDS_PER_KEPT = 5

Sources = Sequence[tuple[SourceConfig, Corpus]]


@dataclass(frozen=True, slots=True)
class Role:
    """A clip, and what it is for.

    Attributes
    ----------
    clip : Clip
        Of the folder or of a source.
    part : str
        ``train``, ``valid``, ``words``, ``kept`` (words that do not train), or ``spoken``.
    origin : Origin or None
        Of what is drawn from, and of all that is of a source.
    """

    clip: Clip
    part: str
    origin: Origin | None = None

    @property
    def further(self) -> bool:
        """Whether it is of a source."""
        return self.origin is not None and self.origin.source != OWN


def read_sources(config: Config) -> Sources:
    """List the clips of the sources that hold speech.

    Parameters
    ----------
    config : Config
        Its `data` names them.

    Returns
    -------
    sequence of (SourceConfig, Corpus)
        In the same order.

    Raises
    ------
    CorpusError
        A source holds no recordings.
    """
    return [(source, _read_source(source)) for source in config.data.sources if source.use != "noise"]


def _read_source(source: SourceConfig) -> Corpus:
    if not Path(source.path).exists():  # whoever typed the name of a preset may not know of it
        raise CorpusError(
            f"data.sources names {printable(source.path)}, and there is no such folder or file in "
            f"{printable(Path.cwd())}. Work where it lies, or list sources of your own; `make pretrained` makes those "
            "of the presets digits and strings, and your own recordings need only --from digits."
        )
    try:
        return read_corpus(Path(source.path))
    except CorpusError as error:
        raise CorpusError(f"data.sources names {error}") from error


def trained_labels(corpus: Corpus, split: Split) -> tuple[str, ...]:
    """Give the labels of which clips of the folder train.

    Parameters
    ----------
    corpus : Corpus
        The folder.
    split : Split
        Which of its clips train.

    Returns
    -------
    tuple of str
        In the order of the outputs.
    """
    trained = {clip.label for clip in split.train}
    return tuple(label for label in corpus.labels if label in trained)


def assign(corpus: Corpus, split: Split, config: Config, sources: Sources) -> list[Role]:
    """Say what each clip is for.

    Parameters
    ----------
    corpus : Corpus
        The folder.
    split : Split
        Which of its clips train and which validate.
    config : Config
        How often the folder is drawn from.
    sources : sequence of (SourceConfig, Corpus)
        From `read_sources`.

    Returns
    -------
    list of Role
        None for what is kept for test, nor for other words and clips of sources by speakers who are kept; other words
        of who validates may set the threshold, where a list says so.
    """
    kept = {clip.speaker for clip in (*split.test, *split.valid)} - {clip.speaker for clip in split.train} - {None}
    roles = [Role(clip, "train", Origin(OWN, config.data.weight, clip.speaker)) for clip in split.train]
    roles += [Role(clip, "valid") for clip in split.valid]
    tested = kept - {clip.speaker for clip in split.valid}
    for clip in _words(corpus, tested):
        part = split.rejects.get(clip.path, "train")
        if part == "train" and clip.speaker not in kept:
            roles.append(Role(clip, "words", Origin(OWN, config.data.weight, clip.speaker)))
        elif part == "valid":
            roles.append(Role(clip, "kept"))
    for i, (source, further) in enumerate(sources, start=1):
        roles += _of_source(source, further, i, kept)
    return roles


def list_heard(corpus: Corpus, split: Split, config: Config) -> list[Clip]:
    """List all clips that a training may have heard, other words and sources among them.

    Parameters
    ----------
    corpus : Corpus
        The folder.
    split : Split
        Which of its clips train and which validate.
    config : Config
        Its `data` names the sources.

    Returns
    -------
    list of Clip
        Those of sources that the split keeps for test are still in it: only their content tells.

    Raises
    ------
    CorpusError
        A source holds no recordings.
    """
    labels = trained_labels(corpus, split)
    return [role.clip for role in assign(corpus, split, config, read_sources(config)) if is_known(role, labels)]


def _of_source(source: SourceConfig, corpus: Corpus, number: int, kept: set[str | None]) -> list[Role]:
    def all_for(part: str, clips: Sequence[Clip]) -> list[Role]:
        return [Role(clip, part, Origin(number, source.weight, clip.speaker)) for clip in clips]

    part = {"reject": "words", "strings": "spoken"}.get(source.use, source.use)
    roles = all_for(part, [clip for clip in corpus.clips if clip.speaker not in kept])
    return roles if part == "valid" else roles + all_for("words", _words(corpus, kept))


def _words(corpus: Corpus, kept: set[str | None]) -> list[Clip]:
    """Other words, but not by a voice that is kept."""
    return [clip for clip in corpus.rejects if clip.label != NOISE_LABEL and clip.speaker not in kept]


def is_known(role: Role, labels: tuple[str, ...]) -> bool:
    """Tell whether a clip says what the outputs stand for, where it has to.

    Parameters
    ----------
    role : Role
        The clip.
    labels : tuple of str
        Of the outputs.

    Returns
    -------
    bool
        True for other words, whatever they are.
    """
    if role.part == "spoken":
        return set(role.clip.label) <= set(labels)
    return role.part not in ("train", "valid") or role.clip.label in labels


def keep_words(roles: Sequence[Role]) -> list[Role]:
    """Keep every fifth of the other words out of the training.

    Parameters
    ----------
    roles : sequence of Role
        From `assign`.

    Returns
    -------
    list of Role
        In the same order; those kept have the part ``kept``.
    """
    said = sorted({_said(role.clip) for role in roles if role.part == "words"})
    kept = frozenset(said[_WORDS_PER_KEPT - 1 :: _WORDS_PER_KEPT])
    return [replace(role, part="kept") if role.part == "words" and _said(role.clip) in kept else role for role in roles]


def _said(clip: Clip) -> str:
    """The word in the name ``{word}_{speaker}_{index}``; of another name the whole, for no word is known then."""
    name = parse_fsdd(clip.path)
    return name.label if name else clip.path.stem
