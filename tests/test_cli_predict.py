"""`speechrnn predict`: what it prints for good and for bad recordings."""

import csv
import dataclasses
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from speechrnn.homes import data_home
from speechrnn.places import remember_model
from speechrnn.recognizer import Prediction, load
from tests.bundles import GOLDEN, SAMPLES, check_distribution, copy_bundle
from tests.command_line import MODEL, SIX, Result, check_refusal

Cli = Callable[..., Result]
EXPECTED = load(GOLDEN).predict(SIX)


def tone(seconds: float, sr: int = 8000) -> npt.NDArray[np.float64]:
    signal: npt.NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * sr)) / sr)
    return signal


def write_bad(path: Path, kind: str) -> Path:
    """Write one of the recordings that people have and that hold no word."""
    broken = tone(0.5).astype(np.float32)
    broken[7] = {"nan": np.nan, "infinite": np.inf}.get(kind, 0)
    samples = {
        "silent": np.zeros(4000),
        "one sample": np.array([0.5]),
        "two hours": np.zeros(2 * 3600 * 8000, np.int16),
    }
    match kind:
        case "empty":
            path.touch()
        case "text":
            path.write_text("this is no recording\n" * 20)
        case "truncated":
            soundfile.write(path, tone(0.5), 8000)
            path.write_bytes(path.read_bytes()[:3000])
        case "nan" | "infinite":
            soundfile.write(path, broken, 8000, subtype="FLOAT")
        case "folder without recordings":
            path.mkdir()
        case "missing":
            pass
        case _:
            soundfile.write(path, samples[kind], 8000)
    return path


BAD = {
    "empty": "no bytes",
    "silent": "no speech found",
    "one sample": "too short",
    "nan": "not finite",
    "infinite": "not finite",
    "truncated": "truncated",
    "text": "not readable as audio",
    "two hours": "7200.0 s",
    "missing": "o such file",
    "folder without recordings": "no recordings",
}


def test_one_file_is_one_line(cli: Cli) -> None:
    probability = EXPECTED.probability or 0
    assert cli("predict", SIX, *MODEL) == Result(0, f"{SIX}: {EXPECTED.label} ({100 * probability:.1f} %)\n", "")


@pytest.mark.parametrize("kind", BAD)
def test_what_holds_no_word_is_refused_in_one_sentence(kind: str, cli: Cli, tmp_path: Path) -> None:
    path = write_bad(tmp_path / "bad.wav", kind)
    check_refusal(cli("predict", path, *MODEL), f"error: {path}: ", BAD[kind])


def test_one_bad_file_does_not_stop_the_others(cli: Cli, tmp_path: Path) -> None:
    bad = write_bad(tmp_path / "text.wav", "text")
    result = cli("predict", SIX, bad, SIX, *MODEL)
    assert result.status == 1
    assert result.lines == cli("predict", SIX, *MODEL).lines * 2
    assert result.err.splitlines()[0].startswith(f"error: {bad}: ")
    assert result.err.splitlines()[1:] == ["1 of 3 inputs failed"]


@pytest.mark.parametrize("form", ["stereo", "8 bit", "flac", "ogg", "96 kHz"])
def test_the_form_of_a_file_does_not_change_the_answer(form: str, cli: Cli, tmp_path: Path) -> None:
    y, sr = soundfile.read(SIX)
    path = tmp_path / f"six.{form if form in ('flac', 'ogg') else 'wav'}"
    match form:
        case "stereo":
            soundfile.write(path, np.stack([y, y], axis=1), sr)
        case "8 bit":
            soundfile.write(path, y, sr, subtype="PCM_U8")
        case "96 kHz":
            times = np.arange(0, y.size - 1, sr / 96000)
            soundfile.write(path, np.interp(times, np.arange(y.size), y), 96000)
        case _:
            soundfile.write(path, y, sr)
    result = cli("predict", path, *MODEL, "--json")
    assert (result.status, json.loads(result.out)["label"]) == (0, EXPECTED.label)


