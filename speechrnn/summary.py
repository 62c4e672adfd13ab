"""The sentences and tables that an evaluation comes down to, before any markup."""

from dataclasses import dataclass

from speechrnn.certainty_summary import certainty_lines, noise_table
from speechrnn.comparison import Comparison, Known, Tally
from speechrnn.markup import Table, percent
from speechrnn.scores import HEARD_LEVELS, Evaluation, Heard
from speechrnn.significance import Interval
from speechrnn.text import count

MAX_ROWS = 20
MAX_MATRIX_LABELS = 20
MAX_CONFUSIONS = 10
MAX_SKIPPED = 10
# McNemar's exact p of fewer clips cannot be below 0.05, whatever the answers
MIN_TESTED = 6
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
        all_equal = len({one.accuracy for one in evaluation.per_speaker.values()}) == 1
        worst_of_them = "" if all_equal else f"; the worst is {worst.speaker} with {percent(worst.accuracy)}"
        lines.append(f"Mean over {count(evaluation.n_speakers, 'speaker')} {percent(evaluation.macro)}{worst_of_them}.")
    elif evaluation.n_speakers == 1:
        lines.append("All clips with a named speaker are of one voice: others may do better or worse.")
    elif not evaluation.n_speakers:
        lines.append("No speakers are named, so a mean over speakers cannot be given.")
    if evaluation.rejected:
        verb = "counts" if evaluation.rejected == 1 else "count"
        lines.append(f"{count(evaluation.rejected, 'clip')} got no label and {verb} as wrong.")
    if evaluation.threshold is not None:
        lines.append(f"A threshold of {evaluation.threshold:g} was asked for, and not the model's own.")
    return lines + certainty_lines(evaluation)


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
    noise = [Section("In noise", noise_table(evaluation))] if evaluation.noise else []
    return [*groups, *speakers, *noise, _label_section(evaluation), confusion(evaluation)]


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
        The counts and the tests.

    Returns
    -------
    list of str
        The counts on all clips; those on the clips new to both models, where these are fewer; the verdict. It is made
        on the clips new to both, and there is none where they are too few.
    """
    a, b, unheard = comparison.a, comparison.b, comparison.unheard
    n_clips = comparison.n_clips
    every = Tally(
        n_clips, comparison.both_right, comparison.only_a, comparison.only_b, comparison.both_wrong, comparison.p
    )
    counts = f"{_tallied(a, b, every)}."
    if unheard.n_clips == n_clips:
        return [counts, _verdict(a, b, every)]
    if unheard.n_clips < MIN_TESTED:
        known = " and ".join(_known(a, comparison.known_a) + _known(b, comparison.known_b))
        new = f"too few are new to both: {unheard.n_clips}" if unheard.n_clips else "none is new to both"
        return [counts, f"no verdict: {known}; {new}."]
    return [counts, f"New to both, voices and clips: {_tallied(a, b, unheard)}.", _verdict(a, b, unheard)]


def _tallied(a: str, b: str, tally: Tally) -> str:
    share_a, share_b = ((tally.both_right + only) / tally.n_clips for only in (tally.only_a, tally.only_b))
    return (
        f"{a} {percent(share_a)}, {b} {percent(share_b)} of {count(tally.n_clips, 'clip')}: both right "
        f"{tally.both_right}, only {a} {tally.only_a}, only {b} {tally.only_b}, both wrong {tally.both_wrong}"
    )


def _verdict(a: str, b: str, tally: Tally) -> str:
    chance = 1.0 if tally.p is None else tally.p
    p = f"p = {chance:.2g}" if chance >= 0.0001 else "p < 0.0001"
    test = f"{p} (McNemar's exact test)"
    if tally.only_a == tally.only_b:
        return f"Both get equally many right; {test}."
    if chance < 0.05:
        better = a if tally.only_a > tally.only_b else b
        return f"{better} is better; a difference like this comes by chance with {test}."
    return f"The difference may well be chance; {test}."


def _known(model: str, known: Known) -> list[str]:
    if known.clips:
        others = f" and may know the voices of {known.voices} others" if known.voices else ""
        return [f"{model} was trained on {known.clips} of these clips{others}"]
    voices = f"{model} was trained, or may have been, on the voices of {known.voices} of these clips"
    return [voices] if known.voices else []


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
