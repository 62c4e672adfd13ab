"""Scores over folds: speaker by speaker, the worst one, an interval over speakers, and labels that look wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from speechrnn.text import spell_path

N_DRAWS = 10_000


class Answer(msgspec.Struct, frozen=True):
    """What a model that had not trained on a clip said to it; one line of ``answers.jsonl``.

    Attributes
    ----------
    path, label : str
        The clip, and what it is said to be. In the file its path is as `place_of` gives it, elsewhere as it was typed.
    speaker : str or None
        Whose voice it is.
    seed : int
        Of the training.
    probabilities : dict of str to float
        By label.
    known : float
        Probability that it is any label.
    """

    path: str
    label: str
    speaker: str | None
    seed: int
    probabilities: dict[str, float]
    known: float

    @property
    def best(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def right(self) -> bool:
        """Whether that is the clip's label."""
        return self.best == self.label


@dataclass(frozen=True, slots=True)
class FoldScore:
    """One speaker (or part of the clips) that did not train.

    Attributes
    ----------
    name : str
        The speaker.
    accuracy : float
        Mean over seeds.
    per_seed : tuple of float
        Accuracy of each training.
    n_clips : int
        Clips of that speaker.
    mistakes : dict of str to int
        Such as ``0>2``: how often a label was taken for another, over all seeds.
    """

    name: str
    accuracy: float
    per_seed: tuple[float, ...]
    n_clips: int
    mistakes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Crossval:
    """What a cross-validation found.

    Attributes
    ----------
    by : str
        ``speaker``, or ``clip``: then the voices were heard in training.
    macro : float
        Mean accuracy over speakers.
    interval : tuple of float
        95 % of the means of as many speakers drawn with repetition (percentile bootstrap).
    worst : str
        Speaker with the lowest accuracy.
    worst_accuracy : float
        That accuracy.
    n_clips, n_speakers, n_seeds : int
        How much there was.
    folds : tuple of FoldScore
        Lowest accuracy first.
    """

    by: str
    macro: float
    interval: tuple[float, float]
    worst: str
    worst_accuracy: float
    n_clips: int
    n_speakers: int
    n_seeds: int
    folds: tuple[FoldScore, ...]


def place_of(path: Path) -> str:
    """Name a clip alike from wherever its folder is named, and through whatever link.

    Parameters
    ----------
    path : Path
        The clip.

    Returns
    -------
    str
        Absolute, as `speechrnn.text.spell_path` writes it.
    """
    return spell_path(path.parent.resolve() / path.name)


def respell(answers: Iterable[Answer], paths: Iterable[Path]) -> tuple[Answer, ...]:
    """Name clips as they are named now: folds may be done that began under another name of their folder.

    Parameters
    ----------
    answers : iterable of Answer
        Their paths are those of `place_of`.
    paths : iterable of Path
        Of the clips.

    Returns
    -------
    tuple of Answer
        In the same order.
    """
    names = {place_of(path): spell_path(path) for path in paths}
    return tuple(msgspec.structs.replace(answer, path=names[answer.path]) for answer in answers)


def summarize(answers: Sequence[Answer], by: str, fold_of: Mapping[str, str]) -> Crossval:
    """Score out-of-fold answers.

    Parameters
    ----------
    answers : sequence of Answer
        Of all folds and seeds.
    by : str
        ``speaker`` or ``clip``.
    fold_of : mapping of str to str
        Path, as in the answers, to the name of the fold that it was kept for.

    Returns
    -------
    Crossval
        The score.

    Examples
    --------
    >>> def say(path, label, best): return Answer(path, label, path[0], 0, {label: 0.4, best: 0.6}, 1.0)
    >>> score = summarize([say("a1", "1", "1"), say("a2", "2", "1"), say("b1", "1", "1")], "speaker",
    ...                   {"a1": "a", "a2": "a", "b1": "b"})
    >>> score.macro, score.worst, score.worst_accuracy, score.folds[0].mistakes
    (0.75, 'a', 0.5, {'2>1': 1})
    """
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[fold_of[answer.path]].append(answer)
    folds = sorted((_score(name, group) for name, group in groups.items()), key=lambda fold: (fold.accuracy, fold.name))
    values = [fold.accuracy for fold in folds]
    return Crossval(
        by=by,
        macro=float(np.mean(values)),
        interval=bootstrap(values),
        worst=folds[0].name,
        worst_accuracy=folds[0].accuracy,
        n_clips=len({answer.path for answer in answers}),
        n_speakers=len({answer.speaker for answer in answers} - {None}),
        n_seeds=len({answer.seed for answer in answers}),
        folds=tuple(folds),
    )


def bootstrap(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Give a 95 % interval for a mean over speakers (Efron 1979, percentile): speakers are drawn with repetition.

    Of few speakers it is too narrow: with normal accuracies it covers the mean of all people in 50 % of cases of 2
    speakers, 75 of 3, 86 of 6 and 93 of 20.

    Parameters
    ----------
    values : sequence of float
        One of each speaker.
    seed : int
        Of the draws.

    Returns
    -------
    tuple of float
        Low and high.

    Examples
    --------
    >>> bootstrap([0.9, 0.9, 0.9])
    (0.9, 0.9)
    """
    draws = np.random.default_rng(seed).choice(np.asarray(values), (N_DRAWS, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return round(float(low), 12), round(float(high), 12)


def read_answers(path: Path) -> list[Answer]:
    """Read what `format_answers` wrote.

    Parameters
    ----------
    path : Path
        An ``answers.jsonl``.

    Returns
    -------
    list of Answer
        In order.
    """
    return [msgspec.json.decode(line, type=Answer) for line in path.read_bytes().splitlines()]


def format_answers(answers: Sequence[Answer]) -> bytes:
    """Write answers, one JSON object a line.

    Parameters
    ----------
    answers : sequence of Answer
        In any order.

    Returns
    -------
    bytes
        For ``answers.jsonl``.
    """
    return b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers)


def _score(name: str, answers: Sequence[Answer]) -> FoldScore:
    seeds = sorted({answer.seed for answer in answers})
    per_seed = tuple(float(np.mean([a.right for a in answers if a.seed == seed])) for seed in seeds)
    mistakes = Counter(f"{a.label}>{a.best}" for a in answers if not a.right)
    n_clips = len({answer.path for answer in answers})
    return FoldScore(name, float(np.mean(per_seed)), per_seed, n_clips, dict(mistakes.most_common()))