def test_json_is_one_prediction_a_line_in_input_order(cli: Cli, tmp_path: Path) -> None:
    bad = write_bad(tmp_path / "empty.wav", "empty")
    samples = sorted(SAMPLES.glob("*.wav"))[::-1]
    result = cli("predict", *samples, bad, *MODEL, "--json")
    predictions = [msgspec.json.decode(line, type=Prediction) for line in result.lines]
    assert [answer.path for answer in predictions] == [*map(str, samples), str(bad)]
    recognizer = load(GOLDEN)
    for answer, path in zip(predictions, samples, strict=False):
        expected = recognizer.predict(path)
        assert (answer.label, answer.start, answer.end) == (expected.label, expected.start, expected.end)
        check_distribution([list((answer.probabilities or {}).values())])
    failed = dataclasses.asdict(predictions[-1])
    assert "no bytes" in failed.pop("error")
    assert failed == dict.fromkeys(failed) | {"path": str(bad)}
    assert result.status == 1


def test_csv_says_the_same_as_json(cli: Cli) -> None:
    args = ("predict", *sorted(SAMPLES.glob("*.wav")), *MODEL, "--top", "3")
    rows = list(csv.DictReader(io.StringIO(cli(*args, "--csv").out)))
    objects = [json.loads(line) for line in cli(*args, "--json").lines]
    assert len(rows) == len(objects) == 20
    for row, thing in zip(rows, objects, strict=True):
        assert (row["path"], row["label"], float(row["end"])) == (thing["path"], thing["label"], thing["end"])
        best = list(thing["probabilities"].items())
        assert [(row["label"], float(row["probability"])), (row["label_2"], float(row["probability_2"]))] == best[:2]
        assert (row["label_3"], float(row["probability_3"])) == best[2]


def test_more_labels_come_best_first(cli: Cli) -> None:
    best = list(json.loads(cli("predict", SIX, *MODEL, "--json", "--top", "4").out)["probabilities"].items())
    everything = EXPECTED.probabilities or {}
    assert [label for label, _ in best] == sorted(everything, key=everything.__getitem__, reverse=True)[:4]
    text = ", ".join(f"{label} ({100 * probability:.1f} %)" for label, probability in best)
    assert cli("predict", SIX, *MODEL, "--top", "4").out == f"{SIX}: {text}\n"
    assert cli("predict", SIX, *MODEL, "--top", "99").out.count(" %)") == 10


def test_below_the_threshold_nothing_is_claimed(cli: Cli, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "tone.wav", tone(0.5), 8000)
    sure = json.loads(cli("predict", "tone.wav", *MODEL, "--json").out)
    assert sure["probability"] < 1
    unsure = cli("predict", "tone.wav", *MODEL, "--threshold", "1")
    shown = f"{sure['label']} ({100 * sure['probability']:.1f} %)"
    assert unsure == Result(0, "tone.wav: no digit\n", "")
    asked = cli("predict", "tone.wav", *MODEL, "--threshold", "1", "--top", "1")
    assert asked.out == f"tone.wav: no digit (nearest: {shown})\n"
    assert json.loads(cli("predict", "tone.wav", *MODEL, "--json", "--threshold", "1").out) == sure | {"label": None}


def test_stdin_is_a_recording(cli: Cli) -> None:
    from_file = json.loads(cli("predict", SIX, *MODEL, "--json").out)
    from_stdin = json.loads(cli("predict", "-", *MODEL, "--json", stdin=SIX.read_bytes()).out)
    assert from_stdin == from_file | {"path": "-"}


@pytest.mark.parametrize(("stdin", "seen"), [(b"", "nothing came"), (bytes(range(256)) * 40, "not readable as audio")])
def test_stdin_without_a_recording_is_refused(stdin: bytes, seen: str, cli: Cli) -> None:
    check_refusal(cli("predict", "-", *MODEL, stdin=stdin), "error: -: ", seen)


def test_a_file_named_like_stdin_is_read(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "-").write_bytes(SIX.read_bytes())
    answers = [json.loads(line) for line in cli("predict", "./-", "-", *MODEL, "--json", stdin=b"").lines]
    assert (answers[0]["label"], answers[0]["error"]) == (EXPECTED.label, None)
    assert answers[1]["error"].startswith("empty: nothing came on stdin")


