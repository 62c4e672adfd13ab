"""Commands of `speechrnn` in processes of their own, which end, as by Ctrl-C, when whoever began them does.

Each reads a pipe that nothing is ever written to (`speechrnn.cli.tether`). It is closed when the commands are stopped,
and by the system when this process ends, however it ends; so nobody trains on who has nobody to train for.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_INTERRUPTED = 128 + signal.SIGINT
# the same modules as here, and none that lie where the user works: -P leaves that folder out
_BEGIN = (
    "import os, sys; sys.path[:] = sys.argv.pop(1).split(os.pathsep); from speechrnn.cli.tether import main; main()"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes
    ----------
    status : int
        0 where all went well.
    told : str
        What it wrote to stderr.
    """

    status: int
    told: str


class Commands:
    """Commands that run side by side, each called from a thread of its own."""

    def __init__(self) -> None:
        self._lock, self._ropes, self._stopped = threading.Lock(), set[int](), False

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Ended:
        """Run a command and wait for its end.

        Parameters
        ----------
        arguments : sequence of str
            What follows ``speechrnn``.
        environment : mapping of str to str
            Laid over that of this process.

        Returns
        -------
        Ended
            How it ended; after `stop` it does so before it begins.
        """
        command = [sys.executable, "-P", "-c", _BEGIN, os.pathsep.join(sys.path), *arguments]
        with self._lock:
            if self._stopped:
                return Ended(_INTERRUPTED, "")
            theirs, ours = os.pipe()
            self._ropes.add(ours)
        try:
            done = subprocess.run(  # noqa: S603 -- this very Python
                command, stdin=theirs, env=os.environ | environment, capture_output=True, check=False
            )
        finally:
            os.close(theirs)
            with self._lock:
                self._let_go(ours)
        return Ended(done.returncode, done.stderr.decode("utf-8", "replace"))

    def stop(self) -> None:
        """End all that run, and whatever is begun later."""
        with self._lock:
            self._stopped = True
            for rope in tuple(self._ropes):
                self._let_go(rope)

    def _let_go(self, rope: int) -> None:
        if rope in self._ropes:
            self._ropes.remove(rope)
            os.close(rope)
