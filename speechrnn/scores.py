"""From clips and the answers to them to one Evaluation: the arithmetic alone, no file is touched."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Skipped
from speechrnn.errors import CorpusError
from speechrnn.recognizer import Prediction
from speechrnn.robustness import NoiseLevel, OpenSet
from speechrnn.significance import Interval, wilson_interval

# what the model knew before: nothing, the voice, or the very recording
Heard = Literal["none", "speakers", "clips"]
HEARD_LEVELS: tuple[Heard, ...] = ("none", "speakers", "clips")


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label is told from the others; a ratio without any case is None."""

    precision: float | None
    recall: float | None
    f1: float | None
    n: int


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """How well one speaker is understood; `heard` says whether the model was trained on that voice."""

    accuracy: float
    interval: Interval
    n: int
    heard: bool


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Accuracy on some of the clips."""

    accuracy: float
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class WorstSpeaker:
    """The speaker with the lowest accuracy."""

    speaker: str
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a model is on a set of clips; fields are only ever added.

    Attributes
    ----------
    accuracy : float
        Share of clips whose label was answered; no answer (label None) is a wrong answer.
    interval : Interval
        95 % interval of `accuracy` (Wilson).
    macro : float or None
        Mean of the speakers' accuracies; None where no speaker is known.
    worst_speaker : WorstSpeaker or None
        The speaker with the lowest accuracy.
    n_clips, n_speakers : int
        What was scored, and how many known speakers are in it.
    heard : {"none", "speakers", "clips"}
        The most that the model knew before of any scored clip: nothing, its voice, or the recording itself.
    per_label : dict of str to LabelScore
        One for each label of the model.
    per_speaker : dict of str to SpeakerScore
        One for each known speaker.
    confusion : tuple of tuple of int [shape=(n_labels, n_labels + 1)]
        Rows: what was said. Columns: what was answered, the last one: nothing. A row sums to the clips of its label.
    labels : tuple of str
        Names of the rows.
    rejected : int
        Clips that were answered with no label.
    skipped : tuple of Skipped
        Files that were not scored, and why.
    unheard_accuracy : float or None
        Accuracy on the clips whose voice was not heard in training; None where there are none.
    n_unheard : int
        How many those are.
    per_heard : dict of str to GroupScore
        Accuracy for each level of `heard` that occurs.
    ece : float or None
        Expected calibration error of the most probable labels; None under 30 clips.
    open_set : OpenSet or None
        Where the data holds other words or noises.
    noise : tuple of NoiseLevel or None
        Where noise was mixed in.
    threshold : float or None
        What was asked for in place of the model's own threshold.
    """

    accuracy: float
    interval: Interval
    macro: float | None
    worst_speaker: WorstSpeaker | None
    n_clips: int
    n_speakers: int
    heard: Heard
    per_label: dict[str, LabelScore]
    per_speaker: dict[str, SpeakerScore]
    confusion: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    rejected: int
    skipped: tuple[Skipped, ...]
    unheard_accuracy: float | None
    n_unheard: int
    per_heard: dict[str, GroupScore]
    ece: float | None = None
    open_set: OpenSet | None = None
    noise: tuple[NoiseLevel, ...] | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    clip: Clip
    label: str | None
    heard: Heard

    @property
    def right(self) -> bool:
        return self.label == self.clip.label


