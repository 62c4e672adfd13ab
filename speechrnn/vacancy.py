"""Whether a folder may be made where it shall go: ``--force`` replaces what such a command made, and nothing else."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speechrnn.bundle import LABELS
from speechrnn.errors import BundleError, SpeechRNNError, TrainingError
from speechrnn.metadata import METADATA
from speechrnn.text import printable


@dataclass(frozen=True, slots=True)
class Kind:
    """What a command makes a folder of, and so may replace.

    Attributes
    ----------
    content : str
        What goes into the folder.
    one, many : str
        What a folder of the kind is called.
    is_one : callable
        Tells whether a folder is of the kind.
    error : type
        What is raised of it.
    """

    content: str
    one: str
    many: str
    is_one: Callable[[Path], bool]
    error: type[SpeechRNNError] = BundleError


def has_files(*names: str) -> Callable[[Path], bool]:
    """Tell a kind by files that no other folder has.

    Parameters
    ----------
    *names : str
        All of them must be there.

    Returns
    -------
    callable
        For `Kind.is_one`.
    """
    return lambda folder: all((folder / name).is_file() for name in names)


BUNDLES = Kind("model", "bundle", "bundles", has_files(METADATA, LABELS))


def check_free(path: Path, kind: Kind, *, force: bool) -> None:
    """Refuse a folder that cannot be made, is there already, or holds what nobody meant to give up.

    Parameters
    ----------
    path : Path
        The folder to be.
    kind : Kind
        What it will be.
    force : bool
        Whether an empty one, or one of the same kind, may be replaced.

    Raises
    ------
    SpeechRNNError
        It has no name of its own (``.``, ``..``, ``/``), is there, or must not be replaced; as the kind says.
    """
    if path.name in ("", ".."):
        raise kind.error(
            f"{printable(path)}: needed a folder of its own for the {kind.content}. Give it a name, such as --out "
            f"my-{kind.content}."
        )
    if not os.path.lexists(path):  # a link that leads nowhere is in the way, too
        return
    if not force:
        raise kind.error(
            f"{printable(path)}: exists already. Choose another folder with --out, or replace it with --force."
        )
    if path.is_dir() and Path.cwd().is_relative_to(path.resolve()):
        raise kind.error(f"{printable(path)}: you are working in it. Choose another folder with --out.")
    if not path.is_dir() or (any(path.iterdir()) and not kind.is_one(path)):
        raise kind.error(
            f"{printable(path)}: holds something that is no {kind.one}; --force replaces {kind.many} only. Choose "
            "another folder."
        )


def check_apart(path: Path, kept: Path, what: str) -> None:
    """Refuse a folder that would take something else with it when it is replaced.

    Parameters
    ----------
    path : Path
        The folder.
    kept : Path
        What must stay, whatever is forced.
    what : str
        Its name in the message, such as ``the recordings lie``.

    Raises
    ------
    BundleError
        It is the same folder, or lies in it.
    """
    if kept.resolve().is_relative_to(path.resolve()):
        raise BundleError(f"{printable(path)}: {what} in it. Choose another folder with --out.")


def check_begun(out: Path, plan: str) -> None:
    """Refuse a folder in which something else would be replaced.

    Parameters
    ----------
    out : Path
        Where a cross-validation is to be; folds may lie there already.
    plan : str
        The file that tells one that was begun.

    Raises
    ------
    TrainingError
        It holds other files, and no plan.
    """
    # hidden files are the system's, or what a killed run left of its temporary ones
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")} if out.is_dir() else set[str]()
    others = sorted(names - {"folds"})
    if others and plan not in others:
        raise TrainingError(
            f"{printable(out)}: holds {printable(others[0])} and no cross-validation. Choose another folder with --out."
        )
