"""The command line as tests run it: in this process, or as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bundles import GOLDEN, SAMPLES

MODEL = ("--model", str(GOLDEN))
SIX = min(SAMPLES.glob("6_*.wav"))


@dataclass(frozen=True)
class Result:
    """What a command left: its exit status, and all that it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What stands on stdout."""
        return self.out.splitlines()


def check_refusal(result: Result, *parts: str, status: int = 1) -> None:
    """Hold that a command failed with one clear sentence on stderr, nothing on stdout, and no traceback."""
    assert result.status == status, result
    assert result.out == ""
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.err
    assert "Traceback" not in result.err
    assert "unforeseen" not in result.err
    assert [part for part in parts if part not in errors[0]] == [], errors[0]


def run_process(*args: str | Path, home: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Result:
    """Run ``python -m speechrnn`` as a process of its own."""
    command = [sys.executable, "-m", "speechrnn", *map(str, args)]
    surroundings = {**os.environ, "SPEECHRNN_HOME": str(home), **(env or {})}
    done = subprocess.run(command, input=stdin, capture_output=True, env=surroundings, check=False, timeout=120)
    return Result(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode())
