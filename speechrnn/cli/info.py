"""``speechrnn info``: what is in a model, after every file of it was verified."""

from typing import Annotated

import typer

from speechrnn.cli import options


def info(
    bundle: Annotated[
        str | None,
        typer.Argument(metavar="BUNDLE", show_default=False, help="A model's folder or name; without it as predict."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Verify a model and say what is in it.

    Its labels, network and features, what trained it and how, its files; each file is compared with its SHA-256.
    """
    from speechrnn.bundle import read_bundle
    from speechrnn.cli.description import describe_bundle, dump_bundle
    from speechrnn.places import find_model

    found = read_bundle(find_model(bundle))
    found.verify()
    typer.echo(dump_bundle(found) if as_json else describe_bundle(found))
