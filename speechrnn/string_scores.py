"""How good a model is on strings: aligned digit by digit, counted; no file is touched."""

from collections.abc import Sequence
from dataclasses import dataclass

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Skipped
from speechrnn.errors import CorpusError
from speechrnn.scores import HEARD_LEVELS, Heard
from speechrnn.significance import Interval, wilson_interval
from speechrnn.text import printable
from speechrnn.transcript import Transcript

# where a digit is missing from one of two aligned strings
GAP = "-"


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two strings of one length, with ``-`` where one has no digit.

    Attributes
    ----------
    said, heard : str
        Digit below digit.
    """

    said: str
    heard: str

    @property
    def errors(self) -> int:
        """How many edits lead from one to the other."""
        return sum(a != b for a, b in zip(self.said, self.heard, strict=True))


@dataclass(frozen=True, slots=True)
class Alignment:
    """What was said, above what was heard: two texts of one length, with ``-`` where one has no digit.

    Attributes
    ----------
    path : str
        The recording.
    speaker : str or None
        Whose voice it is.
    said, heard : str
        Digit below digit.
    substitutions, deletions, insertions : int
        Digits heard as others, not heard, heard though not said.
    """

    path: str
    speaker: str | None
    said: str
    heard: str
    substitutions: int
    deletions: int
    insertions: int

    @property
    def n_digits(self) -> int:
        """How many were said."""
        return len(self.said) - self.insertions

    @property
    def errors(self) -> int:
        """How many edits lead from one to the other."""
        return self.substitutions + self.deletions + self.insertions


@dataclass(frozen=True, slots=True)
class StringGroup:
    """How well the strings of one speaker are understood."""

    accuracy: float
    interval: Interval
    digit_error_rate: float
    n_strings: int
    n_digits: int


@dataclass(frozen=True, slots=True)
class StringEvaluation:
    """How good a model is on recordings of strings; fields are only ever added.

    Attributes
    ----------
    accuracy : float
        Share of strings of which every digit is right, and none too many.
    interval : Interval
        95 % interval of `accuracy` (Wilson).
    digit_error_rate : float
        Substitutions, deletions and insertions for each digit that was said; may be above 1.
    substitutions, deletions, insertions : int
        The parts of it.
    n_strings, n_digits, n_speakers : int
        What was scored, and how many known speakers are in it.
    heard : {"none", "speakers", "clips"}
        The most that the model knew before of any recording: nothing, its voice, or the recording itself.
    worst_speaker : str or None
        The speaker with the highest digit error rate.
    per_speaker : dict of str to StringGroup
        One for each known speaker.
    alignments : tuple of Alignment
        Of the strings that are not right, in order.
    skipped : tuple of Skipped
        Files that were not scored, and why.
    """

    accuracy: float
    interval: Interval
    digit_error_rate: float
    substitutions: int
    deletions: int
    insertions: int
    n_strings: int
    n_digits: int
    n_speakers: int
    heard: Heard
    worst_speaker: str | None
    per_speaker: dict[str, StringGroup]
    alignments: tuple[Alignment, ...]
    skipped: tuple[Skipped, ...] = ()


def align_strings(said: str, heard: str) -> Aligned:
    """Lay one string over another with the fewest edits (Wagner and Fischer 1974).

    Parameters
    ----------
    said, heard : str
        Digits.

    Returns
    -------
    Aligned
        Digit below digit.

    Examples
    --------
    >>> align_strings("2240", "220")
    Aligned(said='2240', heard='22-0')
    """
    rows = [list(range(len(heard) + 1))]
    for i, digit in enumerate(said, start=1):
        row = [i]
        for j, other in enumerate(heard, start=1):
            row.append(min(rows[-1][j - 1] + (digit != other), rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    above, below = "", ""
    i, j = len(said), len(heard)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            above, below = said[i] + above, heard[j] + below
        elif j and rows[i][j] == rows[i][j - 1] + 1:
            j -= 1
            above, below = GAP + above, heard[j] + below
        else:
            i -= 1
            above, below = said[i] + above, GAP + below
    return Aligned(above, below)


def compare_string(clip: Clip, heard: str) -> Alignment:
    """Count the edits between what was said and what was heard.

    Parameters
    ----------
    clip : Clip
        Its label is the string.
    heard : str
        Digits.

    Returns
    -------
    Alignment
        With the counts.
    """
    both = align_strings(clip.label, heard)
    insertions, deletions = both.said.count(GAP), both.heard.count(GAP)
    substitutions = both.errors - insertions - deletions
    return Alignment(str(clip.path), clip.speaker, both.said, both.heard, substitutions, deletions, insertions)


def score_strings(
    clips: Sequence[Clip], transcripts: Sequence[Transcript], heard: Sequence[Heard], skipped: Sequence[Skipped] = ()
) -> StringEvaluation:
    """Score transcripts.

    Parameters
    ----------
    clips : sequence of Clip
        Their labels are what was said.
    transcripts : sequence of Transcript
        What was heard, in the same order; those with an `error` are listed among `skipped`.
    heard : sequence of {"none", "speakers", "clips"}
        What the model knew of each.
    skipped : sequence of Skipped
        What was left out before.

    Returns
    -------
    StringEvaluation
        The scores.

    Raises
    ------
    CorpusError
        Not one recording could be read and scored.
    """
    triples = list(zip(clips, transcripts, heard, strict=True))
    lost = [Skipped(clip.path, answer.error) for clip, answer, _ in triples if answer.error is not None]
    pairs = [compare_string(clip, answer.digits or "") for clip, answer, _ in triples if answer.error is None]
    if not pairs:
        left = (*lost, *skipped)
        reason = f", such as {printable(left[0].path.name)} ({left[0].reason})" if left else ""
        verb = "read" if lost else "scored"
        raise CorpusError(f"no recording of a string could be {verb}{reason}. Needed at least one.")
    names = sorted({one.speaker for one in pairs if one.speaker is not None})
    per_speaker = {name: _group([one for one in pairs if one.speaker == name]) for name in names}
    whole = _group(pairs)
    return StringEvaluation(
        accuracy=whole.accuracy,
        interval=whole.interval,
        digit_error_rate=whole.digit_error_rate,
        substitutions=sum(one.substitutions for one in pairs),
        deletions=sum(one.deletions for one in pairs),
        insertions=sum(one.insertions for one in pairs),
        n_strings=whole.n_strings,
        n_digits=whole.n_digits,
        n_speakers=len(names),
        heard=max((level for _, answer, level in triples if answer.error is None), key=HEARD_LEVELS.index),
        worst_speaker=max(names, key=lambda name: per_speaker[name].digit_error_rate, default=None),
        per_speaker=per_speaker,
        alignments=tuple(one for one in pairs if one.errors),
        skipped=(*skipped, *lost),
    )


def _group(pairs: Sequence[Alignment]) -> StringGroup:
    right, n_digits = sum(not one.errors for one in pairs), sum(one.n_digits for one in pairs)
    return StringGroup(
        accuracy=right / len(pairs),
        interval=wilson_interval(right, len(pairs)),
        digit_error_rate=sum(one.errors for one in pairs) / max(1, n_digits),
        n_strings=len(pairs),
        n_digits=n_digits,
    )
