"""A file as a stream."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.blocks import Block, FileBlocks, pace
from speechrnn.errors import AudioError
from speechrnn.recordings import decode
from speechrnn.utterances import read_blocks
from tests.signals import word


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
@pytest.mark.parametrize("seconds", [0.0001, 0.02, 100.0])
def test_blocks_are_the_file(tmp_path: Path, name: str, seconds: float) -> None:
    path = tmp_path / name
    soundfile.write(path, np.repeat(word(1500, 1)[:, None], 2, axis=1), 16000)
    file = FileBlocks(path, seconds)
    whole = decode(path, 10)
    assert file.sr == whole.sr
    # mp3 is rounded by the length that is asked for
    np.testing.assert_allclose(np.concatenate([block.y for block in file]), whole.y, atol=1e-7)


def test_a_flac_of_open_length_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.tile(word(8000, 1), 40), 8000)
    whole = decode(path, 60)
    data = path.read_bytes()
    path.write_bytes(data[:21] + bytes([data[21] & 0xF0]) + bytes(4) + data[26:])
    file = FileBlocks(path, 0.25)
    blocks = [block.y for block in file]
    assert (file.seconds, max(y.size for y in blocks)) == (None, 2000)
    np.testing.assert_array_equal(np.concatenate(blocks), whole.y)
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(AudioError, match="damaged or truncated"):
        list(FileBlocks(path, 0.25))


def test_what_is_too_long_to_be_read_at_once_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(1_900_000, np.float32), 1000, "PCM_U8")
    assert FileBlocks(path, 1.0).seconds == 1900
    reason = r"^too long to be read at once: 1900\.0 s, needed at most 1800\. Save it as a wav or flac file"
    with pytest.raises(AudioError, match=reason):
        read_blocks(path.read_bytes(), 8000)
    with pytest.raises(AudioError, match=reason):
        FileBlocks(path.rename(tmp_path / "long.raw"), 1.0)


def test_a_truncated_file_gives_what_there_is_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, word(8000, 1), 8000)
    path.write_bytes(path.read_bytes()[:-4000])
    found: list[Block] = []
    with pytest.raises(AudioError, match="truncated"):
        found.extend(iter(FileBlocks(path, 0.1)))
    assert sum(block.y.size for block in found) == 6000


@pytest.mark.parametrize(("data", "message"), [(b"", "empty"), (b"no sound at all" * 10, "not readable as audio")])
def test_what_is_no_recording_is_refused_at_once(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    with pytest.raises(AudioError, match=message):
        FileBlocks(path, 0.1)


def test_a_file_named_like_stdin_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("sound.wav", word(800, 1), 8000)
    Path("sound.wav").rename("-")
    assert sum(block.y.size for block in FileBlocks(Path("-"), 0.01)) == 800


def test_blocks_are_paced(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    times = []
    for i, _ in enumerate(pace([Block(np.zeros(80, np.float32))] * 5, 8000)):
        times.append(round(clock[0] - 100, 6))
        clock[0] += 0.025 if i == 1 else 0.001  # one is slow, and the next come at once
    assert times == [0.01, 0.02, 0.045, 0.046, 0.05]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_pipe_is_read_as_the_file_that_comes_out_of_it(suffix: str, tmp_path: Path) -> None:
    path, pipe = tmp_path / f"a.{suffix}", tmp_path / "pipe"
    soundfile.write(path, word(16000), 16000)
    os.mkfifo(pipe)
    whole = decode(path, 10)
    for read in (lambda: decode(pipe, 10).y, lambda: np.concatenate([one.y for one in FileBlocks(pipe, 0.1)])):
        writer = threading.Thread(target=pipe.write_bytes, args=(path.read_bytes(),), daemon=True)
        writer.start()
        np.testing.assert_array_equal(read(), whole.y)
        writer.join()


def test_a_pipe_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechrnn.recordings.MAX_PIPE", 1 << 20)
    with pytest.raises(AudioError, match=r"^more than 1 MiB out of a pipe, needed less\."):
        decode("/dev/zero", 10)
