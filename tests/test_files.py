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
