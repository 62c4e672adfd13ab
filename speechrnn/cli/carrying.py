"""What ``export`` does and says; imported when it runs."""

import dataclasses
import json
from pathlib import Path

from speechrnn.bundle import LABELS, Bundle
from speechrnn.extras import check_installed
from speechrnn.text import printable
from speechrnn.training.carrying import FACTS, Carried, carry, default_path
from speechrnn.vacancy import Kind, check_apart, check_free, has_files

EXPORTS = Kind("export", "export", "exports", has_files(FACTS, LABELS))


def export_model(bundle: Bundle, name: str, out: Path | None, *, force: bool) -> Carried:
    """Export a bundle, after what can be known before was looked at.

    Parameters
    ----------
    bundle : Bundle
        Verified.
    name : str
        The format.
    out : Path, optional
        The folder to be; beside the user if absent.
    force : bool
        Whether an export that is there may be replaced.

    Returns
    -------
    Carried
        What was written.

    Raises
    ------
    BundleError
        The folder is there already and no export, or the model lies in it.
    MissingExtraError
        What runs this format is not installed.
    TrainingError
        The format does not fit the bundle, or what was written answers otherwise.
    """
    path = out or default_path(bundle, name)
    check_apart(path, bundle.path, "the model lies")
    check_free(path, EXPORTS, force=force)
    if name.startswith("tflite"):
        check_installed("ai_edge_litert", extra="tflite", purpose="running TFLite")
    return carry(bundle, name, path, replace=force)


def describe_export(carried: Carried, *, as_json: bool) -> str:
    """Say what was written, and how far it is from the model.

    Parameters
    ----------
    carried : Carried
        From `export_model`.
    as_json : bool
        Whether as one object.

    Returns
    -------
    str
        Without a newline at the end.
    """
    if as_json:
        return json.dumps(dataclasses.asdict(carried) | {"path": str(carried.path)})
    longest = f", sounds of up to {carried.max_seconds:g} s" if carried.max_seconds else ""
    opening = f"\nopens after `import {carried.needs}` (extra train)" if carried.needs else ""
    return (
        f"{printable(carried.path / carried.file)}: {carried.format}, {carried.n_bytes:,} bytes, samples in and "
        f"probabilities out{longest}\nlargest difference from the model: {carried.difference:.2g} in probability, trim "
        f"bounds equal, on {carried.n_sounds} made sounds (allowed: {carried.tolerance:g})"
        f"{opening}"
    )
