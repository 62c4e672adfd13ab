"""Two models on the same clips, and whether their difference is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from speechrnn.errors import CorpusError
from speechrnn.evaluation import Evaluated
from speechrnn.scores import Heard
from speechrnn.significance import mcnemar_p


@dataclass(frozen=True, slots=True)
class Tally:
    """Who answered right on some of the clips.

    Attributes
    ----------
    n_clips : int
        How many there are; the four counts sum to it.
    both_right, only_a, only_b, both_wrong : int
        Who answered right.
    p : float or None
        McNemar's exact test, two-sided, on these clips; None where there are none.
    """

    n_clips: int
    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """How many of the compared clips a model was trained on, and of how many others it was, or may be, the voices."""

    clips: int
    voices: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two models answered the clips that both could be scored on; fields are only ever added.

    Attributes
    ----------
    a, b : str
        Names of the models.
    n_clips : int
        Clips that both were scored on.
    both_right, only_a, only_b, both_wrong : int
        Who answered right; they sum to `n_clips`.
    p : float
        McNemar's exact test, two-sided, on all clips: how likely a difference at least this large is between equally
        good models. It says nothing where a model was trained on some of the clips; `unheard` is then the fair test.
    unheard : Tally
        The same for the clips whose voices neither model was trained on; the verdict is made on them.
    known_a, known_b : Known
        What each model knew of all the clips before.
    """

    a: str
    b: str
    n_clips: int
    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    p: float
    unheard: Tally
    known_a: Known
    known_b: Known


@dataclass(frozen=True, slots=True)
class _Answer:
    right: bool
    heard: Heard


def compare(a: Evaluated, b: Evaluated) -> Comparison:
    """Compare two models on the clips that both were scored on.

    Parameters
    ----------
    a, b : Evaluated
        Of the same recordings.

    Returns
    -------
    Comparison
        The counts and McNemar's exact p, on all clips and on those that are new to both models.

    Raises
    ------
    CorpusError
        No clip was scored by both.
    """
    of_a, of_b = _answers(a), _answers(b)
    pairs = [(of_a[path], of_b[path]) for path in of_a if path in of_b]
    if not pairs:
        raise CorpusError(
            f"{a.model} and {b.model} have no scored clip in common, needed the same recordings. "
            "Evaluate both on one folder, with labels that both models have."
        )
    every = _tally(pairs)
    return Comparison(
        a=a.model,
        b=b.model,
        n_clips=every.n_clips,
        both_right=every.both_right,
        only_a=every.only_a,
        only_b=every.only_b,
        both_wrong=every.both_wrong,
        p=mcnemar_p(every.only_a, every.only_b),
        unheard=_tally([(one, other) for one, other in pairs if one.heard == other.heard == "none"]),
        known_a=_known([one for one, _ in pairs]),
        known_b=_known([other for _, other in pairs]),
    )


def _tally(pairs: Sequence[tuple[_Answer, _Answer]]) -> Tally:
    right = [(one.right, other.right) for one, other in pairs]
    only_a, only_b = right.count((True, False)), right.count((False, True))
    return Tally(
        n_clips=len(right),
        both_right=right.count((True, True)),
        only_a=only_a,
        only_b=only_b,
        both_wrong=right.count((False, False)),
        p=mcnemar_p(only_a, only_b) if right else None,
    )


def _known(answers: Sequence[_Answer]) -> Known:
    levels = [answer.heard for answer in answers]
    return Known(clips=levels.count("clips"), voices=levels.count("speakers"))


def _answers(evaluated: Evaluated) -> dict[str, _Answer]:
    triples = zip(evaluated.clips, evaluated.predictions, evaluated.heard, strict=True)
    return {
        str(clip.path): _Answer(answer.label == clip.label, heard)
        for clip, answer, heard in triples
        if answer.error is None
    }
