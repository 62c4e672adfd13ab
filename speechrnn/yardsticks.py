"""The figures of `speechrnn bench` that need no training: starts, one clip against pocketsphinx, a folder.

Each step gives medians, every one beside its yardstick.

What is compared with librosa and Keras in this process stands in `speechrnn.training.yardsticks`.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from speechrnn.benchmark import N_WARM, PROGRAM, Row, Setting, Step
from speechrnn.extras import check_installed
from speechrnn.sphinx import load_sphinx
from speechrnn.timing import alternate, median, run, take_turns

N_FOLDER = 3000


def _start_base(setting: Setting) -> list[Row]:
    """Start-up against what it cannot do without, and help against typer; memory."""
    predict = setting.command("predict", str(setting.paths[0]))
    ours, base = alternate(predict, _python("import onnxruntime, soundfile, numpy"), 15)
    helps, typer = alternate([*PROGRAM, "--help"], _python("import typer"), 45)  # near its limit
    a, b, c, d = median(ours), median(base), median(helps), median(typer)
    peak = max(one.megabytes for one in ours)
    return [
        Row("cold predict, against import onnxruntime, soundfile, numpy", a, b, "s", a / b, "aim: at most 1.8", None),
        Row("speechrnn --help, against import typer", c, d, "s", c / d, "at most 1.5", c / d <= 1.5),
        Row("peak memory of predict", peak, 150.0, "MB", peak / 150, "under 150 MB", peak < 150),
    ]


def _start_tensorflow(setting: Setting) -> list[Row]:
    """Start-up against TensorFlow's."""
    check_installed("tensorflow", extra="train", purpose="this yardstick")
    ours, theirs = alternate(setting.command("predict", str(setting.paths[0])), _python("import tensorflow"), 3)
    a, b = median(ours), median(theirs)
    return [Row("cold predict, against import tensorflow", a, b, "s", b / a, "at least 10 times faster", b / a >= 10)]


def _warm_sphinx(setting: Setting) -> list[Row]:
    """One file at a time, to the label, against pocketsphinx with a grammar of ten digits."""
    recognizer, hear = setting.recognizer(), load_sphinx()
    paths = setting.paths
    times = take_turns(
        {"ours": lambda i: recognizer.predict(paths[i % len(paths)]), "theirs": lambda i: hear(paths[i % len(paths)])},
        min(N_WARM, 3 * len(paths)),
    )
    ours, theirs = setting.score(lambda path: recognizer.predict(path).label), setting.score(hear)
    note = f"ours: {ours}; pocketsphinx, whose model is for 16 kHz: {theirs}"
    ratio = times["theirs"] / times["ours"]
    name, limit = "warm clip, file to label, against pocketsphinx", "aim: at least 15 times faster"
    return [Row(name, times["ours"], times["theirs"], "ms", ratio, limit, None, note)]


def _folder(setting: Setting) -> list[Row]:
    """Many files, whole process, against the chain of librosa and Keras over the same files."""
    check_installed("keras", extra="train", purpose="this yardstick")
    with tempfile.TemporaryDirectory() as scratch:
        _link(setting.paths, Path(scratch))
        ours = [run(setting.command("predict", scratch, "--json")) for _ in range(3)]
        theirs = run(setting.command("predict", scratch, "--json", "--runtime", "keras"))
    a, b = (1000 * seconds / N_FOLDER for seconds in (median(ours), theirs.seconds))
    note = f"{N_FOLDER / median(ours):.0f} and {N_FOLDER / theirs.seconds:.0f} clips a second"
    # milliseconds are the machine's, and decide nothing
    limit = "at least 5 times faster (aim: at most 0.8 ms)"
    return [Row(f"predict of {N_FOLDER} clips, a clip", a, b, "ms", b / a, limit, b / a >= 5, note)]


STEPS: tuple[Step, ...] = (
    ("cold start", _start_base),
    ("cold start, against import tensorflow", _start_tensorflow),
    ("warm clip, against pocketsphinx", _warm_sphinx),
    ("a folder of clips, against librosa and Keras", _folder),
)


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _link(paths: Sequence[Path], scratch: Path) -> None:
    """Give the recordings `N_FOLDER` names in a folder."""
    for i in range(N_FOLDER):
        source = paths[i % len(paths)].resolve()
        (scratch / f"{i:04d}{source.suffix}").symlink_to(source)
