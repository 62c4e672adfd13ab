"""Which clips train, which choose the best weights, and which are kept for the score.

The draw is a hash of the seed and a name, so it depends on neither the order of the files nor the machine nor the
version of a library, and a clip that is added leaves most others where they were.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus
from speechrnn.corpus.names import parse_fsdd
from speechrnn.corpus.split_lists import read_listed
from speechrnn.corpus.tables import PARTS
from speechrnn.errors import CorpusError
from speechrnn.text import as_bytes, printable

# said where it does not fit
_OFFICIAL = "--split official is the rule of FSDD: indices 0-4 are test, 5-9 validation, the rest trains"

SPEAKER_SHARE = 0.15
CLIP_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Split:
    """A corpus in three parts: disjoint, and together all of its clips, each ordered by path.

    Attributes
    ----------
    train : tuple of Clip
        Fits the weights; holds every label.
    valid : tuple of Clip
        Chooses the best weights and the end of training.
    test : tuple of Clip
        Seen once, for the score.
    method : str
        ``speaker``, ``clip``, ``official``, ``none``, ``csv``, or the path of the CSV that said so.
    rejects : mapping of Path to str
        The part of each other word and noise of which that CSV speaks.
    """

    train: tuple[Clip, ...]
    valid: tuple[Clip, ...]
    test: tuple[Clip, ...]
    method: str
    rejects: Mapping[Path, str] = field(default_factory=dict)


def split_corpus(corpus: Corpus, method: str | None, seed: int) -> Split:
    """Divide a corpus into clips for training, validation and test.

    - ``speaker``: about 15 % of the speakers, at least one, are kept for test and as many for validation; their
      voices never train. With exactly two speakers one trains and one is test, and validation is a tenth of the
      clips of the one who trains, so only test measures an unseen voice.
    - ``clip``: a tenth of each label's clips is test, a tenth validation, at least one each; a label with one or two
      clips only trains.
    - ``official``: the split of FSDD: indices 0-4 are test, 5-9 validation.
    - ``csv``: the column `split` of the corpus's own CSV.
    - ``none``: every clip trains; there is no score.
    - anything else: the path of a CSV with the columns ``path,split``; its paths start at its own folder or at the
      folder of the corpus. It must list every clip, and may list other words and noises.

    Parameters
    ----------
    corpus : Corpus
        What `read_corpus` found.
    method : str or None
        One of the above. None takes ``csv`` where the corpus has the column, else ``speaker`` where all speakers are
        known and there are at least two, else ``clip``.
    seed : int
        Chooses the speakers or clips; ``official`` and CSV need none.

    Returns
    -------
    Split
        No part is empty, but those for validation and test under ``none``, and validation under a CSV.

    Raises
    ------
    CorpusError
        The corpus cannot be divided so: fewer than two labels, speakers that are not known, a label that would not
        train, a part that would be empty, a CSV that leaves clips out.

    Examples
    --------
    >>> clips = tuple(Clip(Path(f"{label}_{who}_0.wav"), label, who) for label in "67" for who in ("ann", "bob", "cyd"))
    >>> split = split_corpus(Corpus(Path(), "fsdd", clips, (), (), None), None, seed=1)
    >>> split.method, len(split.train), len(split.valid), len(split.test)
    ('speaker', 2, 2, 2)
    """
    if len(corpus.labels) < 2:
        seen = f"one label only ({corpus.labels[0]})" if corpus.labels else "no label"
        raise CorpusError(
            f"{printable(corpus.root)}: found {seen}, needed at least two. Add recordings of other words."
        )
    method = method or _default(corpus)
    parts = METHODS[method](corpus, seed) if method in METHODS else read_listed(corpus, Path(method), METHODS)
    train, valid, test = (tuple(clip for clip in _ordered(corpus) if parts[clip.path] == part) for part in PARTS)
    rejects = {clip.path: parts[clip.path] for clip in corpus.rejects if clip.path in parts}
    split = Split(train, valid, test, method, rejects)
    _check(corpus, split)
    return split


def _default(corpus: Corpus) -> str:
    if corpus.splits is not None:
        return "csv"
    return "speaker" if len(corpus.speakers) > 1 and all(clip.speaker for clip in corpus.clips) else "clip"


def _check(corpus: Corpus, split: Split) -> None:
    where = printable(corpus.root)
    advice = "Add recordings, or train on all of them with --split none"
    if split.method == "official":
        advice = f"{_OFFICIAL}. For other recordings use --split speaker or clip"
    trained = {clip.label for clip in split.train}
    without = [label for label in corpus.labels if label not in trained]
    if without:
        named = f"label {without[0]}" if len(without) == 1 else f"labels {', '.join(without[:12])}"
        raise CorpusError(
            f"{where}: no clip of {named} would train under the split {printable(split.method)}, needed at least one "
            f"of each. {advice}{'' if split.method == 'official' else ' or seed'}."
        )
    listed = () if split.method in METHODS and split.method != "csv" else ("valid",)
    may_be_empty = ("valid", "test") if split.method == "none" else listed
    empty = [part for part in PARTS if not getattr(split, part) and part not in may_be_empty]
    if empty:
        least = " (a label with at least three clips)" if split.method == "clip" else ""
        raise CorpusError(
            f"{where}: the split {printable(split.method)} of {len(corpus.clips)} clips leaves none for "
            f"{' and '.join(empty)}, needed at least one each for train, valid and test{least}. "
            f"{advice}."
        )


def _by_speaker(corpus: Corpus, seed: int) -> dict[Path, str]:
    unknown = sum(clip.speaker is None for clip in corpus.clips)
    speakers = sorted(corpus.speakers, key=lambda speaker: _draw(seed, speaker))
    if unknown or len(speakers) < 2:
        seen = (
            f"{unknown} of {len(corpus.clips)} clips have no known speaker"
            if unknown
            else f"found one speaker only ({speakers[0]})"
        )
        raise CorpusError(
            f"{printable(corpus.root)}: {seen}, needed two or more known ones for --split speaker. Use --split clip."
        )
    if len(speakers) == 2:
        test, train = speakers
        voice = [clip for clip in corpus.clips if clip.speaker == train]
        held = {path for path, part in _by_label(corpus, voice, seed).items() if part == "valid"}
        return {
            clip.path: "test" if clip.speaker == test else "valid" if clip.path in held else "train"
            for clip in corpus.clips
        }
    n = max(1, round(SPEAKER_SHARE * len(speakers)))
    part = (
        dict.fromkeys(speakers, "train")
        | dict.fromkeys(speakers[:n], "test")
        | dict.fromkeys(speakers[n : 2 * n], "valid")
    )
    return {clip.path: part[clip.speaker or ""] for clip in corpus.clips}


def _by_clip(corpus: Corpus, seed: int) -> dict[Path, str]:
    return _by_label(corpus, corpus.clips, seed)


def _by_label(corpus: Corpus, clips: Iterable[Clip], seed: int) -> dict[Path, str]:
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.label].append(clip)
    parts: dict[Path, str] = {}
    for group in groups.values():
        group.sort(key=lambda clip: _draw(seed, _key(corpus, clip)))
        n = max(1, round(CLIP_SHARE * len(group))) if len(group) > 2 else 0
        for i, clip in enumerate(group):
            parts[clip.path] = "test" if i < n else "valid" if i < 2 * n else "train"
    return parts


def _official(corpus: Corpus, _seed: int) -> dict[Path, str]:
    if corpus.layout != "fsdd":
        raise CorpusError(
            f"{printable(corpus.root)}: its layout is {corpus.layout}, needed names such as 6_jackson_12.wav: "
            f"{_OFFICIAL}. Use --split speaker or clip."
        )
    parts: dict[Path, str] = {}
    for clip in corpus.clips:
        name = parse_fsdd(clip.path)
        index = name.index if name else 0
        parts[clip.path] = "test" if index < 5 else "valid" if index < 10 else "train"
    return parts


def _by_column(corpus: Corpus, _seed: int) -> Mapping[Path, str]:
    if corpus.splits is None:
        raise CorpusError(
            f"{printable(corpus.root)}: no column split in it, needed for --split csv. Give a CSV with that column, "
            "or use --split speaker or clip."
        )
    return corpus.splits


def _all(corpus: Corpus, _seed: int) -> dict[Path, str]:
    return dict.fromkeys((clip.path for clip in corpus.clips), "train")


METHODS: Mapping[str, Callable[[Corpus, int], Mapping[Path, str]]] = {
    "speaker": _by_speaker,
    "clip": _by_clip,
    "official": _official,
    "csv": _by_column,
    "none": _all,
}


def _ordered(corpus: Corpus) -> list[Clip]:
    return sorted(corpus.clips, key=lambda clip: clip.path.parts)


def _key(corpus: Corpus, clip: Clip) -> str:
    """The path inside the corpus, so that the draw does not depend on where the corpus lies."""
    inside = clip.path.is_relative_to(corpus.folder)
    return (clip.path.relative_to(corpus.folder) if inside else clip.path).as_posix()


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(as_bytes(f"{seed}/{name}")).digest()
