"""From recordings on disk to an evaluation, with a recognizer whose engine hears pitch."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import speechrnn
import speechrnn.certainty
import speechrnn.evaluation
from speechrnn.audio import Waveform
from speechrnn.batch import predict_files
from speechrnn.bundle import Bundle, write_bundle
from speechrnn.certainty_summary import certainty_lines
from speechrnn.comparison import Comparison, Known, Tally, compare
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, clip_hash
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.noises import NOISE_LABEL
from speechrnn.errors import BundleError, CorpusError
from speechrnn.evaluation import Evaluated, Evaluation, evaluate, evaluate_corpus, heard_levels, score, to_json
from speechrnn.metadata import Heard, Metadata
from speechrnn.recognizer import Answers, Prediction, Recognizer
from speechrnn.scores import HEARD_LEVELS
from speechrnn.scores import Heard as Level
from speechrnn.significance import mcnemar_p
from tests.pitches import pitch_recognizer

TonesMaker = Callable[..., Path]
ToneWriter = Callable[..., Path]


class PitchEngine:
    """Answers with the label whose tone is nearest: 300 Hz for the first, 600 Hz for the second, and so on."""

    def __init__(self, n_labels: int) -> None:
        self.n_labels = n_labels

    def run(self, waveforms: Sequence[Waveform]) -> Answers:
        rows = [self.answer(y) for y in waveforms]
        n = np.array([y.size for y in waveforms], np.int64)
        return Answers(np.array(rows, np.float32), np.ones(len(rows), np.float32), np.zeros_like(n), n)

    def answer(self, y: Waveform) -> list[float]:
        hz = np.abs(np.fft.rfft(y)).argmax() * 8000 / y.size
        best = round(float(hz) / 300) - 1
        return [0.9 if i == best else 0.1 / (self.n_labels - 1) for i in range(self.n_labels)]


@pytest.fixture
def make_recognizer(tmp_path: Path) -> Callable[..., Recognizer]:
    def make(heard: Heard | None = None, labels: tuple[str, ...] = ("0", "1", "2"), name: str = "model") -> Recognizer:
        metadata = Metadata(1, "isolated", 8000, 0.0, 1, {}, (), heard or Heard(), "speaker")
        files = {
            "model.onnx": b"not run here",
            "labels.json": msgspec.json.encode(labels),
            "config.yaml": Config.load("default", {"audio.sample_rate": 8000}).dump().encode(),
        }
        bundle: Bundle = write_bundle(tmp_path / name, files, metadata)
        return Recognizer(bundle, PitchEngine(len(labels)))

    return make


def test_a_folder_with_a_wrong_a_broken_and_a_foreign_clip(
    tone_corpus: TonesMaker, write_tone: ToneWriter, make_recognizer: Callable[..., Recognizer]
) -> None:
    folder = tone_corpus("012", ("ann", "bob"), 2)
    write_tone(folder / "0_bob_7.wav", hz=600)
    write_tone(folder / "9_bob_0.wav", hz=600)
    (folder / "1_ann_8.wav").write_text("text")
    evaluation = evaluate(folder, make_recognizer())
    assert (evaluation.n_clips, evaluation.accuracy) == (13, 12 / 13)
    assert evaluation.confusion == ((4, 1, 0, 0), (0, 4, 0, 0), (0, 0, 4, 0))
    assert {name: one.accuracy for name, one in evaluation.per_speaker.items()} == {"ann": 1.0, "bob": 6 / 7}
    reasons = {one.path.name: one.reason for one in evaluation.skipped}
    assert reasons.keys() == {"9_bob_0.wav", "1_ann_8.wav"}
    assert reasons["9_bob_0.wav"] == "labelled 9; the model has no such label. It has: 0, 1, 2."
    assert "not readable as audio" in reasons["1_ann_8.wav"]


def test_path_text_corpus_and_model_name_give_the_same(
    tone_corpus: TonesMaker, make_recognizer: Callable[..., Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, recognizer = tone_corpus(), make_recognizer()
    monkeypatch.setattr(speechrnn.evaluation, "load", {"mine": recognizer, None: recognizer}.__getitem__)
    expected = speechrnn.evaluate(folder, recognizer)
    assert evaluate(str(folder), "mine") == evaluate(read_corpus(folder)) == expected


def test_the_answers_are_kept_in_the_order_of_the_clips(
    tone_corpus: TonesMaker, make_recognizer: Callable[..., Recognizer]
) -> None:
    seen: list[tuple[int, int]] = []
    corpus = read_corpus(tone_corpus("01", ("ann",), 2))
    evaluated = evaluate_corpus(corpus, make_recognizer(), on_progress=lambda done, n: seen.append((done, n)))
    assert [answer.path for answer in evaluated.predictions] == [str(clip.path) for clip in evaluated.clips]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_model_of_strings_is_told_where_to_go(tone_corpus: TonesMaker) -> None:
    model: Any = pitch_recognizer()
    with pytest.raises(BundleError, match=r"of type StringRecognizer, needed a Recognizer.*evaluate_strings\.$"):
        evaluate(tone_corpus(), model)


def test_what_is_no_corpus_is_refused(make_recognizer: Callable[..., Recognizer]) -> None:
    wrong: Any = 5
    with pytest.raises(CorpusError, match=r"^data of type int, needed the path of a folder or CSV, or a Corpus\."):
        evaluate(wrong, make_recognizer())


def test_a_corpus_of_other_words_cannot_be_scored(
    tone_corpus: TonesMaker, make_recognizer: Callable[..., Recognizer]
) -> None:
    with pytest.raises(CorpusError, match=r"all 2 were skipped, .*labelled 0; .* It has: go, stop\."):
        evaluate(tone_corpus("0", ("ann",), 2), make_recognizer(labels=("go", "stop")))


def test_voices_and_clips_of_the_training_are_recognised(
    tone_corpus: TonesMaker, make_recognizer: Callable[..., Recognizer]
) -> None:
    folder = tone_corpus("01", ("ann", "bob", "cyd"), 1)
    fresh = evaluate(folder, make_recognizer(name="fresh"))
    assert (fresh.heard, fresh.n_unheard) == ("none", 6)
    voices = evaluate(folder, make_recognizer(Heard(speakers=("ann",), clips=("0" * 16,)), name="voices"))
    assert (voices.heard, voices.n_unheard) == ("speakers", 4)
    assert {name for name, one in voices.per_speaker.items() if one.heard} == {"ann"}
    clips = Heard(speakers=("ann",), clips=(clip_hash(folder / "0_ann_0.wav"),))
    assert {
        level: one.n for level, one in evaluate(folder, make_recognizer(clips, name="clips")).per_heard.items()
    } == {
        "none": 4,
        "speakers": 1,
        "clips": 1,
    }


def test_a_heard_clip_under_another_name_makes_its_new_name_a_heard_voice(
    tmp_path: Path, write_tone: ToneWriter
) -> None:
    trained = write_tone(tmp_path / "0_ann_0.wav", hz=300)
    heard = Heard(speakers=("ann",), clips=(clip_hash(trained),))
    copy = Clip(Path(shutil.copy(trained, tmp_path / "0_anna_3.wav")), "0", "anna")
    other = Clip(write_tone(tmp_path / "1_anna_0.wav", hz=600), "1", "anna")
    stranger = Clip(write_tone(tmp_path / "1_bob_0.wav", hz=610), "1", "bob")
    assert heard_levels([copy, other, stranger], heard) == ("clips", "speakers", "none")


def test_who_cannot_be_told_from_a_heard_voice_is_not_called_unheard(tmp_path: Path) -> None:
    named, unnamed = Clip(tmp_path / "a.wav", "0", "ann"), Clip(tmp_path / "b.wav", "0", None)  # neither can be read
    assert heard_levels([named, unnamed], Heard(speakers=("bob",), clips=("0" * 16,), real=1)) == ("none", "speakers")
    assert heard_levels([named, unnamed], Heard(clips=("0" * 16,), real=1, unnamed=1)) == ("speakers", "speakers")
    # synthetic voices have names: no real voice can be one of them
    assert heard_levels([named, unnamed], Heard(speakers=("espeak-1",), clips=("0" * 16,))) == ("none", "none")


@pytest.fixture
def with_rejects(tone_corpus: TonesMaker, write_tone: ToneWriter, tmp_path: Path) -> Corpus:
    """Two clips, three other words of which one is a copy and one cannot be read, and a noise."""
    words = [write_tone(tmp_path / "rejects" / f"word{i}.wav", hz=700 + i) for i in range(2)]
    (tmp_path / "rejects" / "broken.wav").write_text("text")
    rejects = [Clip(path, "unknown", None) for path in (*words, tmp_path / "rejects" / "broken.wav")]
    rejects.append(Clip(Path(shutil.copy(words[0], tmp_path / "rejects" / "copy.wav")), "unknown", None))
    rejects.append(Clip(write_tone(tmp_path / "rejects" / "hum.wav", hz=100), NOISE_LABEL, None))
    return replace(read_corpus(tone_corpus("01", ("ann",), 1)), rejects=tuple(rejects))


def test_rejects_of_the_training_are_counted_and_told(
    with_rejects: Corpus, make_recognizer: Callable[..., Recognizer]
) -> None:
    word, _, broken, _, noise = (clip_hash(clip.path) for clip in with_rejects.rejects)
    old = Heard(clips=(word, broken), noises=(noise,))
    for name, heard, n_words, n_noises in (("new", Heard(), 0, 0), ("old", old, 2, 1)):
        evaluation = evaluate(with_rejects, make_recognizer(heard, name=name))
        assert evaluation.open_set is not None
        found, noises = evaluation.open_set.words, evaluation.open_set.noises
        assert found is not None
        assert noises is not None
        assert (found.n, found.n_heard, noises.n, noises.n_heard) == (3, n_words, 1, n_noises)
        about_words, about_noises = certainty_lines(evaluation)
        assert ("Of 3 other words, 2 of them heard in training, 100.0 % taken for" in about_words) is (n_words > 0)
        assert ("Of 1 second of noise, 1 of them heard in training, 100.0 % taken" in about_noises) is (n_noises > 0)
        assert ("heard in training" in about_words) is (n_words > 0)


def test_other_words_are_heard_by_as_many_threads_as_clips(
    with_rejects: Corpus, make_recognizer: Callable[..., Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []

    def watched(model: Recognizer, paths: Sequence[Path], *, jobs: int | None = None) -> Iterator[Prediction]:
        seen.append(jobs)
        return predict_files(model, paths, jobs=jobs)

    for module in (speechrnn.evaluation, speechrnn.certainty):
        monkeypatch.setattr(module, "predict_files", watched)
    evaluate_corpus(with_rejects, make_recognizer(), jobs=3)
    assert seen == [3, 3]


SPEAKERS = st.sampled_from(("ann", "bob", None))


@given(st.lists(SPEAKERS), st.sets(st.sampled_from(("ann", "bob"))), st.sets(st.sampled_from(("ann", "bob"))))
def test_more_training_never_makes_a_voice_less_heard(
    speakers: list[str | None], few: set[str], more: set[str]
) -> None:
    clips = [Clip(Path(f"/nowhere/{i}.wav"), "0", speaker) for i, speaker in enumerate(speakers)]
    before = heard_levels(clips, Heard(speakers=tuple(few)))
    after = heard_levels(clips, Heard(speakers=tuple(few | more), clips=("0" * 16,), real=1))
    assert all(HEARD_LEVELS.index(a) <= HEARD_LEVELS.index(b) for a, b in zip(before, after, strict=True))


def test_json_reads_back_as_the_evaluation(tone_corpus: TonesMaker, make_recognizer: Callable[..., Recognizer]) -> None:
    folder = tone_corpus("012", ("ann", "bob"), 1)
    (folder / "2_bob_9.wav").write_bytes(b"")
    evaluation = evaluate(folder, make_recognizer(Heard(speakers=("ann",), clips=("0" * 16,))))
    line = to_json(evaluation)

    def from_text(kind: type, value: Any) -> Any:
        return kind(value)

    assert msgspec.json.decode(line, type=Evaluation, dec_hook=from_text) == evaluation
    assert "\n" not in line


def test_a_file_name_in_no_encoding_survives_json() -> None:
    path = Path(os.fsdecode(b"0_ann\xff_0.wav"))
    good, bad = Clip(Path("0_ann_0.wav"), "0", None), Clip(path, "0", None)
    answers = [
        Prediction(None, "0", 1.0, None, 1.0, 0.0, 1.0),
        Prediction(None, None, None, None, None, None, None, "empty."),
    ]
    line = to_json(score([good, bad], answers, ("0",), ["none", "none"]))
    assert json.loads(line.encode())["skipped"] == [{"path": str(path), "reason": "empty."}]


def evaluated(answers: dict[str, str | None], model: str, heard: dict[str, Level] | None = None) -> Evaluated:
    """Clips whose label is 0, by name; the answer "?" stands for a file that could not be read."""
    clips = tuple(Clip(Path(name), "0", None) for name in answers)
    predictions = tuple(
        Prediction(name, None, None, None, None, None, None, "empty.")
        if label == "?"
        else Prediction(name, label, *[None] * 5)
        for name, label in answers.items()
    )
    levels = tuple((heard or {}).get(name, "none") for name in answers)
    return Evaluated(score(clips, predictions, ("0", "1"), levels), clips, predictions, model, "data", levels)


def test_two_models_are_compared_on_the_clips_that_both_answered() -> None:
    a = evaluated({"a": "0", "b": "0", "c": "0", "d": "1", "e": None, "f": "0", "only a": "0"}, "old")
    b = evaluated({"f": "?", "e": "1", "d": "0", "c": "1", "b": None, "a": "0", "only b": "0"}, "new")
    there, back = (5, 1, 2, 1, 1, mcnemar_p(2, 1)), (5, 1, 1, 2, 1, mcnemar_p(2, 1))
    assert compare(a, b) == Comparison("old", "new", *there, Tally(*there), Known(0, 0), Known(0, 0))
    assert compare(b, a) == Comparison("new", "old", *back, Tally(*back), Known(0, 0), Known(0, 0))


def test_the_verdict_is_made_on_clips_new_to_both() -> None:
    names = "abcdef"
    a = evaluated(dict.fromkeys(names, "0"), "old", {"a": "clips", "b": "clips", "c": "speakers"})
    b = evaluated({**dict.fromkeys(names, "1"), "d": "0"}, "new", {"c": "clips", "f": "speakers"})
    found = compare(a, b)
    assert (found.n_clips, found.only_a, found.p) == (6, 5, mcnemar_p(5, 0))
    assert found.unheard == Tally(2, 1, 1, 0, 0, 1.0)  # d and e
    assert (found.known_a, found.known_b) == (Known(2, 1), Known(1, 1))


def test_where_every_clip_was_heard_there_is_no_test() -> None:
    found = compare(evaluated({"a": "0"}, "old"), evaluated({"a": "1"}, "new", {"a": "speakers"}))
    assert found.unheard == Tally(0, 0, 0, 0, 0, None)


def test_models_without_a_common_clip_cannot_be_compared() -> None:
    with pytest.raises(CorpusError, match="old and new have no scored clip in common"):
        compare(evaluated({"a": "0"}, "old"), evaluated({"b": "0"}, "new"))
