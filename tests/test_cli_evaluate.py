"""`speechrnn evaluate`: scores of one model or two, in print, as JSON and as a report."""

import dataclasses
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.corpus.clips import clip_hash
from speechrnn.evaluation import evaluate, to_json
from speechrnn.report import PICTURES
from tests.bundles import GOLDEN, SAMPLES, copy_bundle, describe
from tests.command_line import MODEL, Result, check_refusal
from tests.signals import word

Cli = Callable[..., Result]


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """The samples, with one file spoilt and one of a label that the model lacks."""
    folder = Path(shutil.copytree(SAMPLES, tmp_path / "damaged"))
    (folder / "6_bob_0.wav").write_text("no recording")
    shutil.copy(next(folder.glob("1_*.wav")), folder / "stop_bob_0.wav")
    return folder


def test_prints_what_the_library_measures(cli: Cli) -> None:
    expected = evaluate(SAMPLES, GOLDEN)
    result = cli("evaluate", SAMPLES, *MODEL)
    assert (result.status, result.err) == (0, "")
    assert result.lines[0].startswith(f"Accuracy {100 * expected.accuracy:.1f} % on ")
    assert "20 clips" in result.lines[0]
    as_json = cli("evaluate", SAMPLES, *MODEL, "--json")
    assert as_json == Result(0, to_json(expected) + "\n", "")


def test_a_threshold_decides_how_many_are_answered(cli: Cli) -> None:
    own, none = (
        json.loads(cli("evaluate", SAMPLES, *MODEL, "--json", *more).out) for more in ((), ("--threshold", "1"))
    )
    assert (none["rejected"], none["accuracy"]) == (20, 0.0)
    everything = json.loads(cli("evaluate", SAMPLES, *MODEL, "--json", "--threshold", "0").out)
    assert everything["rejected"] == 0
    assert (own["threshold"], none["threshold"], everything["threshold"]) == (None, 1.0, 0.0)
    said = cli("evaluate", SAMPLES, *MODEL, "--threshold", "0", "--report", "report").out
    told = "A threshold of 0 was asked for, and not the model's own."
    assert told in said
    assert told in Path("report/report.md").read_text()
    assert everything["accuracy"] >= own["accuracy"] > 0
    assert cli("evaluate", SAMPLES, *MODEL, "--threshold", "nan").status == 2


def test_what_could_not_be_read_fails_and_what_the_model_lacks_is_listed(cli: Cli, damaged: Path) -> None:
    result = cli("evaluate", damaged, *MODEL)
    assert result.status == 1
    assert "labelled stop; the model has no such label" in result.out
    assert "6_bob_0.wav: not readable as audio" in result.out
    assert result.err == "1 of 21 files could not be read: see `speechrnn data check`\n"


