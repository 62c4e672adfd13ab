"""Runs the examples on data/samples and holds their probabilities to those of Python: `make examples`.

usage: python examples/check.py [--model BUNDLE]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from speechrnn import load

HERE = Path(__file__).parent
# for each probability, and for `known`
TOLERANCE = 1e-4


def run(command: list[str | Path], folder: Path | None = None) -> str:
    """Run a command and give what it printed."""
    return subprocess.run([str(part) for part in command], cwd=folder, check=True, text=True, stdout=-1).stdout


def hear_javascript(export: Path, files: list[Path]) -> list[list[float]]:
    """Ask onnxruntime-web; npm brings it."""
    if not (HERE / "javascript" / "node_modules").is_dir():
        run(["npm", "install", "--no-audit", "--no-fund", "--silent"], HERE / "javascript")
    lines = run(["node", HERE / "javascript" / "predict.mjs", export, *files, "--json"]).splitlines()
    return [[*answer["probabilities"], answer["known"]] for answer in map(json.loads, lines)]


def hear_c(export: Path, files: list[Path]) -> list[list[float]]:
    """Build against the library in onnxruntime's wheel, and ask."""
    [library] = Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so.*")
    with tempfile.TemporaryDirectory() as scratch:
        # the wheel has the library under its full version, programs ask for the first number of it
        beside = Path(scratch) / ".".join(library.name.split(".")[:3])
        beside.symlink_to(library)
        program = Path(scratch) / "predict"
        source = HERE / "c" / "predict.c"
        warnings = ["-std=c99", "-Wall", "-Wextra", "-Werror"]
        run(["cc", *warnings, "-O2", source, beside, f"-Wl,-rpath,{scratch}", "-o", program])
        lines = run([program, export / "model.onnx", *files]).splitlines()
    numbers = [[float(part) for part in line.rsplit(maxsplit=11)[1:]] for line in lines]
    return [[*probabilities, known] for known, *probabilities in numbers]


def main() -> int:
    """Export, run each example whose tools are here, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="digits")
    model = parser.parse_args().model
    files = sorted((HERE.parent / "data" / "samples").glob("*.wav"))
    recognizer = load(model)
    predictions = [recognizer.predict(path) for path in files]
    expected = np.array([[*(p.probabilities or {}).values(), p.known] for p in predictions])
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        export = Path(scratch) / "export"
        run([sys.executable, "-m", "speechrnn", "export", model, "--format", "onnx", "--out", export])
        for name, tool, hear in (("JavaScript", "npm", hear_javascript), ("C", "cc", hear_c)):
            if shutil.which(tool) is None:
                print(f"{name}: NOT RUN, there is no {tool} here")
                continue
            apart = np.abs(np.array(hear(export, files)) - expected).max()
            failed += not apart <= TOLERANCE
            print(f"{name}: {len(files)} clips, largest difference from Python {apart:.1e}; allowed {TOLERANCE:g}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
