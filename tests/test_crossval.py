"""Cross-validation: who trains, what is scored, what an interruption costs, which labels look wrong."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from speechrnn import crossvalidation, learning_curve
from speechrnn.bundle import read_bundle
from speechrnn.cli import crossval_run
from speechrnn.cli.crossval_run import curves_of, describe_crossval
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, clip_hash
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import split_corpus
from speechrnn.crossvalidation import Crossvalidated, CrossvalOptions, crossval
from speechrnn.errors import ConfigError, CorpusError, TrainingError
from speechrnn.fold_claim import claim_folds
from speechrnn.fold_plan import Amount, Fold, measure, plan_folds, write_fold
from speechrnn.fold_plots import plot_curves, plot_folds
from speechrnn.folds import Answer, bootstrap, format_answers, read_answers, summarize
from speechrnn.learning_curve import Point, plan_points
from speechrnn.metadata import Heard
from speechrnn.recognizer import Prediction
from speechrnn.suspects import beat_guessing, find_suspects
from speechrnn.tethered import Commands, Ended
from speechrnn.text import spell_path
from speechrnn.vacancy import check_begun
from tests.command_line import Result

Corpus = Callable[..., Path]
LAST, BEST = (Config.load("default", {"training.select": choice}) for choice in ("last", "best"))
TINY = (
    "network.conv=[]", "network.recurrent=null", "network.pooling=mean", "training.epochs=1",
    "training.clips_per_epoch=16", "training.batch_size=8", "training.select=last",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))


def answer(path: str, label: str, probabilities: dict[str, float], seed: int = 0) -> Answer:
    return Answer(path, label, path[0], seed, probabilities, 1.0)


@pytest.mark.parametrize("select", ["last", "average"])
def test_every_other_speaker_trains_and_the_kept_one_never(tone_corpus: Corpus, tmp_path: Path, select: str) -> None:
    corpus = read_corpus(tone_corpus("012", ("ann", "bob", "cyd", "dan")))
    config = Config.load("default", {"training.select": select})
    later = plan_folds(corpus, config.override({"training.seed": 7}), tmp_path, CrossvalOptions(seeds=2))
    assert {fold.seed for fold in later} == {7, 8}
    with pytest.raises(ConfigError, match=r"training\.seed is 4294967296"):
        plan_folds(corpus, config.override({"training.seed": 2**32 - 1}), tmp_path, CrossvalOptions(seeds=2))
    folds = plan_folds(corpus, config, tmp_path, CrossvalOptions(seeds=2))
    assert [(fold.name, fold.seed) for fold in folds] == [(n, s) for s in (0, 1) for n in ("ann", "bob", "cyd", "dan")]
    for fold in folds:
        parts = {(clip.speaker, part) for clip, part in fold.rows}
        assert parts == {(name, "test" if name == fold.name else "train") for name in ("ann", "bob", "cyd", "dan")}
        assert len(fold.rows) == len(corpus.clips)


@pytest.mark.parametrize("changes", [{}, {"training.select": "last", "training.patience": 3}])
def test_a_choice_is_made_by_a_speaker_who_is_not_kept(
    tone_corpus: Corpus, tmp_path: Path, changes: dict[str, object]
) -> None:
    config = Config.load("default", changes)
    corpus = read_corpus(tone_corpus("01", ("ann", "bob", "cyd")))
    for fold in plan_folds(corpus, config, tmp_path, CrossvalOptions()):
        parts = {part: {clip.speaker for clip, p in fold.rows if p == part} for part in ("train", "valid", "test")}
        assert parts["test"] == {fold.name}
        assert len(parts["valid"]) == len(parts["train"]) == 1
        assert parts["valid"] | parts["train"] | parts["test"] == {"ann", "bob", "cyd"}


def test_fewer_clips_and_speakers_train_where_asked(tone_corpus: Corpus, tmp_path: Path) -> None:
    corpus = read_corpus(tone_corpus("01", ("ann", "bob", "cyd", "dan"), 5))
    for fold in plan_folds(corpus, LAST, tmp_path, CrossvalOptions(speakers=2, clips=3)):
        trained = [clip for clip, part in fold.rows if part == "train"]
        assert len({clip.speaker for clip in trained}) == 2
        assert len(trained) == 2 * 2 * 3
        assert len(fold.kept) == 10
    chosen = {
        seed: {clip.path.name for fold in plan_folds(corpus, LAST, tmp_path, CrossvalOptions(clips=1, seeds=2))
               if fold.seed == seed for clip, part in fold.rows if part == "train"}
        for seed in (0, 1)
    }  # fmt: skip
    assert chosen[0] != chosen[1]
    assert all(len(names) == 2 * 4 for names in chosen.values())


def test_clips_in_five_parts_where_speakers_are_not_known(tone_corpus: Corpus, tmp_path: Path) -> None:
    corpus = read_corpus(tone_corpus("01", ("ann",), 10))
    folds = plan_folds(corpus, LAST, tmp_path, CrossvalOptions(by="clip"))
    assert [len(fold.kept) for fold in folds] == [4] * 5
    assert len({clip.path for fold in folds for clip in fold.kept}) == 20
    with pytest.raises(CorpusError, match=r"1 known speakers, needed 2 or more. Use --by clip"):
        plan_folds(corpus, LAST, tmp_path, CrossvalOptions())


def test_a_label_of_one_voice_is_told_before_anything_trains(tone_corpus: Corpus, tmp_path: Path) -> None:
    data = tone_corpus("01", ("ann", "bob", "cyd"))
    (data / "1_ann_0.wav").rename(data / "7_ann_0.wav")
    with pytest.raises(CorpusError, match="without ann no clip of the label 7 trains, needed one of each"):
        plan_folds(read_corpus(data), LAST, tmp_path, CrossvalOptions())


def test_a_folder_of_something_else_is_left_alone(tone_corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.yaml").write_text("# mine")
    with pytest.raises(TrainingError, match=r"mine: holds config\.yaml and no cross-validation"):
        crossval(tone_corpus("01", ("ann", "bob", "cyd")), LAST, tmp_path / "mine")
    assert (tmp_path / "mine" / "config.yaml").read_text() == "# mine"


def test_hidden_files_do_not_stand_in_the_way_of_folds(tmp_path: Path) -> None:
    for name in (".DS_Store", ".plan-0123abcd.json", "folds"):
        (tmp_path / name).touch()
    check_begun(tmp_path, "plan.json")


@pytest.mark.parametrize("name", ["../../ann", "/ann", "a/b", "..", "n" * 300])
def test_whatever_a_csv_calls_a_speaker_the_folds_stay_in_their_folder(
    name: str, tone_corpus: Corpus, tmp_path: Path
) -> None:
    data = tone_corpus("01", ("ann", "bob", "cyd"))
    rows = [f"{path.name},{path.name[0]},{name if '_ann_' in path.name else path.name[2:5]}" for path in data.iterdir()]
    (data / "list.csv").write_text("\n".join(["path,label,speaker", *rows]))
    folds = plan_folds(read_corpus(data / "list.csv"), LAST, tmp_path / "out", CrossvalOptions(seeds=2))
    assert {fold.folder.parent for fold in folds} == {tmp_path / "out" / "folds"}
    assert len({fold.folder.name for fold in folds}) == 6
    for fold in folds:
        fold.folder.mkdir(parents=True)
    assert len(list((tmp_path / "out" / "folds").iterdir())) == 6


def add_words(data: Path, speakers: Iterable[str]) -> None:
    """A word of nobody, one of each speaker, and a noise; their content does not matter here."""
    names = ["unknown/tree.wav", "_background_noise_/fan.wav", *(f"unknown/house_{who}_0.wav" for who in speakers)]
    for name in names:
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).touch()


def test_other_words_train_but_those_of_whom_does_not(tone_corpus: Corpus, tmp_path: Path) -> None:
    data = tone_corpus("01", ("ann", "bob", "cyd"), 1)
    add_words(data, ("ann", "bob", "cyd", "eve"))
    corpus = read_corpus(data)
    for config, options in ((LAST, CrossvalOptions()), (LAST, CrossvalOptions(speakers=1)), (BEST, CrossvalOptions())):
        for fold in plan_folds(corpus, config, tmp_path, options):
            trained = {clip.speaker for clip in fold.trained}
            assert {clip.speaker for clip in fold.rejects} == {None, "eve", *trained}
            assert len(fold.rejects) == 3 + len(trained)
    for fold in plan_folds(corpus, LAST, tmp_path, CrossvalOptions(by="clip")):
        assert fold.rejects == corpus.rejects


def test_a_fold_is_read_as_it_was_planned(tone_corpus: Corpus, tmp_path: Path) -> None:
    data = tone_corpus("01", ("ann", "bob"), 1)
    add_words(data, ("ann", "bob"))
    for label in "01":
        (data / f"{label}_ann_0.wav").rename(data / os.fsdecode(label.encode() + b"_m\xfcller_0.wav"))
    folds = plan_folds(read_corpus(data), LAST, tmp_path / "cv", CrossvalOptions())
    assert [fold.name for fold in folds] == ["bob", r"m\xfcller"]
    for fold in folds:
        read = read_corpus(write_fold(fold))
        split = split_corpus(read, None, 0)
        assert said_in(split.train) == said_in(fold.trained)
        assert said_in(split.test) == said_in(fold.kept)
        assert said_in(read.rejects) == said_in(fold.rejects)


def said_in(clips: Iterable[Clip]) -> list[tuple[Path, str, str | None]]:
    return sorted((clip.path.resolve(), clip.label, clip.speaker) for clip in clips)


def test_a_curve_of_an_earlier_run_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossval_run, "plot_folds", lambda _: b"folds")
    monkeypatch.setattr(crossval_run, "plot_curves", lambda _: b"curve")
    done: Any = SimpleNamespace(score=None)
    for curve, names in (("clips", ["crossval.png", "learning-curve.png"]), ("", ["crossval.png"])):
        monkeypatch.setattr(crossval_run, "curves_of", Mock(return_value=[(curve, [])] if curve else []))
        crossval_run._draw(tmp_path, done, ())
        assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize(("config", "speakers"), [(LAST, 5), (BEST, 4)])
def test_a_learning_curve_counts_who_really_trains(
    tone_corpus: Corpus, tmp_path: Path, config: Config, speakers: int
) -> None:
    data = tone_corpus("0", ("ann", "bob", "cyd", "dan", "eve", "fay"), 3)
    most = measure(plan_folds(read_corpus(data), config, tmp_path, CrossvalOptions()))
    assert most == Amount(speakers, 3)
    points = plan_points(most, "speaker")
    assert points == [(n, None) for n in (1, 2, 4) if n < speakers] + [(None, 2)]
    score = summarize([answer("a1", "0", {"0": 1.0})], "speaker", {"a1": "ann"})
    folds = tuple(plan_folds(read_corpus(data), config, tmp_path, CrossvalOptions()))
    curves = curves_of(Crossvalidated(score, (), tmp_path, folds, (), ()), [Point(*point, score) for point in points])
    assert [[n for n, _ in curve] for _, curve in curves] == [[*(n for n, _ in points if n), speakers], [2, 3]]


def test_a_learning_curve_by_clip_has_no_numbers_of_speakers(tone_corpus: Corpus, tmp_path: Path) -> None:
    folds = plan_folds(read_corpus(tone_corpus("01", n=5)), LAST, tmp_path, CrossvalOptions(by="clip"))
    points = plan_points(measure(folds), "clip")
    assert points
    assert {speakers for speakers, _ in points} == {None}


def test_each_point_of_a_learning_curve_is_planned_once_and_left_out_where_a_label_would_be_missing(
    tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, planned = tone_corpus("01", ("ann", "bob", "cyd", "dan", "eve"), 3), list[str]()
    for speaker in ("cyd", "dan", "eve"):  # one of whom is the only speaker of some fold
        for path in data.glob(f"1_{speaker}_*"):
            path.unlink()

    def plan(read: object, config: Config, out: Path, options: CrossvalOptions) -> list[Fold]:
        planned.append(out.name)
        return plan_folds(read, config, out, options)  # type: ignore[arg-type]

    def run(folds: list[Fold], *_: object) -> list[list[Answer]]:
        return [[answer(spell_path(clip.path), clip.label, {clip.label: 1.0}) for clip in fold.kept] for fold in folds]

    monkeypatch.setattr(crossvalidation, "_run_all", run)
    for module in (crossvalidation, learning_curve):
        monkeypatch.setattr(module, "plan_folds", plan)
    points = learning_curve.learning_curve(data, LAST, tmp_path / "curve", CrossvalOptions())
    assert planned == ["curve", *(f"{n}-speakers-all-clips" for n in (1, 2)), "all-speakers-2-clips"]
    assert [(point.speakers, point.clips) for point in points] == [(2, None), (None, 2)]
    assert sorted(path.name for path in (tmp_path / "curve").iterdir()) == sorted(planned[2:])


def test_a_preset_may_be_named(tone_corpus: Corpus, tmp_path: Path) -> None:
    data = tone_corpus("01", ("ann",), 1)
    for config in ("tutorial", Config.load("tutorial")):
        with pytest.raises(CorpusError, match=r"1 known speakers, needed \d or more"):
            crossval(data, config, str(tmp_path / "cv"))


def test_another_content_is_another_cross_validation(tone_corpus: Corpus, tmp_path: Path) -> None:
    data = tone_corpus("01", ("ann", "bob"), 1)
    (data / os.fsdecode(b"0_m\xfcller_0.wav")).write_bytes((data / "0_ann_0.wav").read_bytes())
    claim_folds(tmp_path / "cv", read_corpus(data), LAST, CrossvalOptions())
    claim_folds(tmp_path / "cv", read_corpus(data), LAST, CrossvalOptions(seeds=2))
    (data / "0_ann_0.wav").write_bytes((data / "0_bob_0.wav").read_bytes())
    with pytest.raises(TrainingError, match="other clips or settings"):
        claim_folds(tmp_path / "cv", read_corpus(data), LAST, CrossvalOptions())


@pytest.mark.parametrize("use", ["train", "reject", "noise"])
def test_another_content_of_a_source_is_another_cross_validation(
    use: str, tone_corpus: Corpus, write_tone: Callable[..., Path], tmp_path: Path
) -> None:
    data, more = read_corpus(tone_corpus("01", ("ann", "bob"), 1)), tmp_path / "more"
    write_tone(more / "0_cyd_0.wav")
    config = LAST.override({"data.sources": [{"path": str(more), "use": use}]})
    for _ in range(2):
        claim_folds(tmp_path / "cv", data, config, CrossvalOptions())
    write_tone(more / "0_cyd_1.wav", hz=900)
    with pytest.raises(TrainingError, match="other clips or settings"):
        claim_folds(tmp_path / "cv", data, config, CrossvalOptions())


def test_folds_that_begin_with_others_are_tied_to_them(tone_corpus: Corpus, tmp_path: Path) -> None:
    data, start = read_corpus(tone_corpus("01", ("ann", "bob"), 1)), tmp_path / "first"
    claim_folds(start, data, LAST, CrossvalOptions())
    claim_folds(tmp_path / "cv", data, LAST, CrossvalOptions(start=start))
    (start / "plan.json").write_text("{}")
    with pytest.raises(TrainingError, match="other clips or settings"):
        claim_folds(tmp_path / "cv", data, LAST, CrossvalOptions(start=start))


class Parrot:
    """A recognizer that has heard somebody, and can read what is not empty."""

    def __init__(self, heard: Heard) -> None:
        self.bundle = SimpleNamespace(metadata=SimpleNamespace(heard=heard))


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> Callable[[Heard], None]:
    """Nothing is trained: each fold has a model that has heard what it is told, and says the first label."""

    def predict(_model: Parrot, paths: Iterable[Path], **_: object) -> Iterator[Prediction]:
        for path in paths:
            said = {"0": 1.0, "1": 0.0} if path.stat().st_size else None
            yield Prediction(
                str(path), None, None, said, 1.0 if said else None, None, None, None if said else "is empty."
            )

    def hear(heard: Heard) -> None:
        monkeypatch.setattr(crossvalidation, "_train", lambda *_: None)
        monkeypatch.setattr(crossvalidation, "load", lambda _: Parrot(heard))
        monkeypatch.setattr(crossvalidation, "predict_files", predict)

    return hear


def test_a_speaker_called_part_is_a_speaker(
    parrot: Callable[[Heard], None], tone_corpus: Corpus, tmp_path: Path
) -> None:
    data = tone_corpus("01", ("partner", "zoe"), 5)
    parrot(Heard(speakers=("partner",), real=1))
    with pytest.raises(TrainingError, match=r"has heard partner, whom it was to be scored on"):
        crossval(data, LAST, tmp_path / "cv")
    assert crossval(data, LAST, tmp_path / "parts", CrossvalOptions(by="clip")).score.macro == 0.5


def test_the_same_recordings_are_gone_on_with_however_their_folder_is_named(
    parrot: Callable[[Heard], None], tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tone_corpus("01", ("ann", "bob"), 1)
    (tmp_path / "link").symlink_to(data)
    monkeypatch.chdir(tmp_path)
    parrot(Heard())
    first = crossval(data, LAST, tmp_path / "cv")
    monkeypatch.setattr(crossvalidation, "load", lambda _: pytest.fail("a fold that is done was scored again"))
    for name in (data.name, f"{data.name}/", f"link/../{data.name}", "link", f"{tmp_path}/link/"):
        done = crossval(name, LAST, tmp_path / "cv")
        assert done.score == first.score
        assert {answer.path for answer in done.answers} == {str(path) for path in Path(name).glob("*.wav")}


def test_a_clip_that_trained_is_not_scored_whatever_the_folds_are(
    parrot: Callable[[Heard], None], tone_corpus: Corpus, tmp_path: Path
) -> None:
    data = tone_corpus("01", ("ann",), 5)
    parrot(Heard(clips=(clip_hash(data / "0_ann_0.wav"),), real=1))
    with pytest.raises(TrainingError, match=r"has heard 1 of the 2 clips it was to be scored on"):
        crossval(data, LAST, tmp_path / "parts", CrossvalOptions(by="clip"))


def test_unnamed_voices_of_other_words_are_no_leak_and_of_labels_are_named_before_the_training(
    parrot: Callable[[Heard], None], tone_corpus: Corpus, write_tone: Callable[..., Path], tmp_path: Path
) -> None:
    data = tone_corpus("01", ("ann", "bob"), 1)
    for label in ("0", "1", "stop"):
        write_tone(tmp_path / "more" / label / "a.wav")
    parrot(Heard(real=3))
    source = {"path": str(tmp_path / "more")}
    crossval(data, LAST.override({"data.sources": [source | {"use": "reject"}]}), tmp_path / "cv")
    with pytest.raises(CorpusError, match=r"more: 2 of its 2 clips have no known speaker, needed all"):
        crossval(data, LAST.override({"data.sources": [source]}), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_what_cannot_be_read_is_named(
    parrot: Callable[[Heard], None], tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tone_corpus("01", ("ann", "bob"), 1)
    parrot(Heard())
    (data / "1_bob_0.wav").write_bytes(b"")
    done = crossval(data, LAST, tmp_path / "cv")
    assert [(item.path.name, bool(item.reason)) for item in done.unread] == [("1_bob_0.wav", True)]
    assert {fold.name: fold.n_clips for fold in done.score.folds} == {"ann": 2, "bob": 1}
    (data / "0_bob_0.wav").write_bytes(b"")
    refusal = r"not one of the 2 clips of bob can be read \(.*\) Needed at least one for a score"
    with pytest.raises(CorpusError, match=refusal):
        crossval(data, LAST, tmp_path / "cv2")
    assert not (tmp_path / "cv2").exists()
    monkeypatch.setattr(crossvalidation, "_find_unread", lambda *_: ())  # they went while others trained
    with pytest.raises(CorpusError, match=refusal):
        crossval(data, LAST, tmp_path / "cv2")


def test_the_command_fails_where_a_file_could_not_be_read_and_says_which(
    cli: Callable[..., Result], parrot: Callable[[Heard], None], tone_corpus: Corpus
) -> None:
    data = tone_corpus("01", ("ann", "bob"), 1)
    (data / "1_bob_0.wav").write_bytes(b"")
    parrot(Heard())
    done = cli("crossval", data, "--set", "training.select=last", "--out", "cv", "--json")
    assert done.status == 1
    assert "1 file could not be read:\n" in done.err
    assert f"{data}/1_bob_0.wav: " in done.err
    [unread] = json.loads(done.out)["unreadable"]
    assert unread["path"] == f"{data}/1_bob_0.wav"


def test_ctrl_c_says_how_to_go_on(
    cli: Callable[..., Result], tone_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(crossvalidation, "_train", interrupt)
    stopped = cli("crossval", tone_corpus("01", ("ann", "bob"), 1), "--set", "training.select=last")
    assert (stopped.status, stopped.out) == (130, "")
    assert stopped.err == "stopped\nto go on, run the same command again: what is done is kept\n"


def test_after_a_training_that_failed_none_begins(
    tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def fail(fold: Fold, *_: object) -> None:
        begun.append(fold.name)
        raise TrainingError("no space left")

    monkeypatch.setattr(crossvalidation, "_train", fail)
    with pytest.raises(TrainingError, match="no space left"):
        crossval(tone_corpus("01", ("ann", "bob", "cyd"), 1), LAST, tmp_path / "cv")
    assert begun == ["ann"]


def test_macro_counts_speakers_alike_and_seeds_are_averaged() -> None:
    right, wrong = {"0": 0.9, "1": 0.1}, {"0": 0.2, "1": 0.8}
    answers = [answer("a1", "0", right, seed) for seed in (0, 1)]
    answers += [answer("b1", "0", right), answer("b1", "0", wrong, 1)]
    answers += [answer("b2", "0", wrong), answer("b2", "0", wrong, 1)]
    score = summarize(answers, "speaker", {"a1": "ann", "b1": "bob", "b2": "bob"})
    assert (score.worst, score.worst_accuracy, score.macro) == ("bob", 0.25, 0.625)
    assert score.folds[0].per_seed == (0.5, 0.0)
    assert score.folds[0].mistakes == {"0>1": 3}
    assert (score.n_clips, score.n_seeds) == (3, 2)


@pytest.mark.parametrize(("by", "drawn"), [("speaker", "speakers"), ("clip", "parts")])
def test_an_interval_says_what_was_drawn(by: str, drawn: str) -> None:
    folds = {"a1": "ann", "b1": "bob"} if by == "speaker" else {"a1": "part 1", "b1": "part 2"}
    score = summarize([answer(path, "0", {"0": 1.0}) for path in folds], by, folds)
    said = describe_crossval(score, (), ())
    assert f"Mean over 2 {drawn}: 100.0 %" in said
    assert f"95 % of draws of {drawn} 100.0 to 100.0" in said


def count_covered(n_speakers: int, n: int) -> int:
    rng = np.random.default_rng(0)
    covered = 0
    for i in range(n):
        low, high = bootstrap((0.9 + 0.05 * rng.standard_normal(n_speakers)).tolist(), seed=i)
        covered += low <= 0.9 <= high
    return covered


def test_the_interval_covers_a_mean_as_often_as_it_says() -> None:
    assert 85 <= count_covered(20, 100) <= 100
    assert 0.83 <= count_covered(6, 500) / 500 <= 0.9  # less than 0.95, as its docstring says


def test_a_swapped_label_is_suspected_and_an_honest_doubt_is_not() -> None:
    sure = {"0": {"0": 0.9, "1": 0.1}, "1": {"0": 0.1, "1": 0.9}}
    answers = [answer(f"{label}{i}", label, sure[label]) for label in "01" for i in range(5)]
    answers += [answer("swapped", "0", sure["1"]), answer("doubt", "0", {"0": 0.45, "1": 0.55})]
    [suspect] = find_suspects(answers)
    assert (suspect.path, suspect.label, suspect.says, suspect.probability) == ("swapped", "0", "1", 0.9)
    # as sure of its own label as the others are is no suspect, however much another passes too
    both = [*answers, answer("both", "0", {"0": 0.9, "1": 0.9})]
    assert [one.path for one in find_suspects(both)] == ["swapped"]


def test_who_guesses_doubts_no_label(
    tone_corpus: Corpus, tmp_path: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = read_corpus(tone_corpus("01", ("ann", "bob"), 10))
    for right, learnt in ((6, False), (10, True)):
        wrong = [answer(f"w{i}", "0", {"0": 0.3, "1": 0.7}) for i in range(12 - right)]
        assert beat_guessing([answer(f"r{i}", "0", {"0": 0.9, "1": 0.1}) for i in range(right)] + wrong) is learnt
    guesses = tuple(
        answer(spell_path(clip.path), clip.label, {"0": 0.3, "1": 0.7} if i % 2 else {"0": 0.7, "1": 0.3})
        for i, clip in enumerate(corpus.clips)
    )
    names = {spell_path(clip.path): clip.speaker or "" for clip in corpus.clips}
    done = Crossvalidated(summarize(list(guesses), "speaker", names), guesses, tmp_path, (), (), ())
    monkeypatch.setattr(crossval_run, "crossval", lambda *_: done)
    (tmp_path / "cv").mkdir()
    result = cli("crossval", corpus.root, "--config", "tutorial", "--out", tmp_path / "cv")
    assert "the answers of the folds cannot be told from guesses" in result.err
    assert "may bear a wrong label" not in result.out
    assert (tmp_path / "cv" / "suspects.csv").read_text().count("\n") == 1


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    answers = [answer("ä b.wav", "0", {"0": 0.25, "1": 0.75}), Answer("x", "1", None, 3, {"1": 1.0}, 0.5)]
    answers.append(answer(spell_path(Path(os.fsdecode(b"0_m\xfcller_0.wav"))), "0", {"0": 1.0}))
    (tmp_path / "a.jsonl").write_bytes(format_answers(answers))
    assert read_answers(tmp_path / "a.jsonl") == answers


def test_pictures_are_drawn() -> None:
    score = summarize([answer("a1", "0", {"0": 0.9, "1": 0.1}), answer("b1", "0", {"0": 0.1, "1": 0.9})], "speaker",
                      {"a1": "ann", "b1": "bob"})  # fmt: skip
    assert plot_folds(score).startswith(b"\x89PNG")
    assert plot_curves([("speakers", [(1, score), (2, score)])]).startswith(b"\x89PNG")


def test_each_fold_goes_on_from_the_model_without_the_same_speaker(
    tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def refuse(_: Commands, command: list[str], __: object) -> Ended:
        commands.append(command)
        return Ended(1, "error: enough")

    monkeypatch.setattr(Commands, "run", refuse)
    data, first = tone_corpus("01", ("ann", "bob"), 1), tmp_path / "first"
    on = CrossvalOptions(start=first)
    (first / "folds" / "ann-0" / "model").mkdir(parents=True)
    with pytest.raises(TrainingError, match="first: has no model that was trained without bob with the seed 0"):
        crossval(data, LAST, tmp_path / "cv", on)
    assert commands == []
    (first / "folds" / "bob-0" / "model").mkdir(parents=True)
    with pytest.raises(TrainingError, match="the training without ann failed: enough"):
        crossval(data, LAST, tmp_path / "cv", on)
    [command] = commands
    assert command[command.index("--from") + 1] == str(first / "folds" / "ann-0" / "model")
    with pytest.raises(TrainingError, match="other clips or settings"):
        crossval(data, LAST, tmp_path / "cv")


def test_a_part_of_the_clips_goes_on_from_nothing(tone_corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="folds by clip go on from no other cross-validation"):
        crossval(tone_corpus("01", ("ann", "bob"), 5), LAST, tmp_path / "cv", CrossvalOptions("clip", start=tmp_path))


def test_strings_have_no_folds(tone_corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is of strings of digits, needed one of single words"):
        crossval(tone_corpus("01", ("ann", "bob"), 1), Config.load("strings"), tmp_path / "cv")
    assert not (tmp_path / "cv").exists()


def test_a_learning_curve_begins_at_the_beginning(cli: Callable[..., Result], tone_corpus: Corpus) -> None:
    refused = cli("crossval", tone_corpus("01", ("ann", "bob"), 1), "--learning-curve", "--from", "first")
    assert (refused.status, refused.out) == (1, "")
    assert "--from DIR goes on from models that heard all" in refused.err


@pytest.mark.train
def test_the_command_scores_each_speaker_and_goes_on_where_it_stopped(
    cli: Callable[..., Result], tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tone_corpus("01", ("ann", "bob"), 4)
    command = [
        "crossval",
        data,
        *(word for setting in TINY for word in ("--set", setting)),
        "--out",
        "cv",
        "--jobs",
        "2",
    ]
    first = cli(*command)
    assert first.status == 0, first.err
    assert "Mean over 2 speakers" in first.out
    assert sorted(path.name for path in (tmp_path / "cv" / "folds").iterdir()) == ["ann-0", "bob-0"]
    for name in ("ann", "bob"):
        heard = read_bundle(tmp_path / "cv" / "folds" / f"{name}-0" / "model").metadata.heard
        assert heard.speakers == ({"ann": "bob", "bob": "ann"}[name],)
    found = json.loads((tmp_path / "cv" / "crossval.json").read_text())
    assert (found["n_clips"], found["n_speakers"], found["by"]) == (16, 2, "speaker")
    assert (tmp_path / "cv" / "crossval.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "cv" / "suspects.csv").open() as file:
        assert next(csv.reader(file)) == ["path", "label", "says", "probability"]
    monkeypatch.setattr(crossvalidation, "_train", lambda *_: pytest.fail("a fold that is done was trained again"))
    assert cli(*command).out == first.out
    other = cli(*command, "--set", "training.epochs=2")
    assert other.status == 1
    assert "holds a cross-validation with other clips or settings" in other.err


@pytest.mark.train
def test_other_words_of_others_and_names_in_any_bytes_train(
    cli: Callable[..., Result], tone_corpus: Corpus, write_tone: Callable[..., Path], tmp_path: Path
) -> None:
    data = tone_corpus("01", ("ann", "bob"), 2)
    for path in list(data.glob("*_bob_*")):
        path.rename(os.fsdecode(os.fsencode(path).replace(b"bob", b"b\xf6b")))
    for i, name in enumerate(("tree", "house_ann_0", "house_eve_0")):
        write_tone(data / "unknown" / f"{name}.wav", 900 + 20 * i)
    write_tone(tmp_path / "stop" / "stop" / "a.wav", 1000)
    source = f"data.sources=[{{path: {tmp_path}/stop, use: reject}}]"
    done = cli("crossval", data, *(word for setting in (*TINY, source) for word in ("--set", setting)), "--out", "cv")
    assert done.status == 0, done.err
    for name, speakers, n_clips in ((r"b\xf6b", ("ann", "eve"), 4 + 3), ("ann", (r"b\xf6b", "eve"), 4 + 2)):
        metadata = read_bundle(tmp_path / "cv" / "folds" / f"{name}-0" / "model").metadata
        assert (metadata.heard.speakers, metadata.heard.unnamed) == (speakers, 0)
        assert [source.n_clips for source in metadata.sources] == [n_clips, 1]


def test_a_training_that_fails_says_why_in_one_sentence(tone_corpus: Corpus, tmp_path: Path) -> None:
    data = tone_corpus("01", ("ann", "bob"), 2)
    for k in range(2):
        (data / f"1_bob_{k}.wav").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"the training without ann failed: no clip of the label 1 could be read"):
        crossval(data, LAST, tmp_path / "cv")
