"""``speechrnn listen``: digits as they are said."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def listen(
    *,
    model: options.Model = None,
    device: options.Device = None,
    file: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="Listen to a recording, at the pace of a microphone."),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="With --input: as fast as possible.")] = False,
    as_json: options.Json = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--min-probability",
            min=0.0,
            max=1.0,
            metavar="P",
            callback=options.check_finite,
            help="How sure the surest digit of an utterance has to be. Its other digits, and utterances within 1.5 s "
            "after a digit that counted, need only 0.4 of that. Without it the model's own threshold.",
        ),
    ] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="Show the microphones and exit.")] = False,
) -> None:
    """Say which digits are spoken, as soon as they are.

    Prints a line for each utterance: `4071`, or with --json an object whose times are seconds from the beginning.
    Ctrl-C ends. From a microphone it needs the extra mic.
    """
    if file is None and fast:
        raise typer.BadParameter("--fast is for a file. Give one with --input.")
    if file is not None and device is not None:
        raise typer.BadParameter("--input and --device exclude each other. Give one of them.")
    from speechrnn.cli.listening import hear_file, hear_microphone, print_devices

    if list_devices:
        print_devices()
        return
    from speechrnn.ears import load_ear

    ear = load_ear(model, threshold=threshold)
    if model is None:
        typer.echo(f"model: {ear.bundle.path}", err=True)
    if file is not None:
        hear_file(ear, file, fast=fast, as_json=as_json)
    else:
        hear_microphone(ear, device, as_json=as_json)
