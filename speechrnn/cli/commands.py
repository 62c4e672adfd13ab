"""What stands before every command; the commands themselves are named in `speechrnn.cli.group`."""

from typing import Annotated

import typer

from speechrnn import __version__
from speechrnn.cli.group import CommandGroup

app = typer.Typer(
    cls=CommandGroup,
    help="Recognise spoken digits offline: train on recordings in minutes, predict in milliseconds.",
    epilog="Exit status: 0 done, 1 an error or some inputs failed, 2 wrong usage, 130 stopped with Ctrl-C.",
    no_args_is_help=True,
    # help drawn by rich would double the time to start
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"speechrnn {__version__}")
        raise typer.Exit


@app.callback()
def _speechrnn(
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the code an error came from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before the command; `CommandGroup` reads `debug`."""
