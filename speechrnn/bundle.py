"""The model folder: written whole or not at all, verified when read, versioned.

``metadata.json`` is read first: its ``format_version`` says how to read the rest, its SHA-256 sums say that the rest is
what was written. Nothing in a bundle is ever unpickled or executed.
"""

import contextlib
import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.config import AudioConfig, Config
from speechrnn.errors import BundleError, ConfigError
from speechrnn.metadata import METADATA, NOT_JSON, Metadata, format_metadata, parse_metadata
from speechrnn.storage import write_folder

MODEL, LABELS, CONFIG = "model.onnx", "labels.json", "config.yaml"
WEIGHTS = "weights.safetensors"
REQUIRED = (MODEL, LABELS, CONFIG)
MAX_BYTES = 1_000_000_000
_AUDIO = re.compile(rb"audio:\n((?:  [a-z_]+: -?\d+(?:\.\d+)?\n)+)trim:\n")
_FILE_NAME = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class Bundle:
    """A verified model folder.

    Attributes
    ----------
    path : Path
        The folder.
    labels : tuple of str
        Position is the unit of the network's output.
    metadata : Metadata
        Format, kind, rate, threshold, what trained.
    """

    path: Path
    labels: tuple[str, ...]
    metadata: Metadata

    @functools.cached_property
    def config(self) -> Config:
        """The complete configuration, as used in training."""
        try:
            config = Config.parse(self.read(CONFIG).decode(errors="replace"), where=CONFIG)
        except ConfigError as error:
            raise BundleError(f"{self.path}: damaged bundle: {error}. Train or fetch it again.") from error
        if (found := self.metadata.sample_rate) != config.audio.sample_rate:
            raise BundleError(
                f"{self.path}: damaged bundle: sample_rate is {found} in {METADATA}, {config.audio.sample_rate} in "
                f"{CONFIG}, needed the same. Train or fetch it again."
            )
        return config

    @functools.cached_property
    def audio(self) -> AudioConfig:
        """How recordings are read: the part of `config` that a prediction needs.

        A configuration is written with this part first, one number a line, which takes no YAML to read: 40 ms of every
        start. Whatever looks different is read with all the rest.
        """
        if found := _AUDIO.match(self.read(CONFIG)):
            lines = (line.strip().split(": ") for line in found[1].decode().splitlines())
            # what is wrong with it is said by who reads all
            with contextlib.suppress(msgspec.MsgspecError):
                audio = msgspec.convert({key: msgspec.json.decode(value) for key, value in lines}, AudioConfig)
                if audio.sample_rate == self.metadata.sample_rate:
                    return audio
        return self.config.audio

    def read(self, name: str) -> bytes:
        """Read one file of the bundle and verify it.

        Parameters
        ----------
        name : str
            Such as ``model.onnx``.

        Returns
        -------
        bytes
            Its content.

        Raises
        ------
        BundleError
            The file is missing, or is not what was written.
        """
        return _read_verified(self.path, name, self.metadata.sha256.get(name))

    def verify(self) -> None:
        """Verify every file that was written, the optional ones too.

        Raises
        ------
        BundleError
            A file is missing, or is not what was written.
        """
        for name in self.metadata.sha256:
            self.read(name)


def write_bundle(path: Path, files: Mapping[str, bytes], metadata: Metadata, *, replace: bool = False) -> Bundle:
    """Write a model folder, whole or not at all.

    Parameters
    ----------
    path : Path
        The folder to be.
    files : mapping of str to bytes
        Contents by name; ``model.onnx``, ``labels.json`` and ``config.yaml`` must be there.
    metadata : Metadata
        Its `sha256` is filled in here.
    replace : bool
        Whether an existing folder is replaced, once the new one is complete.

    Returns
    -------
    Bundle
        Read back and verified.

    Raises
    ------
    BundleError
        A required file is not given, or `path` exists and `replace` is false.
    OSError
        No rights, no space.
    """
    if missing := [name for name in REQUIRED if name not in files]:
        raise BundleError(f"{path}: cannot write a bundle without {', '.join(missing)}")
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}

    def fill(folder: Path) -> None:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        (folder / METADATA).write_bytes(format_metadata(msgspec.structs.replace(metadata, sha256=sums)))

    try:
        write_folder(path, fill, replace=replace)
    except FileExistsError as error:
        raise BundleError(f"{path}: exists already. Choose another folder, or replace it with --force.") from error
    return read_bundle(path)


def read_bundle(path: Path) -> Bundle:
    """Read and verify the parts of a bundle that prediction needs.

    Parameters
    ----------
    path : Path
        The folder.

    Returns
    -------
    Bundle
        With labels and metadata; the other files are read and verified when asked for.

    Raises
    ------
    BundleError
        Not a bundle, of a newer format, a missing file, or a file that is not what was written.
    """
    if not path.is_dir():
        raise BundleError(f"{path}: no such folder. Needed a bundle, such as `speechrnn train --out` writes.")
    metadata = parse_metadata(_read(path, METADATA), path)
    for name in REQUIRED:
        if name not in metadata.sha256:
            raise BundleError(f"{path}: damaged bundle: {METADATA} does not list {name}. Train or fetch it again.")
    if strange := [name for name in metadata.sha256 if not _FILE_NAME.fullmatch(name)]:
        raise BundleError(f"{path}: damaged bundle: {METADATA} lists {strange[0][:60]!r}. Train or fetch it again.")
    try:
        labels = msgspec.json.decode(_read_verified(path, LABELS, metadata.sha256[LABELS]), type=tuple[str, ...])
    except NOT_JSON as error:
        raise BundleError(f"{path}: damaged bundle: {LABELS}: {error}. Train or fetch it again.") from error
    if len(set(labels)) != len(labels) or not labels:
        raise BundleError(
            f"{path}: damaged bundle: {LABELS} needs different labels, at least one. Train or fetch it again."
        )
    return Bundle(path, labels, metadata)


def _read_verified(path: Path, name: str, expected: str | None) -> bytes:
    data = _read(path, name)
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        wanted = f"needed {expected[:12]}…" if expected else f"{METADATA} does not list it"
        raise BundleError(
            f"{path}: damaged bundle: {name} has SHA-256 {found[:12]}…, {wanted}. Train or fetch it again."
        )
    return data


def _read(path: Path, name: str) -> bytes:
    file = path / name
    if not file.is_file():
        raise BundleError(f"{path}: incomplete bundle: {name} is missing. Train or fetch it again.")
    if (size := file.stat().st_size) > MAX_BYTES:
        raise BundleError(f"{path}: damaged bundle: {name} has {size} bytes, needed at most {MAX_BYTES}.")
    return file.read_bytes()
