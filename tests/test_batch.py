"""Many files: input order, one answer each, and no file stops the others."""

import errno
import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from speechrnn import batch
from speechrnn.audio import Waveform
from speechrnn.batch import predict_files
from speechrnn.recognizer import Prediction, Recognizer, load
from tests.bundles import GOLDEN, SAMPLES

CLIPS = sorted(SAMPLES.glob("*.wav"))
BAD = {
    "empty.wav": b"",
    "text.wav": b"no recording",
    "cut.wav": CLIPS[0].read_bytes()[:1000],
    "line\nbreak ü.wav": b"RIFF",
}


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load(GOLDEN)


@pytest.fixture
def mixed(tmp_path: Path) -> list[Path]:
    """Good files with bad ones between them."""
    paths = []
    for i, (clip, (name, data)) in enumerate(zip(CLIPS, itertools.cycle(BAD.items()), strict=False)):
        bad = tmp_path / f"{i} {name}"
        bad.write_bytes(data)
        paths += [clip, bad]
    locked = tmp_path / "folder.wav"
    locked.mkdir()
    return [*paths, tmp_path / "absent.wav", locked, Path("a\0b.wav"), Path(os.fsdecode(b"\xff.wav"))]


@pytest.mark.parametrize("jobs", [1, 3, None])
@pytest.mark.parametrize("task", [1, 7, 64])
def test_order_is_kept_and_bad_files_are_answers(
    recognizer: Recognizer, mixed: list[Path], jobs: int | None, task: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "TASK", task)
    found = list(predict_files(recognizer, iter(mixed), jobs=jobs))
    assert [prediction.path for prediction in found] == [str(path) for path in mixed]
    for path, prediction in zip(mixed, found, strict=True):
        if path not in CLIPS:
            assert prediction.error
            assert {prediction.label, prediction.probability, prediction.probabilities, prediction.known} == {None}
            continue
        alone = recognizer.predict(path)
        assert (prediction.error, prediction.label, prediction.start, prediction.end) == (
            None, alone.label, alone.start, alone.end,
        )  # fmt: skip
        assert prediction.probabilities == pytest.approx(alone.probabilities, abs=1e-5)  # rounding of float32
    errors = {path.name: prediction.error for path, prediction in zip(mixed, found, strict=True) if prediction.error}
    assert errors["absent.wav"] == "no such file or directory. Check the path and its rights."
    assert errors["folder.wav"] == "is a directory. Check the path and its rights."


def test_no_files_no_answers(recognizer: Recognizer) -> None:
    assert list(predict_files(recognizer, [])) == []


def test_paths_are_taken_as_needed_and_closing_early_stops(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "TASK", 2)
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        for path in itertools.cycle(CLIPS):
            taken += 1
            yield path

    answers = predict_files(recognizer, endless(), jobs=2)
    assert taken == 0
    first = [next(answers).path for _ in range(5)]
    assert first == [str(path) for path in CLIPS[:5]]
    assert taken <= 2 * (2 + 1 + 5)
    before = threading.active_count()
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    assert threading.active_count() < before


def test_an_error_of_the_caller_reaches_the_caller(recognizer: Recognizer) -> None:
    def broken() -> Iterator[Path]:
        yield CLIPS[0]
        raise RuntimeError("the disk with the list is gone")

    with pytest.raises(RuntimeError, match="the disk with the list is gone"):
        list(predict_files(recognizer, broken()))


def test_a_file_without_rights_is_named(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), f"{self} {mode}")

    monkeypatch.setattr(Path, "open", refuse)  # root, who runs tests in containers, may read everything
    [found] = predict_files(recognizer, [CLIPS[0]])
    assert found.error == "permission denied. Check the path and its rights."


def test_files_of_like_length_are_heard_together(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is as long as its longest: sorted, little of it is padding."""
    heard: list[int] = []
    hear = Recognizer.predict_batch

    def watched(self: Recognizer, waveforms: Sequence[Waveform]) -> list[Prediction]:
        heard.extend(map(len, waveforms))
        return hear(self, waveforms)

    monkeypatch.setattr(Recognizer, "predict_batch", watched)
    list(predict_files(recognizer, CLIPS))
    assert heard == sorted(heard) != [len(recognizer.load_audio(path)) for path in CLIPS]
