"""``speechrnn export``: a model in a format that other programs run."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


class FormatName(StrEnum):
    """What a model can be carried away in."""

    onnx = "onnx"
    onnx_int8 = "onnx-int8"
    tflite = "tflite"
    tflite_int8 = "tflite-int8"
    saved_model = "saved-model"
    keras = "keras"


def export(
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE", show_default=False, help="A model's folder or name, such as `digits`.")
    ],
    *,
    form: Annotated[FormatName, typer.Option("--format", show_default=False, help="What other programs read.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The new folder. [default: the model's name and the format]")
    ] = None,
    as_json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Write a model for other programs (extra train).

    From samples to probabilities it is one file, front end included; TFLite needs the extra tflite, too. It is run at
    once by its own runtime and compared with the model on made sounds; if it differs by more than is allowed, nothing
    is kept. Beside it stand its labels and, in export.json, its rate and threshold. Keras opens a model.keras after
    `import speechrnn.training`, which registers its layers.
    """
    from speechrnn.bundle import read_bundle
    from speechrnn.cli.carrying import describe_export, export_model
    from speechrnn.places import find_model

    carried = export_model(read_bundle(find_model(bundle)), form.value, out, force=force)
    typer.echo(describe_export(carried, as_json=as_json))
