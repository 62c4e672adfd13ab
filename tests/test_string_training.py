"""A tiny network for strings: trained for a pass, exported, read back; and the graph against Keras."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
import pytest
import soundfile

from speechrnn.audio import load_audio
from speechrnn.bundle import WEIGHTS, Bundle, read_bundle
from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import split_corpus
from speechrnn.decoding import LogProbs, search_beam
from speechrnn.errors import BundleError, TrainingError
from speechrnn.recognizer import load
from speechrnn.string_engine import StringEngine
from speechrnn.training import TrainOptions, string_reference, train
from speechrnn.training.assembly import describe as describe_origin
from speechrnn.training.checkpoint import Checkpoint, Progress
from speechrnn.training.inheritance import go_back
from speechrnn.training.material import gather
from speechrnn.training.network import build_network
from speechrnn.training.reference import load_network, load_reference
from speechrnn.training.string_loss import add_loss
from speechrnn.training.string_reference import check_string_parity, run_reference
from speechrnn.training.weights import load_weights
from tests.bundles import describe
from tests.signals import odd_words, word
from tests.test_decoding import count_all_ways

SMALL = {
    "network.conv": [{"filters": 6, "kernel_size": 5}, {"filters": 6, "kernel_size": 4, "stride": 2}],
    "network.recurrent": {"units": 5, "layers": 1},
    "training.epochs": 1,
    "training.clips_per_epoch": 16,
    "training.batch_size": 16,
    "data.sources": [],
    "strings.n_digits": 3,
    "strings.margin": 0.1,
}
pytestmark = pytest.mark.train


def write_tones(folder: Path) -> Path:
    """Two labels, a pitch for each, three speakers."""
    folder.mkdir()
    for label, speaker, i in itertools.product("01", ("ann", "bob", "cyd"), range(3)):
        hz = 300 * (1 + int(label)) + 10 * len(speaker) + i + ord(speaker[0]) % 7
        y = 0.5 * np.sin(2 * np.pi * hz * np.arange(2400) / 8000)
        soundfile.write(folder / f"{label}_{speaker}_{i}.wav", y, 8000)
    return folder


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tones(tmp_path_factory.mktemp("strings") / "tones")


@pytest.fixture(scope="module")
def bundle(tones: Path) -> Bundle:
    return train(tones, Config.load("strings", SMALL), tones.parent / "model").bundle


def test_training_leaves_a_bundle_of_strings(bundle: Bundle, tones: Path) -> None:
    assert bundle.metadata.kind == "strings"
    assert bundle.metadata.threshold == 0.5
    assert bundle.metadata.split == "none"  # nobody was asked for, and nothing would score who is kept
    assert bundle.metadata.heard.speakers == ("ann", "bob", "cyd")
    assert check_string_parity(bundle, sorted(tones.glob("*.wav"))[:6]) < 1e-4


def test_no_answer_depends_on_its_neighbours(bundle: Bundle) -> None:
    engine = StringEngine(bundle)
    rng = np.random.default_rng(0)
    sounds = [0.1 * rng.standard_normal(9000).astype(np.float32), word(5000, 1), np.ones(1, np.float32)]
    for y, rows in zip(sounds, engine.run(sounds), strict=True):
        assert rows.shape == (-(-(1 + y.size // 80) // 2), 3)
        np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, atol=1e-5)
        [alone] = engine.run([y])
        np.testing.assert_allclose(rows, alone, atol=1e-5)


def test_another_training_goes_on_from_it_head_second_ear_threshold_and_all(
    bundle: Bundle, tones: Path, tmp_path: Path
) -> None:
    config = Config.load("strings", SMALL | {"training.learning_rate": 1e-9})
    start = describe(Path(shutil.copytree(bundle.path, tmp_path / "start")), {"words": "digits", "threshold": 0.4})
    again = train(tones, config, tones.parent / "again", TrainOptions(split="none", start=start)).bundle
    assert (again.metadata.words, again.metadata.threshold) == ("digits", 0.4)
    [before], [after] = (StringEngine(one).run([word(5000, 1)]) for one in (bundle, again))
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_its_weights_go_back_too_but_not_to_those_of_single_words(bundle: Bundle, tones: Path, tmp_path: Path) -> None:
    settings = SMALL | {"training.epochs": 1, "training.start_share": 1.0}
    back = train(tones, Config.load("strings", settings), tmp_path / "back", TrainOptions(start=bundle.path)).bundle
    first, last = (load_weights(one.read(WEIGHTS)) for one in (bundle, back))
    for name, array in first.items():
        np.testing.assert_allclose(last[name], array, atol=1e-6)
    config = Config.load("strings", settings)
    words = replace(bundle, metadata=msgspec.structs.replace(bundle.metadata, kind="isolated"))
    material = gather(read_corpus(tones), split_corpus(read_corpus(tones), "none", 0), config).material
    checkpoint = Checkpoint(Progress("", (), best=0), first)
    assert go_back(checkpoint, load_network(bundle), config, words, material) is checkpoint


def test_a_threshold_goes_on_in_its_own_kind_and_unless_another_is_asked_for(
    bundle: Bundle, tones: Path, tmp_path: Path
) -> None:
    start = read_bundle(describe(Path(shutil.copytree(bundle.path, tmp_path / "start")), {"threshold": 0.4}))
    same, corpus = Config.load("strings", SMALL), read_corpus(tones)
    gathered = gather(corpus, split_corpus(corpus, "none", 0), same)
    configs = same, same.override({"strings.min_probability": 0.7}), Config.load("default")
    assert [describe_origin(gathered, "none", one, start).threshold for one in configs] == [0.4, None, None]


def test_odd_sounds_are_the_same_in_both_chains(bundle: Bundle) -> None:
    sounds = list(odd_words().values())
    ours, theirs = StringEngine(bundle).run(sounds), run_reference(load_network(bundle), sounds, bundle)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(np.exp(a), np.exp(b), atol=1e-4)


def test_what_is_no_number_differs_whichever_sound_it_is_of(
    bundle: Bundle, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(*args: Any) -> list[LogProbs]:
        first, second = run_reference(*args)
        return [first, np.full_like(second, np.nan)]

    monkeypatch.setattr(string_reference, "run_reference", spoil)
    with pytest.raises(TrainingError, match="differs from Keras by nan in probability"):
        check_string_parity(bundle, sorted(tones.glob("*.wav"))[:2])


def test_each_kind_of_bundle_is_told_from_the_other(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="a bundle for strings, needed one for isolated words"):
        load(bundle.path)
    with pytest.raises(BundleError, match="a bundle for strings, needed one for isolated words"):
        load_reference(bundle.path)
    golden = read_bundle(Path(__file__).parent / "golden" / "format-1")
    with pytest.raises(BundleError, match="a bundle for isolated words, needed one for strings"):
        StringEngine(golden)


def test_the_loss_is_the_probability_of_the_string_and_of_true_frames_alone() -> None:
    """Against counting every way through the frames; and an empty string is the product of the blanks."""
    network = build_network(Config.load("strings", SMALL), 2)
    frames = np.random.default_rng(0).standard_normal((3, 16, 20)).astype(np.float32)
    n_frames = np.array([16, 9, 12], np.int32)
    batch = {
        "mfcc": frames,
        "n_frames": n_frames,
        "targets": np.array([[1, 2, 2], [2, 0, 0], [0, 0, 0]], np.int32),
        "n_targets": np.array([3, 1, 0], np.int32),
    }
    losses = keras.ops.convert_to_numpy(add_loss(network)(batch, training=False))
    rows = keras.ops.convert_to_numpy(network({"mfcc": frames, "n_frames": n_frames}, training=False))
    for loss, log_probs, n, said in zip(losses, rows, (8, 5, 6), ((1, 2, 2), (2,), ()), strict=True):
        assert loss == pytest.approx(-np.log(count_all_ways(log_probs[:n])[said]), rel=1e-4)


def test_it_learns(tones: Path) -> None:
    """Two tones are told apart after some passes: strings of them are right."""
    plain = {f"augmentation.{part}": None for part in ("noise", "masking", "warp", "reverberation")}
    more = {"training.epochs": 100, "training.clips_per_epoch": 64, "training.learning_rate": 0.02}
    config = Config.load("strings", SMALL | plain | more | {"network.recurrent": {"units": 12, "layers": 1}})
    bundle = train(tones, config, tones.parent / "learnt", TrainOptions(split="none")).bundle
    gap = np.zeros(1600, np.float32)
    for labels in ("01", "10"):
        said = [part for label in labels for part in (load_audio(tones / f"{label}_ann_0.wav"), gap)]
        [rows] = StringEngine(bundle).run([np.concatenate([gap, *said])])
        assert "".join(bundle.labels[unit - 1] for unit in search_beam(rows)) == labels
