"""Who trains, who validates and who is kept in each fold of a cross-validation; nothing is trained here."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus
from speechrnn.errors import CorpusError
from speechrnn.text import printable

N_PARTS = 5  # of the clips, where folds are no speakers


@dataclass(frozen=True, slots=True)
class CrossvalOptions:
    """How a cross-validation is done.

    Attributes
    ----------
    by : str
        ``speaker`` keeps one speaker at a time, ``clip`` a fifth of the clips.
    seeds : int
        Trainings of each fold, with the seeds 0, 1, ...
    jobs : int
        Trainings at a time; they share the cores.
    clips : int or None
        Of each label and speaker only so many train.
    speakers : int or None
        Only so many speakers train.
    """

    by: str = "speaker"
    seeds: int = 1
    jobs: int = 1
    clips: int | None = None
    speakers: int | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """One training: who is kept, with which seed, in which folder."""

    name: str
    seed: int
    folder: Path
    rows: tuple[tuple[Clip, str], ...]

    @property
    def kept(self) -> list[Clip]:
        """The clips that the fold is scored on."""
        return [clip for clip, part in self.rows if part == "test"]


def plan_folds(corpus: Corpus, config: Config, out: Path, options: CrossvalOptions) -> list[Fold]:
    """Say who trains, validates and is kept in each fold.

    Parameters
    ----------
    corpus : Corpus
        The recordings.
    config : Config
        Its `training` decides whether somebody validates: nobody where no choice is made by it.
    out : Path
        Where the folds' folders will be.
    options : CrossvalOptions
        Folds, seeds, how many train.

    Returns
    -------
    list of Fold
        Seed by seed.

    Raises
    ------
    CorpusError
        Too few speakers are known.
    """
    group = _groups(corpus, options.by)
    names = sorted(set(group.values()))
    chooses = config.training.chooses
    least = 3 if chooses else 2
    if len(names) < least:
        raise CorpusError(
            f"{printable(corpus.root)}: {len(names)} known speakers, needed {least} or more. Use --by clip."
        )
    folds = []
    for seed in range(options.seeds):
        for name in names:
            others = sorted((other for other in names if other != name), key=lambda o: _draw(f"{seed}/{name}/{o}"))
            n_valid = max(1, len(others) // 7) if chooses else 0
            parts = {name: "test"} | dict.fromkeys(others[:n_valid], "valid")
            trains = others[n_valid:][: options.speakers]
            parts |= dict.fromkeys(trains, "train")
            rows = [(clip, parts[group[clip.path]]) for clip in corpus.clips if group[clip.path] in parts]
            folds.append(Fold(name, seed, out / "folds" / f"{name}-{seed}", tuple(_limit(rows, options.clips, seed))))
    return folds


def _groups(corpus: Corpus, by: str) -> dict[Path, str]:
    if by == "clip":
        ordered = sorted(corpus.clips, key=lambda clip: (clip.label, _draw(clip.path.name)))
        return {clip.path: f"part{i % N_PARTS + 1}" for i, clip in enumerate(ordered)}
    unknown = sum(clip.speaker is None for clip in corpus.clips)
    if unknown:
        raise CorpusError(
            f"{printable(corpus.root)}: {unknown} of {len(corpus.clips)} clips have no known speaker, needed all. "
            "Use --by clip."
        )
    return {clip.path: clip.speaker or "" for clip in corpus.clips}


def _limit(rows: list[tuple[Clip, str]], n: int | None, seed: int) -> list[tuple[Clip, str]]:
    """Of each label and speaker only n clips train."""
    if n is None:
        return rows
    taken: dict[tuple[str, str | None], int] = {}
    kept = []
    for clip, part in sorted(rows, key=lambda row: _draw(f"{seed}/{row[0].path.name}")):
        key = (clip.label, clip.speaker)
        if part != "train" or taken.get(key, 0) < n:
            kept.append((clip, part))
            taken[key] = taken.get(key, 0) + (part == "train")
    return sorted(kept, key=lambda row: row[0].path.parts)


def _draw(name: str) -> bytes:
    return hashlib.sha256(os.fsencode(name)).digest()
