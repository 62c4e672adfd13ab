"""How the command line ends when something goes wrong, and what a process loads before it runs."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from speechrnn.cli.group import explain
from speechrnn.errors import AudioError
from tests.bundles import GOLDEN, SAMPLES
from tests.command_line import MODEL, SIX, Result, check_refusal, run_process

Cli = Callable[..., Result]
HEAVY = {
    "tensorflow", "keras", "librosa", "onnx", "sklearn", "scipy", "safetensors", "matplotlib", "av", "ray", "pyarrow",
    "pooch", "sounddevice", "espeakng_loader", "rich", "asyncio", "http", "urllib.request",
}  # fmt: skip
LIGHT_AT_START = HEAVY | {"numpy", "msgspec", "yaml", "onnxruntime", "soundfile", "soxr", "speechrnn.config"}
FULL, RIGHTS = "no space left on the disk. Free some, then run it again.", "Check the path and its rights."
LARGE = "as large as the disk or `ulimit -f` lets a file be. Raise the limit or take another disk, then run it again."
# runs a command, then tells what was imported and which sockets were opened
REPORTING = """
import json, sys
sockets = []
sys.addaudithook(lambda event, _: sockets.append(event) if event.startswith("socket.") else None)
from speechrnn.cli import main
sys.argv[0] = "speechrnn"
try:
    main()
except SystemExit as ended:
    status = ended.code
print(json.dumps({"status": status, "modules": sorted(sys.modules), "sockets": sockets}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (AudioError("a.wav: empty.\nsecond"), ["error: a.wav: empty.\\nsecond"]),
        (OSError(errno.ENOSPC, "No space left on device", "out/x"), [f"error: out/x: {FULL}"]),
        (OSError(errno.EFBIG, "File too large", "out/x"), [f"error: out/x: {LARGE}"]),
        (PermissionError(errno.EACCES, "Permission denied", b"a\nb"), [f"error: a\\nb: permission denied. {RIGHTS}"]),
        (OSError("odd\nway"), [f"error: odd\\nway. {RIGHTS}"]),
        (OSError(), [f"error: the system gave no reason. {RIGHTS}"]),
        (BrokenPipeError(), []),
        (KeyboardInterrupt(), ["stopped"]),
        (KeyboardInterrupt("go on with --resume"), ["stopped", "go on with --resume"]),
    ],
)  # fmt: skip
def test_each_kind_of_trouble_has_its_sentence(error: BaseException, lines: list[str]) -> None:
    assert explain(error) == lines


@pytest.mark.parametrize(
    ("error", "status", "seen"),
    [
        (MemoryError(), 1, "error: out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: no space left"),
        (KeyboardInterrupt(), 130, "stopped"),
        (ZeroDivisionError("division by zero"), 1, "error: unforeseen ZeroDivisionError (division by zero)"),
    ],
)
def test_no_traceback_unless_asked_for(
    error: BaseException, status: int, seen: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("speechrnn.cli.prediction_run.load", fail)
    result = cli("predict", SIX)
    assert (result.status, result.out) == (status, "")
    assert result.err.startswith(seen)
    assert len(result.err.splitlines()) == 1
    debugged = cli("--debug", "predict", SIX)
    assert debugged.status == status
    assert debugged.err.startswith("Traceback")
    assert debugged.err.endswith(result.err)


def test_what_is_printed_cannot_be_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "speechrnn", "predict", str(SIX), *MODEL]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"error: no space left on the disk. Free some, then run it again.\n")


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("predict", "--help")])
def test_help_that_cannot_be_written(args: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "speechrnn", *args]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"error: no space left on the disk. Free some, then run it again.\n")


@pytest.mark.pretrained
@pytest.mark.parametrize("command", ["predict", "transcribe"])
def test_stdin_that_is_closed_is_said_so(command: str, tmp_path: Path) -> None:
    line = f'exec "{sys.executable}" -m speechrnn {command} - <&-'
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=False, cwd=tmp_path)
    check_refusal(Result(done.returncode, done.stdout.decode(), done.stderr.decode()), "-: closed: there is no stdin")


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "speechrnn", "predict", str(SIX), *MODEL]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    os.close(write)
    assert done.stderr == b""


def test_nowhere_to_print_is_no_error(tmp_path: Path) -> None:
    line = f'exec "{sys.executable}" -m speechrnn predict "{SIX}" --model "{GOLDEN}" >&- 2>&-'
    assert subprocess.run(["bash", "-c", line], check=False, cwd=tmp_path).returncode == 0


