"""Ctrl-C between two blocks of sound, so that what is being said can still be answered."""

import contextlib
import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from speechrnn.blocks import Block


def interruptible(blocks: Iterable[Block]) -> Iterator[Block]:
    """Let blocks pass until Ctrl-C comes, and raise `KeyboardInterrupt` after the one that passes then.

    Parameters
    ----------
    blocks : iterable of Block
        The sound.

    Yields
    ------
    Block
        The same.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C came. A second one is not waited with.
    """
    with _interruption() as interrupted:
        for block in blocks:
            if interrupted.is_set():
                raise KeyboardInterrupt
            yield block
            if interrupted.is_set():
                raise KeyboardInterrupt


@contextlib.contextmanager
def _interruption() -> Iterator[threading.Event]:
    interrupted = threading.Event()

    def stop(*_: Any) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
