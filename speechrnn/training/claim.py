"""The place of a training: found free before any work, held while it lasts, left clean when nothing is to keep."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speechrnn.errors import TrainingError
from speechrnn.places import UNFINISHED
from speechrnn.storage import is_in_place, lock, sweep
from speechrnn.vacancy import BUNDLES, check_apart, check_free

CHECKPOINT = "checkpoint.safetensors"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Claim:
    """A place that is held.

    Attributes
    ----------
    path : Path
        The bundle's folder.
    unfinished : Path
        The folder beside it for what a training needs to go on.
    """

    path: Path
    unfinished: Path

    @property
    def checkpoint(self) -> Path:
        """The file of the last epoch."""
        return self.unfinished / CHECKPOINT

    @property
    def trial(self) -> Path:
        """The folder of a bundle that is tried before it takes its place."""
        return self.unfinished / "bundle"


@contextlib.contextmanager
def claim(path: Path, data: Path, *, resume: bool, force: bool) -> Iterator[Claim]:
    """Hold a place for a bundle.

    Parameters
    ----------
    path : Path
        The bundle's folder, to be made or replaced.
    data : Path
        The recordings, which must never be in the way.
    resume : bool
        An unfinished training is gone on with.
    force : bool
        An existing bundle will be replaced, an unfinished training is dropped.

    Yields
    ------
    Claim
        Until it is left, no other training can hold the same place. What is unfinished stays if an epoch was kept.

    Raises
    ------
    BundleError
        Something else is there, or has come there before the place was held.
    TrainingError
        An unfinished training is there, or one that is still running.
    """
    check_apart(path, data, "the recordings lie")
    check_free(path, BUNDLES, force=force)
    held = Claim(path, path.with_name(path.name + UNFINISHED))
    check_apart(held.unfinished, data, "the recordings lie")
    held.unfinished.mkdir(parents=True, exist_ok=True)
    with (held.unfinished / LOCK).open("w") as file:
        if not (lock(file) and is_in_place(file, held.unfinished / LOCK)):
            raise TrainingError(f"{path}: another training is at work on it. Wait for it, or choose another --out.")
        finished = False
        try:
            sweep(path)
            # another training may have ended since, or `sweep` put back what a killed one was replacing
            check_free(path, BUNDLES, force=force)
            _begin(held, resume=resume, force=force)
            yield held
            finished = True
        finally:
            if finished or not held.checkpoint.exists():
                _clear(held)


def _begin(held: Claim, *, resume: bool, force: bool) -> None:
    if held.checkpoint.exists() and not (resume or force):
        raise TrainingError(f"{held.unfinished}: an unfinished training. Go on with --resume, or drop it with --force.")
    if not resume:
        held.checkpoint.unlink(missing_ok=True)


def _clear(held: Claim) -> None:
    """Take away what is ours, the folder too if nothing of somebody else's is in it."""
    with contextlib.suppress(OSError):
        # before the lock goes: whoever holds the place next must find no epoch of ours
        held.checkpoint.unlink(missing_ok=True)
        for ours in (held.checkpoint, held.trial):
            sweep(ours)
        shutil.rmtree(held.trial, ignore_errors=True)
        (held.unfinished / LOCK).unlink(missing_ok=True)
        held.unfinished.rmdir()
