"""``speechrnn`` for `speechrnn.tethered`: it ends, as by Ctrl-C, when its standard input does."""

import os
import signal
import threading

from speechrnn.cli import main as run

_STDIN = 0


def main() -> None:
    """Run the command line until standard input ends."""
    # whoever begins commands in the background of a script has them ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_watch, daemon=True).start()
    run()


def _watch() -> None:
    while os.read(_STDIN, 1):
        pass
    # and not `interrupt_main`, which wakes nobody who waits
    os.kill(os.getpid(), signal.SIGINT)
