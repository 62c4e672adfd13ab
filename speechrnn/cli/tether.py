"""``python -m speechrnn.cli.tether`` is ``speechrnn`` for `speechrnn.tethered`: it ends when its stdin does."""

import _thread
import os
import threading

from speechrnn.cli import main

_STDIN = 0


def _watch() -> None:
    while os.read(_STDIN, 1):
        pass
    _thread.interrupt_main()


if __name__ == "__main__":
    threading.Thread(target=_watch, daemon=True).start()
    main()
