"""``speechrnn predict``: which word each recording holds."""

from enum import StrEnum
from typing import Annotated

import typer

from speechrnn.cli import options
from speechrnn.cli.group import FAILED


class Runtime(StrEnum):
    """What runs the network."""

    onnx = "onnx"
    keras = "keras"


def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...", show_default=False, help="Files, folders (with all below them), or - for stdin."
        ),
    ],
    *,
    model: options.Model = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="Print the K best labels; without it one, and in JSON all.")
    ] = None,
    as_json: options.Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            callback=options.check_finite,
            help="Answer only with at least this probability, else `no digit`; without it the model's own.",
        ),
    ] = None,
    runtime: Annotated[
        Runtime, typer.Option(help="keras is the plain librosa-Keras chain, slower and equal; extra train.")
    ] = Runtime.onnx,
) -> None:
    """Say which word each recording holds.

    Prints one line a file, in input order: `six.wav: 6 (99.8 %)`, or `no digit`; with --json one object a line. A file
    that cannot be read is named on stderr, the others are done, and the exit status is 1.
    """
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other. Give one of them.")
    from speechrnn.cli.answers import FORMATS, print_answers
    from speechrnn.cli.inputs import list_inputs, predict_inputs

    if runtime is Runtime.keras:
        from speechrnn.training.reference import load_reference as load
    else:
        from speechrnn.recognizer import load

    recognizer = load(model, threshold=threshold)
    if model is None:
        typer.echo(f"model: {recognizer.bundle.path}", err=True)
    listed = list_inputs(inputs)
    # Keras is already parallel inside
    predictions = predict_inputs(recognizer, listed, jobs=1 if runtime is Runtime.keras else None)
    layout = FORMATS["json" if as_json else "csv" if as_csv else "text"](top)
    n_failed = print_answers(predictions, layout, len(listed))
    if n_failed and len(listed) > 1:
        typer.echo(f"{n_failed} of {len(listed)} inputs failed", err=True)
    if n_failed:
        raise typer.Exit(FAILED)
