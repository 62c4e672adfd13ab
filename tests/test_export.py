"""``model.onnx`` against Keras and librosa, and what it is made of."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from speechrnn.bundle import read_bundle
from speechrnn.config import preset_names
from speechrnn.recognizer import OnnxEngine, pad
from speechrnn.training import TrainOptions, train
from speechrnn.training.batches import pad_features
from speechrnn.training.export import to_onnx
from speechrnn.training.features import word_mfcc
from speechrnn.training.reference import KerasEngine, load_network, predict_file
from tests.networks import N_LABELS, VARIANTS, answers, random_network
from tests.signals import odd_words, word

# that of strings answers each frame: tests/test_string_training.py
ALL = [*(name for name in preset_names() if name != "strings"), *VARIANTS]


@pytest.mark.parametrize("name", ALL)
def test_graph_equals_librosa_and_keras_on_odd_words(name: str) -> None:
    network = random_network(name)
    words = odd_words()
    waveforms = list(words.values())
    batch = pad_features([word_mfcc(y, network.config) for y in waveforms])
    expected = answers(network, batch)
    found = network.session.run(["probabilities", "known"], pad(waveforms))
    # where a coefficient hardly moves, dividing by its deviation lifts what rounding left 300-fold
    still = [name in ("all zeros", "loud at the very beginning") for name in words]
    for ours, theirs in zip(found, expected, strict=False):  # Keras has no `known` where nothing is rejected
        apart = np.abs(ours - theirs).reshape(len(words), -1).max(axis=1)
        np.testing.assert_array_less(apart, np.where(still, 1e-4, 1e-5))
    np.testing.assert_array_equal(found[0].argmax(axis=1), expected[0].argmax(axis=1))
    assert (found[1] == 1).all() or len(expected) == 2


@pytest.mark.parametrize("name", ALL)
def test_answers_do_not_depend_on_the_batch(name: str) -> None:
    session = random_network(name).session
    waveforms = [word(n, n, lead=n // 3) for n in (300, 900, 4000, 12000)]
    together = session.run(["probabilities", "known", "start", "end"], pad(waveforms))
    for i, y in enumerate(waveforms):
        for row, alone in zip(together, session.run(["probabilities", "known", "start", "end"], pad([y])), strict=True):
            np.testing.assert_allclose(alone[0], row[i], atol=2e-6)


@pytest.mark.parametrize("name", ALL)
def test_recurrence_is_onnx_own(name: str) -> None:
    network = random_network(name)
    operators = {node.op_type for node in onnx.load_from_string(network.onnx).graph.node}
    assert not operators & {"Loop", "Scan", "If"}
    recurrent = network.config.network.recurrent
    assert operators & {"LSTM", "GRU", "RNN"} == ({recurrent.cell.upper()} if recurrent else set())
    assert {domain.domain for domain in onnx.load_from_string(network.onnx).opset_import} == {""}


def test_the_same_weights_give_the_same_bytes() -> None:
    network = random_network("default")
    assert to_onnx(network.config, network.weights, N_LABELS) == network.onnx


@pytest.mark.shared
@pytest.mark.train
def test_parity_on_all_300_test_clips_of_fsdd(shared: Path, tmp_path: Path) -> None:
    from speechrnn.config import Config

    recordings = shared / "data" / "fsdd" / "recordings"
    config = Config.load("default", {"training.epochs": 1, "network.recurrent.units": 24})
    trained = train(recordings, config, tmp_path / "model", TrainOptions(split="official"))
    bundle = read_bundle(tmp_path / "model")
    onnx_engine, keras_engine = OnnxEngine(bundle), KerasEngine(bundle)
    paths = [clip.path for clip in trained.split.test]
    assert len(paths) == 300
    from speechrnn.audio import load_audio

    waveforms = [load_audio(path, config.audio) for path in paths]
    ours = [onnx_engine.run(waveforms[i : i + 50]) for i in range(0, 300, 50)]
    theirs = [keras_engine.run(waveforms[i : i + 50]) for i in range(0, 300, 50)]
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-4)
        np.testing.assert_array_equal(a.probabilities.argmax(axis=1), b.probabilities.argmax(axis=1))
        for bound in ("start", "end"):
            np.testing.assert_array_equal(dataclasses.asdict(a)[bound], dataclasses.asdict(b)[bound])
    # and the chain as a tutorial writes it, librosa.load included
    network = load_network(bundle)
    labels = [bundle.labels[i] for a in ours for i in a.probabilities.argmax(axis=1)]
    assert [predict_file(path, bundle, network) for path in paths[::30]] == labels[::30]
