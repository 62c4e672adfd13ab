"""``speechrnn record``: clips of one's own voice."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def record(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", show_default=False, help="The folder for the clips: new, or begun already."),
    ],
    *,
    speaker: Annotated[str, typer.Option("--speaker", metavar="NAME", help="Who speaks; it stands in the file names.")],
    repeats: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How often each word is said.")] = 3,
    labels: Annotated[
        str, typer.Option(metavar="A,B,...", help="What is said, if not the digits, such as yes,no.")
    ] = "0,1,2,3,4,5,6,7,8,9",
    device: options.Device = None,
    file: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="A recording of it, not a microphone.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, metavar="N", help="Decides the order.")] = 0,
) -> None:
    """Record clips to train on.

    Says what to say, one word after the other, in shuffled order, waits for it, and asks again where it was cut off,
    silent or too long. Prints the name of each clip, {label}_{speaker}_{index}.wav, 16 bits, at most 16 kHz:
    `speechrnn train DIR --from digits` takes them as they are.
    Ctrl-C ends; the same command goes on where it stopped, and overwrites nothing. A microphone needs the extra mic.
    A recording given by --input is of such a session: a second of silence, then all words from the first one on, also
    those whose clips are there, and again what is asked for again.
    """
    if file is not None and device is not None:
        raise typer.BadParameter("--input and --device exclude each other. Give one of them.")
    from speechrnn.cli.recording import Plan, record_file, record_microphone
    from speechrnn.corpus.clips import REJECT_LABELS

    asked = tuple(label.strip() for label in labels.split(","))
    if reserved := [label for label in asked if label.lower() in REJECT_LABELS]:
        raise typer.BadParameter(
            f"{reserved[0]} is the folder of what no model answers, not a label. Choose another.", param_hint="--labels"
        )
    plan = Plan(directory, speaker, asked, repeats, seed)
    if file is not None:
        record_file(plan, file)
    else:
        record_microphone(plan, device)
