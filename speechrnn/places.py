"""Where models are: those that ship, and those that the user trained without giving a place."""

import glob
import os
from pathlib import Path

from speechrnn.errors import BundleError
from speechrnn.homes import is_in_model_home, model_home, models_of_user
from speechrnn.storage import write_text
from speechrnn.text import printable

SHIPPED = "digits"
# beside the folder of a model to be: what its training needs to go on
UNFINISHED = ".unfinished"
# what makes a folder a bundle; `speechrnn.bundle`, which has the name too, stands above this module
_METADATA = "metadata.json"
# models listed where the one that was named is not there
MAX_NAMED = 8
_PRETRAINED = Path(__file__).parent / "pretrained"


def new_model_path(name: str) -> Path:
    """Choose a folder for a model that the user gave no place: the first free number.

    Parameters
    ----------
    name : str
        The preset's name.

    Returns
    -------
    Path
        Such as ``models/digits-3`` in `data_home`; nothing that was trained before is in the way.
    """
    folder = model_home()
    taken = {path.name.removesuffix(UNFINISHED) for path in folder.glob(f"{glob.escape(name)}-*")}
    number = next(n for n in range(1, len(taken) + 2) if f"{name}-{n}" not in taken)
    return folder / f"{name}-{number}"


def begun_model_path(name: str) -> Path | None:
    """Find the training that was begun last in the default place and not finished.

    Parameters
    ----------
    name : str
        As for `new_model_path`.

    Returns
    -------
    Path or None
        The folder that its model will have.
    """
    folders = model_home().glob(f"{glob.escape(name)}-*{UNFINISHED}")
    # `rnn` is not `rnn-relu`
    begun = [one for one in folders if one.name.removeprefix(f"{name}-").removesuffix(UNFINISHED).isdigit()]
    newest = max(begun, key=lambda folder: folder.stat().st_mtime, default=None)
    return newest.with_name(newest.name.removesuffix(UNFINISHED)) if newest else None


def choose_model_path(config: object, *, resume: bool) -> Path:
    """Choose the folder of a training that the user gave no place.

    Parameters
    ----------
    config : object
        What names the configuration, a preset or a file; anything else, such as a configuration, has no name.
    resume : bool
        Whether an unfinished training is gone on with.

    Returns
    -------
    Path
        That of the one that was begun last, where there is one to go on with; else a new one.
    """
    name = Path(config).stem if isinstance(config, str | Path) else SHIPPED
    return (begun_model_path(name) if resume else None) or new_model_path(name)


def is_shipped(path: Path) -> bool:
    """Tell whether a model came with the package.

    Parameters
    ----------
    path : Path
        A bundle.

    Returns
    -------
    bool
        True where an update of the package would replace it.
    """
    return path.resolve().is_relative_to(_PRETRAINED.resolve())


def remember_model(path: Path) -> None:
    """Make a model the one that is used when none is named, if it lies in the default place.

    Parameters
    ----------
    path : Path
        A bundle; of one elsewhere nothing is written.
    """
    if is_in_model_home(path):
        write_text(path.parent / "latest", path.name + "\n")


def find_shipped(name: str) -> Path:
    """Find a model that ships, whatever lies in the working folder.

    Parameters
    ----------
    name : str
        Such as ``digits``.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    BundleError
        No model of that name ships with this version.
    """
    if not name.isidentifier() or not (_PRETRAINED / name).is_dir():
        raise BundleError(f"{name}: no such model ships with this version. Update: pip install --upgrade speechrnn")
    return _PRETRAINED / name


def find_model(model: str | Path | None = None) -> Path:
    """Find a bundle by path or name.

    Parameters
    ----------
    model : str or Path, optional
        A bundle's folder, or a name: a shipped model, or one in the default place. A folder whose name is all that
        was given (``digits``, not ``./digits``) counts if it is a bundle. Without it: the shipped model, or until there
        is one, the last that was trained to the default place.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    BundleError
        There is no such model, and the message names those there are; or the name is empty.
    """
    name = SHIPPED if model is None else str(model)
    if not name:
        raise BundleError("the name of a model is empty, needed a folder or a name. Is a variable not set?")
    here = Path(name)
    if model is not None and (here / _METADATA).is_file():
        return here
    if here.is_dir() and _is_path(name):
        raise BundleError(_no_model(name))
    homes = [] if _is_path(name) else [_PRETRAINED, models_of_user()]
    if found := next((home / name for home in homes if home and (home / name).is_dir()), None):
        return found
    if model is not None and here.is_file():
        folder = f"its folder, {printable(here.parent)}" if (here.parent / _METADATA).is_file() else "a folder"
        raise BundleError(f"{printable(name)}: is a file, needed the folder of a model. Give {folder}.")
    if name == SHIPPED and (latest := _latest()):
        return latest
    if model is None or name == SHIPPED:
        raise BundleError(
            "no model yet: none is shipped with this version and none was trained. "
            'Train one in minutes: pip install "speechrnn[train,synth]" && speechrnn train'
        )
    if here.is_dir():
        raise BundleError(_no_model(name))
    raise BundleError(
        f"{printable(name)}: no such bundle{_name_models(name)}. Needed a folder that `speechrnn train --out` "
        "wrote, or the name of a model."
    )


def _no_model(name: str) -> str:
    return (
        f"{printable(name)}: is no model: it holds no {_METADATA}. Needed a folder that `speechrnn train --out` "
        "wrote, or the name of a model."
    )


def _name_models(name: str) -> str:
    """List the models that have a name, nearest first."""
    import difflib  # only who made a mistake waits for it

    folders = (file.parent for home in (_PRETRAINED, models_of_user()) if home for file in home.glob(f"*/{_METADATA}"))
    names = sorted({folder.name for folder in folders if not folder.name.endswith(UNFINISHED)})
    if _is_path(name) or not names:
        return ""
    names.sort(key=lambda other: difflib.SequenceMatcher(None, name, other).ratio(), reverse=True)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"; models are {', '.join(names[:MAX_NAMED])}{more}"


def _is_path(name: str) -> bool:
    return name in (".", "..") or os.sep in name or bool(os.altsep and os.altsep in name)


def _latest() -> Path | None:
    models = models_of_user()
    pointer = models / "latest" if models else None
    if pointer is None or not pointer.is_file():
        return None
    name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    path = pointer.parent / name
    return path if path.is_dir() and path.parent == pointer.parent and name != ".." else None