def score(
    clips: Sequence[Clip],
    predictions: Sequence[Prediction],
    labels: Sequence[str],
    heard: Sequence[Heard],
    skipped: Sequence[Skipped] = (),
) -> Evaluation:
    """Score the answers to clips.

    Parameters
    ----------
    clips : sequence of Clip
        What was said; every label is one of `labels`.
    predictions : sequence of Prediction
        What was answered, in the same order. One with an `error` is skipped, not scored.
    labels : sequence of str
        The labels of the model.
    heard : sequence of {"none", "speakers", "clips"}
        What the model knew of each clip before.
    skipped : sequence of Skipped
        Files that were left out earlier, to be listed.

    Returns
    -------
    Evaluation
        Accuracy and all that is behind it.

    Raises
    ------
    CorpusError
        Nothing is left to score.
    """
    triples = list(zip(clips, predictions, heard, strict=True))
    unread = [Skipped(clip.path, answer.error) for clip, answer, _ in triples if answer.error is not None]
    answers = [_Answer(clip, answer.label, level) for clip, answer, level in triples if answer.error is None]
    skipped = (*skipped, *unread)
    if not answers:
        raise CorpusError(_nothing_left(skipped))
    speakers = _per_speaker(answers)
    groups = _per_heard(answers)
    confusion = _confusion(answers, labels)
    unheard = groups.get("none")
    return Evaluation(
        accuracy=_group(answers).accuracy,
        interval=_group(answers).interval,
        macro=sum(one.accuracy for one in speakers.values()) / len(speakers) if speakers else None,
        worst_speaker=_worst(speakers),
        n_clips=len(answers),
        n_speakers=len(speakers),
        heard=max((answer.heard for answer in answers), key=HEARD_LEVELS.index),
        per_label=_per_label(confusion, labels),
        per_speaker=speakers,
        confusion=confusion,
        labels=tuple(labels),
        rejected=sum(answer.label is None for answer in answers),
        skipped=skipped,
        unheard_accuracy=unheard.accuracy if unheard else None,
        n_unheard=unheard.n if unheard else 0,
        per_heard=groups,
    )


def _nothing_left(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return "found no clip to score, needed at least one. Give a folder or CSV of recordings with labels."
    first = skipped[0]
    return (
        f"found no clip to score: all {len(skipped)} were skipped, the first is {first.path.name}: "
        f"{first.reason.removesuffix('.')}. Give recordings of the model's labels."
    )


def _group(answers: Sequence[_Answer]) -> GroupScore:
    n, n_right = len(answers), sum(answer.right for answer in answers)
    return GroupScore(n_right / n, wilson_interval(n_right, n), n)


def _per_speaker(answers: Sequence[_Answer]) -> dict[str, SpeakerScore]:
    by_speaker: dict[str, list[_Answer]] = {}
    for answer in answers:
        if answer.clip.speaker is not None:
            by_speaker.setdefault(answer.clip.speaker, []).append(answer)
    scores = {}
    for speaker, own in sorted(by_speaker.items()):
        group = _group(own)
        heard = any(answer.heard != "none" for answer in own)
        scores[speaker] = SpeakerScore(group.accuracy, group.interval, group.n, heard)
    return scores


def _per_heard(answers: Sequence[_Answer]) -> dict[str, GroupScore]:
    by_level = {level: [answer for answer in answers if answer.heard == level] for level in HEARD_LEVELS}
    return {level: _group(own) for level, own in by_level.items() if own}


def _worst(speakers: dict[str, SpeakerScore]) -> WorstSpeaker | None:
    if not speakers:
        return None
    # of two equal ones, the one with more clips is the firmer finding
    name = min(speakers, key=lambda speaker: (speakers[speaker].accuracy, -speakers[speaker].n))
    return WorstSpeaker(name, speakers[name].accuracy)


def _confusion(answers: Sequence[_Answer], labels: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    counts = Counter((answer.clip.label, answer.label) for answer in answers)
    columns: tuple[str | None, ...] = (*labels, None)
    return tuple(tuple(counts[said, answered] for answered in columns) for said in labels)


def _per_label(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> dict[str, LabelScore]:
    scores = {}
    columns = islice(zip(*confusion, strict=True), len(labels))
    for index, (label, row, column) in enumerate(zip(labels, confusion, columns, strict=True)):
        right, said, answered = row[index], sum(row), sum(column)
        scores[label] = LabelScore(
            precision=right / answered if answered else None,
            recall=right / said if said else None,
            f1=2 * right / (said + answered) if said + answered else None,
            n=said,
        )
    return scores
