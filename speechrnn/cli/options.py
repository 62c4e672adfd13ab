"""What can be typed, declared once for all commands."""

from pathlib import Path
from typing import Annotated, Any

import typer


def check_finite(value: float | None) -> float | None:
    """Refuse `nan`, which passes every bound.

    Parameters
    ----------
    value : float or None
        As typed.

    Returns
    -------
    float or None
        The same.

    Raises
    ------
    typer.BadParameter
        It is not a number.
    """
    if value is not None and value != value:  # noqa: PLR0124 -- only nan differs from itself, and math is one import more
        raise typer.BadParameter("nan is not in the range 0 to 1.")
    return value


def read_overrides(settings: list[str], seed: int | None) -> dict[str, Any]:
    """Combine ``--set`` and ``--seed``.

    Parameters
    ----------
    settings : list of str
        Such as ``training.epochs=3``.
    seed : int or None
        Wins over ``--set training.seed``.

    Returns
    -------
    dict
        Key path to value.

    Raises
    ------
    ConfigError
        A setting is not of the form key.path=value.
    """
    from speechrnn.config import parse_overrides

    return parse_overrides(settings) | ({} if seed is None else {"training.seed": seed})


Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        show_default=False,
        readable=False,  # the library says it, in one sentence for every command
        help="Recordings: a folder of {label}_{speaker}_{index}.wav, a folder with one folder for each label, or a CSV "
        "with the columns path,label[,speaker].",
    ),
]
# as typed: a path would lose what tells ./digits, a folder, from digits, a name
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="BUNDLE",
        help="A model: its folder or name. Without it a shipped one: `digits`, or `strings` for numbers.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="D",
        help="Microphone: its number, or a part of its name; `speechrnn listen --list-devices` shows them.",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="speaker|clip|official|none|CSV",
        help="What is kept for validation and test: whole speakers, single clips, FSDD's own choice, none at all "
        "(every clip trains, there is no score), or what a CSV with the columns path,split says. [default: a column "
        "split of DATA; else speakers, where those of all clips are known and there are two or more; else clips. For "
        "strings, and with --from where a label has fewer than 10 clips: none]",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change one setting, such as training.epochs=3; repeatable."),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        max=2**32 - 1,
        metavar="N",
        help="Decides all that is random; short for --set training.seed=N. Without it the configuration's.",
    ),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, metavar="N", help="Threads. [default: as many as there are cores]")
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        metavar="P",
        callback=check_finite,
        help="Answer only where the digit, and that it is one at all, both have at least this probability, else `no "
        "digit`; with 0 answer everything. Without it the model's own, which is asked of the second alone.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def quote(path: Path) -> str:
    """Write a path as a shell reads it.

    Parameters
    ----------
    path : Path
        Any.

    Returns
    -------
    str
        To be pasted into a command.

    Examples
    --------
    >>> quote(Path("my digits"))
    "'my digits'"
    """
    import shlex

    return shlex.quote(str(path))
