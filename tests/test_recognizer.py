"""A recording in, one `Prediction` out: times, threshold, and answers that are distributions."""

import dataclasses
import json
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speechrnn.errors import AudioError, BundleError, ConfigError
from speechrnn.recognizer import Answers, Prediction, Recognizer, load, pad
from tests.bundles import GOLDEN, LABELS, SAMPLES, check_distribution, copy_bundle, describe
from tests.signals import Waveform, word

CLIPS = sorted(SAMPLES.glob("*.wav"))


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load(GOLDEN)


def test_every_way_in_gives_the_same_answer(recognizer: Recognizer) -> None:
    path = CLIPS[0]
    y, sr = soundfile.read(path, dtype="float32")
    expected = recognizer.predict(path)
    assert expected.path == str(path)
    with path.open("rb") as file:
        others = [recognizer.predict(y, sr=sr), recognizer.predict(path.read_bytes()), recognizer.predict(file)]
    assert others == [dataclasses.replace(expected, path=None)] * 3
    assert recognizer.predict(str(path)) == expected


def test_a_recognizer_travels_to_another_process(recognizer: Recognizer) -> None:
    chosen = Recognizer(recognizer.bundle, threshold=0.9)
    again = pickle.loads(pickle.dumps(chosen))
    assert again.threshold == 0.9
    assert [again.predict(path) for path in CLIPS[:3]] == [chosen.predict(path) for path in CLIPS[:3]]
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawned) as pool:
        assert pool.submit(recognizer.predict, CLIPS[0]).result() == recognizer.predict(CLIPS[0])


def test_a_rate_beside_a_file_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(AudioError, match=r"sr=16000 beside a file, needed it for arrays alone.* Leave it out\."):
        recognizer.predict(CLIPS[0], sr=16000)
    with pytest.raises(AudioError, match="sr=8000 beside a file"):
        recognizer.predict(CLIPS[0].read_bytes(), sr=8000)


def test_answers_are_distributions_over_the_labels(recognizer: Recognizer) -> None:
    rows = []
    for path in CLIPS:
        found = recognizer.predict(path)
        assert found.probabilities is not None
        assert tuple(found.probabilities) == recognizer.labels == LABELS
        assert found.probability == max(found.probabilities.values()) == found.probabilities[str(found.label)]
        assert (found.known, found.error) == (1.0, None)
        rows.append(list(found.probabilities.values()))
    check_distribution(rows)


def test_times_are_seconds_of_the_recording(recognizer: Recognizer) -> None:
    y = word(3000, lead=4000, tail=2000)
    found = recognizer.predict(y)
    assert found.start is not None
    assert found.end is not None
    # the bounds of librosa's trim stand on whole hops of 8 ms, and a frame of 32 ms sees the word before it is there
    assert found.start == pytest.approx(4000 / 8000, abs=0.033)
    assert found.end == pytest.approx(7000 / 8000, abs=0.033)
    assert (found.start * 8000) % 64 == 0


def test_the_json_is_the_dataclass(recognizer: Recognizer) -> None:
    found = recognizer.predict(CLIPS[0])
    tree = json.loads(json.dumps(dataclasses.asdict(found)))
    assert list(tree) == ["path", "label", "probability", "probabilities", "known", "start", "end", "error"]
    assert Prediction(**tree) == found
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.label = "7"  # type: ignore[misc]


@dataclasses.dataclass
class FixedEngine:
    """Answers the same to everything."""

    probabilities: tuple[float, ...]
    known: float

    def run(self, waveforms: Sequence[Waveform]) -> Answers:
        n = len(waveforms)
        start, end = np.zeros(n, np.int64), np.full(n, 4000, np.int64)
        rows = np.tile(np.array(self.probabilities, np.float32), (n, 1))
        return Answers(rows, np.full(n, self.known, np.float32), start, end)


@dataclasses.dataclass(frozen=True)
class Case:
    """Two thresholds, an answer, and whether it is given."""

    of_bundle: float
    asked: float | None
    known: float
    best: float
    heard: bool


@pytest.mark.parametrize(
    "case",
    [
        Case(0.0, None, 0.0078125, 0.2, True),  # a bundle that was not trained to reject answers always
        Case(0.5, None, 0.5, 0.2, True),  # the bundle's own threshold looks at `known` alone
        Case(0.5, None, 0.25, 1.0, False),
        Case(0.5, 0.25, 0.25, 0.25, True),  # the user's takes its place, at least, not above
        Case(0.5, 0.25, 0.125, 1.0, False),
        Case(0.0, 0.5, 1.0, 0.25, False),  # and looks at the probability, too
        Case(0.0, 0.5, 1.0, 0.5, True),
        Case(0.5, 0.0, 0.0, 0.2, True),
        Case(0.0, 1.0, 1.0, 0.75, False),
    ],
)
def test_threshold(tmp_path: Path, case: Case) -> None:
    of_bundle, asked, known, best = case.of_bundle, case.asked, case.known, case.best
    bundle = load(describe(copy_bundle(tmp_path / "b"), {"threshold": of_bundle})).bundle
    engine = FixedEngine((best, *[(1 - best) / 9] * 9), known)
    recognizer = Recognizer(bundle, engine, threshold=asked)
    assert recognizer.threshold == (of_bundle if asked is None else asked)
    found = recognizer.predict(word(4000))
    assert found.label == ("0" if case.heard else None)
    # what was refused is still told
    assert found.probability == pytest.approx(best)
    assert found.known == known
    assert (found.start, found.end) == (0.0, 0.5)


