"""How sure, how choosy and how steady in noise a model is: the sentences and the table, before any markup."""

from speechrnn.calibration_error import N_BINS, count_bins
from speechrnn.markup import Table, percent
from speechrnn.robustness import FALSE_ACCEPTS, RejectScore
from speechrnn.scores import Evaluation
from speechrnn.text import count


def certainty_lines(evaluation: Evaluation) -> list[str]:
    """Say how far probabilities can be believed, and what of other words and noises gets through.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.

    Returns
    -------
    list of str
        Empty where nothing can be said.
    """
    lines = []
    if evaluation.ece is not None:
        few = count_bins(evaluation.n_clips) < N_BINS
        doubt = f"; with {count(evaluation.n_clips, 'clip')} much of it may be chance" if few else ""
        lines.append(
            f"Probabilities are off by {100 * evaluation.ece:.1f} points on average (calibration error{doubt})."
        )
    if evaluation.open_set is not None:
        for name, score in (("other word", evaluation.open_set.words), ("second of noise", evaluation.open_set.noises)):
            if score is not None:
                lines.append(_refused(name, score))
    return lines


def noise_table(evaluation: Evaluation) -> Table:
    """Lay out a noise sweep.

    Parameters
    ----------
    evaluation : Evaluation
        With `noise`.

    Returns
    -------
    Table
        A row for each level.
    """
    rows = [
        (
            "clean" if level.snr_db is None else f"{level.snr_db:g} dB",
            percent(level.accuracy),
            percent(level.macro) if level.macro is not None else "",
            f"{level.worst} {percent(level.worst_accuracy)}" if level.worst_accuracy is not None else "",
            percent(level.forced),
            str(level.n_clips),
        )
        for level in evaluation.noise or ()
    ]
    return Table(
        ("word to noise", "accuracy", "mean of speakers", "worst", "if forced to answer", "clips"), tuple(rows)
    )


def _refused(name: str, score: RejectScore) -> str:
    several = name.replace("second", "seconds") if "second" in name else f"{name}s"
    heard = f"{score.n} {several if score.n != 1 else name}"
    if score.n_heard:
        heard += f", {score.n_heard} of them heard in training,"
    return (
        f"Of {heard} {percent(score.accepted)} taken for a label; where at most {percent(FALSE_ACCEPTS)} are, "
        f"{percent(score.accuracy)} of the labelled clips are accepted and right (area under the curve "
        f"{score.area:.3f})."
    )
