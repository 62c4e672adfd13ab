"""The edge to PortAudio, with a sounddevice that is none."""

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest

from speechrnn import microphone
from speechrnn.blocks import Block
from speechrnn.errors import MicrophoneError, MissingExtraError
from speechrnn.microphone import Device, Microphone, list_devices
from tests.microphones import SR, FakeSounddevice, install
from tests.signals import Waveform

N = 160


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSounddevice:
    monkeypatch.setattr(microphone, "_WAIT", 0.01)
    return install(monkeypatch)


def ramp(i: int) -> Waveform:
    return np.full(N, i / 100, np.float32)


def test_blocks_come_in_order_and_are_copies(fake: FakeSounddevice) -> None:
    with Microphone() as mic:
        assert (mic.name, mic.sr) == ("Fake mic", SR)
        for i in range(3):
            fake.streams[0].feed(ramp(i))
        blocks = iter(mic)
        for i in range(3):
            block = next(blocks)
            np.testing.assert_array_equal(block.y, ramp(i))
            assert block.lost == 0
        assert next(blocks).y.size == 0  # nothing came: who listens may look around
    assert fake.streams[0].closed


def test_a_slow_listener_loses_what_does_not_fit_and_hears_how_much(fake: FakeSounddevice) -> None:
    with Microphone(backlog=0.1) as mic:
        for i in range(5 + 3):
            fake.streams[0].feed(ramp(i))
        blocks = iter(mic)
        assert [float(next(blocks).y[0]) for _ in range(5)] == pytest.approx([i / 100 for i in range(5)])
        fake.streams[0].feed(ramp(8))
        block = next(blocks)
        assert (round(float(block.y[0]), 3), block.lost) == (0.08, 3 * N)
        fake.streams[0].feed(ramp(9))
        assert next(blocks).lost == 0


@pytest.mark.parametrize(("late", "lost"), [(0.5, SR // 2), (0.0, N)])
def test_what_the_system_lost_is_counted_by_the_clock_of_the_device(
    fake: FakeSounddevice, late: float, lost: int
) -> None:
    with Microphone() as mic:
        fake.streams[0].feed(ramp(0))
        fake.streams[0].feed(ramp(1), overflow=True, late=late)
        blocks = iter(mic)
        assert [next(blocks).lost, next(blocks).lost] == [0, lost]


def test_an_overflow_before_the_first_block_is_no_loss(fake: FakeSounddevice) -> None:
    with Microphone() as mic:
        fake.streams[0].feed(ramp(1), overflow=True)
        assert next(iter(mic)).lost == 0


def test_what_was_recorded_before_it_was_unplugged_is_given(fake: FakeSounddevice) -> None:
    with Microphone() as mic:
        fake.streams[0].feed(ramp(1))
        fake.streams[0].unplug()
        blocks = iter(mic)
        np.testing.assert_array_equal(next(blocks).y, ramp(1))
        with pytest.raises(MicrophoneError, match=r"^Fake mic: gives no more sound"):
            next(blocks)


def test_a_microphone_that_falls_silent_without_a_word_is_gone(fake: FakeSounddevice) -> None:
    with Microphone() as mic:
        fake.streams[0].feed(ramp(1))
        blocks: list[Block] = []
        with pytest.raises(MicrophoneError, match="gives no more sound"):
            blocks.extend(iter(mic))
        # `extend` keeps what came before the error
        assert [block.y.size for block in blocks] == [N] + [0] * (microphone._MAX_WAITS - 1)


def test_a_device_that_has_no_mono_gives_all_channels_which_are_averaged(fake: FakeSounddevice) -> None:
    fake.least_channels = 2
    with Microphone() as mic:
        fake.streams[0].feed(ramp(3))
        np.testing.assert_array_equal(next(iter(mic)).y, ramp(3))
    assert fake.streams[0].given["channels"] == 2


def test_devices_are_listed_with_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, names=["Built-in", "Headset"])
    assert list_devices() == [Device(0, "Built-in", SR, True), Device(1, "Headset", SR, False)]


@pytest.mark.parametrize(("device", "name"), [(None, "Built-in"), ("1", "Headset"), ("head", "Headset")])
def test_a_device_is_named_by_number_or_part_of_its_name(
    monkeypatch: pytest.MonkeyPatch, device: str | None, name: str
) -> None:
    install(monkeypatch, names=["Built-in", "Headset"])
    assert Microphone(device).name == name


@pytest.mark.parametrize(
    ("names", "device", "message"),
    [
        ([], None, "^no microphone found. Plug one in"),
        (["A"], "7", "^7: no such microphone .*--list-devices"),
        (["A"], "²", "^²: no such microphone .*--list-devices"),
        (["A"], "foo", "^foo: no such microphone .*--list-devices"),
    ],
)
def test_a_microphone_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, names: list[str], device: str | None, message: str
) -> None:
    install(monkeypatch, names=names)
    with pytest.raises(MicrophoneError, match=message):
        Microphone(device)


def test_a_microphone_that_another_program_holds(fake: FakeSounddevice) -> None:
    fake.refuses_start = True
    with pytest.raises(MicrophoneError, match=r"^Fake mic: cannot be opened \(Device unavailable"), Microphone():
        pass
    assert fake.streams[0].closed


def test_without_sounddevice_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r'a microphone needs sounddevice.*"speechrnn\[mic\]"'):
        Microphone()


def test_without_portaudio_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(
            self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            del path, target
            if name == "sounddevice":
                raise OSError("PortAudio library not found")
            return None

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MicrophoneError, match=r"no PortAudio .*not found.* apt install libportaudio2"):
        list_devices()
