"""What goes into a bundle after a fit: the graph, the weights, and the record of what trained."""

import contextlib
import hashlib
import os
import platform
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import keras
import librosa
import msgspec
import numpy as np
import onnx

from speechrnn import __version__
from speechrnn.bundle import CONFIG, LABELS, MODEL, WEIGHTS, Bundle
from speechrnn.config import Config
from speechrnn.corpus.engines import is_synthetic
from speechrnn.corpus.layouts import Corpus
from speechrnn.corpus.manifest import read_manifest, read_unfinished
from speechrnn.errors import MissingExtraError
from speechrnn.history import format_history, kept_epochs
from speechrnn.metadata import FORMAT_VERSION, Calibrated, DataSource, Heard, Metadata, Synthetic
from speechrnn.plots import plot_history
from speechrnn.training.calibration import Calibration
from speechrnn.training.checkpoint import Checkpoint
from speechrnn.training.export import to_onnx
from speechrnn.training.features import Example
from speechrnn.training.material import Gathered, Material
from speechrnn.training.weights import get_weights, save_weights


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the material of a training comes from, and what the model that it started from refuses."""

    sources: tuple[DataSource, ...]
    heard: Heard
    split: str
    threshold: float | None = None
    calibration: Calibrated | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of a bundle that is not written yet."""

    files: dict[str, bytes]
    metadata: Metadata


def describe(gathered: Gathered, split: str, config: Config, start: Bundle | None = None) -> Origin:
    """Record which voices and clips train or choose the weights.

    Parameters
    ----------
    gathered : Gathered
        The material and its corpora; validation clips count as heard, because they choose the best epoch.
    split : str
        How the clips of the first corpus were divided.
    config : Config
        Of the new weights.
    start : Bundle, optional
        What the training started from: all that it has heard, the new weights have heard too.

    Returns
    -------
    Origin
        For the bundle's metadata.
    """
    heard, sources = Heard(), list[DataSource]()
    if start is not None:
        heard, sources = start.metadata.heard, list(start.metadata.sources)
    material = gathered.material
    examples = chain(material.train, material.valid, material.words, material.kept_words, material.spoken)
    used = {example.clip.path: example for example in examples}
    labelled = {example.clip.path for example in (*material.train, *material.valid, *material.spoken)}
    for corpus in gathered.corpora:
        own = [used[clip.path] for clip in (*corpus.clips, *corpus.rejects) if clip.path in used]
        if own:
            heard = _merge(heard, _heard(corpus, own, labelled))
            name, licence = _name(corpus.root), _read_licence(corpus.folder)
            sources.append(DataSource(name, corpus.layout, len(own), licence))
    for folder, n in Counter(noise.path.parent for noise in material.noises).items():
        sources.append(DataSource(_name(folder), "noise", n, _read_licence(folder)))
    heard = _merge(heard, Heard(noises=tuple(noise.digest for noise in material.noises)))
    # what the training started from has mostly heard the same
    sources = list(dict.fromkeys(sources))
    if start is None or start.labels != material.labels or start.metadata.kind != _kind(config):
        return Origin(tuple(sources), heard, split)
    # temperature, weights of `known` and second ear stay as they were; the threshold goes with them
    was = start.metadata
    threshold = was.threshold if _min_probability(config) == _min_probability(start.config) else None
    return Origin(tuple(sources), heard, split, threshold, was.calibration, was.words)


def _kind(config: Config) -> Literal["isolated", "strings"]:
    return "isolated" if config.strings is None else "strings"


def _min_probability(config: Config) -> float:
    """The threshold where none is set on recordings: of single words, all are believed."""
    return config.strings.min_probability if config.strings else 0.0


def _name(folder: Path) -> str:
    """What a folder is called; a link goes by its own name, not by that of what it points to."""
    return Path(os.path.normpath(folder.absolute())).name


def tuned(origin: Origin, calibration: Calibration) -> Origin:
    """Record what temperature and threshold were set on at the end of a training.

    Parameters
    ----------
    origin : Origin
        Where the material comes from.
    calibration : speechrnn.training.calibration.Calibration
        From `speechrnn.training.sureness.tune`.

    Returns
    -------
    Origin
        With the threshold.
    """
    c = calibration
    told = Calibrated(c.temperature, c.false_accepts, c.n_clips, c.n_rejects, "validation clips")
    return replace(origin, threshold=c.threshold, calibration=told)


