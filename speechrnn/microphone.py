"""Sound from a microphone, through sounddevice and PortAudio: blocks, a bounded queue, and a count of what was lost."""

import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from speechrnn.blocks import Block
from speechrnn.errors import MicrophoneError
from speechrnn.extras import require
from speechrnn.waveform import mix

# seconds of a block, and of what waits for a listener that is slow; more is dropped
BLOCK_SECONDS, BACKLOG_SECONDS = 0.02, 10.0
# a wait for a block, in seconds, and so many in vain mean that the microphone is gone though nobody says so
_WAIT, _MAX_WAITS = 0.1, 30


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone.

    Attributes
    ----------
    index : int
        Its number, for ``--device``.
    name : str
        As the system calls it.
    sr : int
        Its own rate in Hz.
    default : bool
        Whether it is used when none is named.
    """

    index: int
    name: str
    sr: int
    default: bool


def list_devices() -> list[Device]:
    """List the microphones.

    Returns
    -------
    list of Device
        Possibly none.

    Raises
    ------
    MissingExtraError
        sounddevice is not installed.
    MicrophoneError
        PortAudio is not installed, or fails.
    """
    sd = _sounddevice()
    try:
        default = sd.default.device[0]
        if default < 0:
            default = next((api["default_input_device"] for api in sd.query_hostapis()), -1)
        return [
            Device(i, str(info["name"]), int(info["default_samplerate"]), i == default)
            for i, info in enumerate(sd.query_devices())
            if info["max_input_channels"] > 0
        ]
    except sd.PortAudioError as error:
        raise MicrophoneError(
            f"the sound system fails ({_reason(error)}). Look at the system's sound settings."
        ) from error


class Microphone:
    """A microphone that records from `__enter__` to `__exit__`; iterate over it for its blocks.

    A block without samples comes where nothing came for a tenth of a second, so that who waits can do something else.

    Parameters
    ----------
    device : str, optional
        A number of `list_devices`, or a part of a name; the system's default if absent.
    backlog : float
        So many seconds wait for a listener that is slow; what comes then is dropped and counted.

    Raises
    ------
    MissingExtraError
        sounddevice is not installed.
    MicrophoneError
        PortAudio is not installed, there is no such microphone, or it cannot be opened. While iterating: it is gone.
    """

    def __init__(self, device: str | None = None, *, backlog: float = BACKLOG_SECONDS) -> None:
        sd = self._sd = _sounddevice()
        chosen = int(device) if device is not None and device.isdecimal() else device
        try:
            info = sd.query_devices(chosen, "input")
        except (sd.PortAudioError, ValueError) as error:
            raise _absent(device, error) from error
        self.name, self.sr = str(info["name"]), int(info["default_samplerate"])
        self._blocks: queue.Queue[Block] = queue.Queue(max(1, round(backlog / BLOCK_SECONDS)))
        # both belong to the thread of the callback: samples lost since the last block, and when the next is due
        self._lost = 0
        self._due = 0.0
        self._ended = False
        self._stream = self._open(chosen, int(info["max_input_channels"]))

    def _open(self, device: int | str | None, n_channels: int) -> Any:
        """Ask for mono; some devices give only all their channels."""
        given: dict[str, Any] = {
            "device": device,
            "samplerate": self.sr,
            "blocksize": round(self.sr * BLOCK_SECONDS),
            "dtype": "float32",
            "callback": self._take,
            "finished_callback": self._end,
        }
        try:
            try:
                return self._sd.InputStream(channels=1, **given)
            except self._sd.PortAudioError:
                if n_channels < 2:
                    raise
                return self._sd.InputStream(channels=n_channels, **given)
        except (self._sd.PortAudioError, ValueError) as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        try:
            self._stream.start()
        except self._sd.PortAudioError as error:
            self._stream.close()
            raise self._unusable(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close(ignore_errors=True)

    def __iter__(self) -> Iterator[Block]:
        waits = 0
        while True:
            try:
                block = self._blocks.get(timeout=_WAIT)
            except queue.Empty:
                waits += 1
                if self._ended or waits >= _MAX_WAITS or not self._stream.active:
                    raise MicrophoneError(
                        f"{self.name}: gives no more sound, it may be unplugged. Plug it in and start again."
                    ) from None
                block = Block(np.zeros(0, np.float32))
            else:
                waits = 0
            yield block

    def _take(self, samples: Any, n: int, times: Any, status: Any) -> None:
        """Hear from PortAudio, in its own thread: copy, never wait."""
        # before the first block nothing that anybody waited for was lost
        if status.input_overflow and self._due:
            # by the clock of the device, where it has one
            gap = round((times.inputBufferAdcTime - self._due) * self.sr)
            self._lost += gap if gap > 0 else n
        self._due = times.inputBufferAdcTime + n / self.sr
        try:
            self._blocks.put_nowait(Block(mix(samples).copy(), self._lost))
        except queue.Full:
            self._lost += n
        else:
            self._lost = 0

    def _end(self) -> None:
        self._ended = True

    def _unusable(self, error: Exception) -> MicrophoneError:
        return MicrophoneError(
            f"{self.name}: cannot be opened ({_reason(error)}). Another program may hold it; close that, or choose "
            "another with --device."
        )


def _sounddevice() -> Any:
    try:
        return require("sounddevice", "mic", "a microphone")
    except OSError as error:  # what sounddevice raises where the library is not there
        raise MicrophoneError(
            f"no PortAudio ({error}), which reaches microphones. Install it, on Debian or Ubuntu with: "
            "apt install libportaudio2"
        ) from error


def _absent(device: str | None, error: Exception) -> MicrophoneError:
    if device is None:
        return MicrophoneError("no microphone found. Plug one in, or listen to a file with --input FILE.")
    return MicrophoneError(
        f"{device}: no such microphone ({_reason(error)}). `speechrnn listen --list-devices` shows them."
    )


def _reason(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:200]
