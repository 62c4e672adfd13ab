"""The configurations that come with the package."""

from pathlib import Path

from speechrnn.errors import ConfigError


def preset_path(name: str) -> Path:
    """Find the file of a preset.

    Parameters
    ----------
    name : str
        Such as ``tutorial``.

    Returns
    -------
    Path
        The file, which need not exist.
    """
    package = Path(__file__).parent
    # the wheel carries configs/ inside the package; a checkout has it beside the package
    folder = package / "configs" if (package / "configs").is_dir() else package.parent / "configs"
    return folder / f"{name}.yaml"


def preset_names() -> tuple[str, ...]:
    """List the presets.

    Returns
    -------
    tuple of str
        Sorted names.

    Examples
    --------
    >>> "tutorial" in preset_names()
    True
    """
    return tuple(sorted(path.stem for path in preset_path("default").parent.glob("*.yaml")))


def find_preset(name_or_path: str | Path) -> Path:
    """Find the file of a preset, or the user's own.

    Parameters
    ----------
    name_or_path : str or Path
        The name of a preset or the path of a file.

    Returns
    -------
    Path
        A file.

    Raises
    ------
    ConfigError
        There is neither.
    """
    name = str(name_or_path)
    if name in preset_names():
        return preset_path(name)
    if Path(name).is_file():
        return Path(name)
    raise ConfigError(
        f"{name}: no such preset and no such file. Presets: {', '.join(preset_names())}; "
        "or give the path of a YAML file."
    )
