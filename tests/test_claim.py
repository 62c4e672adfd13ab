"""The place of a training: what is refused, what is held, what is left."""

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from speechrnn.errors import BundleError, TrainingError
from speechrnn.storage import lock
from speechrnn.training.claim import claim
from tests.bundles import copy_bundle


def hold(path: Path, data: Path, *, resume: bool = False, force: bool = False, epoch: bool = False) -> None:
    """Claim, keep an epoch if asked to, and finish."""
    with claim(path, data, resume=resume, force=force) as place:
        if epoch:
            place.checkpoint.touch()


def test_a_finished_training_leaves_nothing_beside_it(tmp_path: Path) -> None:
    hold(tmp_path / "model", tmp_path / "data", epoch=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("epoch", [False, True])
def test_only_a_kept_epoch_is_left_after_an_error(tmp_path: Path, epoch: bool) -> None:
    with (
        contextlib.suppress(KeyboardInterrupt),
        claim(tmp_path / "m", tmp_path / "d", resume=False, force=False) as place,
    ):
        if epoch:
            place.checkpoint.touch()
        raise KeyboardInterrupt
    assert (tmp_path / "m.unfinished" / "checkpoint.safetensors").exists() is epoch
    assert (tmp_path / "m.unfinished").exists() is epoch
    if epoch:
        with pytest.raises(TrainingError, match=r"unfinished training\. Go on with --resume"):
            hold(tmp_path / "m", tmp_path / "d")
        hold(tmp_path / "m", tmp_path / "d", resume=True)


def test_what_somebody_else_has_beside_a_model_stays(tmp_path: Path) -> None:
    beside = tmp_path / "m.unfinished"
    theirs = [".bundle-notes", ".checkpoint-of-mine", "thesis.txt"]
    for name in (*theirs, ".checkpoint-0123abcd.safetensors", ".bundle-0123abcd/labels.json", "bundle/model.onnx"):
        (beside / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / name).touch()
    hold(tmp_path / "m", tmp_path / "data", epoch=True)
    assert sorted(path.name for path in beside.iterdir()) == theirs
    with pytest.raises(BundleError, match=r"m\.unfinished: the recordings lie in it"):
        hold(tmp_path / "m", beside / "recordings")


def test_force_drops_what_is_unfinished(tmp_path: Path) -> None:
    (tmp_path / "m.unfinished").mkdir()
    (tmp_path / "m.unfinished" / "checkpoint.safetensors").write_bytes(b"old")
    with claim(tmp_path / "m", tmp_path / "d", resume=False, force=True) as place:
        assert not place.checkpoint.exists()


def test_force_replaces_bundles_and_nothing_else(tmp_path: Path) -> None:
    copy_bundle(tmp_path / "bundle")
    (tmp_path / "empty").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "notes.txt").write_text("mine")
    for path in (tmp_path / "bundle", tmp_path / "empty"):
        with pytest.raises(BundleError, match="exists already"):
            hold(path, tmp_path / "data")
        hold(path, tmp_path / "data", force=True)
    with pytest.raises(BundleError, match="holds something that is no bundle"):
        hold(tmp_path / "precious", tmp_path / "data", force=True)
    assert (tmp_path / "precious" / "notes.txt").read_text() == "mine"


def test_recordings_are_never_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "all" / "data").mkdir(parents=True)
    for path in (tmp_path / "all", tmp_path / "all" / "data"):
        with pytest.raises(BundleError, match="the recordings lie in it"):
            hold(path, tmp_path / "all" / "data", force=True)


def test_the_folder_that_one_works_in_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_bundle(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    for path in (Path(), Path(".."), Path("/")):
        with pytest.raises(BundleError, match=r"no bundle|folder of its own|recordings"):
            hold(path, tmp_path / "data", force=True)


def test_two_trainings_cannot_hold_one_place(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from speechrnn.training.claim import claim\n"
        "with claim(Path(sys.argv[1]), Path('d'), resume=False, force=False):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TrainingError, match="another training is at work"):
            hold(tmp_path / "model", tmp_path / "data")
        other.kill()
        other.communicate()
    hold(tmp_path / "model", tmp_path / "data")  # a killed one holds nothing


def test_a_lock_that_another_training_took_away_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = contextlib.ExitStack()
    first.enter_context(claim(tmp_path / "m", tmp_path / "d", resume=False, force=False))

    def end_first(file: IO[Any]) -> bool:
        first.close()  # between the second one's `open` and `lock`
        return lock(file)

    monkeypatch.setattr("speechrnn.training.claim.lock", end_first)
    with pytest.raises(TrainingError, match="another training is at work"):
        hold(tmp_path / "m", tmp_path / "d")
    assert list(tmp_path.iterdir()) == []
    hold(tmp_path / "m", tmp_path / "d")


@pytest.mark.parametrize("swept", [False, True])
def test_what_came_before_the_place_was_held_is_not_trained_over(
    tmp_path: Path, swept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bundle_comes(file: IO[Any]) -> bool:
        # written by a training that has just ended, or given back to its place by `sweep`
        copy_bundle(tmp_path / (".m-01234567-old" if swept else "m"))
        return lock(file)

    monkeypatch.setattr("speechrnn.training.claim.lock", bundle_comes)
    with pytest.raises(BundleError, match="m: exists already"):
        hold(tmp_path / "m", tmp_path / "d")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_the_last_epoch_goes_before_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []
    monkeypatch.setattr("shutil.rmtree", lambda folder, **_: left.append((folder / "checkpoint.safetensors").exists()))
    hold(tmp_path / "m", tmp_path / "d", epoch=True)
    assert left == [False]