def test_results_and_errors_do_not_mix(tmp_path: Path) -> None:
    result = run_process("predict", SIX, tmp_path / "missing.wav", *MODEL, home=tmp_path)
    assert result.status == 1
    assert [line.partition(": ")[0] for line in result.lines] == [str(SIX)]
    assert [line.partition(": ")[0] for line in result.err.splitlines()] == ["error", "1 of 2 inputs failed"]


def test_ctrl_c_ends_with_status_130(tmp_path: Path) -> None:
    # a shell's background jobs are deaf to Ctrl-C, and so would be their children
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{listening}; from speechrnn.cli import main; main()"
    command = [sys.executable, "-c", start, "predict", "-", *MODEL]  # what it waits for never comes
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        while not any("soundfile" in line for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines()):
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=60) == 130
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == b"stopped\n"


def report(*args: str | Path, tmp_path: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", REPORTING, *map(str, args)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, text=True)
    told: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return told


@pytest.mark.parametrize("module", ["speechrnn.engine", "speechrnn.string_engine", "speechrnn.training.formats"])
def test_nobody_is_told_of_a_machine_by_the_libraries(module: str, tmp_path: Path) -> None:
    """onnxruntime writes down what it is going to report beneath the home."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    command = [sys.executable, "-c", f"import {module}"]
    subprocess.run(command, check=True, env=environment | {"HOME": str(tmp_path)}, capture_output=True)
    assert [path.name for path in tmp_path.rglob("*onnxruntime*")] == []


def test_predict_loads_nothing_heavy_and_opens_no_socket(tmp_path: Path) -> None:
    told = report("predict", SIX, *MODEL, tmp_path=tmp_path)
    assert {"onnxruntime", "speechrnn.recognizer"} <= set(told["modules"])
    assert (HEAVY & set(told["modules"]), told["sockets"], told["status"]) == (set(), [], 0)
    # a clip of the model's own rate needs no resampler, and a bundle's audio settings no YAML
    assert {"yaml", "soxr", "speechrnn.conversion", "speechrnn.cli.train"} & set(told["modules"]) == set()


def test_evaluate_loads_nothing_heavy(tmp_path: Path) -> None:
    told = report("evaluate", SAMPLES, *MODEL, "--json", tmp_path=tmp_path)
    assert "speechrnn.evaluation" in told["modules"]
    assert (HEAVY & set(told["modules"]), told["sockets"]) == (set(), [])


def test_help_loads_only_what_it_needs_to_be_shown(tmp_path: Path) -> None:
    told = report("--help", tmp_path=tmp_path)
    assert "speechrnn.cli.train" in told["modules"]
    assert LIGHT_AT_START & set(told["modules"]) == set()


def test_a_command_ends_without_looking_through_what_it_imported(tmp_path: Path) -> None:
    spy = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count(), len(gc.get_objects())))"
    command = [sys.executable, "-c", f"{spy}; from speechrnn.cli import main; main()", "--version"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, text=True)
    frozen, left = map(int, done.stdout.splitlines()[-1].split())
    assert frozen > 10 * left


@pytest.mark.parametrize(
    "command",
    [["train"], ["predict"], ["evaluate"], ["compare"], ["info"], ["configs"], ["plot"], ["data"]]
    + [["data", name] for name in ("synth", "fetch", "check")],
)
def test_every_command_explains_itself(command: list[str], cli: Cli) -> None:
    result = cli(*command, "--help")
    assert (result.status, result.err) == (0, "")
    assert cli(*command, "-h") == result
    assert "..." not in result.out.partition("Commands:")[2]
    assert len(result.lines) > 5
    assert f"  {command[-1]} " in cli(*command[:-1], "--help").out


@pytest.mark.parametrize("args", [("predikt",), ("--modle",), ("data", "synthesise", "x"), ("compare", "x")])
def test_wrong_usage_ends_with_status_2(args: tuple[str, ...], cli: Cli) -> None:
    result = cli(*args)
    assert (result.status, result.out) == (2, "")
    assert "--help" in result.err


@pytest.mark.parametrize(
    ("args", "after"),
    [
        (("predict", ""), ""),
        (("predict", "--json", ""), " after --json"),
        (("train", "", "--epochs"), ""),
        (("export", "--out", ""), " after --out"),
    ],
)
def test_an_empty_argument_is_not_the_folder_in_which_one_works(args: tuple[str, ...], after: str, cli: Cli) -> None:
    result = cli(*args)
    assert (result.status, result.out) == (2, "")
    assert f"an argument{after} is empty, needed something." in result.err


def test_a_damaged_model_names_itself_once(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    check_refusal(cli("predict", SIX, "--model", "model"), "error: model: ")
