"""What ``evaluate`` prints and writes, for one model or two."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import typer

from speechrnn.certainty import count_heard
from speechrnn.cli.outcome import name_files
from speechrnn.cli.progress import progress
from speechrnn.cli.recordings import Opened, find_absent
from speechrnn.comparison import Comparison, compare
from speechrnn.corpus.layouts import Skipped
from speechrnn.corpus.noises import list_noises
from speechrnn.evaluation import Evaluated, evaluate_corpus, to_json
from speechrnn.noise_sweep import read_noises, sweep_noise
from speechrnn.recognizer import Recognizer, load
from speechrnn.report import check_report, render_comparison, render_evaluation, write_report
from speechrnn.text import count, printable


@dataclasses.dataclass(frozen=True, slots=True)
class Scores:
    """The evaluations of one or two models on the same recordings.

    Attributes
    ----------
    evaluated : tuple of Evaluated
        One for each model.
    comparison : Comparison or None
        Of two.
    noises, unread_noises : frozenset of Path
        Recordings of noise that were to be mixed in, and those of them that could not be used.
    absent : frozenset of Path
        Recordings that the data names and that are not there.
    """

    evaluated: tuple[Evaluated, ...]
    comparison: Comparison | None
    noises: frozenset[Path] = frozenset()
    unread_noises: frozenset[Path] = frozenset()
    absent: frozenset[Path] = frozenset()

    @property
    def n_files(self) -> int:
        """How many files had to be read."""
        return len(
            {clip.path for one in self.evaluated for clip in (*one.clips, *one.rejects)} | self.noises | self.absent
        )

    @property
    def n_unreadable(self) -> int:
        """How many of them could not be."""
        rejects = {item.path for one in self.evaluated for item in one.unread_rejects}
        return len(self._unread_clips() | rejects | self.unread_noises | self.absent)

    @property
    def n_unreadable_clips(self) -> int:
        """How many of those are of labels."""
        return len(self._unread_clips())

    def _unread_clips(self) -> set[Path]:
        pairs = [pair for one in self.evaluated for pair in zip(one.clips, one.predictions, strict=True)]
        return {clip.path for clip, answer in pairs if answer.error is not None}


@dataclasses.dataclass(frozen=True, slots=True)
class Noises:
    """Recordings of noise to mix in, and at which ratios in dB; None is clean."""

    folder: Path | None = None
    levels: Sequence[float | None] = ()


def load_models(models: Sequence[str | None], threshold: float | None = None) -> list[Recognizer]:
    """Load one or two models.

    Parameters
    ----------
    models : sequence of str or None
        Bundles or their names, as typed; None is the model that is used when none is named, and said so.
    threshold : float, optional
        In place of their own; with 0 every recording is answered.

    Returns
    -------
    list of Recognizer
        In the same order.
    """
    recognizers = [load(model, threshold=threshold) for model in models]
    if models[0] is None:
        typer.echo(f"model: {recognizers[0].bundle.path}", err=True)
    return recognizers


def evaluate_models(
    opened: Opened, recognizers: Sequence[Recognizer], noises_in: Noises, jobs: int | None = None
) -> Scores:
    """Evaluate one or two models.

    Parameters
    ----------
    opened : Opened
        Recordings with labels.
    recognizers : sequence of Recognizer
        From `load_models`.
    noises_in : Noises
        What to mix in.
    jobs : int, optional
        Threads.

    Returns
    -------
    Scores
        With a comparison of two.
    """
    corpus, noise, levels = opened.corpus, noises_in.folder, noises_in.levels
    files = frozenset(list_noises(noise, "test")) if noise else frozenset()
    unusable: dict[Path, Skipped] = {}
    evaluated = []
    for recognizer in recognizers:
        noises = read_noises(noise, recognizer, lambda item: unusable.update({item.path: item})) if noise else []
        with progress("evaluating", unit="clips") as show:
            one = evaluate_corpus(corpus, recognizer, on_progress=show, jobs=jobs)
        if noises:
            _warn_of_heard(files, recognizer)
            with progress("in noise") as show:
                swept = sweep_noise(corpus.clips, recognizer, noises, levels, show)
            one = dataclasses.replace(one, evaluation=dataclasses.replace(one.evaluation, noise=swept))
        evaluated.append(_name_recordings(one, opened))
    if unusable:
        lines = [f"{printable(item.path)}: {item.reason}" for item in unusable.values()]
        name_files("of noise not used", lines, more="")
    comparison = compare(*evaluated) if len(evaluated) > 1 else None
    absent = frozenset(opened.name(path) for path in find_absent(corpus))
    return Scores(tuple(evaluated), comparison, files, frozenset(unusable), absent)


def _warn_of_heard(noises: Collection[Path], recognizer: Recognizer) -> None:
    if n := count_heard(noises, recognizer.bundle.metadata.heard.noises):
        typer.echo(
            f"figures in noise are optimistic: {n} of {count(len(noises), 'recording')} of it trained "
            f"{printable(recognizer.bundle.path)}. Test with others.",
            err=True,
        )


def _name_recordings(one: Evaluated, opened: Opened) -> Evaluated:
    """Call everything as people do, now that it is read."""
    clips = opened.rename(one.clips)
    named = zip(clips, one.predictions, strict=True)
    return dataclasses.replace(
        one,
        clips=clips,
        predictions=tuple(dataclasses.replace(answer, path=str(clip.path)) for clip, answer in named),
        rejects=opened.rename(one.rejects),
        unread_rejects=opened.rename(one.unread_rejects),
        evaluation=dataclasses.replace(one.evaluation, skipped=opened.rename(one.evaluation.skipped)),
    )


def print_scores(scores: Scores, *, as_json: bool) -> None:
    """Print evaluations on stdout.

    Parameters
    ----------
    scores : Scores
        What to print.
    as_json : bool
        One object a line, in place of tables.
    """
    if as_json:
        for one in scores.evaluated:
            typer.echo(to_json(one.evaluation))
        if scores.comparison is not None:
            typer.echo(json.dumps(dataclasses.asdict(scores.comparison)))
        return
    for one in scores.evaluated:
        if scores.comparison is not None:
            typer.echo(f"Model {one.model}\n")
        typer.echo(render_evaluation(one.evaluation) + ("\n" if scores.comparison is not None else ""))
    if scores.comparison is not None:
        typer.echo(render_comparison(scores.comparison))


def check_reports(directory: Path | None, recognizers: Sequence[Recognizer]) -> None:
    """Refuse reports that would replace something else, before anything is measured.

    Parameters
    ----------
    directory : Path or None
        As typed; None where no report is asked for.
    recognizers : sequence of Recognizer
        On each of which there will be one.
    """
    if directory is not None:
        for place in _places(directory, [str(one.bundle.path) for one in recognizers]):
            check_report(place)


def _places(directory: Path, models: Sequence[str]) -> list[Path]:
    """The folder itself, or of two models a folder for each in it."""
    if len(models) == 1:
        return [directory]
    return [directory / f"{number}-{Path(model).name}" for number, model in enumerate(models, start=1)]


def write_reports(directory: Path, scores: Scores) -> None:
    """Write a report for each model and say where it is.

    Parameters
    ----------
    directory : Path
        The folder; of two models each has a folder of its own in it.
    scores : Scores
        What to write.
    """
    comparisons = [scores.comparison] if scores.comparison is not None else []
    places = _places(directory, [one.model for one in scores.evaluated])
    for place, one in zip(places, scores.evaluated, strict=True):
        report = write_report(place, one, comparisons)
        if report.missing is not None:
            typer.echo(f"no confusion.png: {report.missing}", err=True)
        typer.echo(f"report: {report.files[0]}", err=True)
