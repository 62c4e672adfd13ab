"""A sounddevice that is none: tests play the part of PortAudio."""

import sys
import threading
from collections.abc import Callable, Iterable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.signals import Waveform

SR = 8000


class PortAudioError(Exception):
    pass


class FakeStream:
    """What `sounddevice.InputStream` gives; `feed` is a callback from PortAudio."""

    def __init__(self, fake: "FakeSounddevice", **given: Any) -> None:
        if given["channels"] < fake.least_channels:
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]", -9998)
        self.given, self.active, self.closed, self.clock = given, False, False, 100.0
        self._fake = fake

    def start(self) -> None:
        if self._fake.refuses_start:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]", -9985)
        self.active = True
        if self._fake.play is not None:
            threading.Thread(target=self._fake.play, args=(self,), daemon=True).start()

    def close(self, ignore_errors: bool = True) -> None:
        self.active, self.closed = False, ignore_errors

    def feed(self, y: Waveform, *, overflow: bool = False, late: float = 0.0) -> None:
        self.clock += late
        memory = np.repeat(y[:, None], self.given["channels"], axis=1)
        times = SimpleNamespace(inputBufferAdcTime=self.clock)
        self.given["callback"](memory, y.size, times, SimpleNamespace(input_overflow=overflow))
        self.clock += y.size / self.given["samplerate"]
        memory[:] = np.nan  # PortAudio uses it again

    def unplug(self) -> None:
        self.active = False
        self.given["finished_callback"]()


class FakeSounddevice(ModuleType):
    """The module; `names` are its microphones."""

    def __init__(self, names: Iterable[str] = ("Fake mic",)) -> None:
        super().__init__("sounddevice")
        self.PortAudioError = PortAudioError
        self.names = list(names)
        self.least_channels, self.refuses_start = 1, False
        # what a thread of PortAudio's does after the start
        self.play: Callable[[FakeStream], None] | None = None
        self.default = SimpleNamespace(device=[-1, -1])
        self.streams: list[FakeStream] = []

    def query_hostapis(self) -> tuple[dict[str, Any], ...]:
        return ({"default_input_device": 0},) if self.names else ()

    def query_devices(self, device: Any = None, kind: str | None = None) -> Any:
        every: list[dict[str, Any]] = [
            {"name": name, "max_input_channels": 2, "default_samplerate": float(SR), "hostapi": 0}
            for name in self.names
        ]
        if kind is None:
            return [*every, {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 48000.0, "hostapi": 0}]
        if isinstance(device, str):
            found = [one for one in every if device.lower() in one["name"].lower()]
            if not found:
                raise ValueError(f"No input device matching {device!r}")
            return found[0]
        if not 0 <= (device or 0) < len(every):
            raise PortAudioError(f"Error querying device {-1 if device is None else device}")
        return every[device or 0]

    def InputStream(self, **given: Any) -> FakeStream:  # noqa: N802 -- its name there
        self.streams.append(FakeStream(self, **given))
        return self.streams[-1]


def install(monkeypatch: pytest.MonkeyPatch, **given: Any) -> FakeSounddevice:
    """Put one in the place of sounddevice."""
    fake = FakeSounddevice(**given)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake
