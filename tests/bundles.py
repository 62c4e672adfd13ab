"""Bundles for tests: copies of the golden one, whole or with parts exchanged."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from speechrnn.metadata import digest_metadata

GOLDEN = Path(__file__).parent / "golden" / "format-1"
SAMPLES = Path(__file__).parents[1] / "data" / "samples"
LABELS = tuple("0123456789")


def copy_bundle(path: Path) -> Path:
    """Copy the golden bundle, to be spoilt."""
    return Path(shutil.copytree(GOLDEN, path))


def exchange(path: Path, files: Mapping[str, bytes]) -> Path:
    """Overwrite files of a bundle and put their true sums into the metadata: only what they say can be wrong."""
    for name, data in files.items():
        (path / name).write_bytes(data)
    tree = json.loads((path / "metadata.json").read_text())
    tree["sha256"] |= {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return describe(path, tree)


def describe(path: Path, changes: Mapping[str, Any]) -> Path:
    """Change keys of a bundle's metadata, and its digest with them; None takes a key away."""
    file = path / "metadata.json"
    tree = json.loads(file.read_text()) | dict(changes)
    tree = {key: value for key, value in tree.items() if value is not None}
    file.write_text(json.dumps(tree | {"digest": digest_metadata(tree)}))
    return path


def check_distribution(rows: npt.ArrayLike) -> None:
    """Hold that each row is a distribution: finite, none negative, in all one."""
    rows = np.atleast_2d(np.asarray(rows, np.float64))
    assert rows.size > 0
    assert np.isfinite(rows).all()
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=-1), 1, atol=1e-5)
