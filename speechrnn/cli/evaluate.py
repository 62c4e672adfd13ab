"""``speechrnn evaluate``: how good a model is on recordings whose labels are known."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options
from speechrnn.cli.group import FAILED


def evaluate(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="Recordings: a folder of {label}_{speaker}_{index}.wav, a folder with one folder for each label, a "
            "CSV with the columns path,label[,speaker], a tar archive of such a folder, or a glob in quotes.",
        ),
    ],
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="BUNDLE",
            help="A model, as for predict; given twice, the two are compared (McNemar's exact test).",
        ),
    ] = None,
    as_json: options.Json = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write report.md, evaluation.json, predictions.csv, errors.csv and the pictures (extra plot) "
            "confusion.png, certainty.png and, with --noise, noise.png there; two models get a folder each.",
        ),
    ] = None,
    noise: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Recordings of noise, to be mixed in (of a manifest.csv its rows `test`)."),
    ] = None,
    snr: Annotated[
        str | None,
        typer.Option(metavar="DB,...", help="Ratios of word to noise in dB. [default: clean,20,15,10,5,0,-5]"),
    ] = None,
    threshold: options.Threshold = None,
    jobs: options.Jobs = None,
) -> None:
    """Measure a model on recordings with known labels.

    Prints accuracy with its 95 % interval, the mean over speakers, each label and speaker, the confusion matrix, and
    whether the model was trained on these voices or clips. With --json one object; with two models one a line, then
    one that compares them. The exit status is 1 where files could not be read.

    A model of strings (--model strings) is measured by strings right and digit errors, on a CSV with the columns
    path,digits[,speaker] or on files whose names are the strings, such as 4071.wav or 4071_ann_0.wav.
    """
    if model and len(model) > 2:
        raise typer.BadParameter(f"{len(model)} models given, needed one, or two to compare.", param_hint="--model")
    from speechrnn.cli.recordings import open_corpus
    from speechrnn.cli.scores import Noises, check_reports, evaluate_models, load_models, print_scores, write_reports
    from speechrnn.cli.string_scores import is_of_strings, print_string_scores

    if snr is not None and noise is None:
        raise typer.BadParameter("needs --noise with a folder of recordings.", param_hint="--snr")
    levels = _read_levels(snr) if noise else ()
    with open_corpus(data) as opened:
        if model and is_of_strings(model[0]):
            if len(model) > 1 or any(one is not None for one in (report, noise, threshold, jobs)):
                raise typer.BadParameter(
                    "a model of strings is measured alone, without --report, --noise, --threshold, --jobs."
                )
            scored = print_string_scores(opened, model[0], as_json=as_json)
            if scored.n_unread:
                typer.echo(f"{scored.n_unread} of {scored.n_files} files could not be read", err=True)
                raise typer.Exit(FAILED)
            return
        recognizers = load_models(model or [None], threshold)
        check_reports(report, recognizers)
        scores = evaluate_models(opened, recognizers, Noises(noise, levels), jobs)
        print_scores(scores, as_json=as_json)
        if report is not None:
            write_reports(report, scores)
    if n_failed := scores.n_unreadable:
        # which takes neither archives nor globs, and no noise
        checks = scores.n_unreadable_clips and opened.copy is None and Path(data).exists()
        where = "see `speechrnn data check`" if checks else "stdout names them"
        typer.echo(f"{n_failed} of {scores.n_files} files could not be read: {where}", err=True)
        raise typer.Exit(FAILED)


def _read_levels(snr: str | None) -> tuple[float | None, ...]:
    from speechrnn.errors import ConfigError
    from speechrnn.noise_sweep import LEVELS, parse_levels

    try:
        return parse_levels(LEVELS if snr is None else snr)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--snr") from error
