"""How good models of strings are on voices they never heard: FSDD, NOISE, OUT.json, BUNDLE...

Each bundle hears strings of 1 to 7 digits, joined from clips of those speakers of FSDD that its metadata does not list
(gaps from -30 to 300 ms, one seed), and digits that they say one by one. Then for the last of them noise of the split
`test`, all of it: false digits a minute, with the misses beside them, as a curve over thresholds. With `--spoken DIR`
also whole numbers of an engine that never trains (`left_out_engine.py`; the half that sets nothing), with
`--further DIR...` more of four digits, which set nothing either. With `--others DIR` also in how many recordings of
other words a digit is heard, for each threshold. With `--words BUNDLE...` also what cutting at pauses and a model of
single words make of the same strings: the bundle that has not heard the speaker answers, and is the second ear.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from speechrnn.audio import load_audio
from speechrnn.bundle import read_bundle
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.folds import bootstrap
from speechrnn.patterns import any_of_length
from speechrnn.recognizer import Recognizer
from speechrnn.second_ear import SecondEar
from speechrnn.string_scores import score_strings
from speechrnn.transcriber import StringRecognizer, load_strings
from speechrnn.transcript import Transcript
from speechrnn.utterances import find_utterances

N_STRINGS, GAP, MARGIN, FLOOR_DB = 120, (-0.03, 0.3), 0.3, -60.0
# between digits that are said one by one
PAUSE = (0.5, 1.0)
THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SR = 8000


@dataclass(frozen=True, slots=True)
class Spoken:
    """A string and its sound."""

    clip: Clip
    y: np.ndarray


def join(
    clips: Sequence[Clip], speaker: str, rng: np.random.Generator, length: int, between: tuple[float, float] = GAP
) -> Spoken:
    """Lay clips of one voice one after the other."""
    by_label: dict[str, list[Clip]] = {}
    for clip in clips:
        by_label.setdefault(clip.label, []).append(clip)
    digits = "".join(str(d) for d in rng.integers(10, size=length))
    y = np.zeros(round(MARGIN * SR), np.float32)
    for i, digit in enumerate(digits):
        word = load_audio(by_label[digit][int(rng.integers(len(by_label[digit])))].path)
        gap = round(rng.uniform(*between) * SR) if i else 0
        start = max(0, y.size + gap)
        longer = np.zeros(max(y.size, start + word.size), np.float32)
        longer[: y.size] = y
        longer[start : start + word.size] += word
        y = longer
    y = np.pad(y, (0, round(MARGIN * SR)))
    noise = np.abs(y).max() * 10 ** (FLOOR_DB / 20) * rng.standard_normal(y.size)
    return Spoken(Clip(Path(f"{digits}_{speaker}_0.wav"), digits, speaker), (y + noise).astype(np.float32))


def strings_of(clips: Sequence[Clip], speaker: str) -> tuple[list[Spoken], list[Spoken]]:
    """Strings of 1 to 7 digits, and of four."""
    own = [clip for clip in clips if clip.speaker == speaker]
    rng = np.random.default_rng(list(speaker.encode()))
    return (
        [join(own, speaker, rng, int(rng.integers(1, 8))) for _ in range(N_STRINGS)],
        [join(own, speaker, rng, 4) for _ in range(N_STRINGS)],
    )


def paused(clips: Sequence[Clip], speaker: str) -> list[Spoken]:
    """Four digits each, said one by one."""
    own = [clip for clip in clips if clip.speaker == speaker]
    rng = np.random.default_rng(list(speaker.encode()))
    return [join(own, speaker, rng, 4, PAUSE) for _ in range(N_STRINGS)]


def halves(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Strings that calibrate, and strings that measure."""
    return list(clips[::2]), list(clips[1::2])


def score(spoken: Sequence[Spoken], answer: Callable[[np.ndarray], Transcript]) -> dict[str, float]:
    """Score answers to strings."""
    found = score_strings([one.clip for one in spoken], [answer(one.y) for one in spoken], ["none"] * len(spoken))
    return {
        "digit_error_rate": found.digit_error_rate,
        "strings_right": found.accuracy,
        "low": found.interval.low,
        "high": found.interval.high,
        "substitutions": found.substitutions,
        "deletions": found.deletions,
        "insertions": found.insertions,
        "n_strings": found.n_strings,
        "n_digits": found.n_digits,
    }


