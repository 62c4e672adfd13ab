"""Ctrl-C between two blocks of sound, so that what is being said can still be answered."""

import contextlib
import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from speechrnn.blocks import Block


@contextlib.contextmanager
def interruptible(blocks: Iterable[Block]) -> Iterator[Iterator[Block]]:
    """Let blocks pass until Ctrl-C comes, which raises `KeyboardInterrupt` after the one that passes then.

    Whoever leaves the sound in the middle has Ctrl-C as it was before: a generator alone would give it back when it is
    collected, which may be late, and in a thread that is not allowed to.

    Parameters
    ----------
    blocks : iterable of Block
        The sound.

    Yields
    ------
    iterator of Block
        The same, while the context lasts. It raises `KeyboardInterrupt` where Ctrl-C came; a second one is not waited
        with.
    """
    interrupted = threading.Event()

    def stop(*_: Any) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    def until() -> Iterator[Block]:
        for block in blocks:
            if interrupted.is_set():
                raise KeyboardInterrupt
            yield block
            if interrupted.is_set():
                raise KeyboardInterrupt
        # whoever is still busy after the last block is stopped at once
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield until()
    finally:
        signal.signal(signal.SIGINT, before)
