"""Exports: each answers in its own runtime as the bundle does, or nothing is left."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from speechrnn.audio import Waveform
from speechrnn.bundle import WEIGHTS, Bundle, read_bundle, write_bundle
from speechrnn.config import Config
from speechrnn.engine import pad
from speechrnn.errors import BundleError, TrainingError
from speechrnn.places import find_model
from speechrnn.rehearsal import rehearse
from speechrnn.training import carrying
from speechrnn.training.bounds import find_word
from speechrnn.training.carrying import carry, default_path
from speechrnn.training.features import word_mfcc
from speechrnn.training.formats import FORMATS, Heard, hear_bundle
from speechrnn.training.frontend_layer import WordFeatures
from speechrnn.training.int8 import _add_int8, quantize
from speechrnn.training.weights import load_weights, save_weights
from tests.bundles import GOLDEN, LABELS, check_distribution
from tests.command_line import Result
from tests.networks import random_network
from tests.signals import odd_words, word

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(GOLDEN)


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_answers_as_the_bundle_on_sounds_it_was_not_tried_on(
    name: str, bundle: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if name.startswith("tflite"):
        pytest.importorskip("ai_edge_litert")
    done = carry(bundle, name, tmp_path / "export")
    assert capfd.readouterr() == ("", "")  # TensorFlow's talk
    chosen = FORMATS[name]
    assert 0 <= done.difference <= chosen.tolerance
    facts = json.loads((done.path / "export.json").read_text())
    assert (facts["sample_rate"], facts["difference"]) == (8000, done.difference)
    assert tuple(json.loads((done.path / "labels.json").read_text())) == LABELS
    words = list(odd_words().values())[:6]
    expected, found = hear_bundle(bundle, words), chosen.hear(done.path / done.file, words)
    np.testing.assert_array_equal(found.bounds, expected.bounds)
    for a, b in zip(expected.probabilities, found.probabilities, strict=True):
        np.testing.assert_allclose(b, a, atol=chosen.tolerance)
        check_distribution(b[:-1])


@pytest.mark.pretrained
def test_a_model_that_refuses_fits_into_tflite_too(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    done = carry(read_bundle(find_model("digits")), "tflite", tmp_path / "export")
    assert done.difference <= FORMATS["tflite"].tolerance


@pytest.mark.parametrize(("fmin", "max_loud"), [(0.0, 0.0), (250.0, 0.0), (300.0, 0.2), (0.0, 0.5)])
def test_the_layer_finds_words_and_features_as_librosa_does(fmin: float, max_loud: float) -> None:
    config = Config.load("default", {"trim.fmin": fmin, "trim.max_loud": max_loud})
    layer = WordFeatures({part: msgspec.to_builtins(getattr(config, part)) for part in ("audio", "trim", "features")})
    words = [*odd_words().values(), word(3000, 8, lead=1111, tail=2222)]
    batch = pad(words)
    mfcc, n_frames, starts, ends = map(np.asarray, layer(batch["waveform"], batch["length"].astype(np.int32)))
    for i, y in enumerate(words):
        bounds, expected = find_word(y, config.trim, config.audio.sample_rate), word_mfcc(y, config)
        assert (starts[i], ends[i], n_frames[i]) == (bounds.start, bounds.end, len(expected))
        np.testing.assert_allclose(mfcc[i, : len(expected)], expected, atol=1e-3)


def test_int8_is_small_leaves_the_front_end_alone_and_rounds_to_half_a_step() -> None:
    network = random_network("digits")
    small = onnx.load_from_string(quantize(network.onnx))
    assert len(small.SerializeToString()) <= 500_000
    assert {domain.domain for domain in small.opset_import} == {""}
    tables = {one.name: numpy_helper.to_array(one) for one in onnx.load_from_string(network.onnx).graph.initializer}
    stored = {one.name: numpy_helper.to_array(one) for one in small.graph.initializer}
    front = [name for name, table in tables.items() if table.shape in ((128, 126), (126, 40), (40, 20))]
    assert len(front) == 4  # cosines, sines, mel filters, cosine transform
    for name in front:
        np.testing.assert_array_equal(stored[name], tables[name])
    rounded = [node for node in small.graph.node if node.op_type == "DequantizeLinear"]
    assert len(rounded) >= 5  # two convolutions, the recurrence's two, attention
    for node in rounded:
        integers, scale, _ = (stored[name] for name in node.input)
        [shaped] = [one for one in small.graph.node if one.op_type == "Reshape" and one.input[0] == node.output[0]]
        apart = np.abs(integers * scale[:, None] - tables[shaped.output[0]].reshape(integers.shape))
        assert (apart <= 0.501 * scale[:, None]).all()
        assert integers.shape[1] <= 64


@pytest.mark.parametrize("shape", [(134, 134), (127, 127), (64, 40, 5), (2, 448, 96), (224, 11)])
def test_eight_bits_are_small_whatever_the_number_of_units(shape: tuple[int, ...]) -> None:
    """Few values share a scale; of a prime number, or twice one, no few divide it."""
    array, graph = np.random.default_rng(0).normal(size=shape).astype(np.float32), onnx.GraphProto()
    _add_int8(graph, "weights", array)
    stored = [numpy_helper.to_array(one) for one in graph.initializer]
    assert sum(one.nbytes for one in stored) < 0.4 * array.nbytes
    assert stored[0].shape[1] <= 2 * 64


@pytest.mark.parametrize("name", ["onnx", "onnx-int8"])
def test_what_differs_by_more_than_is_allowed_leaves_nothing(
    name: str, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = {**FORMATS, name: dataclasses.replace(FORMATS[name], tolerance=-1.0)}
    monkeypatch.setattr(carrying, "FORMATS", strict)
    with pytest.raises(TrainingError, match=r"differs from the bundle by .* in probability and 0 trim bounds"):
        carry(bundle, name, tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_is_no_number_leaves_nothing_whichever_sound_it_is_to(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hear(path: Path, sounds: Sequence[Waveform]) -> Heard:
        heard = FORMATS["onnx"].hear(path, sounds)
        heard.probabilities[1][0] = np.nan
        return heard

    monkeypatch.setattr(carrying, "FORMATS", {"onnx": dataclasses.replace(FORMATS["onnx"], hear=hear)})
    with pytest.raises(TrainingError, match="differs from the bundle by nan in probability"):
        carry(bundle, "onnx", tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["onnx", "onnx-int8"])
def test_a_graph_says_its_labels_whatever_is_in_them(name: str, bundle: Bundle, tmp_path: Path) -> None:
    labels = ("a,b", 'say "no"', "größer", *bundle.labels[3:])
    FORMATS[name].write(dataclasses.replace(bundle, labels=labels), tmp_path / "model.onnx")
    facts = {fact.key: json.loads(fact.value) for fact in onnx.load(tmp_path / "model.onnx").metadata_props}
    threshold = bundle.metadata.threshold
    assert facts == {"labels": list(labels), "sample_rate": 8000, "threshold": threshold}


def test_strings_are_refused_where_they_do_not_fit(bundle: Bundle, tmp_path: Path) -> None:
    strings = dataclasses.replace(bundle, metadata=msgspec.structs.replace(bundle.metadata, kind="strings"))
    with pytest.raises(
        TrainingError, match=r"a bundle for strings, keras holds single words only. Take onnx, onnx-int8"
    ):
        carry(strings, "keras", tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["onnx", "keras"])
@pytest.mark.parametrize("missing", [True, False])
def test_weights_of_another_network_are_told(name: str, missing: bool, bundle: Bundle, tmp_path: Path) -> None:
    weights = load_weights(bundle.read(WEIGHTS))
    key = next(key for key in weights if key.startswith("recurrent_0"))
    cut = {} if missing else {key: weights[key][:-1]}
    files = {file: bundle.read(file) for file in bundle.metadata.sha256}
    files[WEIGHTS] = save_weights({k: v for k, v in weights.items() if k != key} | cut)
    forged = write_bundle(tmp_path / "forged", files, bundle.metadata)
    told = rf"forged: the weight {key} (is missing|has shape .*), this network needs .*\. Train or fetch it again\.$"
    with pytest.raises(BundleError, match=told):
        carry(forged, name, tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_the_command_says_what_it_wrote_and_writes_over_nothing(cli: Callable[..., Result], tmp_path: Path) -> None:
    done = cli("export", GOLDEN, "--format", "onnx")
    assert done.status == 0
    assert (tmp_path / "format-1-onnx" / "model.onnx").is_file()
    assert "format-1-onnx/model.onnx: onnx, " in done.out
    assert "largest difference from the model: " in done.out
    again = cli("export", GOLDEN, "--format", "onnx")
    assert (again.status, again.out) == (1, "")
    assert "exists already" in again.err
    replaced = cli("export", GOLDEN, "--format", "onnx", "--force", "--json")
    assert json.loads(replaced.out)["format"] == "onnx"
    assert cli("export", GOLDEN, "--format", "coreml").status == 2
    assert cli("export", GOLDEN, "--format", "onnx", "--out", GOLDEN, "--force").status == 1
    assert read_bundle(GOLDEN).labels == LABELS


def test_what_is_said_of_the_keras_format_opens_it(cli: Callable[..., Result], tmp_path: Path, bundle: Bundle) -> None:
    done = cli("export", GOLDEN, "--format", "keras", "--out", "out")
    assert "opens after `import speechrnn.training`" in done.out
    assert "after `import speechrnn.training`" in " ".join(cli("export", "--help").out.split())
    assert json.loads((tmp_path / "out" / "export.json").read_text())["needs"] == "speechrnn.training"
    words = list(odd_words().values())[:3]
    batch = pad(words)
    np.savez(tmp_path / "words.npz", waveform=batch["waveform"], length=batch["length"])
    code = """
import keras, numpy as np
import speechrnn.training
words = np.load("words.npz")
model = keras.models.load_model("out/model.keras")
answers = model({"waveform": words["waveform"], "length": words["length"].astype("int32")})
np.save("answers.npy", keras.ops.convert_to_numpy(answers["probabilities"]))
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    expected = [row[:-1] for row in hear_bundle(bundle, words).probabilities]
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), expected, atol=FORMATS["keras"].tolerance)


def test_a_default_place_is_named_after_the_model(bundle: Bundle) -> None:
    assert default_path(bundle, "tflite-int8") == Path("format-1-tflite-int8")


def test_rehearsal_sounds_are_the_same_each_time_and_like_words() -> None:
    sounds = rehearse(8000, 2.0, n=4)
    for a, b in zip(sounds, rehearse(8000, 2.0, n=4), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [y.size for y in sounds] == sorted(y.size for y in sounds)
    assert all(y.dtype == np.float32 and 0.05 < np.abs(y).max() <= 1 for y in sounds)
