"""``speechrnn calibrate``: a model's sureness and threshold set again on the user's own recordings."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def calibrate(
    bundle: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE",
            show_default=False,
            help="A model's folder or name, of single words; changed in place, so a shipped one needs --out.",
        ),
    ],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="Recordings that did not train it, as for train; folders `unknown` (other words) and "
            "`_background_noise_` hold what is to be refused.",
        ),
    ],
    *,
    reject_at: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            callback=options.check_finite,
            help="Largest share of other words, and of noises, that may be taken for a label.",
        ),
    ] = 0.05,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the new model there and leave BUNDLE as it is.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Make a model as sure as it is right (extra train).

    Hears your recordings, and sets the temperature of its probabilities, the weights of `known`, and the threshold
    below which it answers "none"; what it hears in a recording stays the same. Prints how sure and how strict it was
    before and is after.
    """
    from speechrnn.extras import check_installed

    check_installed("keras", extra="train", purpose="calibrating")
    from speechrnn.cli.calibration import choose_place, print_recalibrated, run_calibration

    place = choose_place(bundle, out, data, force=force)
    print_recalibrated(run_calibration(place, data, reject_at), reject_at)
