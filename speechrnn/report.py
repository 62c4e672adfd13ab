"""What an evaluation says, in words and tables: for the terminal, and as a folder of files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechrnn.certainty_plots import bin_answers, plot_certainty, plot_noise
from speechrnn.comparison import Comparison
from speechrnn.corpus.clips import Clip
from speechrnn.errors import MissingExtraError, OutputError
from speechrnn.evaluation import Evaluated, Evaluation, to_json
from speechrnn.markup import markdown, markdown_table, percent, text_table
from speechrnn.plots import plot_confusion
from speechrnn.recognizer import Prediction
from speechrnn.storage import check_place, write_bytes
from speechrnn.summary import comparison_sentence, headline, sections, skipped_lines
from speechrnn.text import csv_line, printable

MAX_ERRORS = 20
PICTURES = {
    "confusion.png": "Confusion matrix",
    "certainty.png": "How far probabilities can be believed",
    "noise.png": "Accuracy in noise",
}
TEXTS, EVALUATION = ("report.md", "predictions.csv", "errors.csv"), "evaluation.json"
COLUMNS = ("path", "label", "speaker", "predicted", "probability", "known", "start", "end", "error")


@dataclass(frozen=True, slots=True)
class Report:
    """What `write_report` wrote.

    Attributes
    ----------
    files : tuple of Path
        In the order of reading.
    missing : str or None
        Why there is no picture: a sentence that names the extra; None where there is one.
    """

    files: tuple[Path, ...]
    missing: str | None


def render_evaluation(evaluation: Evaluation) -> str:
    """Write an evaluation as plain text.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.

    Returns
    -------
    str
        Many lines, the most important first, without a newline at the end.
    """
    blocks = ["\n".join(headline(evaluation))]
    blocks += [f"{section.title}\n{text_table(section.table)}{_note(section.note)}" for section in sections(evaluation)]
    blocks += ["\n".join(map(printable, lines)) for lines in [skipped_lines(evaluation)] if lines]
    return "\n\n".join(blocks)


def render_comparison(comparison: Comparison) -> str:
    """Write a comparison of two models as plain text.

    Parameters
    ----------
    comparison : Comparison
        The counts and the test.

    Returns
    -------
    str
        A few lines without a newline at the end.

    Examples
    --------
    >>> from speechrnn.comparison import Known, Tally
    >>> counts = (300, 280, 4, 14, 2, 0.0309)
    >>> print(render_comparison(Comparison("old", "new", *counts, Tally(*counts), Known(0, 0), Known(0, 0))))
    old 94.7 %, new 98.0 % of 300 clips: both right 280, only old 4, only new 14, both wrong 2.
    new is better; a difference like this comes by chance with p = 0.031 (McNemar's exact test).
    """
    return "\n".join(printable(line) for line in comparison_sentence(comparison))


def check_report(directory: Path) -> None:
    """Refuse a folder in which a report would replace what is none.

    Parameters
    ----------
    directory : Path
        Where one is to be written; files of other names may lie there.

    Raises
    ------
    OutputError
        It is a file, or holds files of a report's names without the one that only a report has.
    OSError
        It cannot be written in.
    """
    if directory.is_file():
        raise OutputError(f"{printable(directory)}: is a file, needed a folder. Choose another place with --report.")
    there = [name for name in (*TEXTS, *PICTURES) if (directory / name).exists()]
    if there and not (directory / EVALUATION).is_file():
        raise OutputError(
            f"{printable(directory)}: holds {there[0]}, which is of no report and would be replaced. Choose "
            "another folder with --report."
        )
    check_place(directory)


def write_report(directory: Path, evaluated: Evaluated, comparisons: Sequence[Comparison] = ()) -> Report:
    """Write a folder that explains an evaluation; files of an earlier report are replaced.

    Parameters
    ----------
    directory : Path
        Where; made if absent. Other files in it stay.
    evaluated : Evaluated
        The evaluation and its answers.
    comparisons : sequence of Comparison
        To be told in ``report.md``.

    Returns
    -------
    Report
        The files: ``report.md``, ``confusion.png``, ``certainty.png`` (how far probabilities can be believed, and the
        open-set curve), ``noise.png`` after a sweep (pictures need the extra ``plot``), ``predictions.csv``,
        ``errors.csv`` (wrong answers, the most confident first) and ``evaluation.json``.

    Raises
    ------
    OutputError
        As `check_report`.
    OSError
        A file cannot be written.
    """
    check_report(directory)
    try:
        pictures, missing = _draw(evaluated), None
    except MissingExtraError as error:
        pictures, missing = {}, str(error)
    pairs = list(zip(evaluated.clips, evaluated.predictions, strict=True))
    contents = {
        "report.md": _encode(_render_markdown(evaluated, comparisons, missing, tuple(pictures))),
        **pictures,
        "predictions.csv": _encode(_format_csv(pairs)),
        "errors.csv": _encode(_format_csv(_mistakes(pairs))),
    }
    # what tells a report from other folders comes first: one that was interrupted can be written again
    write_bytes(directory / EVALUATION, _encode(to_json(evaluated.evaluation) + "\n"))
    for name, content in contents.items():
        write_bytes(directory / name, content)
    for name in set(PICTURES) - set(pictures):
        (directory / name).unlink(missing_ok=True)  # one of an earlier report would tell another story
    return Report(tuple(directory / name for name in (*contents, EVALUATION)), missing)


def _draw(evaluated: Evaluated) -> dict[str, bytes]:
    evaluation = evaluated.evaluation
    pictures = {"confusion.png": plot_confusion(evaluation, _title(evaluated))}
    if evaluation.ece is not None or evaluation.open_set is not None:
        bins = bin_answers(evaluated.clips, evaluated.predictions)
        pictures["certainty.png"] = plot_certainty(bins, evaluation.open_set)
    if evaluation.noise:
        pictures["noise.png"] = plot_noise(evaluation.noise)
    return pictures


def _render_markdown(
    evaluated: Evaluated, comparisons: Sequence[Comparison], missing: str | None, pictures: Sequence[str]
) -> str:
    evaluation = evaluated.evaluation
    drawn = [f"![{title}]({name})" for name, title in PICTURES.items() if name in pictures]
    blocks = [
        f"# {markdown(evaluated.model)} on {markdown(evaluated.data)}",
        *map(markdown, headline(evaluation)),
        *(" ".join(markdown(line) for line in comparison_sentence(_shorten(one))) for one in comparisons),
        *([f"The confusion matrix is not drawn: {markdown(missing)}"] if missing else drawn),
    ]
    for section in sections(evaluation):
        blocks += [f"## {section.title}", markdown_table(section.table), *([section.note] if section.note else [])]
    blocks += _render_mistakes(_mistakes(zip(evaluated.clips, evaluated.predictions, strict=True)))
    if lines := [markdown(line.strip()) for line in skipped_lines(evaluation)]:
        blocks += ["## Skipped files", lines[0], "\n".join(f"- {line}" for line in lines[1:])]
    return "\n\n".join(blocks) + "\n"


def _title(evaluated: Evaluated) -> str:
    return f"{_folder(evaluated.model)} on {_folder(evaluated.data)}"


def _shorten(comparison: Comparison) -> Comparison:
    """Name the models by their folders alone, where these differ."""
    a, b = _folder(comparison.a), _folder(comparison.b)
    return comparison if a == b else replace(comparison, a=a, b=b)


def _folder(path: str) -> str:
    return Path(path).name or path


def _render_mistakes(mistakes: Sequence[tuple[Clip, Prediction]]) -> list[str]:
    if not mistakes:
        return []
    lines = [f"- {markdown(_describe(clip, answer))}" for clip, answer in mistakes[:MAX_ERRORS]]
    some = f"The first {MAX_ERRORS}, the" if len(mistakes) > MAX_ERRORS else "The"
    intro = f"{some} most confident first: listen to them. `errors.csv` has all."
    return [f"## Wrong answers: {len(mistakes)}", intro, "\n".join(lines)]


def _describe(clip: Clip, answer: Prediction) -> str:
    sure = "" if answer.probability is None else f" ({percent(answer.probability)})"
    heard = "nothing was answered" if answer.label is None else f"heard as {answer.label}{sure}"
    return f"{clip.path}: said {clip.label}, {heard}"


def _mistakes(pairs: Iterable[tuple[Clip, Prediction]]) -> list[tuple[Clip, Prediction]]:
    """Wrong answers, the most confident first; those without an answer come last."""
    wrong = [(clip, answer) for clip, answer in pairs if answer.error is None and answer.label != clip.label]
    return sorted(wrong, key=lambda pair: (pair[1].label is None, -(pair[1].probability or 0.0)))


def _format_csv(pairs: Iterable[tuple[Clip, Prediction]]) -> str:
    lines = [csv_line(COLUMNS)]
    for clip, answer in pairs:
        found = (answer.label, answer.probability, answer.known, answer.start, answer.end, answer.error)
        lines.append(csv_line((clip.path, clip.label, clip.speaker, *found)))
    return "".join(lines)


def _encode(text: str) -> bytes:
    """UTF-8; bytes of a file name that are none come out as they are on the disk."""
    return text.encode("utf-8", "surrogateescape")


def _note(note: str) -> str:
    return f"\n{note}" if note else ""
