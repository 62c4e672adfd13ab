"""Who trains, who validates and who is kept in each fold of a cross-validation; nothing is trained here."""

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from csv import writer
from dataclasses import dataclass
from pathlib import Path

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus
from speechrnn.errors import ConfigError, CorpusError, MissingLabelError
from speechrnn.storage import write_text
from speechrnn.text import as_bytes, as_file_name, as_text, printable, spell_path

# bytes of a file's name that every file system takes, with room for what is added
_LONGEST_NAME = 200

N_PARTS = 5  # of the clips, where folds are no speakers


@dataclass(frozen=True, slots=True)
class CrossvalOptions:
    """How a cross-validation is done.

    Attributes
    ----------
    by : str
        ``speaker`` keeps one speaker at a time, ``clip`` a fifth of the clips.
    seeds : int
        Trainings of each fold, with the configuration's seed and those after it.
    jobs : int
        Trainings at a time; they share the cores.
    clips : int or None
        Of each label and speaker only so many train; of other words all.
    speakers : int or None
        Only so many speakers train, of other words too.
    start : Path or None
        Folder of another cross-validation; each fold goes on from the model that was trained there without the same
        speaker, with the same seed.
    """

    by: str = "speaker"
    seeds: int = 1
    jobs: int = 1
    clips: int | None = None
    speakers: int | None = None
    start: Path | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """One training.

    Attributes
    ----------
    name : str
        Who is kept: a speaker, or a part of the clips.
    seed : int
        Of the training.
    folder : Path
        Where model and answers go.
    rows : tuple of (Clip, str)
        Clips with labels, and what each is for: ``train``, ``valid`` or ``test``.
    rejects : tuple of Clip
        Other words and noises that train; none is by a speaker who does not.
    """

    name: str
    seed: int
    folder: Path
    rows: tuple[tuple[Clip, str], ...]
    rejects: tuple[Clip, ...] = ()

    @property
    def kept(self) -> list[Clip]:
        """The clips that the fold is scored on."""
        return [clip for clip, part in self.rows if part == "test"]

    @property
    def trained(self) -> list[Clip]:
        """The clips with labels that train."""
        return [clip for clip, part in self.rows if part == "train"]


@dataclass(frozen=True, slots=True)
class Amount:
    """How much trains in a fold.

    Attributes
    ----------
    speakers : int
        Known speakers.
    clips : int
        Of one label and speaker, where there are most.
    """

    speakers: int
    clips: int


def plan_folds(corpus: Corpus, config: Config, out: Path, options: CrossvalOptions) -> list[Fold]:
    """Say who trains, validates and is kept in each fold.

    Parameters
    ----------
    corpus : Corpus
        The recordings.
    config : Config
        Its `training` has the first seed, and decides whether somebody validates: nobody where no choice is made by it.
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
    CorpusError, ConfigError
        Too few speakers are known; or the configuration is of strings, whose folds nobody scores.
    """
    if config.strings is not None:
        raise ConfigError("the configuration is of strings of digits, needed one of single words. Give --config FILE.")
    group = _groups(corpus, options.by)
    names = sorted(set(group.values()))
    chooses = config.training.chooses
    least = 3 if chooses else 2
    if len(names) < least:
        seen = f"{len(names)} known speakers, needed {least} or more. Use --by clip."
        if options.by == "clip":
            seen = f"clips for {len(names)} of {N_PARTS} parts, needed {least} or more. Add recordings."
        raise CorpusError(f"{printable(corpus.root)}: {seen}")
    last = config.override({"training.seed": config.training.seed + options.seeds - 1})  # which has to be allowed, too
    folds = []
    for seed in range(config.training.seed, last.training.seed + 1):
        for name in names:
            others = sorted((other for other in names if other != name), key=lambda o: _draw(f"{seed}/{name}/{o}"))
            n_valid = max(1, len(others) // 7) if chooses else 0
            parts = {name: "test"} | dict.fromkeys(others[:n_valid], "valid")
            trains = others[n_valid:][: options.speakers]
            parts |= dict.fromkeys(trains, "train")
            rows = [(clip, parts[group[clip.path]]) for clip in corpus.clips if group[clip.path] in parts]
            silent = set(names).difference(trains) if options.by == "speaker" else set[str]()
            rejects = tuple(clip for clip in corpus.rejects if clip.speaker not in silent)
            limited = tuple(_limit(rows, options.clips, seed))
            folds.append(Fold(name, seed, out / "folds" / _folder_name(name, seed), limited, rejects))
            _check_labels(corpus, folds[-1])
    return folds


def _check_labels(corpus: Corpus, fold: Fold) -> None:
    lost = sorted(set(corpus.labels) - {clip.label for clip in fold.trained})
    if lost:
        raise MissingLabelError(
            f"{printable(corpus.root)}: without {printable(fold.name)} no clip of the label {printable(lost[0])} "
            "trains, needed one of each. Add recordings, or leave that label out."
        )


def measure(folds: Sequence[Fold]) -> Amount:
    """Say how much trains in the fold where most does.

    Parameters
    ----------
    folds : sequence of Fold
        At least one.

    Returns
    -------
    Amount
        Speakers, and clips of each label and speaker.

    Examples
    --------
    >>> rows = [(Clip(Path(name), name[0], name[2:5]), part) for name, part in
    ...         [("0_ann_0", "test"), ("0_bob_0", "train"), ("0_bob_1", "train"), ("1_bob_0", "train")]]
    >>> measure([Fold("ann", 0, Path("folds/ann-0"), tuple(rows))])
    Amount(speakers=1, clips=2)
    """
    speakers = max(len({clip.speaker for clip in fold.trained} - {None}) for fold in folds)
    counts = [Counter((clip.label, clip.speaker) for clip in fold.trained) for fold in folds]
    return Amount(speakers, max(max(counter.values()) for counter in counts))


def write_fold(fold: Fold) -> Path:
    """Write ``fold.csv``, from which the fold trains.

    Parameters
    ----------
    fold : Fold
        Who trains and who does not.

    Returns
    -------
    Path
        The CSV, in the fold's folder. It is UTF-8: a clip whose path is not goes by a link beside it.
    """
    table = io.StringIO()
    lines = writer(table)
    lines.writerow(["path", "label", "speaker", "split"])
    for clip, part in (*fold.rows, *((reject, "train") for reject in fold.rejects)):
        lines.writerow([_as_utf8(clip.path.absolute(), fold.folder), clip.label, clip.speaker or "", part])
    path = fold.folder / "fold.csv"
    write_text(path, table.getvalue())
    return path


def _as_utf8(path: Path, folder: Path) -> str:
    if as_bytes(spelled := spell_path(path)) == as_bytes(path):
        return spelled
    link = folder.absolute() / "links" / _draw(str(path)).hex()[:16] / as_file_name(as_text(path.name))
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return spell_path(link)


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


def _folder_name(name: str, seed: int) -> str:
    """A speaker out of a CSV can be what no folder is named: a path, or longer than names may be."""
    is_name = Path(name).name == name and "\0" not in name and len(as_bytes(name)) <= _LONGEST_NAME
    return f"{as_file_name(name) if is_name else _draw(name).hex()[:16]}-{seed}"


def _draw(name: str) -> bytes:
    return hashlib.sha256(as_bytes(name)).digest()
