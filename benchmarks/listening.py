"""What listening costs, and how soon it answers.

usage: python benchmarks/listening.py [--clips FOLDER] [--model BUNDLE] [--json FILE]

Load is processor time of `speechrnn listen` on one core a second of sound, live line and all, at the pace of a
microphone; what the same command takes for the same sound as fast as it can is beside it. Delay is stream time from the
end of a string of 1 to 7 digits, joined from samples (or from FOLDER, of one speaker each) with pauses of 0 to 300 ms
over noise 30 to 70 dB below, to its last answer, with the processor time of the last block; blocks are of 20 ms.
"""

import argparse
import json
import os
import platform
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from speechrnn.corpus.layouts import read_corpus
from speechrnn.ears import load_ear
from speechrnn.streaming import Stream
from speechrnn.transcript import Segment

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
SR, BLOCK = 8000, 0.02
LISTEN_SECONDS = 40.0
N_STRINGS = 100


@dataclass(frozen=True)
class Row:
    """A measure and its limit."""

    measure: str
    ours: float
    unit: str
    limit: str
    # None where it is told and not held
    holds: bool | None


def cut_loud(y: np.ndarray) -> np.ndarray:
    """Cut both ends 40 dB below the loudest 20 ms: where a word ends is where it can be heard to end."""
    power = np.convolve(y.astype(np.float64) ** 2, np.ones(160) / 160, "same")
    loud = np.flatnonzero(power > power.max() * 1e-4)
    return y[loud[0] : loud[-1] + 1]


def read_voices(folder: Path) -> list[list[np.ndarray]]:
    """Words of each speaker at 8 kHz."""
    voices: dict[str | None, list[np.ndarray]] = {}
    for clip in read_corpus(folder).clips:
        y, sr = soundfile.read(clip.path, dtype="float32")
        voices.setdefault(clip.speaker, []).append(cut_loud(soxr.resample(y, sr, SR) if sr != SR else y))
    return list(voices.values())


def join(voices: list[list[np.ndarray]], random: np.random.Generator) -> tuple[np.ndarray, float]:
    """Make a string; also when it ends, in seconds."""
    words = voices[random.integers(len(voices))]
    parts = [np.zeros(round(random.uniform(0.3, 2.0) * SR))]
    for i in range(random.integers(1, 8)):
        pause = random.uniform(0, 0.3) if i else 0.0
        parts += [np.zeros(round(pause * SR)), words[random.integers(len(words))]]
    y = np.concatenate(parts)
    level = np.sqrt(np.mean(y**2)) * 10 ** (random.uniform(-70, -30) / 20)
    whole = np.concatenate([y, np.zeros(SR)])
    return (whole + level * random.normal(size=whole.size)).astype(np.float32), y.size / SR


class Answering:
    """A model that takes its time and answers to everything: the delay is the same whether or not it is right."""

    def __init__(self, model: Path | None) -> None:
        self._ear = load_ear(model)
        self.bundle = self._ear.bundle

    def hear(self, y: np.ndarray, start: int = 0, last: Segment | None = None) -> tuple[Segment, ...]:
        found = self._ear.hear(y, start, last)
        return found or (Segment("0", start / SR, (start + y.size) / SR, 0.0),)


def delays(voices: list[list[np.ndarray]], sr: int, model: Path | None) -> np.ndarray:
    """Stream time from the end of each string to its last answer, in ms, with the time that the last block took."""
    ear, random, found = Answering(model), np.random.default_rng(0), []
    for _ in range(N_STRINGS):
        y, end = join(voices, random)
        found.append(delay(Stream(ear, sr), soxr.resample(y, SR, sr) if sr != SR else y, end))
    return np.array(found)


def delay(stream: Stream, y: np.ndarray, end: float) -> float:
    """One string."""
    last = 0.0
    for block in blocks(y, stream.sr):
        began = time.process_time()  # of this process alone: what else the machine does is not its delay
        if any(one.segments[0].start < end for one in stream.push(block)):
            last = 1000 * (stream.seconds - end + time.process_time() - began)
    return last or 1000 * (stream.seconds - end)


