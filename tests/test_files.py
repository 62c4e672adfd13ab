import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from speechrnn.corpus.files import find_recordings
from speechrnn.errors import CorpusError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything, so it steps down."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_finds_audio_at_any_depth_in_one_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["b/c/1.WAV", "a.flac", "b/2.mp3", "b c/\xe4\n.ogg", os.fsdecode(b"\xff.wav")]
    touch(tmp_path, *names, "README.md", "manifest.csv", ".hidden.wav", ".git/x.wav", "b/._2.mp3")
    expected = find_recordings(tmp_path)
    assert sorted(expected.files) == sorted(tmp_path / name for name in names)
    assert expected.unusable == {}
    scandir = os.scandir

    @contextmanager
    def shuffled(path: Path) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(path) as entries:
            found = list(entries)
        yield random.sample(found, len(found))

    monkeypatch.setattr(os, "scandir", shuffled)
    assert [find_recordings(tmp_path).files for _ in range(5)] == [expected.files] * 5
    assert list(expected.files) == sorted(expected.files, key=lambda path: path.parts)


def test_links_in_a_circle_end_and_odd_files_are_listed(tmp_path: Path) -> None:
    touch(tmp_path, "six/a.wav")
    (tmp_path / "six" / "up").symlink_to(tmp_path)
    (tmp_path / "lost.wav").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.wav").symlink_to("self.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    found = find_recordings(tmp_path)
    assert found.files == (tmp_path / "six" / "a.wav",)
    assert {path.name for path in found.unusable} == {"up", "lost.wav", "self.wav", "pipe.wav"}


def test_of_a_folder_and_a_link_to_it_the_link_is_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "d"
    touch(root, "m/z_real/deep/a.wav", ".store/b.wav")
    touch(tmp_path, "outside/c.wav")
    for name, target in (("a", "m/z_real"), ("m/b", "m/z_real/deep"), ("n", ".store"), ("o", "../outside"), ("p", "o")):
        (root / name).symlink_to(root / target)
    found = find_recordings(root)
    assert found.files == tuple(root / name for name in ("m/z_real/deep/a.wav", "n/b.wav", "o/c.wav"))
    assert found.unusable == dict.fromkeys(
        (root / "a", root / "m/b", root / "p"), "a link to a folder that is read already"
    )


def test_a_folder_outside_that_two_links_lead_to_is_not_called_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "outside/in/c.wav", "d/x.wav")
    (tmp_path / "d" / "a").symlink_to(tmp_path / "outside" / "in")
    (tmp_path / "d" / "b").symlink_to(tmp_path / "outside")
    found = find_recordings(tmp_path / "d")
    assert found.files == (tmp_path / "d/a/c.wav", tmp_path / "d/x.wav")
    assert found.unusable == {tmp_path / "d/b/in": "a folder that a link has led to already"}


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
def test_a_folder_without_rights_is_an_error_not_fewer_files(mode: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        root = Path(name)
        root.chmod(0o755)
        touch(root, "six/a.wav", "seven/deep/b.wav")
        if os.geteuid() == 0:
            os.chown(root / "seven", 65534, 65534)
        (root / "seven").chmod(mode)
        with ordinary_user(), pytest.raises(CorpusError, match=r"seven.*cannot be read \(Permission denied\)"):
            find_recordings(root)
        (root / "seven").chmod(0o755)
