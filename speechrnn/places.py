"""Where things live when nobody says: trained models and cached audio in the user's folders.

``SPEECHRNN_HOME`` moves both; without it the XDG folders are used.
"""

import os
from pathlib import Path

from speechrnn.errors import BundleError
from speechrnn.storage import write_text

SHIPPED = "digits"
_PRETRAINED = Path(__file__).parent / "pretrained"


def data_home() -> Path:
    """Give the folder for models and corpora.

    Returns
    -------
    Path
        ``$SPEECHRNN_HOME``, or ``$XDG_DATA_HOME/speechrnn``, or ``~/.local/share/speechrnn``; it may not exist yet.
    """
    if own := os.environ.get("SPEECHRNN_HOME"):
        return Path(own)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "speechrnn"


def cache_home() -> Path:
    """Give the folder for what can be made again.

    Returns
    -------
    Path
        ``$SPEECHRNN_HOME/cache``, or ``$XDG_CACHE_HOME/speechrnn``, or ``~/.cache/speechrnn``; it may not exist yet.
    """
    if own := os.environ.get("SPEECHRNN_HOME"):
        return Path(own) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "speechrnn"


def new_model_path(name: str) -> Path:
    """Choose a folder for a model that the user gave no place: the first free number.

    Parameters
    ----------
    name : str
        The preset's name.

    Returns
    -------
    Path
        Such as ``models/default-3`` in `data_home`; nothing that was trained before is in the way.
    """
    folder = data_home() / "models"
    taken = {path.name for path in folder.glob(f"{name}-*")} | {
        path.name.removesuffix(".unfinished") for path in folder.glob(f"{name}-*")
    }
    number = next(n for n in range(1, len(taken) + 2) if f"{name}-{n}" not in taken)
    return folder / f"{name}-{number}"


def remember_model(path: Path) -> None:
    """Make a model in the default place the one that is used when none is named.

    Parameters
    ----------
    path : Path
        A bundle in ``models/``.
    """
    write_text(path.parent / "latest", path.name + "\n")


def find_model(model: str | Path | None = None) -> Path:
    """Find a bundle by path or name.

    Parameters
    ----------
    model : str or Path, optional
        A bundle's folder, or a name: a shipped model, or one in the default place. Without it: the shipped model, or
        until there is one, the last that was trained to the default place.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    BundleError
        There is no such model.
    """
    name = str(model or SHIPPED)
    places = [Path(name), _PRETRAINED / name, data_home() / "models" / name]
    if found := next((place for place in places[0 if model else 1 :] if place.is_dir()), None):
        return found
    if name == SHIPPED and (latest := _latest()):
        return latest
    if model is None or name == SHIPPED:
        raise BundleError(
            "no model yet: none is shipped with this version and none was trained. "
            'Train one in minutes: pip install "speechrnn[train,synth]" && speechrnn train'
        )
    raise BundleError(f"{name}: no such bundle. Needed a folder that `speechrnn train --out` wrote, or a model's name.")


def _latest() -> Path | None:
    pointer = data_home() / "models" / "latest"
    if not pointer.is_file():
        return None
    name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    path = pointer.parent / name
    return path if path.is_dir() and path.parent == pointer.parent and name != ".." else None
