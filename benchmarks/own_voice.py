"""Own voice in a minute: WORK is the folder that `speechrnn/pretrained/make.sh` laid out.

    own_voice.py WORK OUT.json [N]
    own_voice.py WORK OUT.json CROSSVAL OTHERS SPEAKER...

Three models (or the first N), each of the shipped recipe without two of FSDD's speakers. Each of the two is once "me",
who adapts the model with three recordings of each digit, and once the stranger whom neither training heard. Or the
folds of CROSSVAL without each SPEAKER, and who speaks in the folder OTHERS, such as piper's joe, whom no fold heard.
Writes each row as it comes, beside those of other people; what is trained already is kept.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import numpy as np

from speechrnn.recognizer import load

PAIRS = (("jackson", "nicolas"), ("george", "yweweler"), ("lucas", "theo"))
DRAWS, REPEATS = 3, 3


@dataclass(frozen=True)
class Row:
    """Accuracy before and after, forced to answer, and what it took."""

    me: str
    stranger: str
    draw: int
    me_before: float
    me_after: float
    stranger_before: float
    stranger_after: float
    n_mine: int
    seconds: float


def clips_of(work: Path, speaker: str) -> list[Path]:
    """All recordings of a speaker."""
    return sorted((work / "fsdd").glob(f"*_{speaker}_*.wav"))


def link(folder: Path, clips: list[Path]) -> Path:
    """Make a folder of links."""
    folder.mkdir(parents=True, exist_ok=True)
    for clip in clips:
        if not (folder / clip.name).exists():
            (folder / clip.name).symlink_to(clip.resolve())
    return folder


def run(work: Path, *arguments: object, threads: int | None = None) -> float:
    """Run the command line; gives the seconds that it took."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS") if threads else ()
    environment = os.environ | dict.fromkeys(names, str(threads))
    command = [sys.executable, "-m", "speechrnn", *map(str, arguments)]
    begun = time.perf_counter()
    subprocess.run(command, cwd=work, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


def train(work: Path, pair: tuple[str, str]) -> None:
    """Train the model that neither of two speakers trains, where it is not there."""
    base = work / "own-voice" / "-".join(pair)
    everyone = [clip for clip in sorted((work / "fsdd").glob("*.wav")) if clip.name.split("_")[1] not in pair]
    if not (base / "model" / "metadata.json").exists():
        folder = link(base / "fsdd", everyone)
        run(
            work, "train", folder, "--config", "digits", "--split", "none", "--out", base / "model", "--force",
            threads=1,
        )  # fmt: skip


def accuracy(model: Path, clips: list[Path]) -> float:
    """Share right if every clip has to be answered."""
    recognizer = load(model, threshold=0.0)
    return float(np.mean([recognizer.predict(clip).label == clip.name[0] for clip in clips]))


def rows(work: Path, pairs: tuple[tuple[str, str], ...]) -> Iterator[Row]:
    """Train the models side by side, then adapt and measure with the machine for itself."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda pair: train(work, pair), pairs))
    for pair in pairs:
        base = work / "own-voice" / "-".join(pair)
        for me, stranger in (pair, pair[::-1]):
            before = accuracy(base / "model", clips_of(work, stranger))
            for draw in range(DRAWS):
                yield adapt(base, clips_of(work, me), (me, stranger, draw), before, clips_of(work, stranger))


def adapt(base: Path, mine: list[Path], names: tuple[str, str, int], before: float, others: list[Path]) -> Row:
    """Three recordings of each digit, drawn anew."""
    me, stranger, draw = names
    random = Random(draw)  # noqa: S311 -- a draw, not a secret
    few = [clip for digit in "0123456789" for clip in random.sample([c for c in mine if c.name[0] == digit], REPEATS)]
    rest = [clip for clip in mine if clip not in few]
    out = base / f"{me}-{draw}"
    seconds = run(
        base, "train", link(base / f"{me}-{draw}-clips", few), "--from", base / "model", "--out", out, "--force"
    )
    return Row(
        me, stranger, draw, accuracy(base / "model", rest), accuracy(out, rest), before, accuracy(out, others),
        len(rest), round(seconds, 1),
    )  # fmt: skip


def fold_rows(work: Path, crossval: Path, others: Path, speakers: list[str]) -> Iterator[Row]:
    """Adapt the folds of a cross-validation, each to the speaker whom it never heard, and to the other one."""
    for speaker in speakers:
        clips = {speaker: clips_of(work, speaker), others.name: sorted(others.glob("*.wav"))}
        base = work / "own-voice" / f"{speaker}-{others.name}"
        base.mkdir(parents=True, exist_ok=True)
        # another cross-validation may have been here
        (base / "model").unlink(missing_ok=True)
        (base / "model").symlink_to((crossval / "folds" / f"{speaker}-0" / "model").resolve())
        for me, stranger in (tuple(clips), tuple(clips)[::-1]):
            before = accuracy(base / "model", clips[stranger])
            for draw in range(DRAWS):
                yield adapt(base, clips[me], (me, stranger, draw), before, clips[stranger])


def main(work: Path, out: Path, *more: str) -> None:
    """Measure and write."""
    if len(more) > 1:
        measured = fold_rows(work, Path(more[0]).resolve(), Path(more[1]).resolve(), list(more[2:]))
    else:
        measured = rows(work, PAIRS[: int(more[0])] if more else PAIRS)
    done: list[dict[str, object]] = json.loads(out.read_text()) if out.is_file() else []
    for row in measured:
        names = row.me, row.stranger, row.draw
        done = [one for one in done if (one["me"], one["stranger"], one["draw"]) != names] + [asdict(row)]
        out.write_text(json.dumps(done, indent=1) + "\n")
        print(row, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), *sys.argv[3:])
