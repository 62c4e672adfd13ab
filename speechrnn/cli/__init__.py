"""The command line: one file for each command, whose body parses, calls one function and prints.

Results go to stdout, everything else to stderr. At module level nothing but typer and light parts of the standard
library is imported, so that ``speechrnn --help`` costs what typer costs; commands import what they need when they run.
"""

from speechrnn.cli.commands import app


def main() -> None:
    """Run the command line; the entry point ``speechrnn``."""
    app(prog_name="speechrnn")


__all__ = ["app", "main"]