def blocks(y: np.ndarray, sr: int) -> Iterator[np.ndarray]:
    """Cut as a microphone does."""
    size = round(BLOCK * sr)
    yield from (y[at : at + size] for at in range(0, y.size, size))


def listen_cpu(path: Path, model: Path | None, *more: str) -> float:
    """Processor seconds of `speechrnn listen`, its stderr a terminal."""
    command = [sys.executable, "-m", "speechrnn", "listen", "--input", str(path), *more]
    command += ["--model", str(model)] if model else []
    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    threading.Thread(target=drain, args=(master,), daemon=True).start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def drain(master: int) -> None:
    """Read what is drawn, so that nobody waits."""
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:  # the other end is closed
        return


def load_rows(voices: list[list[np.ndarray]], sr: int, model: Path | None) -> list[Row]:
    """A digit every half second or so, for a while, against the start-up alone."""
    random = np.random.default_rng(1)
    y = np.concatenate([join(voices, random)[0] for _ in range(20)])[: round(LISTEN_SECONDS * SR)]
    with tempfile.TemporaryDirectory() as scratch:
        path, short = Path(scratch) / "long.wav", Path(scratch) / "short.wav"
        soundfile.write(path, soxr.resample(y, SR, sr) if sr != SR else y, sr)
        soundfile.write(short, np.zeros(sr // 10), sr)
        start = min(listen_cpu(short, model, "--fast") for _ in range(3))
        live, fast = listen_cpu(path, model) - start, listen_cpu(path, model, "--fast") - start
    share, seconds = 100 * live / LISTEN_SECONDS, fast / LISTEN_SECONDS
    return [
        Row(f"load of one core while listening at {sr} Hz", share, "%", "under 15 %", share < 15),
        Row(f"processor time of a second of sound, --fast, {sr} Hz", seconds, "s", "(transcribe: 0.02)", None),
    ]


def kept_up_row(voices: list[list[np.ndarray]], model: Path | None) -> Row:
    """A digit every half second: how much of the time is spent, answers included."""
    words = [word for voice in voices for word in voice if word.size < 0.45 * SR] or voices[0]
    random, parts = np.random.default_rng(2), []
    for _ in range(60):
        word = words[random.integers(len(words))][: round(0.45 * SR)]
        parts += [word, np.zeros(SR // 2 - word.size)]
    stream, taken = Stream(load_ear(model), SR), []
    for block in blocks(np.concatenate(parts).astype(np.float32), SR):
        began = time.process_time()
        stream.push(block)
        taken.append(time.process_time() - began)
    busy = 100 * sum(taken) / 30
    return Row("a digit every half second: share of the time that is spent", busy, "%", "under 100 %", busy < 100)


def delay_rows(voices: list[list[np.ndarray]], model: Path | None, name: str) -> list[Row]:
    """Median and 95th percentile at two rates."""
    rows = []
    for sr in (8000, 48_000):
        ms = delays(voices, sr, model)
        middle, late = (float(np.percentile(ms, q)) for q in (50, 95))
        rows.append(Row(f"delay of an answer, {name}, {sr} Hz, median", middle, "ms", "", None))
        rows.append(Row(f"delay of an answer, {name}, {sr} Hz, 95 %", late, "ms", "at most 300 ms", late <= 300))
    return rows


def main() -> int:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    samples = read_voices(SAMPLES)
    rows = delay_rows(samples, arguments.model, "samples")
    if arguments.clips:
        rows += delay_rows(read_voices(arguments.clips), arguments.model, arguments.clips.resolve().parent.name)
    rows += [row for sr in (8000, 48_000) for row in load_rows(samples, sr, arguments.model)]
    rows.append(kept_up_row(samples, arguments.model))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for row in rows:
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "told, not held"}[row.holds]
        print(f"{row.measure}: {row.ours:.3g} {row.unit}; {row.limit}{': ' if row.limit else ''}{verdict}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
