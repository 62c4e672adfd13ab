"""`speechrnn listen` as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile

from speechrnn import microphone
from speechrnn.blocks import Block
from speechrnn.cli.interruption import interruptible
from speechrnn.cli.meter import Line
from speechrnn.errors import OutputError
from tests.bundles import GOLDEN, SAMPLES
from tests.command_line import MODEL, Result, check_refusal
from tests.microphones import SR, FakeStream, install
from tests.signals import Waveform

SIX, _ = soundfile.read(min(SAMPLES.glob("6_*.wav")), dtype="float32")
PAUSE = np.zeros(SR // 2, np.float32)
Cli = Callable[..., Result]


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """Three utterances."""
    path = tmp_path / "spoken.wav"
    soundfile.write(path, np.concatenate([PAUSE, SIX, PAUSE, SIX, PAUSE, SIX, PAUSE]), SR)
    return path


def test_a_line_an_utterance(cli: Cli, spoken: Path) -> None:
    result = cli("listen", "--input", spoken, "--fast", *MODEL, "--min-probability", "0")
    assert result.status == 0, result
    assert len(result.lines) == 3
    for line in result.lines:
        assert line[0] in "0123456789"
        assert line.endswith(" %)")
    assert result.err == ""


def test_ctrl_c_is_what_it_was_where_the_sound_is_left_in_the_middle(
    cli: Cli, spoken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even while something holds on to what went wrong, and so to all that was going on then."""
    error, before = OutputError("no room for what is said"), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Line, "hear", Mock(side_effect=error))
    result = cli("listen", "--input", spoken, "--fast", *MODEL, "--min-probability", "0")
    assert result.status == 1
    assert "no room for what is said" in result.err
    assert error.__traceback__
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def ctrl_c() -> Iterator[Callable[..., object]]:
    """Stops this process, as it does in a terminal; who is started in the background may ignore it."""
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, ignored)


def test_ctrl_c_waits_for_blocks_alone(ctrl_c: Callable[..., object]) -> None:
    """Between two blocks it waits for the next; after the last, and after the sound, it does what it did before."""
    block = Block(SIX)
    with interruptible([block, block]) as sound:
        assert next(sound) is block
        assert signal.getsignal(signal.SIGINT) is not ctrl_c
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            next(sound)
    assert signal.getsignal(signal.SIGINT) is ctrl_c
    with interruptible([block, block]) as sound:
        assert len(list(sound)) == 2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_object_an_utterance(cli: Cli, spoken: Path) -> None:
    result = cli("listen", "--input", spoken, "--fast", "--json", *MODEL, "--min-probability", "0")
    found = [json.loads(line) for line in result.lines]
    assert [list(one) for one in found] == [["path", "digits", "segments", "error"]] * 3
    assert [one["path"] for one in found] == [str(spoken)] * 3
    [[first], _, [third]] = [one["segments"] for one in found]
    assert list(first) == ["label", "start", "end", "probability"]
    step = (SIX.size + PAUSE.size) / SR
    assert third["start"] - first["start"] == pytest.approx(2 * step, abs=0.03)


