"""Open set and noise sweep: hand-worked, monotone, the same noise whatever the order."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.corpus.layouts import read_corpus
from speechrnn.errors import ConfigError
from speechrnn.evaluation import evaluate_corpus
from speechrnn.noise_sweep import parse_levels, sweep_noise
from speechrnn.recognizer import load
from speechrnn.robustness import score_rejects
from tests.bundles import GOLDEN, SAMPLES
from tests.signals import word

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_perfect_separation_accepts_all_that_is_right() -> None:
    rejects = np.linspace(0, 0.5, 40)
    score = score_rejects(np.array([0.9, 0.8, 0.95]), np.array([True, True, False]), rejects, rejects >= 0.6)
    assert score.accuracy == score.area == pytest.approx(2 / 3)
    assert score.accepted == 0.0
    assert (score.n, score.curve[0].false_accepts, score.curve[-1].false_accepts) == (40, 0.0, 1.0)


def test_five_in_a_hundred_may_pass() -> None:
    rejects = np.arange(100) / 100
    score = score_rejects(np.array([0.945, 0.935]), np.array([True, True]), rejects, rejects >= 0.9)
    assert score.accuracy == 0.5  # the threshold stands just over 0.94, the sixth highest
    assert score.accepted == pytest.approx(0.1)
    assert np.mean(rejects >= score.threshold) <= 0.05


def test_where_known_saturates_only_refusing_all_lets_few_through() -> None:
    rejects = np.array([1.0] * 3 + [0.5] * 17)
    score = score_rejects(np.array([1.0, 0.9]), np.array([True, True]), rejects, rejects >= 0.9)
    assert (score.accuracy, score.accepted) == (0.0, 0.15)
    assert score.threshold > 1


@given(SHARES, SHARES)
def test_the_threshold_does_what_is_said_of_it(labels: list[float], rejects: list[float]) -> None:
    known, others = np.array([*labels, 1.0]), np.array(rejects)
    score = score_rejects(known, np.ones(len(known), bool), others, others >= 0.5)
    assert np.mean(others >= score.threshold) <= 0.05
    assert np.mean(known >= score.threshold) == pytest.approx(score.accuracy)


@given(SHARES, SHARES, st.integers(0, 9))
def test_more_false_accepts_never_accept_fewer_labels(labels: list[float], rejects: list[float], seed: int) -> None:
    right = np.random.default_rng(seed).random(len(labels)) < 0.7
    score = score_rejects(np.array(labels), right, np.array(rejects), np.array(rejects) >= 0.5)
    values = [point.accepted_right for point in score.curve]
    assert values == sorted(values)
    assert 0 <= score.area <= 1
    assert values[-1] == pytest.approx(right.mean())


def test_levels_are_read_and_others_refused() -> None:
    assert parse_levels("clean,20,0,-5") == (None, 20.0, 0.0, -5.0)
    for text in ("loud", "20,,0", "1e9", "nan"):
        with pytest.raises(ConfigError, match="is no ratio"):
            parse_levels(text)
    for text in ("10,10.0", "clean,0,clean"):
        with pytest.raises(ConfigError, match="is there twice"):
            parse_levels(text)


def test_noise_costs_answers_and_clean_is_clean() -> None:
    corpus, recognizer = read_corpus(SAMPLES), load(GOLDEN)
    noises = [np.random.default_rng(i).normal(0, 0.1, 16000).astype(np.float32) for i in range(2)]
    clean, faint, drowned = sweep_noise(corpus.clips, recognizer, noises, (None, 100.0, -30.0))
    evaluation = evaluate_corpus(corpus, recognizer).evaluation
    assert clean.accuracy == evaluation.accuracy
    assert clean.n_clips == faint.n_clips == drowned.n_clips == len(corpus.clips)
    assert faint.forced >= clean.forced - 0.1
    assert drowned.forced < 0.6
    assert clean.macro == pytest.approx(evaluation.macro)


def test_what_is_refused_is_wrong_and_what_is_forced_is_not() -> None:
    corpus, everything = read_corpus(SAMPLES), load(GOLDEN, threshold=0.0)
    median = float(np.median([everything.predict(clip.path).probability or 0.0 for clip in corpus.clips]))
    strict = load(GOLDEN, threshold=median)
    [clean] = sweep_noise(corpus.clips, strict, [word(16000, 3)], (None,))
    assert clean.accuracy == evaluate_corpus(corpus, strict).evaluation.accuracy < clean.forced
    assert clean.forced == evaluate_corpus(corpus, everything).evaluation.accuracy


@pytest.mark.parametrize("two", ["ann", "bob"])
def test_of_two_equally_bad_the_one_with_more_clips_is_the_worst(two: str) -> None:
    names = (two, two, "ann" if two == "bob" else "bob")
    clips = [replace(clip, speaker=name) for clip, name in zip(read_corpus(SAMPLES).clips, names, strict=False)]
    [level] = sweep_noise(clips, load(GOLDEN, threshold=1.0), [word(16000, 3)], (None,))
    assert (level.worst, level.worst_accuracy, level.macro) == (two, 0.0, 0.0)


def test_the_order_of_the_clips_changes_nothing() -> None:
    clips, recognizer = read_corpus(SAMPLES).clips, load(GOLDEN)
    noises = [word(16000, 3)]
    forward, backward = (sweep_noise(part, recognizer, noises, (5.0,)) for part in (clips, clips[::-1]))
    assert forward == backward


def test_other_words_and_noises_are_scored_apart(tmp_path: Path) -> None:
    import shutil

    import soundfile

    shutil.copytree(SAMPLES, tmp_path / "data")
    for folder, name, y in (("unknown", "a.wav", word(4000, 1)), ("_background_noise_", "b.wav", word(40000, 2))):
        (tmp_path / "data" / folder).mkdir()
        soundfile.write(tmp_path / "data" / folder / name, y, 8000)
    found = evaluate_corpus(read_corpus(tmp_path / "data"), load(GOLDEN)).evaluation
    assert found.open_set is not None
    assert found.open_set.words is not None
    assert found.open_set.noises is not None
    assert (found.open_set.words.n, found.open_set.noises.n) == (1, 5)
    assert found.open_set.words.accepted == 1.0  # this model was not trained to refuse
    strict = evaluate_corpus(read_corpus(tmp_path / "data"), load(GOLDEN, threshold=1.0)).evaluation.open_set
    assert strict is not None
    assert strict.words == replace(found.open_set.words, accepted=0.0)  # asked of the label's probability too
    assert found.ece is None  # twenty clips are too few
    assert evaluate_corpus(read_corpus(SAMPLES), load(GOLDEN)).evaluation.open_set is None