def by_pieces(recognizer: Recognizer) -> Callable[[np.ndarray], Transcript]:
    """Cut at pauses and take each piece for one word."""

    def answer(y: np.ndarray) -> Transcript:
        pieces = [one.y for one in find_utterances([y], SR, SR)]
        labels = [found.label or "" for found in recognizer.predict_batch(pieces)]
        return Transcript(None, "".join(labels), ())

    return answer


def false_digits(recognizer: StringRecognizer, noise: Path, part: str = "test") -> tuple[float, int]:
    """Minutes of noise, and how many digits are heard in it."""
    seconds, n_heard = 0.0, 0
    for path in list_noises(noise, part):
        seconds += soundfile.info(path).duration
        n_heard += len(recognizer.transcribe(path).segments)
    return seconds / 60, n_heard


def curve(recognizer: StringRecognizer, spoken: Sequence[Spoken], noise: Path) -> list[dict[str, float]]:
    """False digits a minute, and digit errors, for each threshold."""
    rows = []
    for threshold in THRESHOLDS:
        model = load_strings(recognizer.bundle, min_probability=threshold)
        minutes, n_heard = false_digits(model, noise)
        scores = score(spoken, model.transcribe)
        rows.append(
            {
                "threshold": threshold,
                "false_digits_a_minute": n_heard / minutes,
                "minutes": minutes,
                "missed": scores["deletions"] / scores["n_digits"],
                "digit_error_rate": scores["digit_error_rate"],
            }
        )
    return rows


def others(recognizer: StringRecognizer, folder: Path) -> dict[str, object]:
    """In which share of recordings of other words, one each, a digit is heard, for each threshold."""
    words = [load_audio(clip.path) for clip in read_corpus(folder).rejects]
    shares = {}
    for threshold in THRESHOLDS:
        model = load_strings(recognizer.bundle, min_probability=threshold)
        shares[str(threshold)] = float(np.mean([bool(model.transcribe(y).digits) for y in words]))
    return {"n": len(words), "heard": shares}


