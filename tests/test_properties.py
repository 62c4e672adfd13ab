"""Arbitrary bytes as audio, YAML and bundle files: an error of our own or an answer, soon, and nothing else."""

import contextlib
import io
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speechrnn.audio import load_audio
from speechrnn.bundle import read_bundle
from speechrnn.config import Config, parse_overrides
from speechrnn.errors import AudioError, BundleError, ConfigError
from speechrnn.recognizer import load
from speechrnn.yaml import YAMLError, load_yaml, load_yaml_file
from tests.bundles import GOLDEN, check_distribution, copy_bundle, exchange
from tests.signals import word

SECONDS = 20
some = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """Fail a test that takes longer than any should."""

    def fail(_: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"still at it after {SECONDS} s: {frame}")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(SECONDS * 3)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def encode(kind: str, subtype: str | None = None) -> bytes:
    with io.BytesIO() as file:
        soundfile.write(file, word(4000), 8000, format=kind, subtype=subtype)
        return file.getvalue()


RECORDINGS = {
    "wav": encode("WAV"),
    "float wav": encode("WAV", "FLOAT"),
    "adpcm wav": encode("WAV", "MS_ADPCM"),
    "flac": encode("FLAC"),
    "ogg": encode("OGG"),
    "opus": encode("OGG", "OPUS"),
    "mp3": encode("MP3"),
    "aiff": encode("AIFF"),
    "caf": encode("CAF"),
    "w64": encode("W64"),
    "rf64": encode("RF64"),
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Flip, overwrite, cut out and insert, mostly where the headers are."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, 120) | st.integers(0, len(whole)))
        piece = draw(st.binary(min_size=1, max_size=4) | st.sampled_from([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"]))
        match draw(st.sampled_from(["overwrite", "cut out", "insert", "cut off"])):
            case "overwrite":
                data[at : at + len(piece)] = piece
            case "cut out":
                del data[at : at + draw(st.integers(1, 300))]
            case "insert":
                data[at:at] = piece
            case _:
                del data[at + 20 :]
    return bytes(data)


def check_message(error: Exception, start: str = "") -> None:
    """Hold that an error is one line that says something."""
    assert len(str(error)) > len(start)
    assert str(error).startswith(start)
    assert "\n" not in str(error)


def check_audio(source: bytes | Path) -> None:
    """Hold that the source is refused with one line, or gives what a model can take."""
    try:
        y = load_audio(source)
    except AudioError as error:
        check_message(error)
        return
    assert y.dtype == np.float32
    assert y.ndim == 1
    assert 0 < y.size <= 30 * 8000
    assert np.isfinite(y).all()


@some
@given(st.binary(max_size=2000))
def test_arbitrary_bytes_as_audio(data: bytes) -> None:
    check_audio(data)


@some
@given(st.sampled_from([data[:4] for data in RECORDINGS.values()]), st.binary(max_size=500))
def test_arbitrary_bytes_after_a_true_beginning(start: bytes, data: bytes) -> None:
    check_audio(start + data)


@pytest.mark.parametrize("name", RECORDINGS)
def test_damaged_recordings(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.wav"

    @settings(max_examples=25)
    @given(damaged(RECORDINGS[name]))
    def check(data: bytes) -> None:
        check_audio(data)
        path.write_bytes(data)
        check_audio(path)

    check()
    # libsndfile calls back into Python, where an exception is printed and forgotten
    assert "Traceback" not in capfd.readouterr().err


@some
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_as_yaml(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    for read, error in ((load_yaml_file, YAMLError), (Config.load, ConfigError)):
        check_text(read, path, error)


# what gives YAML its power, strung together at random
TOKENS = st.lists(
    st.sampled_from([*"-:?[]{},&*!|>'\"%@#~<=\n \t", "a", "1", "1e3", "---\n", "...\n", "&a", "*a", "!!map", "<<", ": ",
                     "- ", "? ", "training", "epochs", "network: ", "audio:\n  ", "\\", "\x85", "\ufeff", "\0"]),
    max_size=60,
).map("".join)  # fmt: skip


@settings(max_examples=200)
@given(TOKENS)
def test_tokens_of_yaml_in_any_order(text: str) -> None:
    for read, error in (
        (load_yaml, YAMLError),
        (Config.parse, ConfigError),
        (lambda value: parse_overrides([f"training.epochs={value}"]), ConfigError),
    ):
        check_text(read, text, error)


def check_text(read: Callable[..., object], source: object, error: type[Exception]) -> None:
    """Hold that the source is read, or refused with one kind of error."""
    with contextlib.suppress(error):
        read(source)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


def check_bundle(path: Path) -> None:
    """Hold that a bundle is refused with one line that names it, or answers with a distribution."""
    try:
        read_bundle(path).verify()
        found = load(path).predict(word(2000))
    except BundleError as error:
        check_message(error, f"{path}: ")
        return
    assert found.probabilities
    check_distribution(list(found.probabilities.values()))


FILES = sorted(path.name for path in GOLDEN.iterdir())
TEXT_FILES = ["config.yaml", "labels.json", "metadata.json"]


@pytest.mark.parametrize("name", FILES)
def test_arbitrary_bytes_as_a_file_of_a_bundle(bundle: Path, name: str) -> None:
    whole = (GOLDEN / name).read_bytes()

    @settings(max_examples=20)
    @given(st.binary(max_size=200) | damaged(whole))
    def check(data: bytes) -> None:
        (bundle / name).write_bytes(data)
        check_bundle(bundle)

    try:
        check()
    finally:
        (bundle / name).write_bytes(whole)


@pytest.mark.parametrize("name", ["model.onnx", *TEXT_FILES[:2]])
def test_arbitrary_bytes_with_a_true_sum(bundle: Path, name: str) -> None:
    whole = {name: (GOLDEN / name).read_bytes(), "metadata.json": (GOLDEN / "metadata.json").read_bytes()}

    @settings(max_examples=25)
    @given(st.binary(max_size=200) | damaged(whole[name]))
    def check(data: bytes) -> None:
        check_bundle(exchange(bundle, {name: data}))

    try:
        check()
    finally:
        for file, data in whole.items():
            (bundle / file).write_bytes(data)