def test_fast_and_slow_say_the_same(cli: Cli, spoken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    fast, slow = (cli("listen", "--input", spoken, *more, "--json", *MODEL) for more in (["--fast"], []))
    assert fast.out == slow.out != ""
    assert len(naps) > 100


def test_silence_says_so(cli: Cli, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", PAUSE, SR)
    result = cli("listen", "--input", "silence.wav", "--fast", *MODEL)
    assert (result.status, result.out, result.err) == (0, "", "no digits heard\n")


def test_a_truncated_file_is_heard_as_far_as_it_goes(cli: Cli, spoken: Path) -> None:
    spoken.write_bytes(spoken.read_bytes()[: -2 * (PAUSE.size + SIX.size)])
    result = cli("listen", "--input", spoken, "--fast", *MODEL, "--min-probability", "0")
    assert result.status == 1
    assert len(result.lines) == 2
    assert result.err.startswith(f"error: {spoken}: truncated")


def test_what_cannot_be_heard(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound at all")
    check_refusal(cli("listen", "--input", "text.wav", *MODEL), "text.wav: not readable as audio")
    check_refusal(cli("listen", "--input", "missing.wav", *MODEL), "missing.wav: no such file")
    check_refusal(cli("listen", "--input", tmp_path, *MODEL), "is a directory")
    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 8000)
    check_refusal(cli("listen", "--input", "zero.wav", *MODEL), "zero.wav: empty: found no samples at all")
    soundfile.write(tmp_path / "nan.wav", np.full(8000, np.nan), 8000, "FLOAT")
    check_refusal(cli("listen", "--input", "nan.wav", *MODEL), "nan.wav: ", "not finite", "Export the recording again.")


@pytest.mark.parametrize("args", [["--fast"], ["--input", "a.wav", "--device", "1"], ["--min-probability", "nan"]])
def test_wrong_usage(cli: Cli, args: list[str]) -> None:
    result = cli("listen", *args)
    assert (result.status, result.out) == (2, "")


def play(stream: FakeStream, y: Waveform) -> None:
    for at in range(0, y.size, 160):
        stream.feed(y[at : at + 160])


def test_a_microphone_that_is_unplugged(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "_WAIT", 0.01)
    fake = install(monkeypatch)

    def speak(stream: FakeStream) -> None:
        play(stream, np.concatenate([PAUSE, SIX, PAUSE, SIX]))
        stream.unplug()

    fake.play = speak
    result = cli("listen", *MODEL, "--min-probability", "0")
    assert result.status == 1
    # also what was still being said
    assert len(result.lines) == 2
    assert result.err.splitlines() == [
        "listening to Fake mic; Ctrl-C ends",
        "error: Fake mic: gives no more sound, it may be unplugged. Plug it in and start again.",
    ]


def test_lost_sound_is_told_once_and_in_all(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "_WAIT", 0.01)
    fake = install(monkeypatch)

    def speak(stream: FakeStream) -> None:
        play(stream, PAUSE)
        stream.feed(PAUSE[:160], overflow=True, late=2.0)
        play(stream, SIX)
        stream.feed(PAUSE[:160], overflow=True, late=0.5)
        play(stream, PAUSE)
        stream.unplug()

    fake.play = speak
    result = cli("listen", *MODEL, "--min-probability", "0", "--json")
    assert "2.00 s of sound were lost after 0.5 s" in result.err
    assert result.err.count("were lost after") == 1
    assert "2.50 s of sound were lost in all" in result.err
    [segment] = json.loads(result.lines[0])["segments"]
    assert 2.5 <= segment["start"] < segment["end"] <= 2.6 + SIX.size / SR


def test_devices(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, names=["Built-in", "Headset"])
    result = cli("listen", "--list-devices")
    assert result.lines == ["  0  Built-in, 8000 Hz (default)", "  1  Headset, 8000 Hz"]
    install(monkeypatch, names=[])
    check_refusal(cli("listen", "--list-devices"), "no microphone found")
    check_refusal(cli("listen", *MODEL), "no microphone found", "--input FILE")


def test_ctrl_c_ends_with_130_and_all_that_was_said(spoken: Path, tmp_path: Path) -> None:
    long = np.concatenate([SIX, PAUSE, SIX, np.zeros(60 * SR, np.float32)])
    soundfile.write(spoken, long, SR)
    command = [sys.executable, "-m", "speechrnn", "listen", "--input", spoken, "--model", GOLDEN]
    process = subprocess.Popen(
        [*map(str, command), "--min-probability", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SPEECHRNN_HOME": str(tmp_path)},
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert first[0] in "0123456789"
    assert process.returncode == 130
    # whether the second was being said when the signal came, nobody knows
    assert all(line[0] in "0123456789" for line in rest.splitlines())
    assert errors == "stopped\n"


def test_ctrl_c_in_the_middle_of_a_word_answers_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install(monkeypatch)

    def speak(stream: FakeStream) -> None:
        play(stream, np.concatenate([PAUSE, SIX]))
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    fake.play = speak
    result = cli("listen", *MODEL, "--min-probability", "0")
    assert result.status == 130
    assert len(result.lines) == 1
    assert result.err.splitlines()[-1] == "stopped"
    assert fake.streams[0].closed
