"""`speechrnn data`: synthesis, download and check from the command line."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.cli.data import EngineName
from speechrnn.config import Config
from speechrnn.corpus import fetch
from speechrnn.corpus.accents import SPELLINGS
from speechrnn.corpus.check import check_corpus
from speechrnn.corpus.engines import ENGINES
from speechrnn.corpus.fetch import Fetched
from speechrnn.yaml import load_yaml_file
from tests.bundles import SAMPLES
from tests.command_line import Result, check_refusal, run_process

Cli = Callable[..., Result]


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """The samples with a broken one, a copy, and one that fits no layout."""
    folder = Path(shutil.copytree(SAMPLES, tmp_path / "spoilt"))
    clip = next(folder.glob("6_*.wav"))
    shutil.copy(clip, folder / "7_bob_0.wav")
    shutil.copy(clip, folder / "odd.wav")
    (folder / "8_bob_0.wav").write_bytes(clip.read_bytes()[:1000])
    return folder


def test_check_of_sound_recordings_finds_nothing(cli: Cli) -> None:
    result = cli("data", "check", SAMPLES)
    assert (result.status, result.err) == (0, "")
    assert result.lines[0].startswith(f"{SAMPLES}: 20 clips, ")
    assert result.lines[-1] == "nothing wrong found"


def test_check_names_what_is_wrong_and_fails_for_what_is_broken(cli: Cli, spoilt: Path) -> None:
    result = cli("data", "check", spoilt)
    assert result.status == 1
    assert "found: 1 broken, 1 duplicated, 1 skipped" in result.lines
    assert f"  broken: {spoilt}/8_bob_0.wav: truncated" in result.out
    (spoilt / "8_bob_0.wav").unlink()
    assert cli("data", "check", spoilt).status == 0


def test_check_as_json_is_the_result_of_the_library(cli: Cli, spoilt: Path) -> None:
    expected = dataclasses.asdict(check_corpus(spoilt, Config.load().audio))
    result = cli("data", "check", spoilt, "--json")
    assert json.loads(result.out) == json.loads(json.dumps(expected))
    assert (result.status, len(result.lines)) == (1, 1)


def test_synth_says_what_whole_numbers_are_good_for(cli: Cli) -> None:
    pytest.importorskip("espeakng_loader")
    made = cli("data", "synth", "two", "--strings", "1", "--voices", "1", "--rate", "8000")
    assert made.err == (
        "Train on them: as a source of a configuration, with use: strings.\n"
        "Score on them: speechrnn evaluate two --model strings\n"
    )


def test_whole_numbers_can_say_oh(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    args = ("--voices", "1", "--rate", "8000", "--strings", "30")
    assert cli("data", "synth", "ohs", "--words", "oh", *args).out == "ohs: 30 strings of 1 synthetic voices\n"
    said = "".join(file.stem.partition("_")[0] for file in (tmp_path / "ohs").glob("*.wav"))
    assert 0.2 < said.count("0") / len(said) < 0.4
    # they are other strings, so other sound would be mixed in
    check_refusal(
        cli("data", "synth", "ohs", *args), "Choose another folder, delete this one, or give the same options."
    )


@pytest.mark.parametrize("more", [("--words", "other"), ("--repeats", "3"), ("--each", "3")])
def test_whole_numbers_are_no_words(more: tuple[str, str], cli: Cli, tmp_path: Path) -> None:
    refused = cli("data", "synth", "two", "--strings", "1", "--voices", "1", *more)
    check_refusal(refused, f"--strings asks for whole numbers, {more[0]} for words. Leave one or the other out.")
    assert not (tmp_path / "two").exists()


def test_synth_makes_the_same_files_again(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    args = ("--voices", "1", "--repeats", "1", "--rate", "8000", "--seed", "7")
    first, second = (cli("data", "synth", name, *args) for name in ("one", "two"))
    assert first.out == "one: 10 clips of 1 synthetic voices\n"
    assert first.err == "Train on them: speechrnn train one\n"
    assert second.status == 0
    contents = [{file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert contents[0] == contents[1]
    assert cli("data", "synth", "one", *args).out == "one: 10 clips of 1 synthetic voices, 0 of them new\n"
    check_refusal(cli("data", "synth", "one", *args[:-1], "8"), "error: one: was made by")


@pytest.mark.parametrize(
    ("option", "name"), [("--voices", "voices"), ("--repeats", "repeats"), ("--rate", "sample_rate")]
)
def test_synth_says_what_is_allowed(option: str, name: str, cli: Cli) -> None:
    check_refusal(cli("data", "synth", "new", option, "0"), f"{name} is 0, allowed are ")


@pytest.mark.parametrize("group", [(), ("data",)])
def test_no_summary_of_a_command_is_cut(group: tuple[str, ...], cli: Cli) -> None:
    said = cli(*group, "--help").out.partition("Commands:")[2]
    assert said.count("\n  ") >= 3
    assert "..." not in said


def test_engines_and_their_languages_are_in_the_help(cli: Cli) -> None:
    said = " ".join(cli("data", "synth", "--help").out.split())
    assert [name.value for name in EngineName] == [name for name in ENGINES if name in said] == list(ENGINES)
    languages = load_yaml_file(SPELLINGS)
    assert f"its voices of {len(languages)} other languages" in said


def test_only_known_engines_can_speak(cli: Cli) -> None:
    result = cli("data", "synth", "new", "--engine", "festival")
    assert (result.status, result.out) == (2, "")
    assert "throats" in result.err


def test_synth_does_not_mix_with_what_is_there(cli: Cli, spoilt: Path) -> None:
    pytest.importorskip("espeakng_loader")
    (spoilt / "synthesis.json").unlink()
    check_refusal(cli("data", "synth", spoilt), f"error: {spoilt}: holds other files")


@pytest.mark.parametrize(("downloaded", "told"), [(True, ""), (False, ", all there already")])
def test_fetch_says_where_the_recordings_are(
    downloaded: bool, told: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(directory: Path, **_: object) -> Fetched:
        return Fetched(directory, 3000, downloaded)

    monkeypatch.setattr(fetch, "fetch_fsdd", fake)
    result = cli("data", "fetch", "fsdd", "my data")
    assert result == Result(0, f"my data: 3000 clips{told}\n", "Train on them: speechrnn train 'my data'\n")


def test_fetch_without_a_network_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("pooch")
    nobody = dict.fromkeys(("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:9")
    result = run_process("data", "fetch", "fsdd", tmp_path / "fsdd", home=tmp_path, env=nobody)
    check_refusal(result, "could not fetch https://github.com/", "Check the network")
    assert not (tmp_path / "fsdd").exists()


def test_what_can_be_fetched_is_in_the_usage(cli: Cli) -> None:
    usage = cli("data", "fetch", "--help").lines[0]
    # some versions of typer put braces round what must be given
    assert usage.translate({ord("{"): None, ord("}"): None}) == "Usage: speechrnn data fetch [OPTIONS] fsdd DIR"


def test_only_known_datasets_can_be_fetched(cli: Cli) -> None:
    result = cli("data", "fetch", "mnist", "here")
    assert (result.status, result.out) == (2, "")
    assert "fsdd" in result.err
