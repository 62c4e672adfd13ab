"""Where a cross-validation that goes on from another finds the models of that."""

from collections.abc import Sequence
from pathlib import Path

from speechrnn.errors import TrainingError
from speechrnn.fold_plan import CrossvalOptions, Fold
from speechrnn.text import printable


def begin_at(other: Path | None, fold: Fold) -> list[str]:
    """Say to `speechrnn train` where a fold begins.

    Parameters
    ----------
    other : Path or None
        Folder of the other cross-validation, if there is one.
    fold : Fold
        One of this one.

    Returns
    -------
    list of str
        Arguments of the command line; none where it begins at nothing.

    Examples
    --------
    >>> fold = Fold("ann", 0, Path("second/folds/ann-0"), (), ())
    >>> begin_at(Path("first"), fold) == ["--from", str(Path("first/folds/ann-0/model"))]
    True
    """
    return [] if other is None else ["--from", str(_find(other, fold))]


def check_starts(options: CrossvalOptions, folds: Sequence[Fold]) -> None:
    """Make sure that the other cross-validation, if there is one, has a model of each fold.

    Parameters
    ----------
    options : CrossvalOptions
        Name it.
    folds : sequence of Fold
        Those of this one.

    Raises
    ------
    TrainingError
        One is missing, or it is not speakers who are kept: what a model has heard is known by voices, and of clips
        nobody could tell that other ones were kept there.
    """
    other = options.start
    if other is None:
        return
    if options.by != "speaker":
        raise TrainingError(
            f"folds by {options.by} go on from no other cross-validation, which may have kept other clips. Keep "
            "speakers, or train from the beginning."
        )
    for fold in folds:
        if not _find(other, fold).is_dir():
            raise TrainingError(
                f"{printable(other)}: has no model that was trained without {printable(fold.name)} with the seed "
                f"{fold.seed}; needed one of each fold. Name the folder of a cross-validation of the same recordings "
                "that is done."
            )


def _find(other: Path, fold: Fold) -> Path:
    return other / fold.folder.parent.name / fold.folder.name / "model"
