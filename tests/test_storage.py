"""Nothing is ever half there: full disks, errors, kills."""

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speechrnn.storage import atomic_file, check_place, sweep, write_bytes, write_folder, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "Größe\n.txt"
    write_text(path, "Zürich\n")
    assert path.read_bytes() == "Zürich\n".encode()
    write_bytes(path, b"\0\xff")
    assert path.read_bytes() == b"\0\xff"
    assert names(path.parent) == [path.name]


def test_rights_are_those_of_the_user(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
        write_folder(tmp_path / "folder", lambda folder: write_bytes(folder / "inside", b""))
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("file", "folder", "folder/inside")}
    assert modes == {"file": 0o640, "folder": 0o750, "folder/inside": 0o640}


def test_what_takes_its_name_is_on_the_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut after the renaming must not leave an empty file under the name."""
    done: list[str] = []

    def told(owner: object, name: str, what: str) -> None:
        does = getattr(owner, name)

        def tells(*args: object) -> object:
            done.append(what)
            return does(*args)

        monkeypatch.setattr(owner, name, tells)

    told(os, "fsync", "sync")
    told(Path, "replace", "name")
    write_bytes(tmp_path / "file", b"here")
    assert done == ["sync", "name"]
    done.clear()

    def fill(folder: Path) -> None:
        for name in "ab":
            (folder / name).write_bytes(b"x")

    write_folder(tmp_path / "folder", fill)
    assert done == ["sync", "sync", "name"]


def test_errors_are_about_what_was_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary names are nobody's, and a full disk says no name at all."""

    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    def fill(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", refuse)
        with pytest.raises(PermissionError) as denied:
            write_bytes(tmp_path / "file", b"")
    assert denied.value.filename == str(tmp_path / "file")
    with pytest.raises(OSError, match="No space") as full:
        write_folder(tmp_path / "folder", fill)
    assert full.value.filename == str(tmp_path / "folder")


def test_a_place_without_rights_is_found_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_place(tmp_path / "new" / "file")
    assert names(tmp_path) == []
    (tmp_path / "text").write_text("no folder")
    check_place(tmp_path / "text" / "file")  # another fault, which whoever writes there tells
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK | os.X_OK))
    for place in (tmp_path, tmp_path / "text", tmp_path / "new" / "file"):
        with pytest.raises(PermissionError) as denied:
            check_place(place)
        assert denied.value.filename == str(place)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")

    def half(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new and longer")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_real_limit_leaves_the_old_file_and_the_old_folder(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"old")
    write_folder(tmp_path / "b", lambda folder: write_bytes(folder / "c.bin", b"old"))
    code = """
import sys
from pathlib import Path
from speechrnn.storage import write_bytes, write_folder
data, folder = bytes(200_000), Path(sys.argv[1])
for write in (
    lambda: write_bytes(folder / "a.bin", data),
    lambda: write_folder(folder / "b", lambda new: (new / "c.bin").write_bytes(data), replace=True),
    lambda: write_folder(folder / "d", lambda new: (new / "c.bin").write_bytes(data)),
):
    try:
        write()
    except OSError as error:
        print(error.errno)
"""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], preexec_fn=limit, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(errno.EFBIG)] * 3
    assert names(tmp_path) == ["a.bin", "b"]
    assert [path.read_bytes() for path in (tmp_path / "a.bin", tmp_path / "b" / "c.bin")] == [b"old", b"old"]


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        with atomic_file(path) as temporary:
            assert temporary.suffix == ".png"
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path / "a.png")
    assert names(tmp_path) == []


def test_an_error_while_filling_leaves_no_folder(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "half").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "new", fill)
    assert names(tmp_path) == []
    write_folder(tmp_path / "new", lambda folder: write_bytes(folder / "a", b"old"))
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "new", fill, replace=True)
    assert names(tmp_path) == ["new"]
    assert (tmp_path / "new" / "a").read_bytes() == b"old"


