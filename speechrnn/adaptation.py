"""Own voice in a minute: a model goes on with a few recordings, beside synthetic voices that it must not forget.

A network that goes on with one voice alone forgets the others (French 1999). Three or so recordings of each digit are
drawn as often as all synthetic voices together; those, and words that are none, are made once and kept in the cache.
What it should answer to these is what it answered before: with labels it learned them anew, and forgot real strangers.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.bundle import Bundle
from speechrnn.config import Config
from speechrnn.corpus.layouts import Corpus
from speechrnn.corpus.manifest import SynthesisOptions, read_manifest
from speechrnn.corpus.sayings import OH_WORDS
from speechrnn.corpus.synthesis import synthesize
from speechrnn.corpus.words import OTHER
from speechrnn.homes import cache_home
from speechrnn.progress import Progress

# a label with fewer clips than this cannot spare any for a score
FEW_CLIPS = 10
# short and gentle: the model knows the words already
RECIPE = {
    "training.epochs": 6,
    "training.clips_per_epoch": 1500,
    "training.batch_size": 32,
    "training.learning_rate": 0.0007,
    "training.schedule": "cosine",
    "training.patience": None,
    "training.select": "last",
    "training.start_share": 0.35,
    "training.enough_loss": 0.02,
    "training.distillation": 1.0,
    "training.balance": "speakers",
    "data.weight": 1.0,
    # the same recordings in every pass: of three of a digit none is to spare
    "augmentation.overdrive": None,
}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A synthetic corpus that keeps a model good for everyone.

    Attributes
    ----------
    name : str
        Of its folder in the cache.
    use : str
        As in `speechrnn.config.DataConfig`.
    weight : float
        Against the user's own recordings.
    options : SynthesisOptions
        What is spoken.
    """

    name: str
    use: str
    weight: float
    options: SynthesisOptions


REHEARSAL = (
    Rehearsal("voices", "train", 0.6, SynthesisOptions(voices=120, repeats=1, seed=11, sample_rate=8000)),
    Rehearsal(
        "accents", "train", 0.4, SynthesisOptions(voices=54, repeats=1, seed=12, sample_rate=8000, engine="accents")
    ),
    Rehearsal(
        "words",
        "reject",
        1.0,
        SynthesisOptions(
            voices=6, repeats=1, seed=13, sample_rate=8000, words={word: word for word in OTHER}, rejects=True
        ),
    ),
    Rehearsal("numbers", "strings", 1.0, SynthesisOptions(voices=80, strings=3, seed=14, sample_rate=8000)),
    Rehearsal(
        "oh-numbers", "strings", 1.0, SynthesisOptions(voices=80, strings=3, seed=15, sample_rate=8000, words=OH_WORDS)
    ),
)


def adapts(start: Bundle, corpus: Corpus) -> bool:
    """Tell whether a training from a model is an adaptation: the same labels, and a model that was made for strangers.

    Parameters
    ----------
    start : Bundle
        The model.
    corpus : Corpus
        The recordings.

    Returns
    -------
    bool
        False for models that trained without augmentation, and for recordings of other words.
    """
    digits = SynthesisOptions().words
    return start.config.augmentation is not None and set(corpus.labels) <= set(start.labels) <= set(digits)


def adapt_config(start: Bundle, on_progress: Progress | None = None) -> Config:
    """Lay the recipe of adaptation over a model's own configuration; the rehearsal set is made where it is not there.

    Parameters
    ----------
    start : Bundle
        The model.
    on_progress : callable, optional
        Called with the clips spoken so far and their number.

    Returns
    -------
    Config
        For a training from that model.

    Raises
    ------
    MissingExtraError
        The synthesiser is not installed.
    """
    sources = []
    for part in REHEARSAL:
        if not _teaches(part, start.config):
            continue
        folder = rehearsal_folder(part)
        if read_manifest(folder) is None:
            synthesize(folder, part.options, on_progress)
        sources.append({"path": str(folder), "use": part.use, "weight": part.weight})
    # of strings single clips cannot tell what is enough
    recipe = RECIPE | ({} if start.config.strings is None else {"training.enough_loss": None})
    return start.config.override(recipe | {"data.sources": sources}, where="adaptation")


def _teaches(part: Rehearsal, config: Config) -> bool:
    """Tell whether a network can learn from such a part."""
    if config.strings is not None:
        return True
    return part.use == "train" or (part.use == "reject" and config.network.rejection)


def own_config(start: Bundle) -> Config:
    """Give a model's own configuration, for other labels or another recipe than adaptation.

    Parameters
    ----------
    start : Bundle
        The model.

    Returns
    -------
    Config
        Without sources, whose paths were good where the model was made; so there are no answers to be kept, either.
    """
    without = {"data.sources": [], "training.distillation": 0.0}
    return start.config.override(without, where="the model's configuration")


def rehearsal_folder(part: Rehearsal) -> Path:
    """Say where a rehearsal set lies.

    Parameters
    ----------
    part : Rehearsal
        The set.

    Returns
    -------
    Path
        In the cache; another one where another version of this package has it spoken otherwise.
    """
    digest = hashlib.sha256(msgspec.json.encode(part.options)).hexdigest()[:12]
    return cache_home() / "rehearsal" / digest / part.name


def choose_split(split: str | None, start: Bundle | None, corpus: Corpus, config: Config) -> str | None:
    """Let all clips train where they are few and adapt a model, and where none would be scored or validate.

    Parameters
    ----------
    split : str or None
        As asked for; that always wins.
    start : Bundle or None
        The model that the training starts from.
    corpus : Corpus
        The recordings.
    config : Config
        Of strings, or of single words.

    Returns
    -------
    str or None
        For `speechrnn.corpus.splits.split_corpus`.
    """
    if split is not None:
        return split
    if config.strings is not None:
        return "none" if corpus.splits is None else None
    if start is None or not (adapts(start, corpus) or set(corpus.labels) - set(start.labels)):
        return None
    fewest = min(Counter(clip.label for clip in corpus.clips).values(), default=FEW_CLIPS)
    return "none" if fewest < FEW_CLIPS else None
