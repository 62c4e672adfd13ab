"""`speechrnn evaluate`: scores of one model or two, in print, as JSON and as a report."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.evaluation import evaluate, to_json
from tests.bundles import GOLDEN, SAMPLES, copy_bundle, describe
from tests.command_line import MODEL, Result, check_refusal

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


def test_what_could_not_be_read_fails_and_what_the_model_lacks_is_listed(cli: Cli, damaged: Path) -> None:
    result = cli("evaluate", damaged, *MODEL)
    assert result.status == 1
    assert "labelled stop; the model has no such label" in result.out
    assert "6_bob_0.wav: not readable as audio" in result.out
    assert result.err == "1 of 21 files could not be read: see `speechrnn data check`\n"


def test_a_foreign_label_alone_is_no_failure(cli: Cli, damaged: Path) -> None:
    (damaged / "6_bob_0.wav").unlink()
    result = cli("evaluate", damaged, *MODEL, "--json")
    assert result.status == 0
    assert [Path(item["path"]).name for item in json.loads(result.out)["skipped"]] == ["stop_bob_0.wav"]


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
    check_refusal(cli("evaluate", "spoilt", *MODEL), "all 2 were skipped")


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
