"""Fetching FSDD from a local server that behaves well, badly, or not at all."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import logging
import os
import re
import socket
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from speechrnn.corpus import fetch, transfer
from speechrnn.corpus.fetch import DIGEST, Fetched, digest_recordings, fetch_fsdd
from speechrnn.errors import CorpusError, MissingExtraError

pytest.importorskip("pooch")

RECORDINGS = {f"{i % 10}_ann_{i}.wav": hashlib.sha512(bytes([i])).digest() * 300 for i in range(12)}


def pack(files: dict[str, bytes], extra: tuple[tarfile.TarInfo, ...] = ()) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return buffer.getvalue()


def reference_digest(files: dict[str, bytes]) -> str:
    lines = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


GOOD = pack({"fsdd-1/README.md": b"hi", **{f"fsdd-1/recordings/{name}": c for name, c in RECORDINGS.items()}})
GOOD_DIGEST = reference_digest(RECORDINGS)


@dataclass
class Server:
    """What it sends, how it misbehaves, and what it was asked."""

    url: str = ""
    body: bytes = GOOD
    status: int = 200
    ranges: bool = True
    length: bool = True
    cuts: list[int] = field(default_factory=list)  # for each connection, after how many bytes it is cut
    asked: list[str | None] = field(default_factory=list)
    stall: threading.Event = field(default_factory=threading.Event)
    stalls: bool = False


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append(wanted)
            if state.stalls:
                state.stall.wait(10)
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and state.ranges else 0  # type: ignore[index]
            if state.status != 200 or start >= len(state.body):
                self.send_response(416 if start else state.status)
                if start and state.length:
                    self.send_header("Content-Range", f"bytes */{len(state.body)}")
                self.end_headers()
                return
            body = state.body[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.body) - 1}/{len(state.body)}")
            if state.length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # who asked may have gone
                self.wfile.write(body[: state.cuts.pop(0) if state.cuts else None])

        def log_message(self, *_: object) -> None: ...

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{httpd.server_port}/fsdd.tar.gz"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.stall.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.wav")}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.shared
def test_the_digest_is_the_one_of_the_real_recordings(shared: Path) -> None:
    assert digest_recordings(shared / "data/fsdd/recordings") == DIGEST


def test_a_name_that_is_no_text_is_something_else(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.wav")).write_bytes(b"")
    with pytest.raises(CorpusError, match="holds something else"):
        fetch_fsdd(tmp_path, url="http://nowhere.invalid/a.tar.gz")


def test_digest_sees_names_and_contents_and_nothing_else(tmp_path: Path) -> None:
    for name, content in RECORDINGS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "LICENSE.txt").write_text("not a recording")
    assert digest_recordings(tmp_path) == GOOD_DIGEST
    first, second = sorted(RECORDINGS)[:2]
    (tmp_path / first).rename(tmp_path / "x")
    (tmp_path / second).rename(tmp_path / first)
    (tmp_path / "x").rename(tmp_path / second)
    assert digest_recordings(tmp_path) != GOOD_DIGEST


def test_fetches_the_recordings_and_their_licence_and_nothing_beside(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, int | None]] = []
    level = logging.getLogger("pooch").level
    result = fetch_fsdd(
        tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST, on_progress=lambda n, total: seen.append((n, total))
    )
    assert result == Fetched(tmp_path / "fsdd", 12, downloaded=True)
    assert contents(tmp_path / "fsdd") == RECORDINGS
    note = (tmp_path / "fsdd/LICENSE.txt").read_text()
    assert [fact for fact in ("Zohar Jackson", "by-sa/4.0", fetch.REPOSITORY, fetch.COMMIT) if fact not in note] == []
    assert names(tmp_path) == ["fsdd"]
    assert names(tmp_path / "fsdd") == sorted([*RECORDINGS, "LICENSE.txt"])
    assert seen[-1] == (len(GOOD), len(GOOD))
    assert seen == sorted(seen)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("pooch").level == level


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        result = fetch_fsdd(tmp_path, url=server.url, digest=GOOD_DIGEST)  # an empty folder will do
    assert result == Fetched(tmp_path, 12, downloaded=False)
    assert server.asked == [None]


def test_goes_on_in_the_same_call_when_the_connection_is_cut(server: Server, tmp_path: Path) -> None:
    server.cuts = [100, 50]
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert server.asked == [None, "bytes=100-", "bytes=150-"]
    assert contents(tmp_path / "fsdd") == RECORDINGS


def test_goes_on_in_the_next_call_after_an_interruption(server: Server, tmp_path: Path) -> None:
    server.cuts = [100, 0]
    with pytest.raises(CorpusError, match=f"closed after 100 of {len(GOOD)} bytes.*run it again"):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert names(tmp_path) == [".fsdd-download"]
    server.asked.clear()
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert server.asked == ["bytes=100-"]
    assert names(tmp_path) == ["fsdd"]


def test_ctrl_c_keeps_what_has_arrived(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BLOCK", 128)

    def interrupt(done: int, _total: int | None) -> None:
        if done >= 256:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST, on_progress=interrupt)
    (part,) = (tmp_path / ".fsdd-download").iterdir()
    assert part.read_bytes() == GOOD[:256]
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert server.asked == [None, "bytes=256-"]


def test_starts_again_where_the_server_cannot_send_a_part(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [200, 300]
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert len(server.asked) == 3
    assert contents(tmp_path / "fsdd") == RECORDINGS


def test_starts_again_when_the_file_there_is_shorter_than_what_has_arrived(server: Server, tmp_path: Path) -> None:
    server.cuts = [100, 0]
    with pytest.raises(CorpusError):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    (part,) = (tmp_path / ".fsdd-download").iterdir()
    part.write_bytes(GOOD + b"more")
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert contents(tmp_path / "fsdd") == RECORDINGS


@pytest.mark.parametrize("tells", [True, False])
def test_what_has_arrived_whole_is_not_fetched_again(server: Server, tmp_path: Path, tells: bool) -> None:
    server.length = tells  # then its size says that it is whole, and else its digest alone
    path = tmp_path / "voices.tgz"
    part = path.with_name("voices.tgz.part")
    digests = [hashlib.sha256(GOOD).hexdigest(), *([None] if tells else [])]
    for digest in digests:
        part.write_bytes(GOOD)
        assert transfer.download(path, transfer.Wanted(server.url, "", digest)).read_bytes() == GOOD
        path.unlink()
    assert server.asked == [f"bytes={len(GOOD)}-"] * len(digests)
    part.write_bytes(flip(GOOD, 2))
    transfer.download(path, transfer.Wanted(server.url, "", digests[0]))
    assert (path.read_bytes(), server.asked[-1]) == (GOOD, None)


def test_a_server_that_does_not_tell_the_length(server: Server, tmp_path: Path) -> None:
    server.length = False
    seen: list[int | None] = []
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST, on_progress=lambda _, total: seen.append(total))
    assert set(seen) == {None}
    assert contents(tmp_path / "fsdd") == RECORDINGS


def flip(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 0x10]) + body[at + 1 :]


BAD = {
    "flipped at the start": flip(GOOD, 2),
    "flipped in the middle": flip(GOOD, len(GOOD) // 2),
    "cut": GOOD[:-300],
    "a web page": b"<html>please log in</html>",
    "empty": b"",
    "a recording changed": pack({f"a/recordings/{n}": c[:-1] + b"!" for n, c in RECORDINGS.items()}),
    "a recording missing": pack({f"a/recordings/{n}": c for n, c in list(RECORDINGS.items())[1:]}),
    "a recording of 2 MB": pack({"a/recordings/0_ann_0.wav": bytes(2 << 20)}),
    "gzip of something else": gzip.compress(b"x" * 5000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_corrupted_transfer_is_one_sentence_and_the_next_try_starts_clean(
    server: Server, tmp_path: Path, name: str
) -> None:
    server.body, server.length = BAD[name], False
    with pytest.raises(CorpusError, match=r"is damaged: .*run it again") as caught:
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []
    server.body = GOOD
    server.asked.clear()
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert server.asked == [None]


def test_a_resumed_transfer_of_another_archive_is_noticed(server: Server, tmp_path: Path) -> None:
    server.cuts = [200, 0]
    with pytest.raises(CorpusError):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    server.body = flip(GOOD, 150)[::-1]
    with pytest.raises(CorpusError, match="is damaged"):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert names(tmp_path) == []


def test_no_path_of_the_archive_is_followed(server: Server, tmp_path: Path) -> None:
    link = tarfile.TarInfo("a/recordings/9_eve_9.wav")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    evil = {
        "../evil.wav": b"1",
        "/tmp/evil.wav": b"2",
        "a/recordings/../../evil.wav": b"3",
        "a/recordings/sub/evil.wav": b"4",
        "a/recordings/..\\evil.wav": b"5",
        "a/recordings/evil.sh": b"6",
    }
    server.body = pack({**evil, **{f"a/recordings/{n}": c for n, c in RECORDINGS.items()}}, extra=(link,))
    fetch_fsdd(tmp_path / "in/fsdd", url=server.url, digest=GOOD_DIGEST)
    assert contents(tmp_path / "in/fsdd") == RECORDINGS
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted(["in", "fsdd", "LICENSE.txt", *RECORDINGS])


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_a_refusal_is_one_sentence(server: Server, tmp_path: Path, status: int, words: str) -> None:
    server.status = status
    with pytest.raises(CorpusError, match=rf"{re.escape(server.url)}: the server answered {words}"):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert names(tmp_path) == []


def test_offline_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/fsdd.tar.gz"
    with pytest.raises(CorpusError, match=rf"could not fetch {url}: no connection \(.*refused\)\. .*recordings"):
        fetch_fsdd(tmp_path / "fsdd", url=url)
    assert names(tmp_path) == []


def test_a_server_that_says_nothing_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stalls = True
    monkeypatch.setattr(transfer, "TIMEOUT", 0.1)
    with pytest.raises(CorpusError, match="timed out"):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    server.stall.set()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "fsdd.tar.gz", "http://[", "http://", "http://a b/", ""])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(CorpusError, match="could not fetch"):
        fetch_fsdd(tmp_path / "fsdd", url=url)
    assert names(tmp_path) == []


def test_other_files_are_never_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "fsdd").mkdir()
    (tmp_path / "fsdd/.git").write_text("dear to somebody")
    with pytest.raises(CorpusError, match="holds something else"):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    with pytest.raises(CorpusError, match="is a file"):
        fetch_fsdd(tmp_path / "fsdd/.git", url=server.url, digest=GOOD_DIGEST)
    assert server.asked == []
    assert (tmp_path / "fsdd/.git").read_text() == "dear to somebody"


def test_a_full_disk_while_unpacking_passes_through_and_keeps_the_archive(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "_unpack", full)
        with pytest.raises(OSError, match="No space left"):
            fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert names(tmp_path) == [".fsdd-download"]
    fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)
    assert server.asked == [None]


def test_trouble_in_the_hidden_folder_is_about_the_one_that_was_typed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as told:
        fetch_fsdd(tmp_path / "file/fsdd", url=server.url, digest=GOOD_DIGEST)
    assert told.value.filename == str(tmp_path / "file/fsdd")
    assert server.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_while_downloading_passes_through(server: Server, tmp_path: Path) -> None:
    download = transfer.ResumingDownloader(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        download(server.url, str(tmp_path / "out"))


def test_a_file_is_brought_once_and_another_one_than_expected_is_refused(server: Server, tmp_path: Path) -> None:
    path, right = tmp_path / "deep" / "voices.tgz", hashlib.sha256(GOOD).hexdigest()
    wanted = transfer.Wanted(server.url, "", right)
    with pytest.raises(CorpusError, match="is not the file that is known by that address"):
        transfer.download(path, transfer.Wanted(server.url, "", "0" * 64))
    assert list(tmp_path.rglob("*.tgz*")) == []
    for _ in range(2):
        assert transfer.download(path, wanted).read_bytes() == GOOD
    assert len(server.asked) == 2
    path.write_bytes(b"something else")
    assert transfer.download(path, wanted).read_bytes() == GOOD


def test_without_pooch_the_extra_is_named(server: Server, tmp_path: Path, hide: Callable[[str], None]) -> None:
    hide("pooch")
    with pytest.raises(MissingExtraError, match=r"speechrnn\[data\]"):
        fetch_fsdd(tmp_path / "fsdd", url=server.url, digest=GOOD_DIGEST)


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package look as if it were not installed."""

    def hide_package(name: str) -> None:
        class Finder:
            def find_spec(self, fullname: str, *_: object) -> None:
                if fullname == name:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])

    return hide_package
