"""A tiny network for strings: trained for a pass, exported, read back; and the graph against Keras."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from speechrnn.bundle import Bundle, read_bundle
from speechrnn.config import Config
from speechrnn.decoding import search_beam
from speechrnn.errors import BundleError
from speechrnn.recognizer import load
from speechrnn.string_engine import StringEngine
from speechrnn.training import TrainOptions, train
from speechrnn.training.network import build_network
from speechrnn.training.reference import load_network
from speechrnn.training.string_fitting import add_loss
from speechrnn.training.string_reference import check_string_parity, run_reference
from tests.signals import odd_words, word

SMALL = {
    "network.conv": [{"filters": 6, "kernel_size": 5}, {"filters": 6, "kernel_size": 4, "stride": 2}],
    "network.recurrent.units": 5,
    "training.epochs": 1,
    "training.clips_per_epoch": 24,
    "training.batch_size": 12,
    "data.sources": [],
}
pytestmark = pytest.mark.train


@pytest.fixture
def bundle(tmp_path: Path, tone_corpus: Callable[..., Path]) -> Bundle:
    options = TrainOptions(split="none")
    return train(tone_corpus("01"), Config.load("strings", SMALL), tmp_path / "strings", options).bundle


def test_training_leaves_a_bundle_of_strings(bundle: Bundle, tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    assert bundle.metadata.kind == "strings"
    assert bundle.metadata.heard.speakers == ("ann", "bob", "cyd")
    engine = StringEngine(bundle)
    rng = np.random.default_rng(0)
    sounds = {"a": 0.1 * rng.standard_normal(9000).astype(np.float32), "b": word(5000, 1), "c": np.ones(1, np.float32)}
    together = engine.run(list(sounds.values()))
    for (name, y), rows in zip(sounds.items(), together, strict=True):
        assert rows.shape == (-(-(1 + y.size // 80) // 2), 3), name
        np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, atol=1e-5)
        # nothing depends on the neighbours
        [alone] = engine.run([y])
        np.testing.assert_allclose(rows, alone, atol=1e-5)
    paths = sorted(tone_corpus("01").glob("*.wav"))[:6]
    assert check_string_parity(bundle, paths) < 1e-4
    # another training goes on from it, head and all
    config = Config.load("strings", SMALL | {"training.learning_rate": 1e-9})
    again = train(paths[0].parent, config, tmp_path / "again", TrainOptions(split="none", start=bundle.path)).bundle
    [before], [after] = (StringEngine(one).run([sounds["b"]]) for one in (bundle, again))
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_odd_sounds_are_the_same_in_both_chains(bundle: Bundle) -> None:
    sounds = list(odd_words().values())
    ours, theirs = StringEngine(bundle).run(sounds), run_reference(load_network(bundle), sounds, bundle)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(np.exp(a), np.exp(b), atol=1e-4)


def test_each_kind_of_bundle_is_told_from_the_other(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="a bundle for strings, needed one for isolated words"):
        load(bundle.path)
    golden = read_bundle(Path(__file__).parent / "golden" / "format-1")
    with pytest.raises(BundleError, match="a bundle for isolated words, needed one for strings"):
        StringEngine(golden)


def test_the_loss_is_the_probability_of_the_string_and_of_true_frames_alone() -> None:
    """Against counting every way through the frames; and an empty string is the product of the blanks."""
    from tests.test_decoding import count_all_ways

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


@pytest.mark.parametrize("labels", ["01", "10"])
def test_it_learns(labels: str, tmp_path: Path, tone_corpus: Callable[..., Path]) -> None:
    """Two tones are told apart after some passes, in either order: strings of them are right."""
    config = Config.load(
        "strings",
        SMALL | {"training.epochs": 12, "training.clips_per_epoch": 96, "training.learning_rate": 0.02,
                 "network.recurrent.units": 12, "augmentation.noise": None, "augmentation.masking": None,
                 "augmentation.warp": None},
    )  # fmt: skip
    folder = tone_corpus("01")
    bundle = train(folder, config, tmp_path / "strings", TrainOptions(split="none")).bundle
    from speechrnn.audio import load_audio

    said = [load_audio(folder / f"{label}_ann_0.wav") for label in labels]
    gap = np.zeros(1600, np.float32)
    [rows] = StringEngine(bundle).run([np.concatenate([gap, said[0], gap, said[1], gap])])
    assert "".join(bundle.labels[unit - 1] for unit in search_beam(rows)) == labels
