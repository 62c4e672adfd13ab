"""Two models on the same clips, and whether their difference is more than chance."""

from dataclasses import dataclass

from speechrnn.errors import CorpusError
from speechrnn.evaluation import Evaluated
from speechrnn.significance import mcnemar_p


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two models answered the clips that both could be scored on.

    Attributes
    ----------
    a, b : str
        Names of the models.
    n_clips : int
        Clips that both were scored on.
    both_right, only_a, only_b, both_wrong : int
        Who answered right; they sum to `n_clips`.
    p : float
        McNemar's exact test, two-sided: how likely a difference at least this large is between equally good models.
    """

    a: str
    b: str
    n_clips: int
    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    p: float


def compare(a: Evaluated, b: Evaluated) -> Comparison:
    """Compare two models on the clips that both were scored on.

    Parameters
    ----------
    a, b : Evaluated
        Of the same recordings.

    Returns
    -------
    Comparison
        The counts and McNemar's exact p.

    Raises
    ------
    CorpusError
        No clip was scored by both.
    """
    right_a, right_b = _right(a), _right(b)
    pairs = [(right_a[path], right_b[path]) for path in right_a if path in right_b]
    if not pairs:
        raise CorpusError(
            f"{a.model} and {b.model} have no scored clip in common, needed the same recordings. "
            "Evaluate both on one folder, with labels that both models have."
        )
    only_a, only_b = pairs.count((True, False)), pairs.count((False, True))
    return Comparison(
        a=a.model,
        b=b.model,
        n_clips=len(pairs),
        both_right=pairs.count((True, True)),
        only_a=only_a,
        only_b=only_b,
        both_wrong=pairs.count((False, False)),
        p=mcnemar_p(only_a, only_b),
    )


def _right(evaluated: Evaluated) -> dict[str, bool]:
    pairs = zip(evaluated.clips, evaluated.predictions, strict=True)
    return {str(clip.path): answer.label == clip.label for clip, answer in pairs if answer.error is None}
