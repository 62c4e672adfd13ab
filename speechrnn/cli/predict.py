"""``speechrnn predict``: which word each recording holds."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


class Runtime(StrEnum):
    """What runs the network."""

    onnx = "onnx"
    keras = "keras"


class Engine(StrEnum):
    """Where the work is done."""

    local = "local"
    ray = "ray"


def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            show_default=False,
            help="Files, folders (with all below them), globs in quotes, CSV lists with a column path, tar archives, "
            "URLs that fsspec opens (extra ray), or - for stdin.",
        ),
    ],
    *,
    model: options.Model = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="K", help="Print the K best labels; without it one, and in JSON all."),
    ] = None,
    as_json: options.Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    threshold: options.Threshold = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the answers to a .jsonl, .csv or .parquet file (extra parquet) instead of printing them; "
            "with --engine ray also to a folder, in which each machine writes Parquet files.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file of --out: what it has already is not done again.")
    ] = False,
    force: options.Force = False,
    jobs: options.Jobs = None,
    engine: Annotated[
        Engine, typer.Option(help="ray shares the work among the machines of a Ray cluster; extra ray.")
    ] = Engine.local,
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The Ray cluster, such as auto. [default: one on this machine]"),
    ] = None,
    runtime: Annotated[
        Runtime, typer.Option(help="keras is the plain librosa-Keras chain, slower and equal; extra train.")
    ] = Runtime.onnx,
) -> None:
    """Say which word each recording holds.

    Prints one line a file, in input order: `six.wav: 6 (99.8 %)`, or `no digit`; with --json one object a line. A file
    that cannot be read is named on stderr, the others are done, and the exit status is 1. With --out the same goes into
    a file, which any end of the command leaves in whole lines; the same command with --resume goes on.
    """
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other. Give one of them.")
    if out is None and (resume or force):
        raise typer.BadParameter("--resume and --force are about the file of --out. Give one.")
    if resume and force:
        raise typer.BadParameter("--resume keeps what --out has, and --force drops it. Give one of them.")
    if out is not None and (as_json or as_csv):
        raise typer.BadParameter("the suffix of --out says the format. Leave out --json and --csv.")
    if engine is Engine.ray and runtime is Runtime.keras:
        raise typer.BadParameter("--engine ray runs onnx. Leave out --runtime.")
    if address is not None and engine is Engine.local:
        raise typer.BadParameter("--address is of a Ray cluster. Add --engine ray.")
    from speechrnn.cli import prediction_run as run
    from speechrnn.cli.answers import settle
    from speechrnn.cli.inputs import Inputs

    outfile = None
    if out is not None:
        from speechrnn.cli import prediction_files as files

        place = files.Place(out, inputs, resume=resume, force=force, top=top)
        outfile = files.choose_place(place, folders=engine is Engine.ray)
    recognizer = run.load_recognizer(model, threshold, keras=runtime is Runtime.keras)
    # Keras is already parallel inside
    jobs = 1 if runtime is Runtime.keras else jobs
    worker = run.find_cluster(recognizer, address, jobs) if engine is Engine.ray else run.Local(recognizer, jobs)
    if outfile is None:
        done = run.show_answers(worker, Inputs(inputs), "json" if as_json else "csv" if as_csv else "text", top)
    else:
        done = files.write_answers(worker, Inputs(inputs), outfile, force=force)
    settle(done)
