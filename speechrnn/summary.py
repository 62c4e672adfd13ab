"""The sentences and tables that an evaluation comes down to, before any markup."""

from dataclasses import dataclass

from speechrnn.comparison import Comparison
from speechrnn.markup import Table, count, percent
from speechrnn.scores import HEARD_LEVELS, Evaluation, Heard
from speechrnn.significance import Interval

MAX_ROWS = 20
MAX_MATRIX_LABELS = 20
MAX_CONFUSIONS = 10
MAX_SKIPPED = 10
REJECTED = "(none)"

_HEARD_AS: dict[Heard, str] = {
    "none": "speakers not heard in training",
    "speakers": "voices heard in training",
    "clips": "clips it was trained on",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its title and, where needed, a sentence below."""

    title: str
    table: Table
    note: str = ""


def headline(evaluation: Evaluation) -> list[str]:
    """Say the main result in a few sentences.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.

    Returns
    -------
    list of str
        The first holds accuracy, interval, and what the model knew before.
    """
    n_right = round(evaluation.accuracy * evaluation.n_clips)
    right = f"{n_right} of {count(evaluation.n_clips, 'clip')} right"
    interval = f"95 % interval {_range(evaluation.interval)}"
    lines = [f"Accuracy {percent(evaluation.accuracy)} on {_heard_as(evaluation)}: {right}, {interval}."]
    if evaluation.macro is not None and evaluation.worst_speaker is not None and evaluation.n_speakers > 1:
        worst = evaluation.worst_speaker
        lines.append(
            f"Mean over {count(evaluation.n_speakers, 'speaker')} {percent(evaluation.macro)}; "
            f"the worst is {worst.speaker} with {percent(worst.accuracy)}."
        )
    elif evaluation.n_speakers == 1:
        lines.append("All clips with a named speaker are of one voice: others may do better or worse.")
    elif not evaluation.n_speakers:
        lines.append("No speakers are named, so a mean over speakers cannot be given.")
    if evaluation.rejected:
        lines.append(f"{count(evaluation.rejected, 'clip')} got no label and count as wrong.")
    return lines


def sections(evaluation: Evaluation) -> list[Section]:
    """Lay out everything behind the main result as tables.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.

    Returns
    -------
    list of Section
        Those that have something to tell.
    """
    groups = [_heard_section(evaluation)] if len(evaluation.per_heard) > 1 else []
    speakers = [_speaker_section(evaluation)] if evaluation.n_speakers else []
    confusion = _matrix_section if len(evaluation.labels) <= MAX_MATRIX_LABELS else _confusions_section
    return [*groups, *speakers, _label_section(evaluation), confusion(evaluation)]


def skipped_lines(evaluation: Evaluation) -> list[str]:
    """List the files that were not scored.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.

    Returns
    -------
    list of str
        How many, then one line for each of the first; empty where none was skipped.
    """
    skipped = evaluation.skipped
    if not skipped:
        return []
    lines = [f"{count(len(skipped), 'file')} skipped, not part of the accuracy:"]
    lines += [f"  {one.path}: {one.reason}" for one in skipped[:MAX_SKIPPED]]
    if len(skipped) > MAX_SKIPPED:
        lines.append(f"  and {len(skipped) - MAX_SKIPPED} more; the JSON lists all")
    return lines


def comparison_sentence(comparison: Comparison) -> list[str]:
    """Say which of two models is better, and whether chance explains it.

    Parameters
    ----------
    comparison : Comparison
        The counts and the test.

    Returns
    -------
    list of str
        The counts; the verdict.
    """
    a, b, n = comparison.a, comparison.b, comparison.n_clips
    right_a, right_b = comparison.both_right + comparison.only_a, comparison.both_right + comparison.only_b
    counts = (
        f"{a} {percent(right_a / n)}, {b} {percent(right_b / n)} of {count(n, 'clip')}: both right "
        f"{comparison.both_right}, only {a} {comparison.only_a}, only {b} {comparison.only_b}, "
        f"both wrong {comparison.both_wrong}."
    )
    p = f"p = {comparison.p:.2g}" if comparison.p >= 0.0001 else "p < 0.0001"
    test = f"{p} (McNemar's exact test)"
    if right_a == right_b:
        return [counts, f"Both get equally many right; {test}."]
    if comparison.p < 0.05:
        better = a if right_a > right_b else b
        return [counts, f"{better} is better; a difference like this comes by chance with {test}."]
    return [counts, f"The difference may well be chance; {test}."]


def _heard_as(evaluation: Evaluation) -> str:
    """What the score was made on; a mixture is named by its most heard part."""
    phrase = _phrases(evaluation)[evaluation.heard]
    if len(evaluation.per_heard) == 1:
        return phrase
    n = evaluation.per_heard[evaluation.heard].n
    return f"a mixture ({n} of {evaluation.n_clips} are {'of ' if evaluation.heard == 'speakers' else ''}{phrase})"


def _phrases(evaluation: Evaluation) -> dict[Heard, str]:
    phrases = dict(_HEARD_AS)
    if not evaluation.n_speakers:
        phrases["none"] = "voices not heard in training"
    n_known = sum(one.n for one in evaluation.per_speaker.values() if one.heard)
    if sum(group.n for level, group in evaluation.per_heard.items() if level != "none") > n_known:
        # clips without a name: nobody can tell, so they count as heard
        phrases["speakers"] = "voices that may have been heard in training"
    return phrases


def _heard_section(evaluation: Evaluation) -> Section:
    phrases = _phrases(evaluation)
    names = {**phrases, "speakers": f"other clips of {phrases['speakers']}"}
    rows = tuple(
        (names[level], percent(group.accuracy), _range(group.interval), str(group.n))
        for level in HEARD_LEVELS
        if (group := evaluation.per_heard.get(level))
    )
    return Section("What the model knew before", Table(("clips", "accuracy", "95 % interval", "n"), rows))


def _speaker_section(evaluation: Evaluation) -> Section:
    worst_first = sorted(evaluation.per_speaker.items(), key=lambda item: (item[1].accuracy, -item[1].n))
    rows = tuple(
        (name, percent(one.accuracy), _range(one.interval), str(one.n), "yes" if one.heard else "no")
        for name, one in worst_first[:MAX_ROWS]
    )
    n_more = len(worst_first) - len(rows)
    table = Table(("speaker", "accuracy", "95 % interval", "clips", "heard in training"), rows)
    note = f"and {count(n_more, 'speaker')} with higher or equal accuracy; the JSON lists all" if n_more else ""
    return Section("Speakers, the worst first", table, note)


def _label_section(evaluation: Evaluation) -> Section:
    rows = tuple(
        (label, _ratio(one.precision), _ratio(one.recall), _ratio(one.f1), str(one.n))
        for label, one in evaluation.per_label.items()
    )
    return Section("Labels", Table(("label", "precision", "recall", "F1", "clips"), rows))


def _matrix_section(evaluation: Evaluation) -> Section:
    n_columns = len(evaluation.labels) + bool(evaluation.rejected)  # an empty last column would only puzzle
    columns = (*evaluation.labels, REJECTED)[:n_columns]
    rows = tuple(
        (label, *(str(n) if n else "." for n in row[:n_columns]))
        for label, row in zip(evaluation.labels, evaluation.confusion, strict=True)
    )
    return Section("Confusion: a row is what was said, a column what was answered", Table(("said", *columns), rows))


def _confusions_section(evaluation: Evaluation) -> Section:
    columns = (*evaluation.labels, REJECTED)
    found = [
        (n, said, answered)
        for said, row in zip(evaluation.labels, evaluation.confusion, strict=True)
        for answered, n in zip(columns, row, strict=True)
        if n and said != answered
    ]
    found.sort(key=lambda one: -one[0])
    rows = tuple((said, answered, str(n)) for n, said, answered in found[:MAX_CONFUSIONS])
    return Section("Most frequent confusions", Table(("said", "answered", "clips"), rows))


def _range(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
