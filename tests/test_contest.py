"""Comparing configurations: same clips, same first weights, nothing trained twice, nothing trained in vain."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from speechrnn.bundle import read_bundle
from speechrnn.config import Config
from speechrnn.corpus.clips import clip_hash
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import split_corpus
from speechrnn.errors import ConfigError, CorpusError, SpeechRNNError, TrainingError
from speechrnn.metadata import Heard
from speechrnn.training import contest as contest_module
from speechrnn.training import measurement
from speechrnn.training.contest import ContestListener, ContestOptions, compare_presets, render_contest
from speechrnn.training.roles import list_heard
from tests.bundles import SAMPLES

GATED = """
network: {conv: [], recurrent: {cell: gru, units: 6, bidirectional: false}, pooling: last}
training: {learning_rate: %s}
"""


@pytest.fixture
def configs(tmp_path: Path) -> list[Path]:
    # so small a step leaves the first weights as they are
    (tmp_path / "still.yaml").write_text(GATED % 1e-12)
    (tmp_path / "moved.yaml").write_text(GATED % 0.05)
    (tmp_path / "flat.yaml").write_text("network: {conv: [], recurrent: null, pooling: mean, hidden: [4]}\n")
    return [tmp_path / f"{name}.yaml" for name in ("still", "moved", "flat")]


@pytest.fixture
def forbid_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: Any) -> None:
        pytest.fail("trained")

    monkeypatch.setattr(contest_module, "train", train)


class Names(ContestListener):
    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int]] = []

    def starting(self, name: str, number: int, total: int) -> None:
        self.heard.append((name, number, total))


@pytest.mark.train
def test_a_comparison_measures_what_was_trained(
    tone_corpus: Callable[..., Path], configs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out, listener = tone_corpus(), tmp_path / "out", Names()
    overrides = {"training.epochs": 2}
    with monkeypatch.context() as patch:
        patch.setattr(measurement, "evaluate_corpus", None)  # the training has scored these clips already
        contest = compare_presets(data, configs, out, ContestOptions(overrides=overrides), listener)

    assert listener.heard == [("still", 1, 3), ("moved", 2, 3), ("flat", 3, 3)]
    still, moved, flat = contest.contestants
    norms = [one.norm for c in (still, moved) for one in (c.gradients_start, c.gradients_end) if one is not None]
    first, same, start, end = norms
    np.testing.assert_allclose([same, start], [first, first], rtol=1e-4)
    assert np.abs(end / first - 1).max() > 0.05
    assert flat.gradients_start is None
    assert flat.gradients_end is None
    assert (contest.n_clips, contest.n_speakers, contest.n_unheard) == (9, 1, 1)
    for one in contest.contestants:
        metrics = json.loads(one.bundle.read("metrics.json"))  # as the training itself scored the same clips
        assert (one.accuracy, one.macro) == (metrics["accuracy"], metrics["accuracy"])
        last = float(one.bundle.read("history.csv").decode().splitlines()[2].split(",")[-1])
        assert one.seconds_per_pass == last  # the second of two epochs
        assert one.ms_per_clip is not None
        assert 0 < one.ms_per_clip < 1000
    assert [path.name for path in contest.files] == ["comparison.md", "comparison.json", "gradients.png"]
    assert (out / "gradients.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((out / "comparison.json").read_text())["contestants"][0]["accuracy"] == still.accuracy
    assert "](gradients.png)" in (out / "comparison.md").read_text()
    assert "9 clips (split: speaker) of 1 speaker not heard in training" in render_contest(contest)

    with pytest.raises(TrainingError, match="exists already"):
        compare_presets(data, configs, out)
    with pytest.raises(TrainingError, match="still: was trained with another configuration"):
        compare_presets(data, configs, out, ContestOptions(overrides={"training.epochs": 3}, resume=True))
    monkeypatch.setattr(contest_module, "train", None)  # what is complete is not trained again
    again = compare_presets(data, configs[:1], out, ContestOptions(overrides=overrides, resume=True))
    assert again.contestants[0].accuracy == still.accuracy
    assert again.contestants[0].gradients_end is not None
    np.testing.assert_array_equal(again.contestants[0].gradients_end.norm, same)
    (data / "2_ann_0.wav").write_bytes((data / "1_ann_0.wav").read_bytes())
    (data / "2_bob_0.wav").write_bytes((data / "1_ann_1.wav").read_bytes())
    (data / "2_cyd_0.wav").write_bytes((data / "1_ann_2.wav").read_bytes())
    with pytest.raises(TrainingError, match="was trained with other clips"):
        compare_presets(data, configs[:1], out, ContestOptions(overrides=overrides, resume=True))


@pytest.mark.train
def test_what_is_complete_is_kept_with_other_words_and_sources_and_with_no_others(
    tone_corpus: Callable[..., Path], write_tone: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, more, flat = tone_corpus(), tmp_path / "more", "network: {conv: [], recurrent: null, pooling: mean}\n"
    (tmp_path / "words.yaml").write_text(flat)
    (tmp_path / "source.yaml").write_text(f"{flat}data: {{sources: [{{path: {more}}}]}}\n")
    overrides = {"training.epochs": 1, "training.clips_per_epoch": 16, "training.batch_size": 16}
    for i, speaker in enumerate(("ann", "bob", "cyd", "dan")):
        write_tone(data / "unknown" / f"house_{speaker}_0.wav", 900 + i)
    for label in "012":
        write_tone(more / f"{label}_eve_0.wav", 330 * (1 + int(label)))

    def compare(name: str, **options: Any) -> Any:
        return compare_presets(data, [tmp_path / f"{name}.yaml"], tmp_path / name, ContestOptions(**options))

    for name in ("words", "source"):
        compare(name, overrides=overrides)
    heard = {name: set(read_bundle(tmp_path / name / name).metadata.heard.speakers) for name in ("words", "source")}
    assert (heard["source"] - heard["words"], "dan" in heard["words"]) == ({"eve"}, True)
    monkeypatch.setattr(contest_module, "train", None)
    for name in ("words", "source"):
        compare(name, overrides=overrides, resume=True)
    write_tone(more / "0_eve_0.wav", 333)
    with pytest.raises(TrainingError, match="source: was trained with other clips"):
        compare("source", overrides=overrides, resume=True)
    (data / "unknown" / "house_dan_0.wav").rename(data / "unknown" / "house_fay_0.wav")
    with pytest.raises(TrainingError, match="words: was trained with other speakers"):
        compare("words", overrides=overrides, resume=True)


def test_what_heard_a_test_clip_through_a_source_is_not_kept(tone_corpus: Callable[..., Path]) -> None:
    data = tone_corpus()
    corpus, config = read_corpus(data), Config.load("default", {"data.sources": [{"path": str(data)}]})
    split = split_corpus(corpus, "clip", 0)
    clips, hashes = list_heard(corpus, split, config), [clip_hash(clip.path) for clip in (*split.train, *split.test)]
    assert set(split.test) <= set(clips)
    trained = Heard(clips=tuple(hashes[: len(split.train)]))
    assert contest_module._find_strange(trained, clips, split) is None
    assert contest_module._find_strange(Heard(clips=tuple(hashes)), clips, split) == "other clips"


@pytest.mark.train
def test_heard_voices_are_never_called_unseen_and_without_recurrence_there_is_no_picture(
    tone_corpus: Callable[..., Path], configs: list[Path], tmp_path: Path
) -> None:
    options = ContestOptions(split="clip", overrides={"training.epochs": 1}, force=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "gradients.png").write_text("of an earlier comparison")
    contest = compare_presets(tone_corpus(), configs[2:], tmp_path / "out", options)
    [flat] = contest.contestants
    assert flat.macro is None
    assert contest.n_unheard == 0
    assert flat.seconds_per_pass > 0  # one epoch has none after the first
    assert "mean of the epochs, without the first where there are more" in render_contest(contest)
    assert "heard in training, so a mean over unseen speakers (—) cannot be given" in render_contest(contest)
    assert not (tmp_path / "out" / "gradients.png").exists()
    assert "gradients.png" not in (tmp_path / "out" / "comparison.md").read_text()
    assert read_bundle(tmp_path / "out" / "flat").labels == ("0", "1", "2")


@pytest.mark.usefixtures("forbid_training")
@pytest.mark.parametrize(
    ("presets", "overrides", "kind", "said"),
    [
        ([], {}, ConfigError, "no configuration to compare"),
        (["rnn", "no-such"], {}, ConfigError, "no-such"),
        (["rnn", "gru", "rnn"], {}, ConfigError, "2 configurations are named rnn"),
        (["rnn"], {"training.epochs": 0}, ConfigError, "training.epochs is 0"),
        (["rnn", "strings"], {}, ConfigError, "strings is of strings of digits, needed presets of single words"),
    ],
)
def test_wrong_configurations_are_told_before_any_training(
    presets: list[str], overrides: dict[str, Any], kind: type[SpeechRNNError], said: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=said):
        compare_presets(tmp_path, presets, tmp_path / "out", ContestOptions(overrides=overrides))
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("forbid_training")
def test_different_seeds_would_be_different_splits(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("training: {seed: 7}\n")
    with pytest.raises(ConfigError, match="seeds 0, 7, needed one"):
        compare_presets(tmp_path, ["rnn", tmp_path / "mine.yaml"], tmp_path / "out")


@pytest.mark.usefixtures("forbid_training")
def test_wrong_recordings_and_places_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="is a file, needed a folder"):
        compare_presets(tmp_path, ["rnn"], tmp_path / "file")
    with pytest.raises(CorpusError):
        compare_presets(tmp_path / "nowhere", ["rnn"], tmp_path / "out")
    with pytest.raises(CorpusError, match="the split none keeps no clip for test, needed some to compare by"):
        compare_presets(SAMPLES, ["rnn"], tmp_path / "out", ContestOptions("none"))
    assert not (tmp_path / "out").exists()
