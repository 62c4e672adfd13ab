"""Many files: clips a second with one job and with two, flat memory, and the librosa-Keras chain beside it.

usage: python benchmarks/batch.py [--files 100000] [--clips FOLDER] [--json FILE]

The files are hard links of the samples (or of --clips); nothing is cached by content, so each is read and recognised
anew. Runs take turns. Beside wall time stands the CPU time of the whole process, which a busy machine changes less.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
CHAIN = """
import sys, time
from pathlib import Path
from speechrnn.batch import predict_files
from speechrnn.training.reference import load_reference
recognizer = load_reference()
files = sorted(Path(sys.argv[1]).rglob("*.wav"))
list(predict_files(recognizer, files[:64], jobs=1))  # TensorFlow traces and numba compiles: not counted
wall, cpu = time.perf_counter(), time.process_time()
list(predict_files(recognizer, files, jobs=1))
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def link(clips: Path, folder: Path, n: int) -> Path:
    """Make a folder of so many names, a thousand in each folder below it."""
    sources = sorted(path for path in clips.iterdir() if path.suffix == ".wav")
    for i in range(n):
        below = folder / f"{i // 1000:03d}"
        if i % 1000 == 0:
            below.mkdir(parents=True)
        target = below / f"{i:06d}.wav"
        try:
            os.link(sources[i % len(sources)], target)
        except OSError:  # on another disk: one copy for all
            copy = folder.parent / f"copy-{i % len(sources)}.wav"
            if not copy.exists():
                copy.write_bytes(sources[i % len(sources)].read_bytes())
            os.link(copy, target)
    return folder


def predict(folder: Path, n: int, jobs: int) -> dict[str, float]:
    """Run the command on a folder, whole process."""
    out = folder.parent / "out.jsonl"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "speechrnn", "predict", str(folder), "--out", str(out), "--jobs", str(jobs)]
    began = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode or sum(1 for _ in out.open("rb")) != n:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"files": n, "jobs": jobs, "seconds": seconds, "cpu": cpu, "megabytes": usage.ru_maxrss / 1024}


def show(run: dict[str, float]) -> dict[str, float]:
    """Print a run."""
    n = run["files"]
    print(
        f"{n:.0f} files, --jobs {run['jobs']:.0f}: {n / run['seconds']:.0f} clips/s, "
        f"{1000 * run['seconds'] / n:.3f} ms a clip ({1000 * run['cpu'] / n:.3f} ms of CPU), {run['megabytes']:.0f} MB",
        flush=True,
    )
    return run


def compare(folder: Path, n: int, turns: int) -> dict[str, float]:
    """The command, whole process, in turns with the chain in one process, from which start-up is left out."""
    ours, theirs = [], []
    for _ in range(turns):
        ours.append(show(predict(folder, n, os.cpu_count() or 1)))
        done = subprocess.run([sys.executable, "-c", CHAIN, str(folder)], capture_output=True, text=True, check=True)
        seconds, cpu = map(float, done.stdout.split())
        theirs.append((seconds, cpu))
        print(
            f"{n} files, librosa and Keras: {1000 * seconds / n:.2f} ms a clip ({1000 * cpu / n:.2f} of CPU)",
            flush=True,
        )
    row = {
        "files": n,
        "ours_ms": 1000 * statistics.median(run["seconds"] for run in ours) / n,
        "chain_ms": 1000 * statistics.median(seconds for seconds, _ in theirs) / n,
        "ours_cpu_ms": 1000 * statistics.median(run["cpu"] for run in ours) / n,
        "chain_cpu_ms": 1000 * statistics.median(cpu for _, cpu in theirs) / n,
    }
    print(f"ratio {row['chain_ms'] / row['ours_ms']:.1f} (needed 5), {row['ours_ms']:.2f} ms a clip (needed 0.8)")
    return row


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--clips", type=Path, default=SAMPLES)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        few = link(arguments.clips, Path(scratch) / "few", 3000)
        result: dict[str, object] = {"load": os.getloadavg()[0], "chain": compare(few, 3000, arguments.turns)}
        many = link(arguments.clips, Path(scratch) / "many", arguments.files)
        runs = [show(predict(many, arguments.files, jobs)) for jobs in (1, 2)]
        small = show(predict(few, 3000, 2))
        result["runs"] = [small, *runs]
        print(
            f"memory: {runs[1]['megabytes'] - small['megabytes']:+.0f} MB, {arguments.files / 3000:.0f} times the files"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
