"""Where things live when nobody says: trained models and cached audio in the user's folders.

``SPEECHRNN_HOME`` moves both; without it the XDG folders are used.
"""

import os
from pathlib import Path

from speechrnn.errors import HomeError


def data_home() -> Path:
    """Give the folder for models and corpora.

    Returns
    -------
    Path
        ``$SPEECHRNN_HOME``, or ``$XDG_DATA_HOME/speechrnn``, or ``~/.local/share/speechrnn``; it may not exist yet.

    Raises
    ------
    HomeError
        None of them is set, and the user has no home.
    """
    if own := os.environ.get("SPEECHRNN_HOME"):
        return Path(own)
    return Path(os.environ.get("XDG_DATA_HOME") or _home() / ".local" / "share") / "speechrnn"


def cache_home() -> Path:
    """Give the folder for what can be made again.

    Returns
    -------
    Path
        ``$SPEECHRNN_HOME/cache``, or ``$XDG_CACHE_HOME/speechrnn``, or ``~/.cache/speechrnn``; it may not exist yet.

    Raises
    ------
    HomeError
        None of them is set, and the user has no home.
    """
    if own := os.environ.get("SPEECHRNN_HOME"):
        return Path(own) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache") / "speechrnn"


def model_home() -> Path:
    """Give the folder for models that the user gave no place.

    Returns
    -------
    Path
        ``models`` in `data_home`; it may not exist yet.

    Raises
    ------
    HomeError
        As `data_home`.
    """
    return data_home() / "models"


def is_in_model_home(path: Path) -> bool:
    """Tell whether a model lies in the default place.

    Parameters
    ----------
    path : Path
        A bundle.

    Returns
    -------
    bool
        True where its name is enough to find it; False for all models of a user without a home.
    """
    return path.parent == models_of_user()


def models_of_user() -> Path | None:
    """Give `model_home` to who looks for a model: what ships needs no home.

    Returns
    -------
    Path or None
        None for a user without a home.
    """
    try:
        return model_home()
    except HomeError:
        return None


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:  # a container may run as a user whom its system does not know
        raise HomeError(
            f"this user has no home folder ({error}), needed one for models and what is cached. Name a folder that "
            "may be written to: SPEECHRNN_HOME=/some/folder"
        ) from error
