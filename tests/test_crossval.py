"""Cross-validation: who trains, what is scored, what an interruption costs, which labels look wrong."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from speechrnn import crossvalidation
from speechrnn.bundle import read_bundle
from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.crossvalidation import CrossvalOptions, crossval
from speechrnn.errors import CorpusError, TrainingError
from speechrnn.fold_plan import plan_folds
from speechrnn.fold_plots import plot_curves, plot_folds
from speechrnn.folds import Answer, bootstrap, format_answers, read_answers, summarize
from speechrnn.learning_curve import plan_points
from speechrnn.suspects import find_suspects
from tests.command_line import Result

Corpus = Callable[..., Path]
LAST = Config.load("default", {"training.select": "last"})
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
    assert plan_points(corpus) == [(1, None), (2, None), (None, 2)]


def test_clips_in_five_parts_where_speakers_are_not_known(tone_corpus: Corpus, tmp_path: Path) -> None:
    corpus = read_corpus(tone_corpus("01", ("ann",), 10))
    folds = plan_folds(corpus, LAST, tmp_path, CrossvalOptions(by="clip"))
    assert [len(fold.kept) for fold in folds] == [4] * 5
    assert len({clip.path for fold in folds for clip in fold.kept}) == 20
    with pytest.raises(CorpusError, match=r"1 known speakers, needed 2 or more. Use --by clip"):
        plan_folds(corpus, LAST, tmp_path, CrossvalOptions())


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


def test_the_interval_covers_a_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for i in range(100):
        low, high = bootstrap((0.9 + 0.05 * rng.standard_normal(20)).tolist(), seed=i)
        covered += low <= 0.9 <= high
    assert 85 <= covered <= 100


def test_a_swapped_label_is_suspected_and_an_honest_doubt_is_not() -> None:
    sure = {"0": {"0": 0.9, "1": 0.1}, "1": {"0": 0.1, "1": 0.9}}
    answers = [answer(f"{label}{i}", label, sure[label]) for label in "01" for i in range(5)]
    answers += [answer("swapped", "0", sure["1"]), answer("doubt", "0", {"0": 0.45, "1": 0.55})]
    [suspect] = find_suspects(answers)
    assert (suspect.path, suspect.label, suspect.says, suspect.probability) == ("swapped", "0", "1", 0.9)


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    answers = [answer("ä b.wav", "0", {"0": 0.25, "1": 0.75}), Answer("x", "1", None, 3, {"1": 1.0}, 0.5)]
    (tmp_path / "a.jsonl").write_bytes(format_answers(answers))
    assert read_answers(tmp_path / "a.jsonl") == answers


def test_pictures_are_drawn() -> None:
    score = summarize([answer("a1", "0", {"0": 0.9, "1": 0.1}), answer("b1", "0", {"0": 0.1, "1": 0.9})], "speaker",
                      {"a1": "ann", "b1": "bob"})  # fmt: skip
    assert plot_folds(score).startswith(b"\x89PNG")
    assert plot_curves([("speakers", [(1, score), (2, score)])]).startswith(b"\x89PNG")


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


def test_a_training_that_fails_says_why_in_one_sentence(tone_corpus: Corpus, tmp_path: Path) -> None:
    config = LAST.override({"data.sources": [{"path": str(tmp_path / "nowhere")}]})
    with pytest.raises(TrainingError, match=r"the training without ann failed: .*nowhere"):
        crossval(tone_corpus("01", ("ann", "bob"), 2), config, tmp_path / "cv")