def test_what_data_check_does_not_take_is_not_sent_to_it(cli: Cli, damaged: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(damaged, "clips")
    for data in ("a.tar", damaged / "*.wav"):
        result = cli("evaluate", data, *MODEL)
        assert (result.status, result.err) == (1, "1 of 21 files could not be read: stdout names them\n")
        assert "6_bob_0.wav: not readable as audio" in result.out


def test_a_foreign_label_alone_is_no_failure(cli: Cli, damaged: Path) -> None:
    (damaged / "6_bob_0.wav").unlink()
    result = cli("evaluate", damaged, *MODEL, "--json")
    assert result.status == 0
    assert [Path(item["path"]).name for item in json.loads(result.out)["skipped"]] == ["stop_bob_0.wav"]


def test_a_recording_of_a_list_that_is_not_there_could_not_be_read(cli: Cli, tmp_path: Path) -> None:
    clips = sorted(SAMPLES.glob("6_*.wav"))
    rows = [f"{clip},6\n" for clip in clips]
    (tmp_path / "list.csv").write_text("path,label\n" + "".join([*rows, "nope.wav,6\n", "nope.wav,6\n", rows[0]]))
    result = cli("evaluate", "list.csv", *MODEL)
    assert result.status == 1
    assert "nope.wav: no such file" in result.out
    assert result.err == f"1 of {len(clips) + 1} files could not be read: stdout names them\n"
    (tmp_path / "list.csv").write_text("path,label\n" + "".join([*rows, rows[0]]))
    assert cli("evaluate", "list.csv", *MODEL).status == 0


def test_a_link_to_nothing_could_not_be_read_and_one_in_a_circle_loses_nothing(cli: Cli, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLES, tmp_path / "linked"))
    (folder / "circle").symlink_to(folder)
    assert cli("evaluate", folder, *MODEL).status == 0
    (folder / "6_bob_0.wav").symlink_to("nope.wav")
    result = cli("evaluate", folder, *MODEL)
    assert (result.status, result.err) == (1, "1 of 21 files could not be read: stdout names them\n")


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The samples, another word and a noise; and of each one that cannot be read."""
    folder = Path(shutil.copytree(SAMPLES, tmp_path / "beside"))
    for name, y in (("unknown", word(4000, 1)), ("_background_noise_", word(40000, 2))):
        (folder / name).mkdir()
        soundfile.write(folder / name / "good.wav", y, 8000)
        (folder / name / "broken.wav").write_text("no recording")
    return folder


def test_rejects_that_cannot_be_read_are_named_and_counted(cli: Cli, beside: Path) -> None:
    result = cli("evaluate", beside, *MODEL)
    assert result.status == 1
    assert "unknown/broken.wav: not readable as audio" in result.out
    assert "_background_noise_/broken.wav: not readable as audio" in result.out
    assert result.err == "2 of 24 files could not be read: stdout names them\n"
    found = json.loads(cli("evaluate", beside, *MODEL, "--json").out)
    assert (found["open_set"]["words"]["n"], found["open_set"]["noises"]["n"]) == (1, 5)
    assert [Path(item["path"]).parent.name for item in found["skipped"]] == ["unknown", "_background_noise_"]
    for path in beside.glob("*/broken.wav"):
        path.unlink()
    assert cli("evaluate", beside, *MODEL).status == 0


def test_noise_of_no_use_is_named_and_the_rest_mixed_in(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "silent.wav", np.zeros(8000), 8000)
    (tmp_path / "noise" / "broken.wav").write_text("no recording")
    args = ("evaluate", SAMPLES, *MODEL, "--noise", "noise", "--snr", "clean,0", "--json")
    check_refusal(cli(*args), "broken.wav: not readable as audio", "None of the 2 recordings of noise can be used")
    soundfile.write(tmp_path / "noise" / "good.wav", word(40000, 2), 8000)
    mixed = cli(*args)
    assert mixed.status == 1
    assert mixed.err.splitlines()[0] == "2 files of noise not used:"
    assert "  noise/silent.wav: no noise found (digital silence, needed a peak of -60 dBFS). Move it away" in mixed.err
    assert mixed.err.splitlines()[-1] == "2 of 23 files could not be read: stdout names them"
    for name in ("silent.wav", "broken.wav"):
        (tmp_path / "noise" / name).unlink()
    assert cli(*args) == Result(0, mixed.out, "")


def test_noise_that_trained_the_model_is_said_so(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "noise").mkdir()
    for i in range(2):
        soundfile.write(tmp_path / "noise" / f"{i}.wav", word(40000, i), 8000)
    heard = {"speakers": [], "clips": [], "real": 0, "unnamed": 0, "noises": [clip_hash(tmp_path / "noise" / "1.wav")]}
    model = describe(copy_bundle(tmp_path / "model"), {"heard": heard})
    told = cli("evaluate", SAMPLES, "--model", model, "--noise", "noise", "--snr", "0")
    assert told.err == f"figures in noise are optimistic: 1 of 2 recordings of it trained {model}. Test with others.\n"
    assert cli("evaluate", SAMPLES, *MODEL, "--noise", "noise", "--snr", "0").err == ""


def test_noise_that_is_not_there_is_said_so(cli: Cli) -> None:
    check_refusal(cli("evaluate", SAMPLES, *MODEL, "--noise", "nothere"), "error: nothere: no such folder or file.")


@pytest.mark.parametrize("snr", ["abc", "", "20,,0", "nan"])
def test_wrong_ratios_are_wrong_usage(snr: str, cli: Cli) -> None:
    result = cli("evaluate", SAMPLES, *MODEL, "--noise", "nothere", "--snr", snr)
    assert (result.status, result.out) == (2, "")
    assert "--snr" in result.err
    assert "is no ratio" in result.err


def test_help_names_all_files_of_a_report(cli: Cli) -> None:
    said = " ".join(cli("evaluate", "--help").out.split())
    files = {"report.md", "predictions.csv", "errors.csv", "evaluation.json", *PICTURES}
    assert [name for name in files if name not in said] == []


def test_two_models_are_compared_on_the_same_clips(cli: Cli, tmp_path: Path) -> None:
    twin = copy_bundle(tmp_path / "twin")
    result = cli("evaluate", SAMPLES, *MODEL, "--model", twin, "--json")
    first, second, comparison = map(json.loads, result.lines)
    assert first == second == json.loads(to_json(evaluate(SAMPLES, GOLDEN)))
    assert (comparison["a"], comparison["b"]) == (str(GOLDEN), str(twin))
    assert (comparison["n_clips"], comparison["only_a"], comparison["only_b"], comparison["p"]) == (20, 0, 0, 1.0)
    text = cli("evaluate", SAMPLES, *MODEL, "--model", twin).out
    assert [text.count(f"Model {path}\n") for path in (GOLDEN, twin)] == [1, 1]
    assert "McNemar" in text


def test_the_report_is_a_folder_to_read_and_to_listen_by(cli: Cli, tmp_path: Path) -> None:
    result = cli("evaluate", SAMPLES, *MODEL, "--report", "report", "--json")
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert written - {"confusion.png"} == {"report.md", "predictions.csv", "errors.csv", "evaluation.json"}
    assert (tmp_path / "report/evaluation.json").read_text() == result.out
    assert "report: report/report.md" in result.err.splitlines()


def test_a_report_replaces_nothing_but_a_report(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("errors.csv", "noise.png"):
        (tmp_path / "mine" / name).write_text("mine")
    refused = cli("evaluate", SAMPLES, *MODEL, "--report", "mine")
    check_refusal(refused, "mine: holds errors.csv, which is of no report", "another folder with --report")
    assert {path.read_text() for path in (tmp_path / "mine").iterdir()} == {"mine"}
    check_refusal(cli("evaluate", SAMPLES, *MODEL, "--report", "mine/errors.csv"), "is a file, needed a folder")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "notes.txt").write_text("mine")
    for _ in range(2):
        assert cli("evaluate", SAMPLES, *MODEL, "--report", "new").status == 0
    assert (tmp_path / "new" / "notes.txt").read_text() == "mine"


def test_two_models_have_a_report_each(cli: Cli, tmp_path: Path) -> None:
    twin = copy_bundle(tmp_path / "format-1")
    assert cli("evaluate", SAMPLES, *MODEL, "--model", twin, "--report", "both").status == 0
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["1-format-1", "2-format-1"]


@pytest.mark.parametrize(("name", "seen"), [("missing", "no such folder or file"), ("bare", "no recordings in it")])
def test_without_recordings_there_is_no_score(name: str, seen: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    check_refusal(cli("evaluate", name, *MODEL), f"error: {name}: {seen}")


def test_a_folder_of_unreadable_files_has_no_score(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "spoilt").mkdir()
    for label in "01":
        (tmp_path / "spoilt" / f"{label}_bob_0.wav").touch()
    check_refusal(cli("evaluate", "spoilt", *MODEL), "all 2 were skipped", "Record again. Give recordings")
    shutil.copy(next(SAMPLES.glob("1_*.wav")), tmp_path / "stop.wav")
    for rows in ("stop.wav,stop\n", "stop.wav,stop\na/nope.wav,1\n"):
        (tmp_path / "list.csv").write_text(f"path,label\n{rows}")
        result = cli("evaluate", "list.csv", *MODEL)
        check_refusal(result, "were skipped", ". Give recordings of the model's labels.")
        assert ".. Give" not in result.err


def test_three_models_are_wrong_usage(cli: Cli) -> None:
    result = cli("evaluate", SAMPLES, *MODEL, *MODEL, *MODEL)
    assert (result.status, result.out) == (2, "")
    assert "3 models given" in result.err


def test_heard_voices_are_called_so(cli: Cli, tmp_path: Path) -> None:
    clip = next(SAMPLES.glob("6_*.wav"))
    speaker = clip.stem.split("_")[1]
    bundle = copy_bundle(tmp_path / "knowing")
    heard = json.loads((bundle / "metadata.json").read_text())["heard"]
    describe(bundle, {"heard": heard | {"speakers": [speaker]}})
    expected = evaluate(SAMPLES, bundle)
    assert expected.heard == "speakers"
    result = cli("evaluate", SAMPLES, "--model", bundle, "--json")
    assert json.loads(result.out)["per_speaker"][speaker] == json.loads(
        json.dumps(dataclasses.asdict(expected.per_speaker[speaker]))
    )
    text = cli("evaluate", SAMPLES, "--model", bundle).out
    assert f"({expected.per_heard['speakers'].n} of 20 are of voices heard in training)" in text