def test_an_endless_stdin_ends(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechrnn.cli.inputs.LARGEST", 1000)
    check_refusal(cli("predict", "-", *MODEL, stdin=SIX.read_bytes()), "on stdin")


def test_folders_are_read_with_all_below_and_odd_names_survive(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    odd = [os.fsdecode(b"z\xff.wav"), "line\nbreak.wav", "ünï cödé.wav"]
    for name in ["deep/er/a.wav", *odd]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SIX.read_bytes())
    (folder / "notes.txt").write_text("passed over")
    result = cli("predict", "many", *MODEL, "--json")
    names = ["deep/er/a.wav", *sorted(odd)]
    assert [json.loads(line)["path"] for line in result.lines] == [f"many/{name}" for name in names]
    assert result.out.isascii()
    text = cli("predict", "many", *MODEL)
    assert sorted(line.partition(": ")[0] for line in text.lines) == sorted(
        ["many/deep/er/a.wav", "many/line\\nbreak.wav", "many/ünï cödé.wav", "many/z\\xff.wav"]
    )
    assert (text.status, result.status) == (0, 0)


def test_a_folder_without_rights_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)  # root reads everything, so rights alone would not do
    result = cli("predict", "locked", SIX, *MODEL)
    assert result.status == 1
    assert len(result.lines) == 1
    assert result.err.splitlines()[0].startswith("error: locked: cannot be read (Permission denied).")


def test_without_a_model_one_sentence_says_how_to_get_one(cli: Cli) -> None:
    check_refusal(cli("predict", SIX), "no model yet", "speechrnn train")


def test_the_last_trained_model_is_used_and_named(cli: Cli) -> None:
    path = data_home() / "models" / "mine-1"
    copy_bundle(path)
    remember_model(path)
    result = cli("predict", SIX)
    assert (result.status, result.err) == (0, f"model: {path}\n")
    assert result.out == cli("predict", SIX, "--model", "mine-1").out
    assert cli("predict", SIX, "--model", "mine-1").err == ""


def test_a_damaged_model_is_refused(cli: Cli, tmp_path: Path) -> None:
    path = copy_bundle(tmp_path / "spoilt")
    model = bytearray((path / "model.onnx").read_bytes())
    model[len(model) // 2] ^= 1
    (path / "model.onnx").write_bytes(model)
    check_refusal(cli("predict", SIX, "--model", path), "model.onnx has SHA-256", "Train or fetch it again.")


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--json", "--csv", "x"),
        ("--top", "0", "x"),
        ("--threshold", "1.5", "x"),
        ("--threshold", "nan", "x"),
        ("--runtime", "torch", "x"),
        ("--nonsense", "x"),
    ],
)
def test_wrong_usage_ends_with_status_2(args: tuple[str, ...], cli: Cli) -> None:
    result = cli("predict", *args)
    assert (result.status, result.out) == (2, "")
    assert "predict --help" in result.err


@pytest.mark.train
def test_both_runtimes_agree(cli: Cli) -> None:
    samples = sorted(SAMPLES.glob("*_0.wav"))
    ours, theirs = (
        [json.loads(line) for line in cli("predict", *samples, *MODEL, "--json", *runtime).lines]
        for runtime in ((), ("--runtime", "keras"))
    )
    for a, b in zip(ours, theirs, strict=True):
        assert (a["label"], a["start"], a["end"]) == (b["label"], b["start"], b["end"])
        assert list(a["probabilities"].values()) == pytest.approx(list(b["probabilities"].values()), abs=1e-4)


@pytest.mark.parametrize(
    "command", [("predict", SIX, "--model"), ("info",), ("export",), ("transcribe", SIX, "--model")]
)
def test_a_folder_beside_one_is_no_name_of_a_model_that_ships(
    command: tuple[str | Path, ...], cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "digits").mkdir()
    more = ("--format", "onnx") if command == ("export",) else ()
    check_refusal(cli(*command, "./digits", *more), "digits: ", "model")
    check_refusal(cli(*command, "digits/", *more), "digits", "model")
