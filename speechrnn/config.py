"""The whole configuration as frozen structs: YAML in, YAML out, every bound checked.

`configs/default.yaml` is the one place where a default value stands; it holds every key with a comment. Other
presets and the user's own files list what differs and are laid over it. The structs below say what is allowed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec
from msgspec import Meta, Struct

from speechrnn.errors import ConfigError
from speechrnn.yaml import YAMLError, dump_yaml, load_yaml, load_yaml_file

Positive = Annotated[int, Meta(ge=1, le=4096)]
T = TypeVar("T")


class AudioConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a recording is read and what is refused; keys are explained in `configs/default.yaml`."""

    sample_rate: Annotated[int, Meta(ge=4000, le=48000)]
    min_peak_db: Annotated[float, Meta(ge=-120.0, le=0.0)]
    min_duration: Annotated[float, Meta(gt=0.0, le=1.0)]
    max_duration: Annotated[float, Meta(gt=1.0, le=600.0)]


class TrimConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `librosa.effects.trim`."""

    top_db: Annotated[float, Meta(gt=0.0, le=120.0)]
    frame_length: Annotated[int, Meta(ge=2, le=8192)]
    hop_length: Positive

    def __post_init__(self) -> None:
        """Refuse gaps between frames: a sound at the very end could fall between the last two and nothing be left."""
        if self.frame_length % 2:
            raise ValueError(f"frame_length is {self.frame_length}, allowed are even numbers")
        if self.hop_length > self.frame_length // 2:
            raise ValueError(f"hop_length is {self.hop_length}, allowed is at most half of frame_length")


class FeatureConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `librosa.feature.mfcc`, and what normalises its coefficients."""

    n_mfcc: Annotated[int, Meta(ge=1, le=128)]
    n_mels: Annotated[int, Meta(ge=1, le=256)]
    n_fft: Annotated[int, Meta(ge=16, le=8192)]
    hop_length: Positive
    fmin: Annotated[float, Meta(ge=0.0, le=24000.0)]
    fmax: Annotated[float, Meta(gt=0.0, le=24000.0)]
    normalization: Literal["none", "mean", "mean_variance"]
    standardize: bool

    def __post_init__(self) -> None:
        """Refuse values that contradict each other."""
        if self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc is {self.n_mfcc}, allowed is at most n_mels, which is {self.n_mels}")
        if self.fmin >= self.fmax:
            raise ValueError(f"fmin is {self.fmin:g}, allowed is less than fmax, which is {self.fmax:g}")
        if self.n_fft % 2:
            raise ValueError(f"n_fft is {self.n_fft}, allowed are even numbers")


class ConvConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One convolution over time."""

    filters: Positive
    kernel_size: Annotated[int, Meta(ge=1, le=63)]


class RecurrentConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Recurrent layers of one kind, stacked."""

    cell: Literal["lstm", "gru", "rnn"]
    units: Positive
    layers: Annotated[int, Meta(ge=1, le=8)]
    bidirectional: bool
    activation: Literal["tanh", "relu"]

    def __post_init__(self) -> None:
        """Refuse a ReLU inside gates: their state would grow without bound."""
        if self.activation == "relu" and self.cell != "rnn":
            raise ValueError(f"activation is relu, allowed with cell: {self.cell} is tanh")


class NetworkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The layers from features to probabilities."""

    conv: Annotated[tuple[ConvConfig, ...], Meta(max_length=16)]
    recurrent: RecurrentConfig | None
    pooling: Literal["last", "mean", "max", "attention", "flatten"]
    flatten_frames: Annotated[int, Meta(ge=1, le=3000)]
    hidden: Annotated[tuple[Positive, ...], Meta(max_length=16)]
    dropout: Annotated[float, Meta(ge=0.0, lt=1.0)]

    def __post_init__(self) -> None:
        """Refuse `last` without a recurrent layer: there is no state to take."""
        if self.pooling == "last" and self.recurrent is None:
            raise ValueError("pooling is last, allowed without recurrent layers are mean, max, attention, flatten")


class TrainingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How the weights are fitted."""

    epochs: Annotated[int, Meta(ge=1, le=10000)]
    batch_size: Positive
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)]
    schedule: Literal["constant", "cosine"]
    clip_norm: Annotated[float, Meta(gt=0.0)] | None
    patience: Annotated[int, Meta(ge=1)] | None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]


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

    def __post_init__(self) -> None:
        """Refuse filters above half of the sample rate."""
        nyquist = self.audio.sample_rate / 2
        if self.features.fmax > nyquist:
            raise ValueError(
                f"features.fmax is {self.features.fmax:g}, allowed is at most {nyquist:g}, half of audio.sample_rate"
            )

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
        path = _find(name_or_path)
        tree = _merge(_read(preset_path("default")), _read(path))
        for key, value in (overrides or {}).items():
            tree = _merge(tree, _nest(key, value))
        return convert(tree, cls, where=path.name)

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
            Not YAML, or any key is missing, unknown or wrong.

        Examples
        --------
        >>> config = Config.load("default")
        >>> Config.parse(config.dump()) == config
        True
        """
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
        return dump_yaml(msgspec.to_builtins(self))


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


def convert(tree: Any, kind: type[T], *, where: str) -> T:
    """Turn plain data into a struct, with an error that names key, value seen and what is allowed.

    Parameters
    ----------
    tree : object
        Mappings, lists and scalars, as YAML or JSON give them.
    kind : type
        A msgspec struct.
    where : str
        What the message calls the source.

    Returns
    -------
    object
        An instance of `kind`.

    Raises
    ------
    ConfigError
        The data does not fit.

    Examples
    --------
    >>> convert({"filters": 0, "kernel_size": 5}, ConvConfig, where="my.yaml")
    Traceback (most recent call last):
    speechrnn.errors.ConfigError: my.yaml: filters is 0: Expected `int` >= 1
    """
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        problem, _, at = str(error).partition(" - at `$")
        key = at.rstrip("`").removeprefix(".")
        seen = f"{key} is {_shorten(_look_up(tree, key))}: " if key and "unknown field" not in problem else ""
        inside = f" in {key}" if key and not seen else ""
        raise ConfigError(f"{where}: {seen}{problem}{inside}") from error


def _look_up(tree: Any, key: str) -> Any:
    """Follow a msgspec path such as ``network.conv[0].filters``; as far as it leads."""
    for part in key.replace("[", ".[").split("."):
        if part.startswith("[") and isinstance(tree, list) and part[1:-1].isdigit():
            tree = tree[int(part[1:-1])]
        elif isinstance(tree, dict) and part in tree:
            tree = tree[part]
    return tree


def _shorten(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else "null" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _find(name_or_path: str | Path) -> Path:
    name = str(name_or_path)
    if name in preset_names():
        return preset_path(name)
    if Path(name).is_file():
        return Path(name)
    raise ConfigError(
        f"{name}: no such preset and no such file. Presets: {', '.join(preset_names())}; or give the path of a YAML file."
    )


def _read(path: Path) -> dict[str, Any]:
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