def _heard(corpus: Corpus, examples: Sequence[Example], labelled: AbstractSet[Path]) -> Heard:
    manifest = read_manifest(corpus.folder) or read_unfinished(corpus.folder)
    # a hundred thousand synthetic clips would be a megabyte of hashes; their voices are known by name
    real = {example.digest for example in examples if not (manifest and is_synthetic(example.clip))}
    return Heard(
        speakers=tuple(sorted({e.clip.speaker for e in examples if e.clip.speaker is not None})),
        clips=tuple(sorted(real)),
        real=len(real),
        # somebody unnamed who says other words, or a noise, does not make every voice one that may have been heard
        unnamed=sum(e.clip.speaker is None and e.clip.path in labelled for e in examples),
        synthetic=(Synthetic(manifest.engine, manifest.seed, manifest.n_clips),) if manifest else (),
    )


def _merge(earlier: Heard, later: Heard) -> Heard:
    # what goes on with the same clips has heard no more of them
    clips = {*earlier.clips, *later.clips}
    return Heard(
        speakers=tuple(sorted({*earlier.speakers, *later.speakers})),
        clips=tuple(sorted(clips)),
        real=len(clips),
        unnamed=earlier.unnamed + later.unnamed,
        synthetic=tuple(dict.fromkeys((*earlier.synthetic, *later.synthetic))),
        noises=tuple(sorted({*earlier.noises, *later.noises})),
    )


def assemble(checkpoint: Checkpoint, material: Material, config: Config, origin: Origin) -> Draft:
    """Put the files of a bundle together.

    Parameters
    ----------
    checkpoint : Checkpoint
        Best weights and history.
    material : Material
        For the labels.
    config : Config
        Complete, as used.
    origin : Origin
        What trained.

    Returns
    -------
    Draft
        Ready for `speechrnn.bundle.write_bundle`.
    """
    weights, progress = checkpoint.best_weights, checkpoint.progress
    files = {
        MODEL: to_onnx(config, weights, len(material.labels)),
        LABELS: msgspec.json.encode(material.labels),
        CONFIG: config.dump().encode(),
        WEIGHTS: save_weights(weights),
        "history.csv": format_history(progress.history).encode(),
    }
    kept = kept_epochs(progress.best, config.training.select, config.training.epochs)
    with contextlib.suppress(MissingExtraError):  # a picture less is no reason to lose a training
        files["history.png"] = plot_history(progress.history, kept, strings=config.strings is not None)
    metadata = Metadata(
        format_version=FORMAT_VERSION,
        kind=_kind(config),
        sample_rate=config.audio.sample_rate,
        threshold=_min_probability(config) if origin.threshold is None else origin.threshold,
        n_parameters=sum(array.size for array in weights.values()),
        versions=_versions(),
        sources=origin.sources,
        heard=origin.heard,
        split=origin.split,
        calibration=origin.calibration,
        words=origin.words,
    )
    return Draft(files, metadata)


def fingerprint(network: keras.Model, material: Material, config: Config) -> str:
    """Name everything that decides the result of a fit.

    Parameters
    ----------
    network : keras.Model
        With its first weights.
    material : Material
        Clips and labels.
    config : Config
        All settings.

    Returns
    -------
    str
        A SHA-256.
    """
    digest = hashlib.sha256(config.dump().encode())
    digest.update(msgspec.json.encode(material.labels))
    digest.update(save_weights(get_weights(network)))
    spoken = [material.spoken] if material.spoken else []
    for part in (material.train, material.valid, material.words, material.kept_words, *spoken):
        digest.update(b"part")
        for example in part:
            digest.update(f"{example.digest} {example.clip.label}\n".encode())
    for origin in (*material.origins, *material.word_origins, *material.spoken_origins):
        digest.update(f"{origin.source} {origin.weight} {origin.speaker}\n".encode())
    for noise in material.noises:
        digest.update(noise.digest.encode())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    modules = (keras, librosa, np, onnx)
    return {
        "speechrnn": __version__,
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        **{module.__name__: str(module.__version__) for module in modules},
    }


def _read_licence(folder: Path) -> str | None:
    """The first line of the licence that lies with the recordings, where one does."""
    for name in ("LICENSE.txt", "LICENSE"):
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="replace").strip()
            return text.splitlines()[0][:200] if text else None
    return None
