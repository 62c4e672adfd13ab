"""What a bundle says of itself: format, kind, what trained, sums of its files, and a digest of all that."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from speechrnn.errors import BundleError

METADATA = "metadata.json"
FORMAT_VERSION = 1
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # ValidationError is a DecodeError


class Synthetic(Struct, frozen=True):
    """Synthesised clips that trained: which engine, and what makes them again."""

    engine: str
    seed: int
    n_clips: int


class Heard(Struct, frozen=True):
    """What the weights or the choice of the best pass have met.

    `clips` are short content hashes (`speechrnn.corpus.clips.clip_hash`) of the clips that no synthesiser made, `real`
    counts those, `unnamed` those of labels whose speaker was not known. Synthetic clips are known by their voices, and
    by the seed that makes them again. `noises` are hashes of recordings of noise, which are nobody's voice.
    """

    speakers: tuple[str, ...] = ()
    clips: tuple[str, ...] = ()
    real: int = 0
    unnamed: int = 0
    synthetic: tuple[Synthetic, ...] = ()
    noises: tuple[str, ...] = ()


class DataSource(Struct, frozen=True):
    """One corpus that trained, with the licence that its folder states."""

    name: str
    layout: str
    n_clips: int
    licence: str | None = None


class Calibrated(Struct, frozen=True):
    """What temperature and threshold were set on; `false_accepts` is None where no rejects were heard."""

    temperature: float
    false_accepts: float | None
    n_clips: int
    n_rejects: int
    source: str


class Metadata(Struct, frozen=True):
    """What is known of a bundle beside its numbers."""

    format_version: int
    kind: Literal["isolated", "strings"]
    sample_rate: Annotated[int, Meta(ge=1)]
    threshold: Annotated[float, Meta(ge=0.0, le=1.0)]
    n_parameters: int
    versions: dict[str, str]
    sources: tuple[DataSource, ...]
    heard: Heard
    split: str
    # None where the network is as it was trained
    calibration: Calibrated | None = None
    # of a model of strings: the shipped model of single words that hears each word too
    words: str | None = None
    sha256: dict[str, str] = {}
    # of all the other keys, so that nothing in this file changes unnoticed either
    digest: str = ""


def format_metadata(metadata: Metadata) -> bytes:
    """Write metadata as JSON, with its digest.

    Parameters
    ----------
    metadata : Metadata
        Its `digest` is filled in here.

    Returns
    -------
    bytes
        For ``metadata.json``.
    """
    signed = msgspec.structs.replace(metadata, digest=digest_metadata(msgspec.to_builtins(metadata)))
    return msgspec.json.format(msgspec.json.encode(signed), indent=1)


def parse_metadata(raw: bytes, path: Path) -> Metadata:
    """Read metadata and verify it, its version first.

    Parameters
    ----------
    raw : bytes
        Content of ``metadata.json``.
    path : Path
        What an error message calls the bundle.

    Returns
    -------
    Metadata
        As written.

    Raises
    ------
    BundleError
        Of a newer format, or not what was written.
    """
    try:
        tree = msgspec.json.decode(raw)
        _check_version(path, tree)
        metadata = msgspec.convert(tree, Metadata)
        found = digest_metadata(tree)
    except NOT_JSON as error:
        raise BundleError(f"{path}: damaged bundle: {METADATA}: {error}. Train or fetch it again.") from error
    if found != metadata.digest:
        raise BundleError(
            f"{path}: damaged bundle: {METADATA} has the digest {found[:12]}…, needed {metadata.digest[:12]}…. "
            "Train or fetch it again."
        )
    return metadata


def digest_metadata(tree: dict[str, Any]) -> str:
    """Sum up all keys but the digest itself, those of later versions too.

    Parameters
    ----------
    tree : dict
        As JSON holds it.

    Returns
    -------
    str
        A SHA-256.
    """
    rest = {key: value for key, value in tree.items() if key != "digest"}
    return hashlib.sha256(msgspec.json.encode(rest, order="deterministic")).hexdigest()


def _check_version(path: Path, tree: Any) -> None:
    version = tree.get("format_version") if isinstance(tree, dict) else None
    if not isinstance(version, int) or version < 1:
        raise BundleError(f"{path}: not a bundle: {METADATA} has no format_version. Train or fetch it again.")
    if version > FORMAT_VERSION:
        raise BundleError(
            f"{path}: bundle of format {version}, this version reads up to {FORMAT_VERSION}. "
            "Update: pip install --upgrade speechrnn"
        )