def hear_strangers(
    bundles: Sequence[Path], words: Sequence[Path], clips: Sequence[Clip]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Score each bundle on each speaker that it has not heard."""
    speakers = sorted({clip.speaker for clip in clips if clip.speaker})
    singles = [Recognizer(read_bundle(path)) for path in words]
    for path in bundles:
        bundle = read_bundle(path)
        for speaker in speakers:
            if speaker in bundle.metadata.heard.speakers:
                continue
            single = next((one for one in singles if speaker not in one.bundle.metadata.heard.speakers), None)
            recognizer = StringRecognizer(bundle, ear=SecondEar(single.bundle, bundle) if single else None)
            some, four = strings_of(clips, speaker)
            row: dict[str, object] = {
                "model": path.name,
                "date": datetime.now(UTC).date().isoformat(),
                "threshold": recognizer.min_probability,
                # without one, all rows are of one ear
                "second_ear": _name(single.bundle.path) if single else None,
                "strings": score(some, recognizer.transcribe),
                "four": score(four, recognizer.transcribe),
                "four, length known": score(four, partial(recognizer.transcribe, pattern=any_of_length(4))),
                "four, with pauses": score(paused(clips, speaker), recognizer.transcribe),
                "one ear": score(some, StringRecognizer(bundle).transcribe),
                "one ear, four, with pauses": score(paused(clips, speaker), StringRecognizer(bundle).transcribe),
            }
            if single is not None:
                row["cut at pauses, single words"] = score(some, by_pieces(single))
            yield speaker, row


def _name(bundle: Path) -> str:
    """The folder of a fold where it holds a ``model``, else that of the bundle."""
    return bundle.parent.name if bundle.name == "model" else bundle.name


def mean(speakers: dict[str, dict[str, dict[str, float]]]) -> dict[str, object]:
    """Mean of the speakers, and the interval that other draws of them would have given."""
    rates = [row["strings"]["digit_error_rate"] for row in speakers.values()]
    # a row without a model of single words has fewer
    scored = [{kind for kind, found in row.items() if isinstance(found, dict)} for row in speakers.values()]
    return {
        "n_speakers": len(rates),
        "interval": bootstrap(rates),
        **{
            kind: {
                figure: float(np.mean([row[kind][figure] for row in speakers.values()]))
                for figure in ("digit_error_rate", "strings_right")
            }
            for kind in sorted(set.intersection(*scored))
        },
    }


def speed(bundle: Path, work: Path) -> dict[str, float]:
    """Real-time factor on one core, and peak memory over two hours, each in a process of its own."""
    rng = np.random.default_rng(0)
    path = work / "two-hours.wav"
    with soundfile.SoundFile(path, "w", SR, 1, "PCM_16") as file:
        piece = load_audio(next((Path(__file__).parents[1] / "data" / "samples").glob("*.wav")))
        for _ in range(7200):
            second = 1e-3 * rng.standard_normal(SR)
            n = min(SR, piece.size)
            second[:n] += piece[:n]
            file.write(second.clip(-1, 1))
    command = [sys.executable, "-m", "speechrnn", "transcribe", str(path), "--model", str(bundle)]
    began = time.perf_counter()
    # a process counts the memory of the one that started it, so a small one does
    told = subprocess.run([sys.executable, "-c", _MEASURE, *command], check=True, capture_output=True, text=True).stdout
    wall = time.perf_counter() - began
    path.unlink()
    cpu, peak = map(float, told.split())
    return {
        "audio_s": 7200,
        "cpu_s": cpu,
        "wall_s": wall,
        "real_time_factor_of_one_core": cpu / 7200,
        "peak_mb": peak / 1024,
    }


_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fsdd", type=Path)
    parser.add_argument("noise", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--words", type=Path, nargs="*", default=[])
    parser.add_argument("--spoken", type=Path)
    parser.add_argument("--further", type=Path, nargs="*", default=[])
    parser.add_argument("--others", type=Path)
    parser.add_argument("--speed", action="store_true")
    args = parser.parse_args()
    clips = read_corpus(args.fsdd).clips
    # speakers that one run has no model for stay as an earlier run heard them
    before = json.loads(args.out.read_text()) if args.out.is_file() else {}
    result: dict[str, object] = {"speakers": before.get("speakers", {}), "noise": {}, "spoken": {}}

    def keep(part: str, name: str, value: object) -> None:
        result.setdefault(part, {})[name] = value  # type: ignore[index]
        args.out.write_text(json.dumps(result, indent=1) + "\n")
        print(part, name, json.dumps(value), flush=True)

    for speaker, row in hear_strangers(args.bundles, args.words, clips):
        keep("speakers", speaker, row)
    if result["speakers"]:
        result["mean of speakers"] = mean(result["speakers"])  # type: ignore[arg-type]
        print("mean of speakers", json.dumps(result["mean of speakers"]), flush=True)
    for path in args.bundles[-1:]:
        recognizer = load_strings(path)
        strange = [c.speaker for c in clips if c.speaker and c.speaker not in recognizer.bundle.metadata.heard.speakers]
        some = [one for name in sorted(set(strange)) for one in strings_of(clips, name)[0][: N_STRINGS // 2]]
        if args.spoken:
            _, heard = halves(read_corpus(args.spoken).clips)
            spoken = [Spoken(clip, load_audio(clip.path)) for clip in heard]
            some = some or spoken
        keep(
            "noise", path.name, {"threshold": recognizer.min_probability, "curve": curve(recognizer, some, args.noise)}
        )
        if args.spoken:
            keep("spoken", path.name, score(spoken, recognizer.transcribe))
            for one in args.words[:1]:
                single = Recognizer(read_bundle(one))
                keep("spoken", f"cut at pauses, {one.name}", score(spoken, by_pieces(single)))
        for folder in args.further:
            four = [Spoken(clip, load_audio(clip.path)) for clip in read_corpus(folder).clips]
            keep("spoken", f"{path.name}, {folder.name}", score(four, recognizer.transcribe))
            known = partial(recognizer.transcribe, pattern=any_of_length(4))
            keep("spoken", f"{path.name}, {folder.name}, length known", score(four, known))
    if args.others:
        keep("others", args.bundles[-1].name, others(load_strings(args.bundles[-1]), args.others))
    if args.speed:
        keep("speed", args.bundles[-1].name, speed(args.bundles[-1], args.out.parent))


if __name__ == "__main__":
    main()
