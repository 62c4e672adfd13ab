"""What ``listen`` does while it listens: results as they come, what was lost, and an end that loses nothing."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from speechrnn.blocks import Block, FileBlocks, pace
from speechrnn.cli.interruption import interruptible
from speechrnn.cli.meter import Line, live_line
from speechrnn.ears import Ear
from speechrnn.errors import AudioError, MicrophoneError
from speechrnn.markup import percent
from speechrnn.microphone import BLOCK_SECONDS, Microphone, list_devices
from speechrnn.streaming import Stream, hear
from speechrnn.text import printable
from speechrnn.transcript import Transcript

# of a file that is read as fast as possible
_FAST_BLOCK_SECONDS = 1.0
# utterances that the live line shows
_SHOWN = 5


def hear_file(ear: Ear, path: Path, *, fast: bool, as_json: bool) -> None:
    """Print what is said in a recording.

    Parameters
    ----------
    ear : Ear
        The model.
    path : Path
        The recording.
    fast : bool
        As fast as possible, else at the pace of a microphone.
    as_json : bool
        Objects, else digits.

    Raises
    ------
    AudioError
        It cannot be read, or not to its end.
    """
    try:
        file = FileBlocks(path, _FAST_BLOCK_SECONDS if fast else BLOCK_SECONDS)
        stream = Stream(ear, file.sr, advice="Export the recording again.")
        _print_heard(stream, file if fast else pace(file, file.sr), path=path, as_json=as_json)
    except AudioError as error:
        raise AudioError(f"{printable(path)}: {error}") from error


def hear_microphone(ear: Ear, device: str | None, *, as_json: bool) -> None:
    """Print what is said into a microphone, until it is gone or Ctrl-C comes.

    Parameters
    ----------
    ear : Ear
        The model.
    device : str or None
        Number or part of a name.
    as_json : bool
        Objects, else digits.
    """
    with Microphone(device) as microphone:
        typer.echo(f"listening to {printable(microphone.name)}; Ctrl-C ends", err=True)
        _print_heard(Stream(ear, microphone.sr), microphone, path=None, as_json=as_json)


def print_devices() -> None:
    """Print a line for each microphone.

    Raises
    ------
    MicrophoneError
        There is none.
    """
    devices = list_devices()
    if not devices:
        raise MicrophoneError("no microphone found. Plug one in, or listen to a file with --input FILE.")
    for one in devices:
        typer.echo(f"{one.index:3d}  {printable(one.name)}, {one.sr} Hz{' (default)' if one.default else ''}")


@dataclasses.dataclass(slots=True)
class _Tally:
    """What came by now."""

    utterances: list[str]
    lost: int = 0
    n: int = 0


def _print_heard(stream: Stream, blocks: Iterable[Block], *, path: Path | None, as_json: bool) -> None:
    tally = _Tally([])
    with live_line() as line, interruptible(blocks) as sound:
        try:
            for found in hear(stream, _watch(sound, stream, line, tally)):
                named = dataclasses.replace(found, path=None if path is None else str(path))
                line.say(json.dumps(dataclasses.asdict(named), allow_nan=False) if as_json else describe(named))
                tally.n += 1
                tally.utterances = [*tally.utterances, named.digits or ""][-_SHOWN:]
                line.note("  ".join(tally.utterances))
        finally:
            if tally.lost:
                line.say(f"{tally.lost / stream.sr:.2f} s of sound were lost in all", err=True)
    if path is not None and not tally.n:
        typer.echo("no digits heard", err=True)


def describe(found: Transcript) -> str:
    """Say for people what was heard.

    Parameters
    ----------
    found : Transcript
        With at least one digit.

    Returns
    -------
    str
        The digits, and how sure the least sure of them is.

    Examples
    --------
    >>> from speechrnn.transcript import Segment
    >>> describe(Transcript(None, "40", (Segment("4", 0.1, 0.4, 0.99), Segment("0", 0.5, 0.9, 0.875))))
    '40 (87.5 %)'
    """
    return f"{printable(found.digits or '')} ({percent(min(one.probability for one in found.segments))})"


def _watch(blocks: Iterable[Block], stream: Stream, line: Line, tally: _Tally) -> Iterator[Block]:
    """Let blocks pass: show how loud they are, tell of what was lost."""
    for block in blocks:
        line.hear(block.y)
        if block.lost:
            if not tally.lost:
                line.say(
                    f"{block.lost / stream.sr:.2f} s of sound were lost after {stream.seconds:.1f} s: this machine was "
                    "busy with something else",
                    err=True,
                )
            tally.lost += block.lost
        yield block
