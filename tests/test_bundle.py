"""A bundle is whole and what was written, or one sentence says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from speechrnn.bundle import REQUIRED, read_bundle, write_bundle
from speechrnn.config import Config
from speechrnn.errors import BundleError
from speechrnn.metadata import FORMAT_VERSION
from speechrnn.recognizer import load
from tests.bundles import GOLDEN, LABELS, copy_bundle, describe, exchange

FILES = sorted(json.loads((GOLDEN / "metadata.json").read_text())["sha256"])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return copy_bundle(tmp_path / "bundle")


def use(bundle: Path) -> Config:
    """Read all of a bundle."""
    read_bundle(bundle).verify()
    return load(bundle).bundle.config


def check_refused(bundle: Path, reason: str) -> None:
    """Hold that one sentence names the folder and the reason, when it is loaded or verified at the latest."""
    with pytest.raises(BundleError, match=reason) as caught:
        use(bundle)
    assert str(caught.value).startswith(f"{bundle}: ")
    assert "\n" not in str(caught.value)


def test_round_trip(tmp_path: Path) -> None:
    golden = read_bundle(GOLDEN)
    files = {name: golden.read(name) for name in FILES}
    written = write_bundle(tmp_path / "new" / "bundle", files, golden.metadata)
    assert (written.labels, written.config) == (golden.labels, golden.config)
    # keys that came later than the golden bundle change the digest
    assert msgspec.structs.replace(written.metadata, digest=golden.metadata.digest) == golden.metadata
    assert {name: written.read(name) for name in FILES} == files
    written.verify()
    assert sorted(path.name for path in written.path.iterdir()) == sorted([*FILES, "metadata.json"])
    assert written.labels == LABELS


def test_an_existing_folder_is_refused_or_replaced(bundle: Path) -> None:
    golden = read_bundle(GOLDEN)
    files = {name: golden.read(name) for name in REQUIRED}
    (bundle / "mine.txt").touch()
    with pytest.raises(BundleError, match=r"exists already.*--force"):
        write_bundle(bundle, files, golden.metadata)
    assert (bundle / "mine.txt").exists()
    write_bundle(bundle, files, golden.metadata, replace=True)
    assert sorted(path.name for path in bundle.iterdir()) == sorted([*REQUIRED, "metadata.json"])


@pytest.mark.parametrize("name", REQUIRED)
def test_no_bundle_is_written_without_its_parts(tmp_path: Path, name: str) -> None:
    golden = read_bundle(GOLDEN)
    files = {other: golden.read(other) for other in REQUIRED if other != name}
    with pytest.raises(BundleError, match=f"without {name}"):
        write_bundle(tmp_path / "new", files, golden.metadata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_seen(bundle: Path, name: str) -> None:
    data = bytearray((bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / name).write_bytes(data)
    check_refused(bundle, f"damaged bundle: {name} has SHA-256")
    if name in REQUIRED:  # also by those who do not verify all
        with pytest.raises(BundleError, match=name):
            _ = load(bundle).bundle.config


def test_flipped_bits_of_the_metadata_never_give_a_traceback(bundle: Path) -> None:
    whole = (bundle / "metadata.json").read_bytes()
    refused = 0
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        (bundle / "metadata.json").write_bytes(data)
        try:
            read_bundle(bundle)
        except BundleError:
            refused += 1
    assert refused > len(whole) / 4


@pytest.mark.parametrize("name", [*FILES, "metadata.json"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    check_refused(bundle, f"incomplete bundle: {name} is missing")


@pytest.mark.parametrize("name", [*FILES, "metadata.json"])
def test_a_folder_in_place_of_a_file(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    (bundle / name).mkdir()
    check_refused(bundle, f"incomplete bundle: {name} is missing")


def test_optional_files_may_be_absent(bundle: Path) -> None:
    for name in FILES:
        if name not in REQUIRED:
            (bundle / name).unlink()
    assert load(bundle).labels == LABELS


def test_not_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "none"):
        with pytest.raises(BundleError, match=r"no such folder\. Needed a bundle"):
            read_bundle(tmp_path / name)
    check_refused(tmp_path, "incomplete bundle: metadata.json is missing")


METADATA: dict[str, tuple[dict[str, Any], str]] = {
    "newer": (
        {"format_version": FORMAT_VERSION + 1, "kind": "telepathy"},
        f"bundle of format {FORMAT_VERSION + 1}, this version reads up to {FORMAT_VERSION}. Update",
    ),
    "no version": ({"format_version": None}, "has no format_version"),
    "version zero": ({"format_version": 0}, "has no format_version"),
    "version as text": ({"format_version": "1"}, "has no format_version"),
    "version as boolean": ({"format_version": True}, r"format_version"),
    "unknown kind": ({"kind": "telepathy"}, r"\$\.kind"),
    "strings": ({"kind": "strings"}, "strings"),
    "rate as text": ({"sample_rate": "8000"}, r"\$\.sample_rate"),
    "rate zero": ({"sample_rate": 0}, r"\$\.sample_rate"),
    "other rate than the configuration": ({"sample_rate": 16000}, "16000.*8000"),
    "threshold above one": ({"threshold": 1.5}, r"\$\.threshold"),
    "no threshold": ({"threshold": None}, "threshold"),
    "heard as text": ({"heard": "everything"}, r"\$\.heard"),
    "sources as text": ({"sources": "fsdd"}, r"\$\.sources"),
    "sums as list": ({"sha256": []}, r"\$\.sha256"),
    "no sums": ({"sha256": {}}, "does not list model.onnx"),
    "a sum of something outside": (
        {"sha256": dict.fromkeys(REQUIRED, "") | {"../secret": "00"}},
        r"lists '\.\./secret'",
    ),
    "a sum of what has no possible name": (
        {"sha256": dict.fromkeys(REQUIRED, "") | {"x" * 300: "00"}},
        "lists 'xxx",
    ),
}


@pytest.mark.parametrize("case", METADATA)
def test_metadata_that_is_wrong_is_refused(bundle: Path, case: str) -> None:
    changes, reason = METADATA[case]
    check_refused(describe(bundle, changes), reason)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"1", b'"\xff"', b"[" * 100_000, b'{"format_version": 1}'])
def test_metadata_that_is_no_json_object_is_refused(bundle: Path, text: bytes) -> None:
    (bundle / "metadata.json").write_bytes(text)
    check_refused(bundle, "metadata.json")


def test_keys_that_this_version_does_not_know_are_no_error(bundle: Path) -> None:
    describe(bundle, {"mood": "good", "heard": {"speakers": ["ann"], "dogs": 1}})
    assert load(bundle).bundle.metadata.heard.speakers == ("ann",)


LABEL_LISTS = {
    "one less": (list(LABELS[:9]), "labels.json has 9 labels, the network 10 outputs"),
    "one more": ([*LABELS, "ten"], "labels.json has 11 labels, the network 10 outputs"),
    "twice": ([*LABELS[:9], "0"], "needs different labels"),
    "none": ([], "needs different labels, at least one"),
    "numbers": (list(range(10)), r"Expected `str`, got `int`"),
    "no list": ({"0": 1}, "Expected `array`"),
}


@pytest.mark.parametrize("case", LABEL_LISTS)
def test_labels_that_do_not_fit_are_refused(bundle: Path, case: str) -> None:
    labels, reason = LABEL_LISTS[case]
    check_refused(exchange(bundle, {"labels.json": json.dumps(labels).encode()}), reason)


@pytest.mark.parametrize("data", [b"", b"\xff", b'["\xff"]', b"[" * 100_000, b"not json"])
def test_labels_that_are_no_json_are_refused(bundle: Path, data: bytes) -> None:
    check_refused(exchange(bundle, {"labels.json": data}), "labels.json")


@pytest.mark.parametrize("text", ["", "a: 1", "training: {epochs: 1}", "[", "\xff", "a: &a [*a]"])
def test_a_configuration_that_is_not_complete_is_refused(bundle: Path, text: str) -> None:
    check_refused(exchange(bundle, {"config.yaml": text.encode("latin-1")}), "damaged bundle: .*config.yaml")


def test_a_misspelt_setting_is_refused_also_where_only_the_audio_part_is_read(bundle: Path) -> None:
    text = (GOLDEN / "config.yaml").read_bytes().replace(b"sample_rate", b"ample_rate", 1)
    with pytest.raises(BundleError, match=r"damaged bundle: .*ample_rate"):
        _ = read_bundle(exchange(bundle, {"config.yaml": text})).audio


def test_a_configuration_of_another_rate_is_refused(bundle: Path) -> None:
    config = Config.load("default", {"audio.sample_rate": 16000})
    check_refused(exchange(bundle, {"config.yaml": config.dump().encode()}), "8000.*16000")


# -- graphs that onnxruntime refuses, or would run


def graph(nodes: list[onnx.NodeProto], inputs: Any, outputs: Any, initializers: Any = ()) -> bytes:
    made = helper.make_graph(nodes, "g", inputs, outputs, initializers)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


def value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64
INPUTS = [value("waveform", FLOAT, "batch", "samples"), value("length", INT, "batch")]
OUTPUTS = [
    value("probabilities", FLOAT, "batch", 10),
    value("known", FLOAT, "batch"),
    value("start", INT, "batch"),
    value("end", INT, "batch"),
]
REST = [
    helper.make_node("Cast", ["length"], ["known"], to=FLOAT),
    helper.make_node("Identity", ["length"], ["start"]),
    helper.make_node("Identity", ["length"], ["end"]),
]


def external(location: str) -> bytes:
    weight = TensorProto(name="w", data_type=FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("length", "4")):
        weight.external_data.add(key=key, value=text)
    return graph([helper.make_node("Add", ["x", "w"], ["y"])], [value("x", FLOAT, 1)], [value("y", FLOAT, 1)], [weight])


IDENTITY = helper.make_node("Identity", ["waveform"], ["probabilities"])
GRAPHS = {
    "nothing": (b"", "cannot be loaded"),
    "garbage": (b"\xff" * 1000, "cannot be loaded"),
    "text": (b"this is no model\n" * 100, "cannot be loaded"),
    "the format of onnxruntime's own": (b"\x08\0\0\0ORTM" + bytes(100), "cannot be loaded"),
    "half": ((GOLDEN / "model.onnx").read_bytes()[:100_000], "cannot be loaded"),
    "unknown operator": (graph([helper.make_node("Foo", ["waveform"], ["y"], domain="evil")], INPUTS, []), "cannot be"),
    # the oldest onnxruntime fetches no weight that nothing has asked for yet, and is stopped by the inputs
    "data outside, absolute": (external("/etc/passwd"), "cannot be loaded|takes x and gives y"),
    "data outside, above": (external("../w.bin"), "cannot be loaded"),
    "data outside, absent": (external("w.bin"), "cannot be loaded"),
    "other inputs": (
        graph([helper.make_node("Relu", ["x"], ["y"])], [value("x", FLOAT, 1)], [value("y", FLOAT, 1)]),
        "takes x and gives y; needed waveform, length and probabilities, known, start, end",
    ),
    "one input more": (
        graph([IDENTITY, *REST], [*INPUTS, value("extra", FLOAT, 1)], OUTPUTS), "takes waveform, length, extra and"
    ),
    "an output less": (graph([IDENTITY, *REST[:2]], INPUTS, OUTPUTS[:3]), "gives probabilities, known, start; needed"),
    "other types": (
        graph([IDENTITY, *REST], [value("waveform", TensorProto.DOUBLE, "batch", "samples"), INPUTS[1]],
              [value("probabilities", TensorProto.DOUBLE, "batch", 10), *OUTPUTS[1:]]),
        "needed waveform, length",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GRAPHS)
def test_a_graph_that_does_not_fit_is_refused(bundle: Path, case: str, capfd: pytest.CaptureFixture[str]) -> None:
    data, reason = GRAPHS[case]
    check_refused(exchange(bundle, {"model.onnx": data}), reason)
    assert capfd.readouterr().out == ""  # stdout is for results


def test_a_graph_that_gives_other_shapes_than_it_declares_is_refused(bundle: Path) -> None:
    recognizer = load(exchange(bundle, {"model.onnx": graph([IDENTITY, *REST], INPUTS, OUTPUTS)}))
    with pytest.raises(BundleError, match="other shapes than it declares"):
        recognizer.predict(np.sin(np.arange(8000)))


def test_a_graph_that_fails_is_an_error_of_the_bundle(bundle: Path) -> None:
    far = helper.make_tensor("far", INT, [10], [10**9] * 10)
    gather = helper.make_node("Gather", ["waveform", "far"], ["probabilities"], axis=1)
    recognizer = load(exchange(bundle, {"model.onnx": graph([gather, *REST], INPUTS, OUTPUTS, [far])}))
    with pytest.raises(BundleError, match=r"model.onnx fails \(") as caught:
        recognizer.predict(np.sin(np.arange(8000)))
    assert "\n" not in str(caught.value)


def test_audio_settings_are_those_of_the_configuration_however_it_is_written(tmp_path: Path) -> None:
    assert read_bundle(GOLDEN).audio == read_bundle(GOLDEN).config.audio
    text = (GOLDEN / "config.yaml").read_bytes()
    for change in (b"# by hand\n" + text, text.replace(b"sample_rate: 8000", b"sample_rate: 8000 # Hz")):
        bundle = read_bundle(exchange(copy_bundle(tmp_path / str(len(change))), {"config.yaml": change}))
        assert bundle.audio == bundle.config.audio == read_bundle(GOLDEN).audio
    wrong = text.replace(b"sample_rate: 8000", b"sample_rate: 11025")
    with pytest.raises(BundleError, match="sample_rate is 8000 in metadata"):
        _ = read_bundle(exchange(copy_bundle(tmp_path / "wrong"), {"config.yaml": wrong})).audio
