"""Commands on a tether: they take no library from where one works, and end when whoever began them lets go."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.tethered import Commands, Ended


def test_a_command_ends_as_it_would_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("typer", "random", "speechrnn"):
        Path(f"{name}.py").write_text("raise SystemExit('a file of the user')\n")
    assert Commands().run(["--version"], {}) == Ended(0, "")
    refused = Commands().run(["info", "nowhere"], {})
    assert refused.status == 1
    assert refused.told.startswith("error: nowhere: no such")


def test_what_is_begun_after_the_end_ends_at_once() -> None:
    commands = Commands()
    commands.stop()
    assert commands.run(["--version"], {}) == Ended(130, "")


@pytest.mark.train
def test_a_training_ends_when_it_is_let_go(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    commands = Commands()
    ended: list[Ended] = []
    out = tmp_path / "model"
    command = ["train", str(tone_corpus("01", ("ann", "bob"), 4)), "--config", "tutorial", "--out", str(out)]
    command += ["--set", "training.epochs=10000"]
    thread = threading.Thread(target=lambda: ended.append(commands.run(command, {})))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
    try:
        thread.start()
        time.sleep(1)
    finally:
        signal.signal(signal.SIGINT, before)
    for _ in range(1200):
        if ended or any(tmp_path.glob("model.unfinished/checkpoint*")):
            break
        time.sleep(0.1)
    assert not ended
    commands.stop()
    thread.join(60)
    [found] = ended
    assert found.status == 130
    assert "stopped" in found.told
    assert "--resume" in found.told
