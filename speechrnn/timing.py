"""Times that can be compared: runs take turns with those of their yardstick, so that a busy machine slows both."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from speechrnn.errors import BenchError

TURN = 10

# runs a command and tells its seconds, peak memory in KB, and exit status
_LAUNCHER = """
import os, subprocess, sys, time
quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], **quiet)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print([time.perf_counter() - began, usage.ru_maxrss, process.returncode])
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall seconds, and peak memory in MB."""

    seconds: float
    megabytes: float


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; what it prints is dropped.
    env : mapping of str to str, optional
        Its environment; this process's if absent.

    Returns
    -------
    Run
        Its rusage is that of `wait4`, so that children do not add up. It is started by a small process: Linux counts
        the memory of the process that starts another as the other's.

    Raises
    ------
    BenchError
        It failed.
    """
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launch, env=env, check=True, capture_output=True, text=True)  # noqa: S603 -- ours
    seconds, kilobytes, status = json.loads(done.stdout)
    if status:
        raise BenchError(f"{' '.join(command)}: exit status {status}, needed 0. Run it by hand to see why.")
    return Run(seconds, kilobytes / 1024)


def alternate(ours: Sequence[str], yardstick: Sequence[str], n: int) -> tuple[list[Run], list[Run]]:
    """Run two commands in turns, after one run of each that warms the file system.

    Parameters
    ----------
    ours, yardstick : sequence of str
        The commands.
    n : int
        Runs of each.

    Returns
    -------
    tuple of list of Run
        Of ours, of the yardstick.
    """
    run(ours), run(yardstick)
    pairs = [(run(ours), run(yardstick)) for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def median(runs: Sequence[Run]) -> float:
    """Give the median of wall seconds.

    Parameters
    ----------
    runs : sequence of Run
        At least one.

    Returns
    -------
    float
        Seconds.
    """
    return statistics.median(one.seconds for one in runs)


def take_turns(functions: Mapping[str, Callable[[int], object]], n: int) -> dict[str, float]:
    """Time functions of this process in turns of `TURN` calls: what is warm stays warm, what is slow slows all alike.

    Parameters
    ----------
    functions : mapping of str to callable
        Each is called with 0, 1, ..., n - 1; once more before each turn, unmeasured, as caches are cold then.
    n : int
        How often.

    Returns
    -------
    dict
        Median milliseconds by name.

    Examples
    --------
    >>> sorted(take_turns({"add": lambda i: i + 1, "nothing": lambda i: None}, 3))
    ['add', 'nothing']
    """
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for first in range(0, n, TURN):
        for name, function in functions.items():
            function(first)
            for i in range(first, min(first + TURN, n)):
                began = time.perf_counter()
                function(i)
                taken[name].append(time.perf_counter() - began)
    return {name: 1000 * statistics.median(times) for name, times in taken.items()}
