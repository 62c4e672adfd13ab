"""Recordings of strings and a model in, a StringEvaluation out."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from speechrnn.batch import Item, name_item, open_item
from speechrnn.corpus.layouts import Corpus, Skipped
from speechrnn.corpus.names import DIGITS
from speechrnn.errors import AudioError, BundleError, explain_os_error
from speechrnn.evaluation import as_corpus, heard_levels
from speechrnn.markup import percent
from speechrnn.patterns import Pattern
from speechrnn.progress import OpenProgress, Progress
from speechrnn.recognizer import Prediction
from speechrnn.string_scores import StringEvaluation, score_strings
from speechrnn.text import count, printable
from speechrnn.transcriber import StringRecognizer, load_strings
from speechrnn.transcript import Transcript

# alignments that are shown to people; the rest are counted
_SHOWN = 40


def transcribe_files(
    recognizer: StringRecognizer,
    items: Iterable[Item],
    pattern: Pattern | None = None,
    *,
    on_progress: OpenProgress | None = None,
) -> Iterator[Transcript]:
    """Transcribe many files; one that cannot be read does not keep the others waiting.

    Parameters
    ----------
    recognizer : StringRecognizer
        The model.
    items : iterable of Path, Recording, Remote or Prediction
        As `speechrnn.batch.predict_files` takes them; taken as needed.
    pattern : Pattern, optional
        What is known of each.
    on_progress : callable, optional
        Called with the seconds of the file at hand that were heard, and all of its seconds where they are known.

    Yields
    ------
    Transcript
        In the same order; of a file that cannot be read with `error` and nothing else.
    """
    for item in items:
        name = name_item(item)
        try:
            if isinstance(item, Prediction):
                yield Transcript(name, None, (), item.error)
            else:
                transcript = recognizer.transcribe(open_item(item), pattern=pattern, on_progress=on_progress)
                yield dataclasses.replace(transcript, path=name)
        except AudioError as error:
            yield Transcript(name, None, (), str(error))
        except OSError as error:
            yield Transcript(name, None, (), explain_os_error(error))


def evaluate_strings(
    data: str | Path | Corpus,
    model: StringRecognizer | str | Path | None = None,
    *,
    on_progress: Progress | None = None,
) -> StringEvaluation:
    """Measure how good a model is on recordings of strings that are known.

    Parameters
    ----------
    data : str, Path or Corpus
        A CSV with the columns ``path,digits[,speaker]``, or a folder of files whose names are the strings.
    model : StringRecognizer, str or Path, optional
        A model, as `speechrnn.load_strings` takes it.
    on_progress : callable, optional
        Called with the number of recordings done and the number of all.

    Returns
    -------
    StringEvaluation
        String accuracy, digit error rate, what went wrong.

    Raises
    ------
    CorpusError
        There are no such recordings.
    BundleError
        The model cannot be loaded, or its labels are not digits: no other strings can be written down as they are read.
    """
    recognizer = model if isinstance(model, StringRecognizer) else load_strings(model)
    known = set(recognizer.labels)
    if not known <= DIGITS:
        raise BundleError(
            f"{printable(recognizer.bundle.path)}: a model of strings of {printable(', '.join(recognizer.labels))}, "
            "needed one of digits for a score. See what it hears with `speechrnn transcribe`."
        )
    corpus = as_corpus(data)
    clips = tuple(clip for clip in corpus.clips if set(clip.label) <= known)
    strange = [Skipped(c.path, f"{c.label} is no string of digits") for c in corpus.clips if not set(c.label) <= known]
    transcripts = []
    for transcript in transcribe_files(recognizer, [clip.path for clip in clips]):
        transcripts.append(transcript)
        if on_progress is not None:
            on_progress(len(transcripts), len(clips))
    heard = heard_levels(clips, recognizer.bundle.metadata.heard)
    return score_strings(clips, transcripts, heard, (*corpus.skipped, *strange))


def strings_to_json(evaluation: StringEvaluation) -> str:
    """Write an evaluation as one line of JSON, as `docs/string-evaluation.schema.json` describes it.

    Parameters
    ----------
    evaluation : StringEvaluation
        The scores.

    Returns
    -------
    str
        ASCII.
    """
    return json.dumps(dataclasses.asdict(evaluation), default=str, allow_nan=False)


def render_strings(evaluation: StringEvaluation) -> str:
    """Write an evaluation for people.

    Parameters
    ----------
    evaluation : StringEvaluation
        The scores.

    Returns
    -------
    str
        Several lines.
    """
    e = evaluation
    known = {"none": "voices not heard in training", "speakers": "voices heard in training"}
    lines = [
        (
            f"Strings right {percent(e.accuracy)} ({percent(e.interval.low)} to {percent(e.interval.high)}), "
            f"{count(e.n_strings, 'string')}, {known.get(e.heard, 'recordings heard in training')}"
        ),
        (
            f"Digit error rate {percent(e.digit_error_rate)} of {count(e.n_digits, 'digit')}: "
            f"{count(e.substitutions, 'substitution')}, {count(e.deletions, 'deletion')}, "
            f"{count(e.insertions, 'insertion')}"
        ),
    ]
    if e.per_speaker:
        width = max(len(name) for name in ("speaker", *map(printable, e.per_speaker)))
        lines += ["", f"{'speaker':{width}}  strings    right  digit errors"]
        lines += [
            f"{printable(name):{width}}  {one.n_strings:7d}  {percent(one.accuracy):>7}  "
            f"{percent(one.digit_error_rate):>12}"
            for name, one in e.per_speaker.items()
        ]
    if e.alignments:
        lines += ["", "said, and heard:"]
        for one in e.alignments[:_SHOWN]:
            lines += [f"  {one.said}  {printable(Path(one.path).name)}", f"  {one.heard}"]
        if len(e.alignments) > _SHOWN:
            lines.append(f"  and {len(e.alignments) - _SHOWN} more: see --json")
    if e.skipped:
        lines += ["", f"{count(len(e.skipped), 'file')} not scored"]
    return "\n".join(lines)
