"""The whole configuration: YAML in, YAML out, every bound checked.

`configs/default.yaml` is the one place where a default value stands; it holds every key with a comment. Other
presets and the user's own files list what differs and are laid over it. `speechrnn.settings` says what is allowed.

YAML is imported where it is read: `predict` needs a fraction of a bundle's configuration (`Bundle.audio`), and no YAML.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from speechrnn.augmentation_settings import AugmentationConfig
from speechrnn.errors import ConfigError
from speechrnn.presets import find_preset, preset_names, preset_path
from speechrnn.settings import (
    AudioConfig,
    ConvConfig,
    DataConfig,
    FeatureConfig,
    NetworkConfig,
    RecurrentConfig,
    TrainingConfig,
    TrimConfig,
)
from speechrnn.string_settings import StringsConfig

__all__ = [
    "AudioConfig",
    "AugmentationConfig",
    "Config",
    "ConvConfig",
    "DataConfig",
    "FeatureConfig",
    "NetworkConfig",
    "RecurrentConfig",
    "StringsConfig",
    "TrainingConfig",
    "TrimConfig",
    "parse_overrides",
    "preset_names",
    "preset_path",
]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a bundle becomes, beside the recordings.

    Examples
    --------
    >>> config = Config.load("tutorial", {"training.epochs": 3})
    >>> config.network.recurrent.units, config.training.epochs
    (50, 3)
    """

    audio: AudioConfig
    trim: TrimConfig
    features: FeatureConfig
    network: NetworkConfig
    training: TrainingConfig
    # what bundles of earlier releases lack: they trained on the clips of one folder, as they are
    augmentation: AugmentationConfig | None = None
    data: DataConfig = DataConfig()
    strings: StringsConfig | None = None

    def __post_init__(self) -> None:
        """Refuse filters above half of the sample rate, half of what strings need, and a choice that nothing makes."""
        nyquist = self.audio.sample_rate / 2
        if self.features.fmax > nyquist:
            raise ValueError(
                f"features.fmax is {self.features.fmax:g}, allowed is at most {nyquist:g}, half of audio.sample_rate"
            )
        if (self.network.pooling == "none") != (self.strings is not None):
            raise ValueError("strings and network.pooling: none are allowed together only. Take the preset strings")
        if self.strings:
            self.strings.check_fits(self.network, self.training, augmented=self.augmentation is not None)

    @classmethod
    def load(cls, name_or_path: str | Path = "default", overrides: Mapping[str, Any] | None = None) -> Self:
        """Read a preset or a YAML file laid over the default preset.

        Parameters
        ----------
        name_or_path : str or Path
            The name of a preset (see `preset_names`) or the path of a YAML file.
        overrides : mapping of str to object, optional
            Dotted key paths and their values, such as ``{"training.epochs": 3}``; they win over the file.

        Returns
        -------
        Config
            Complete and checked.

        Raises
        ------
        ConfigError
            No such preset or file, not YAML, an unknown key, a wrong type or a value out of range.
        """
        from speechrnn.conversion import convert

        path = find_preset(name_or_path)
        tree = _merge(_read(preset_path("default")), _read(path))
        for key, value in (overrides or {}).items():
            tree = _merge(tree, _nest(key, value))
        return convert(tree, cls, where=path.name)

    def override(self, overrides: Mapping[str, Any], where: str = "--set") -> Self:
        """Lay single settings over this configuration.

        Parameters
        ----------
        overrides : mapping of str to object
            Dotted key paths and their values.
        where : str
            What an error message calls them.

        Returns
        -------
        Config
            Complete and checked.

        Raises
        ------
        ConfigError
            An unknown key, a wrong type or a value out of range.

        Examples
        --------
        >>> Config.load("tutorial").override({"training.epochs": 3}).training.epochs
        3
        """
        from speechrnn.conversion import convert

        tree = msgspec.to_builtins(self)
        for key, value in overrides.items():
            tree = _merge(tree, _nest(key, value))
        return convert(tree, type(self), where=where)

    @classmethod
    def parse(cls, text: str, where: str = "config") -> Self:
        """Read a complete configuration; unlike `load`, nothing is filled in.

        Parameters
        ----------
        text : str
            YAML with every key.
        where : str
            What an error message calls the text.

        Returns
        -------
        Config
            Equal to the one that `dump` wrote.

        Raises
        ------
        ConfigError
            Not YAML, or a key is missing, unknown or wrong. What no bundle of an earlier release has may be missing: it
            means what these did (`speechrnn.settings`).

        Examples
        --------
        >>> config = Config.load("default")
        >>> Config.parse(config.dump()) == config
        True
        """
        from speechrnn.conversion import convert
        from speechrnn.yaml import YAMLError, load_yaml

        try:
            return convert(load_yaml(text), cls, where=where)
        except YAMLError as error:
            raise ConfigError(f"{where}: {error}") from error

    def dump(self) -> str:
        """Write every key as YAML that `parse` reads back equal.

        Returns
        -------
        str
            The YAML text.
        """
        from speechrnn.yaml import dump_yaml

        return dump_yaml(msgspec.to_builtins(self))


def parse_overrides(settings: Iterable[str]) -> dict[str, Any]:
    """Read ``key.path=value`` settings, the value as YAML.

    Parameters
    ----------
    settings : iterable of str
        Such as ``training.epochs=3``.

    Returns
    -------
    dict
        Key path to value, for `Config.load`.

    Raises
    ------
    ConfigError
        A setting without ``=`` or with a value that is not YAML.

    Examples
    --------
    >>> parse_overrides(["training.epochs=3", "network.recurrent=null"])
    {'training.epochs': 3, 'network.recurrent': None}
    """
    from speechrnn.yaml import YAMLError, load_yaml

    overrides: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {setting}: needed key.path=value, such as training.epochs=3")
        try:
            overrides[key.strip()] = load_yaml(value)
        except YAMLError as error:
            raise ConfigError(f"--set {setting}: {error}") from error
    return overrides


def _read(path: Path) -> dict[str, Any]:
    from speechrnn.yaml import YAMLError, load_yaml_file

    try:
        tree = load_yaml_file(path)
    except YAMLError as error:
        raise ConfigError(f"{path}: {error}") from error
    if tree is None:  # a file of comments alone changes nothing
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(
            f"{path}: found a {type(tree).__name__}, needed a mapping of keys such as training: and network:"
        )
    return tree


def _merge(base: Any, over: Any) -> Any:
    """Lay one tree over another: mappings key by key, everything else replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: _merge(base.get(key), value) for key, value in over.items()}}


def _nest(key: str, value: Any) -> Any:
    for part in reversed(key.split(".")):
        value = {part: value}
    return value
