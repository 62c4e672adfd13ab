"""Cold start, memory and throughput of the command line, each beside its yardstick in one run.

usage: python benchmarks/speed.py [--clips FOLDER] [--model BUNDLE] [--json FILE]

Every figure is a median over runs that take turns with those of its yardstick, so that a busy machine slows both.
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
from dataclasses import asdict, dataclass
from pathlib import Path

from speechrnn import load

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
SPEECHRNN = [str(Path(sys.executable).with_name("speechrnn"))]
N_CLIPS = 3000
N_WARM = 300


@dataclass(frozen=True)
class Run:
    """One process: wall seconds and peak memory in MB."""

    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Row:
    """A measure, what it was held against, and the limit of issue 3."""

    measure: str
    ours: float
    yardstick: float
    unit: str
    ratio: float
    limit: str
    # None where the limit is told and not held
    holds: bool | None


def run(command: list[str]) -> Run:
    """Run a process to its end; its rusage is read from wait4, so children do not add up."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    return Run(seconds, usage.ru_maxrss / 1024)


def alternate(ours: list[str], yardstick: list[str], n: int) -> tuple[list[Run], list[Run]]:
    """Run two commands in turns, after one run of each that warms the file system."""
    run(ours), run(yardstick)
    pairs = [(run(ours), run(yardstick)) for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def median(runs: list[Run]) -> float:
    """Median seconds."""
    return statistics.median(r.seconds for r in runs)


def python(code: str) -> list[str]:
    """Run a line of Python in this environment."""
    return [sys.executable, "-c", code]


def cold_rows(predict: list[str]) -> list[Row]:
    """Start-up of predict and help."""
    ours, tensorflow = alternate(predict, python("import tensorflow"), 5)
    base_ours, base = alternate(predict, python("import onnxruntime, soundfile, numpy"), 15)
    help_ours, typer = alternate([*SPEECHRNN, "--help"], python("import typer"), 15)
    peak = max(r.megabytes for r in ours + base_ours)
    a, b = median(ours), median(tensorflow)
    c, d = median(base_ours), median(base)
    e, f = median(help_ours), median(typer)
    return [
        Row("cold predict, against import tensorflow", a, b, "s", b / a, "at least 8 times faster", b / a >= 8),
        Row(
            "cold predict, against import onnxruntime, soundfile, numpy",
            c,
            d,
            "s",
            c / d,
            "(issue 6: at most 1.8)",
            None,
        ),
        Row("speechrnn --help, against import typer", e, f, "s", e / f, "at most 1.5", e / f <= 1.5),
        Row("peak memory of predict", peak, 150.0, "MB", peak / 150, "under 150 MB", peak < 150),
    ]


def folder_row(clips: Path | None, model: list[str]) -> Row:
    """A folder of 3,000 clips, whole process."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = clips or link_samples(Path(scratch))
        n = sum(1 for path in folder.iterdir() if path.suffix in {".wav", ".flac"})
        runs = [run([*SPEECHRNN, "predict", str(folder), "--json", *model]) for _ in range(3)]
    ms = median(runs) / n * 1000
    return Row(f"predict of {n} clips, a clip", ms, 3.0, "ms", ms / 3, "under 3 ms", ms < 3)


def warm_row(clips: Path | None, model: Path | None) -> Row:
    """One clip at a time on one thread, from samples in memory to the label."""
    recognizer = load(model)
    paths = sorted(path for path in (clips or SAMPLES).iterdir() if path.suffix in {".wav", ".flac"})
    waveforms = [recognizer.load_audio(path) for path in paths[:: max(1, len(paths) // N_WARM)]]
    taken = []
    for _ in range(3):
        for y in waveforms:
            began = time.perf_counter()
            recognizer.predict_batch([y])
            taken.append(1000 * (time.perf_counter() - began))
    ms = statistics.median(taken)
    return Row("one clip, warm, one thread", ms, 0.6, "ms", ms / 0.6, "(issue 4: at most 0.6 ms)", None)


def link_samples(scratch: Path) -> Path:
    """Make a folder of 3,000 names for the samples."""
    samples = sorted(SAMPLES.glob("*.wav"))
    for i in range(N_CLIPS):
        (scratch / f"{i:04d}.wav").symlink_to(samples[i % len(samples)].resolve())
    return scratch


def main() -> int:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model = ["--model", str(arguments.model)] if arguments.model else []
    six = min(SAMPLES.glob("6_*.wav"))
    rows = [*cold_rows([*SPEECHRNN, "predict", str(six), *model]), folder_row(arguments.clips, model)]
    rows.append(warm_row(arguments.clips, arguments.model))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for row in rows:
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "told, not held"}[row.holds]
        print(
            f"{row.measure}: {row.ours:.3g} {row.unit} against {row.yardstick:.3g} {row.unit}, "
            f"ratio {row.ratio:.2f}; {row.limit}: {verdict}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
