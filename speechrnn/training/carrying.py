"""A bundle in another format: written beside its place, run there by its own runtime, and only then moved."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from speechrnn import __version__
from speechrnn.bundle import LABELS, Bundle
from speechrnn.errors import TrainingError
from speechrnn.rehearsal import rehearse
from speechrnn.runtime import onnxruntime
from speechrnn.storage import write_folder
from speechrnn.training.formats import FORMATS, SECONDS, Format, Heard, hear_bundle

FACTS = "export.json"


@dataclass(frozen=True, slots=True)
class Carried:
    """A bundle in another format.

    Attributes
    ----------
    path : Path
        The folder.
    format : str
        Of `speechrnn.training.formats.FORMATS`.
    file : str
        What in the folder holds the model.
    n_bytes : int
        Of that.
    difference : float
        Largest from the bundle, in probability.
    tolerance : float
        What was allowed.
    n_sounds : int
        On how many sounds.
    max_seconds : float or None
        Longest sound that it takes, where there is a longest.
    needs : str or None
        The module of Python that must be imported before it is opened, where there is one.
    """

    path: Path
    format: str
    file: str
    n_bytes: int
    difference: float
    tolerance: float
    n_sounds: int
    max_seconds: float | None
    needs: str | None = None


def carry(bundle: Bundle, name: str, path: Path, *, replace: bool = False) -> Carried:
    """Write a bundle in another format, run it there, and compare.

    Parameters
    ----------
    bundle : Bundle
        Verified.
    name : str
        Of `speechrnn.training.formats.FORMATS`.
    path : Path
        The folder to be.
    replace : bool
        Whether an existing folder is replaced, once the new one is complete.

    Returns
    -------
    Carried
        What was written: the model, ``labels.json``, and what must be known to use it in ``export.json``.

    Raises
    ------
    TrainingError
        The format does not fit the bundle, or what was written answers otherwise; nothing is left then.
    FileExistsError
        `path` exists and `replace` is false.
    OSError
        No rights, no space.
    """
    chosen = FORMATS[name]
    if bundle.metadata.kind == "strings" and not chosen.strings:
        fitting = ", ".join(key for key, one in FORMATS.items() if one.strings)
        raise TrainingError(f"{bundle.path}: a bundle for strings, {name} holds single words only. Take {fitting}.")
    sounds = rehearse(bundle.metadata.sample_rate, SECONDS)
    carried: list[Carried] = []

    def fill(folder: Path) -> None:
        model = folder / chosen.file
        chosen.write(bundle, model)
        difference = _compare(hear_bundle(bundle, sounds), chosen.hear(model, sounds), name, chosen)
        n, seconds, needs = len(sounds), chosen.seconds, chosen.needs
        done = Carried(path, name, chosen.file, _size(model), difference, chosen.tolerance, n, seconds, needs)
        (folder / LABELS).write_bytes(bundle.read(LABELS))
        (folder / FACTS).write_text(json.dumps(_facts(bundle, done), indent=1) + "\n")
        carried.append(done)

    write_folder(path, fill, replace=replace)
    return carried[0]


def _compare(expected: Heard, found: Heard, name: str, chosen: Format) -> float:
    """The largest difference in probability, if it is allowed."""
    moved = int((expected.bounds != found.bounds).any(axis=1).sum())
    pairs = zip(expected.probabilities, found.probabilities, strict=True)
    # not `max`, which keeps what it has when it meets what is no number; that is refused
    difference = float(np.max([np.abs(a - b).max() if a.shape == b.shape else np.inf for a, b in pairs]))
    if moved or not difference <= chosen.tolerance:
        raise TrainingError(
            f"{name} differs from the bundle by {difference:.2g} in probability and {moved} trim bounds, allowed are "
            f"{chosen.tolerance:g} and none. Nothing was kept; take another format, or report this."
        )
    return difference


def _facts(bundle: Bundle, carried: Carried) -> dict[str, object]:
    """What must be known to use an export, and what made it."""
    return {
        "format": carried.format,
        "kind": bundle.metadata.kind,
        "sample_rate": bundle.metadata.sample_rate,
        "threshold": bundle.metadata.threshold,
        "max_seconds": carried.max_seconds,
        "needs": carried.needs,
        "difference": carried.difference,
        "n_sounds": carried.n_sounds,
        "licences": sorted({source.licence for source in bundle.metadata.sources if source.licence}),
        "versions": {"speechrnn": __version__, "onnxruntime": onnxruntime.__version__, "keras": keras.__version__},
    }


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def default_path(bundle: Bundle, name: str) -> Path:
    """Choose a folder for an export that the user gave no place.

    Parameters
    ----------
    bundle : Bundle
        What is exported.
    name : str
        The format.

    Returns
    -------
    Path
        In the current folder, such as ``digits-tflite``.
    """
    return Path(re.sub(r"[^\w.-]", "-", bundle.path.resolve().name) + f"-{name}")
