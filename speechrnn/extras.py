"""Optional packages, imported at the moment of use with one sentence that names the extra when absent."""

import importlib
from typing import Any

from speechrnn.errors import MissingExtraError


def require(module: str, extra: str) -> Any:
    """Import an optional module.

    Parameters
    ----------
    module : str
        Dotted name, such as ``matplotlib.pyplot``.
    extra : str
        The extra of speechrnn that installs it.

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
        raise MissingExtraError(package, extra) from error
