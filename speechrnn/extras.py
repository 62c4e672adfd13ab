"""Optional packages, imported at the moment of use with one sentence that names the extra when absent."""

import importlib
import importlib.util
from typing import Any

from speechrnn.errors import MissingExtraError


def require(module: str, extra: str, purpose: str = "this") -> Any:
    """Import an optional module.

    Parameters
    ----------
    module : str
        Dotted name, such as ``matplotlib.pyplot``.
    extra : str
        The extra of speechrnn that installs it.
    purpose : str
        What needs it, for the sentence where it is absent.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingExtraError
        The package is not installed.

    Examples
    --------
    >>> require("json", extra="train").dumps([1])
    '[1]'
    >>> require("no_such_package.at_all", extra="train")
    Traceback (most recent call last):
    speechrnn.errors.MissingExtraError: this needs no_such_package, which is not installed. Install it with: ...
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        # a package that is there but lacks something of its own is a broken install, not a missing extra
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtraError(package, extra, purpose) from error


def check_installed(module: str, extra: str, purpose: str = "this") -> None:
    """Find out whether an optional package is there, without the seconds that importing it may take.

    Parameters
    ----------
    module : str
        Name of a package, such as ``keras``.
    extra : str
        The extra of speechrnn that installs it.
    purpose : str
        What needs it, for the sentence where it is absent.

    Raises
    ------
    MissingExtraError
        The package is not installed.

    Examples
    --------
    >>> check_installed("json", extra="train")
    >>> check_installed("no_such_package", extra="train", purpose="training")
    Traceback (most recent call last):
    speechrnn.errors.MissingExtraError: training needs no_such_package, which is not installed. Install it with: ...
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(module, extra, purpose)
