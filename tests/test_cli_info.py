"""`speechrnn info`, `configs`, `plot` and `--version`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from speechrnn import __version__
from speechrnn.bundle import read_bundle
from speechrnn.config import Config, preset_names, preset_path
from speechrnn.metadata import METADATA, Metadata
from speechrnn.plots import Features
from speechrnn.recognizer import Prediction
from tests.bundles import GOLDEN, SAMPLES, copy_bundle
from tests.command_line import MODEL, SIX, Result, check_refusal

Cli = Callable[..., Result]


def test_version(cli: Cli) -> None:
    assert cli("--version") == Result(0, f"speechrnn {__version__}\n", "")


def test_info_says_what_is_in_the_bundle(cli: Cli) -> None:
    metadata = read_bundle(GOLDEN).metadata
    result = cli("info", GOLDEN)
    assert (result.status, result.err) == (0, "")
    rows = [line.partition("  ") for line in result.lines]
    told = {name: value.strip() for name, _, value in rows}
    assert told["10 labels"] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert f"{metadata.n_parameters:,} parameters" in told["network"]
    files = {value.strip() for name, _, value in rows if name == "file"}
    assert files == {f"{path.name} ({path.stat().st_size:,} bytes)" for path in GOLDEN.iterdir()}


def test_info_as_json_is_the_metadata(cli: Cli) -> None:
    tree = json.loads(cli("info", GOLDEN, "--json").out)
    assert (tree.pop("path"), tree.pop("labels")) == (str(GOLDEN), list("0123456789"))
    assert msgspec.convert(tree, Metadata) == read_bundle(GOLDEN).metadata


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir() if path.name != METADATA))
def test_info_finds_a_flipped_byte_in_any_file(name: str, cli: Cli, tmp_path: Path) -> None:
    path = copy_bundle(tmp_path / "spoilt") / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    check_refusal(cli("info", "spoilt"), "error: spoilt: damaged bundle", name)


def test_configs_lists_every_preset_with_a_line(cli: Cli) -> None:
    result = cli("configs")
    assert [line.split()[0] for line in result.lines] == list(preset_names())
    assert all(len(line.split()) > 3 for line in result.lines)
    # one sentence each, and all of it
    cut = [
        line for line in result.lines if not line.endswith(".") or ". " in line or line.count("(") != line.count(")")
    ]
    assert cut == []


@pytest.mark.parametrize("name", preset_names())
def test_a_shown_preset_is_a_file_to_train_with(name: str, cli: Cli, tmp_path: Path) -> None:
    shown = cli("configs", name).out
    assert shown == preset_path(name).read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(shown, encoding="utf-8")
    assert Config.load(tmp_path / "mine.yaml") == Config.load(name)


def test_the_schema_names_every_key(cli: Cli) -> None:
    schema = json.loads(cli("configs", "--schema").out)
    assert list(schema["$defs"]["TrainingConfig"]["properties"]) == list(msgspec.to_builtins(Config.load())["training"])


def test_an_unknown_preset_is_refused_with_those_there_are(cli: Cli) -> None:
    check_refusal(cli("configs", "tutorail"), "tutorail: no such preset", ", ".join(preset_names()))
    assert cli("configs", "tutorial", "--schema").status == 2


def test_plot_draws_into_the_folder_one_stands_in(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = cli("plot", SIX, *MODEL)
    assert result == Result(0, f"{SIX.stem}.png\n", "")
    assert (tmp_path / f"{SIX.stem}.png").read_bytes().startswith(b"\x89PNG")
    check_refusal(cli("plot", SIX, *MODEL), f"{SIX.stem}.png: exists already", "--force")
    assert cli("plot", SIX, *MODEL, "--force").status == 0
    assert cli("plot", SIX, *MODEL, "--out", "deep/er/six.png").out == "deep/er/six.png\n"
    check_refusal(cli("plot", SIX, *MODEL, "--out", ".", "--force"), "error: .: is a folder, needed the name of a file")


@pytest.mark.parametrize(("name", "seen"), [("text.wav", "not readable as audio"), ("missing.wav", "no such file")])
def test_plot_names_a_file_that_it_cannot_read(name: str, seen: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no recording")
    check_refusal(cli("plot", name, *MODEL), f"error: {name}: {seen}")
    assert list(tmp_path.glob("*.png")) == []


def test_plot_never_overwrites_the_recording_and_writes_pngs_alone(cli: Cli, tmp_path: Path) -> None:
    recording = Path(shutil.copy(SIX, tmp_path / "odd.png"))  # audio is told by its content
    before = recording.read_bytes()
    (tmp_path / "link.png").symlink_to(recording)
    for out in ("odd.png", str(recording), "link.png"):
        check_refusal(cli("plot", "odd.png", *MODEL, "--out", out, "--force"), f"{out}: is the recording itself")
    check_refusal(cli("plot", "odd.png", *MODEL, "--force"), "odd.png: is the recording itself")
    assert recording.read_bytes() == before
    for out in ("six.wav", "six.jpg", "six"):
        check_refusal(cli("plot", SIX, *MODEL, "--out", out, "--force"), f"{out}: a picture is a PNG")
        assert not (tmp_path / out).exists()
    assert cli("plot", SIX, *MODEL, "--out", "six.PNG").status == 0


def test_plot_shows_the_frames_between_the_bounds(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    shapes = []

    def fake(_: object, sr: int, features: Features, prediction: Prediction, *, model: str) -> bytes:
        assert model == GOLDEN.name
        word = round(((prediction.end or 0) - (prediction.start or 0)) * sr)
        shapes.append((features.mfcc.shape, (1 + word // features.hop_length, 20)))
        return b""

    monkeypatch.setattr("speechrnn.plots.plot_clip", fake)
    for sample in SAMPLES.glob("*.wav"):
        assert cli("plot", sample, *MODEL).status == 0
    assert [given for given, expected in shapes if given != expected] == []
    assert len(shapes) == 20
