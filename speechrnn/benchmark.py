"""How fast speechrnn is on this machine, each figure beside its yardstick: ``speechrnn bench``.

What is measured stands in `speechrnn.yardsticks` and, against librosa and Keras, in `speechrnn.training.yardsticks`.
"""

import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from speechrnn.bundle import read_bundle
from speechrnn.corpus.layouts import read_corpus
from speechrnn.errors import BenchError, CorpusError, MissingExtraError
from speechrnn.places import find_model
from speechrnn.recognizer import Recognizer
from speechrnn.rehearsal import rehearse

N_WARM = 300
_SCRIPT = Path(sys.executable).with_name("speechrnn")
PROGRAM = (str(_SCRIPT),) if _SCRIPT.is_file() else (sys.executable, "-m", "speechrnn")


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, what it was held against, and the limit.

    `holds` is None where the limit is an aim: too near, or not reached (docs/adr/0022), it is told and decides nothing.
    """

    measure: str
    ours: float
    yardstick: float
    unit: str
    # how many times better than the yardstick, or the share of it: the limit says which
    ratio: float
    limit: str
    holds: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step that could not be taken, and why."""

    measure: str
    reason: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured: a model, and recordings with their labels (None where they are made sounds)."""

    model: str | None
    folder: Path
    paths: tuple[Path, ...]
    labels: tuple[str, ...] | None

    def recognizer(self) -> Recognizer:
        """Load the model; each step does so for itself."""
        return Recognizer(read_bundle(find_model(self.model)))

    def command(self, *arguments: str) -> list[str]:
        """Write a command line of this installation."""
        return [*PROGRAM, *arguments, *(["--model", self.model] if self.model else [])]

    def score(self, hear: Callable[[Path], str | None]) -> str:
        """Say how many of the recordings somebody understands."""
        if self.labels is None:
            return "not known of made sounds"
        right = sum(hear(path) == label for path, label in zip(self.paths, self.labels, strict=True))
        return f"{right} of {len(self.paths)} right"


Step = tuple[str, Callable[[Setting], list[Row]]]


def prepare(clips: Path | None, model: str | None, scratch: Path) -> Setting:
    """Choose recordings: the user's, or as many made sounds.

    Parameters
    ----------
    clips : Path, optional
        A folder of recordings with labels.
    model : str, optional
        A bundle's folder or name.
    scratch : Path
        A folder for made sounds.

    Returns
    -------
    Setting
        With at most `N_WARM` clips for what is measured clip by clip.

    Raises
    ------
    BenchError
        There are no clips in that folder.
    BundleError
        There is no such model.
    """
    if model is not None:
        find_model(model)
    if clips is None:
        made = []
        for i, y in enumerate(rehearse(8000, 0.8, n=24)):
            made.append(scratch / f"sound-{i:02d}.wav")
            soundfile.write(made[-1], y, 8000)
        return Setting(model, scratch, tuple(made), None)
    try:
        found = [clip for clip in read_corpus(clips).clips if clip.label]
    except CorpusError as error:
        raise BenchError(str(error)) from error
    kept = found[:: max(1, -(-len(found) // N_WARM))]
    return Setting(model, clips, tuple(c.path for c in kept), tuple(str(c.label) for c in kept))


def measure(setting: Setting, steps: Sequence[Step], on_row: Callable[[Row | Skipped], None]) -> list[Row | Skipped]:
    """Take steps one after another.

    Parameters
    ----------
    setting : Setting
        What is measured.
    steps : sequence of Step
        A name and what gives its rows.
    on_row : callable
        Hears of each row as it comes.

    Returns
    -------
    list of Row or Skipped
        A step that needs a package that is not there is skipped.
    """
    rows: list[Row | Skipped] = []
    for name, step in steps:
        try:
            found: list[Any] = list(step(setting))
        except MissingExtraError as error:
            found = [Skipped(name, str(error))]
        for row in found:
            rows.append(row)
            on_row(row)
    return rows


def describe_machine() -> str:
    """Name processor, cores and Python.

    Returns
    -------
    str
        A line.
    """
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{load}"
