"""What ``bench`` does and says; imported when it runs."""

import dataclasses
import json
import tempfile
from pathlib import Path

import typer

from speechrnn import __version__
from speechrnn.benchmark import Row, Setting, Skipped, Step, describe_machine, measure, prepare
from speechrnn.storage import check_place, write_text
from speechrnn.yardsticks import STEPS


def measure_speed(clips: Path | None, model: str | None, json_file: Path | None) -> bool:
    """Measure, print each figure as it comes, and write them.

    Parameters
    ----------
    clips : Path, optional
        Recordings with labels.
    model : str, optional
        A bundle's folder or name.
    json_file : Path, optional
        Where the figures go.

    Returns
    -------
    bool
        Whether all limits hold; aims do not count.
    """
    if json_file is not None:
        check_place(json_file)  # minutes of measuring are not for nothing
    with tempfile.TemporaryDirectory() as scratch:
        setting = prepare(clips, model, Path(scratch))
        rows = measure(setting, _steps(), lambda row: typer.echo(describe_row(row)))
    machine = describe_machine()
    typer.echo(machine)
    if json_file is not None:
        measured = [dataclasses.asdict(row) for row in rows if isinstance(row, Row)]
        skipped = [dataclasses.asdict(row) for row in rows if isinstance(row, Skipped)]
        facts = {"machine": machine, "speechrnn": __version__, "rows": measured, "skipped": skipped}
        write_text(json_file, json.dumps(facts, indent=1) + "\n")
    return all(row.holds is not False for row in rows if isinstance(row, Row))


def describe_row(row: Row | Skipped) -> str:
    """Write a figure in a line.

    Parameters
    ----------
    row : Row or Skipped
        Measured, or not.

    Returns
    -------
    str
        Without a newline at the end.

    Examples
    --------
    >>> describe_row(Row("warm clip", 0.5, 10.0, "ms", 20.0, "at least 15 times faster", True))
    'warm clip: 0.5 ms against 10 ms, ratio 20.00; at least 15 times faster: holds'
    """
    if isinstance(row, Skipped):
        return f"{row.measure}: skipped: {row.reason}"
    verdict = {True: "holds", False: "DOES NOT HOLD", None: "told only"}[row.holds]
    note = f" ({row.note})" if row.note else ""
    return (
        f"{row.measure}: {row.ours:.3g} {row.unit} against {row.yardstick:.3g} {row.unit}, "
        f"ratio {row.ratio:.2f}; {row.limit}: {verdict}{note}"
    )


def _steps() -> tuple[Step, ...]:
    """Those of the base install, then those of the heavy room, which is not imported before its turn."""

    def chain(setting: Setting) -> list[Row]:
        from speechrnn.training.yardsticks import warm_chain

        return warm_chain(setting)

    def word(setting: Setting) -> list[Row]:
        from speechrnn.training.yardsticks import one_word

        return one_word(setting)

    heavy = ("warm clip, against librosa and Keras", chain), ("one word, against librosa.feature.mfcc", word)
    return (*STEPS, *heavy)
