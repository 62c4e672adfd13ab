"""``speechrnn bench``: how fast this machine is with it, beside what it is compared with."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options
from speechrnn.cli.group import FAILED


def bench(
    clips: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", show_default=False, help="Recordings with labels; made sounds without it."),
    ] = None,
    *,
    model: options.Model = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the figures there.")] = None,
) -> None:
    """Measure speed on this machine.

    Each figure is a median beside its yardstick, whose runs take turns with ours, and the limit that it is held
    against. An aim is told and decides nothing. Most yardsticks need the extra train; what needs a package that is not
    installed is skipped, and said so. The exit status is 1 where a limit does not hold. It takes some minutes; let the
    machine do nothing else.
    """
    import os

    # before numpy is there: what is compared on one thread shall have one
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from speechrnn.cli.benching import measure_speed

    if not measure_speed(clips, model, json_file):
        raise typer.Exit(FAILED)
