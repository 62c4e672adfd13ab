"""The command line: one file for each command, whose body parses, calls one function and prints.

Results go to stdout, everything else to stderr. At module level nothing but typer and light parts of the standard
library is imported, so that ``speechrnn --help`` costs what typer costs; commands import what they need when they run.
"""

import atexit
import gc
import io
import os
import signal
import sys


def main() -> None:
    """Run the command line; the entry point ``speechrnn``."""
    # the process ends without looking through all that it imported for cycles: a tenth of a cold `predict`
    atexit.register(gc.freeze)
    # closed by the caller (>&-): there is nowhere to print to, which is no reason to fail
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 -- lives as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 -- likewise
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a file name is printed as it is on the disk, whatever the language of the terminal
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        from speechrnn.cli.commands import app

        app(prog_name="speechrnn")
    except KeyboardInterrupt:  # before `CommandGroup` could say so
        sys.exit(128 + signal.SIGINT)
    except OSError as error:  # of help and version, which are printed before `CommandGroup` runs anything
        from speechrnn.cli.group import FAILED, drop_output, explain

        drop_output()
        sys.stderr.writelines(f"{line}\n" for line in explain(error))
        sys.exit(FAILED)