def test_an_existing_folder_is_refused_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    write_folder(path, lambda folder: write_bytes(folder / "a", b"1"))
    with pytest.raises(FileExistsError):
        write_folder(path, lambda folder: write_bytes(folder / "b", b"2"))
    assert names(path) == ["a"]
    write_folder(path, lambda folder: write_bytes(folder / "b", b"2"), replace=True)
    assert names(path) == ["b"]
    assert names(tmp_path) == ["folder"]


def test_what_is_no_folder_can_be_replaced_too(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "kept").touch()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        write_folder(tmp_path / name, lambda folder: write_bytes(folder / "b", b"2"), replace=True)
        assert names(tmp_path / name) == ["b"]
    assert names(tmp_path) == ["file", "link", "target"]
    assert names(tmp_path / "target") == ["kept"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder"
    write_folder(path, lambda folder: write_bytes(folder / "a", b"old"))
    rename = Path.replace

    def fail_once(self: Path, target: Path) -> Path:
        if target == path and not self.name.endswith("-old"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    def fill(folder: Path) -> None:
        (folder / "a").write_bytes(b"new")

    monkeypatch.setattr(Path, "replace", fail_once)
    with pytest.raises(OSError, match="Input/output"):
        write_folder(path, fill, replace=True)
    assert (path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("digits", [".digits-settings", ".digits-noisy-1a2b3c4d", ".digits-loud-1a2b3c4d-old", ".digits-1a2b3c4d.v2"]),
        ("digits.v2", [".digits-1a2b3c4d.v2-old", ".digits-1a2b3c4d.v20", ".digits-1a2b3c4d"]),
        ("a" * 60, [f".{'a' * 40}-1a2b3c4d", f".{'a' * 40}-1a2b3c4d-old", f".{'a' * 60}-1a2b3c4d"]),
    ],
)
def test_what_has_another_name_is_not_swept(name: str, others: list[str], tmp_path: Path) -> None:
    for other in others:
        write_bytes(tmp_path / other / "precious", b"mine")
    sweep(tmp_path / name)
    assert names(tmp_path) == sorted(others)


# of the long names only the end differs, or only the suffix
@pytest.mark.parametrize(
    "pair", [("a", "a-old"), ("b.v2", "b.v2-old"), ("c" * 50, "c" * 51), ("d" * 50, "d" * 50 + ".v")]
)
def test_a_folder_that_was_just_being_replaced_comes_back_under_its_own_name(
    pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in pair]
    rename = Path.replace

    def stop(self: Path, target: Path) -> Path:
        if target in paths:
            raise KeyboardInterrupt
        return rename(self, target)

    for path in paths:
        write_bytes(path / "name", path.name.encode())
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", stop)
            with pytest.raises(KeyboardInterrupt):
                write_folder(path, lambda folder: (folder / "name").touch(), replace=True)
    assert [path.exists() for path in paths] == [False, False]
    for n, path in enumerate(paths):
        sweep(path)
        assert (path / "name").read_text() == path.name
        assert [other.exists() for other in paths] == [True, n == 1]
    assert names(tmp_path) == sorted(pair)


WRITER = """
import sys
from pathlib import Path
from speechrnn.storage import write_bytes, write_folder

def fill(folder):
    for i in range(20):
        (folder / str(i)).write_bytes(bytes([i]) * 5000)

path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    write_folder(path / "folder", fill, replace=True)
    write_bytes(path / "file", b"x" * 5000)
"""


def test_killed_at_any_moment_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    moments = random.Random(0)
    found = set()
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.2))
            process.kill()
        folder = tmp_path / "folder"
        found.add(folder.exists())
        if folder.exists():
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
                str(i): bytes([i]) * 5000 for i in range(20)
            }
        if (tmp_path / "file").exists():
            assert (tmp_path / "file").read_bytes() == b"x" * 5000
    assert True in found
    sweep(tmp_path / "folder")
    assert (tmp_path / "folder").exists()
    assert list(tmp_path.glob(".folder-*")) == []