@pytest.mark.parametrize("wrong", [float("nan"), 2, -1, float("inf"), "x", True])
def test_a_threshold_that_is_no_probability_is_refused(recognizer: Recognizer, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"^threshold is .*, needed a number from 0 to 1\."):
        Recognizer(recognizer.bundle, threshold=wrong)
    assert Recognizer(recognizer.bundle, threshold=np.float32(0.5)).threshold == 0.5  # type: ignore[arg-type]


def test_an_answer_does_not_depend_on_its_neighbours(recognizer: Recognizer) -> None:
    waveforms = [recognizer.load_audio(path) for path in CLIPS] + [word(n, n) for n in (160, 257, 15_200, 200_000)]
    together = recognizer.predict_batch(waveforms)
    backwards = recognizer.predict_batch(waveforms[::-1])[::-1]
    assert len(together) == len(waveforms)
    for y, found, turned in zip(waveforms, together, backwards, strict=True):
        [alone] = recognizer.predict_batch([y])
        for other in (found, turned):  # all but the rounding of float32, which sums in another order in a batch
            assert (other.label, other.start, other.end) == (alone.label, alone.start, alone.end)
            assert other.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    check_distribution([list((found.probabilities or {}).values()) for found in together])


def test_the_rows_of_an_array_are_recordings(recognizer: Recognizer) -> None:
    y = recognizer.load_audio(CLIPS[0])
    assert recognizer.predict_batch(np.stack([y, y])) == recognizer.predict_batch([y, y])  # type: ignore[arg-type]
    assert recognizer.predict_batch(np.zeros((0, 800), np.float32)) == []  # type: ignore[arg-type]


def test_one_waveform_is_no_batch(recognizer: Recognizer) -> None:
    with pytest.raises(AudioError, match=r"one waveform, needed several\. Put it into a list"):
        recognizer.predict_batch(np.zeros(4000, np.float32))  # type: ignore[arg-type]  # what a caller may do


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        (np.zeros((800, 2), np.float32), r"has the shape \(800, 2\), needed \(samples,\)"),
        (np.zeros(0, np.float32), r"has the shape \(0,\)"),
        (np.full(800, np.nan, np.float32), "samples that are not finite"),
        (np.append(word(800), -np.float32(np.inf)), "samples that are not finite"),
        (word(800).astype(object), "an array of object"),
        (np.ones(800, np.int16), "an array of int16, needed an array of float32"),
        ([0.1] * 800, "of type list, needed an array"),
        (np.float32(0.5), "of type float32"),
    ],
)
def test_what_load_audio_would_not_give_is_refused(recognizer: Recognizer, y: Any, reason: str) -> None:
    with pytest.raises(AudioError, match=rf"^waveform 1 of the batch .*{reason}"):
        recognizer.predict_batch([word(800), y])


def test_no_recordings_no_answers(recognizer: Recognizer) -> None:
    assert recognizer.predict_batch([]) == []


def test_padding_is_zeros_after_the_end() -> None:
    batch = pad([np.ones(1, np.float32), np.ones(3, np.float32), np.ones(2, np.float32)])
    assert batch["waveform"].tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 0]]
    assert batch["length"].tolist() == [1, 3, 2]
    assert [batch[name].dtype.name for name in ("waveform", "length")] == ["float32", "int64"]


def test_many_threads_share_one_recognizer(recognizer: Recognizer) -> None:
    expected = [recognizer.predict(path) for path in CLIPS]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(recognizer.predict, CLIPS * 5)) == expected * 5


def test_what_is_no_recording_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(AudioError, match="no speech found"):
        recognizer.predict(np.zeros(8000))
    with pytest.raises(AudioError, match="not readable"):
        recognizer.predict(b"this is text")


def test_load_by_path_by_name_and_by_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    copy_bundle(tmp_path / "models" / "mine-1")
    assert load("mine-1").bundle.path == load(tmp_path / "models" / "mine-1").bundle.path
    with pytest.raises(BundleError, match="no such bundle"):
        load("other")


def test_predicting_imports_nothing_heavy_and_writes_nothing() -> None:
    code = f"""
import sys, speechrnn
label = speechrnn.load({str(GOLDEN)!r}).predict({str(CLIPS[0])!r}).label
heavy = {{"tensorflow", "keras", "librosa", "onnx", "sklearn", "scipy", "matplotlib", "av", "numba", "pooch"}}
sys.exit(f"{{label}} {{sorted(heavy & set(sys.modules))}}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr.strip()) == ("", f"{CLIPS[0].name[0]} []")
