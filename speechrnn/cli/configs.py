"""``speechrnn configs``: the presets, and what a configuration may hold."""

import itertools
from typing import Annotated

import typer


def configs(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", show_default=False, help="Show this preset; without it all are listed."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of a complete configuration.")
    ] = False,
) -> None:
    """List the presets, or show one as YAML.

    A preset, like a file of yours, lists what differs from `default`, which holds every key with a comment:
    `speechrnn configs tutorial > mine.yaml`, change it, `speechrnn train --config mine.yaml`.
    """
    if name is not None and schema:
        raise typer.BadParameter("--schema is the same for every preset. Leave out the name.")
    from speechrnn.config import Config, preset_names, preset_path
    from speechrnn.errors import ConfigError

    if schema:
        from speechrnn.schemas import make_schema

        typer.echo(make_schema(Config).decode(), nl=False)
    elif name is None:
        width = max(map(len, preset_names()))
        for preset in preset_names():
            typer.echo(f"{preset:<{width}}  {_first_sentence(preset_path(preset).read_text(encoding='utf-8'))}")
    elif name in preset_names():
        typer.echo(preset_path(name).read_text(encoding="utf-8"), nl=False)
    else:
        raise ConfigError(f"{name}: no such preset. There are: {', '.join(preset_names())}.")


def _first_sentence(text: str) -> str:
    """Of the comment that a file begins with, which goes on over lines."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return " ".join(line.removeprefix("#").strip() for line in lines).partition(". ")[0].removesuffix(".") + "."
