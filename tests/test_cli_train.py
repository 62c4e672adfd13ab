"""`speechrnn train` and `compare`: choices that fail at once, and small trainings on tones."""

import dataclasses
import errno
import importlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress

from speechrnn.bundle import read_bundle
from speechrnn.cli import training_run
from speechrnn.cli.outcome import advise
from speechrnn.cli.unfinished import name_resume
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus as Corpora
from speechrnn.corpus.splits import METHODS, split_corpus
from speechrnn.corpus.synthesis import read_manifest, synthesize
from speechrnn.errors import TrainingError, explain_no_space
from speechrnn.history import parse_history
from speechrnn.homes import data_home
from speechrnn.metadata import Calibrated
from speechrnn.places import find_model
from tests.bundles import GOLDEN
from tests.command_line import Result, check_refusal

Cli = Callable[..., Result]
Corpus = Callable[..., Path]
# a recurrent layer takes seconds to be built
TINY = (
    "network.conv=[]",
    "network.recurrent=null",
    "network.pooling=mean",
    "training.epochs=2",
    "training.batch_size=8",
    "training.clips_per_epoch=null",
)
SET_SHARE = ("--set", "training.reject_at=0.1")
SMALL = [argument for setting in TINY for argument in ("--set", setting)]


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (
            ("--set", "training.epocs=3"),
            ("--set: ", "training.epocs is 3, but training has no key epocs; the nearest is epochs"),
        ),
        (("--set", "training.epochs=many"), ("training.epochs is 'many'", "`int`")),
        (("--set", "training.epochs=0"), ("training.epochs is 0", ">= 1")),
        (("--set", "training.epochs"), ("needed key.path=value",)),
        (("--set", "features.fmax=9000"), ("features.fmax is 9000, allowed is at most 4000",)),
        (("--set", "a=&x [*x]"), ("--set a=&x [*x]: ", "alias")),
        (("--config", "tutorail"), ("tutorail: no such preset and no such file", "tutorial")),
        (("--config", "bomb.yaml"), ("bomb.yaml: ", "alias")),
        (("--config", "tag.yaml"), ("tag.yaml: ", "tag")),
        (("--from", "nowhere"), ("nowhere: no such bundle",)),
    ],
)
def test_a_wrong_setting_is_told_before_anything_is_read(
    args: tuple[str, ...], parts: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "bomb.yaml").write_text("a: &a [x, x]\nb: &b [*a, *a]\n")
    (tmp_path / "tag.yaml").write_text("training: !!python/object:os.system {}\n")
    check_refusal(cli("train", "no data here", *args), *parts)


@pytest.mark.parametrize("out", [".", "..", "/", "there"])
def test_a_place_that_is_taken_is_told_before_voices_are_made(
    out: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setattr(training_run, "synthesize", None)
    said = "exists already" if out == "there" else "needed a folder of its own"
    check_refusal(cli("train", "--out", out), f"error: {out}: {said}", "--out")
    if out != "there":
        check_refusal(cli("train", "--out", out, "--force"), f"error: {out}: {said}")


def test_every_split_is_in_the_help(cli: Cli) -> None:
    said = " ".join(cli("train", "--help").out.split())
    names = [name for name in METHODS if name != "csv"]  # a CSV that has the column needs no option
    assert f"--split {'|'.join(names)}|CSV" in said


@pytest.mark.train
@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("nowhere.csv", "--split nowhere.csv: no such split or file"),
        ("official", "--split official is the rule of FSDD: indices 0-4 are test, 5-9 validation, the rest trains"),
    ],
)
def test_a_wrong_split_is_told_before_the_heavy_room_is_entered(
    split: str, said: str, tone_corpus: Corpus, tmp_path: Path
) -> None:
    spy = "import atexit, sys; atexit.register(lambda: print('keras' in sys.modules)); from speechrnn.cli import main"
    command = [sys.executable, "-c", f"{spy}; main()", "train", str(tone_corpus()), "--split", split]
    done = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, text=True)
    assert (done.returncode, done.stdout) == (1, "False\n")
    assert said in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("speakers", "split", "from_model", "said"),
    [
        ("ab", None, False, "only 1 voice trains: add voices"),
        ("abc", None, False, "only 1 voice trains: add voices"),
        ("abcd", "speaker", False, "only 2 voices train: add voices"),
        ("abcde", None, False, ""),
        ("abc", "clip", False, ""),
        ("abc", None, True, ""),
    ],
)
def test_few_voices_are_warned_of(
    speakers: str, split: str | None, from_model: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [Clip(Path(f"{label}_{who}_{i}.wav"), label, who) for label in "67" for who in speakers for i in range(4)]
    corpus, start = Corpora(Path(), "fsdd", tuple(clips), (), (), None), read_bundle(GOLDEN) if from_model else None
    training_run.check_split(corpus, split, Config.load("default"), start)
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert bool(told) == bool(said)


@pytest.mark.parametrize(
    ("changed", "split", "source", "start", "said"),
    [
        ({}, "speaker", (), None, None),
        ({"network.rejection": False}, "speaker", (), None, "no output for what is no label"),
        ({}, "none", (), None, "no clip is kept for validation"),
        ({}, "none", ({"path": "more", "use": "valid"},), None, None),
        ({}, "speaker", (), ("6", "7"), "a training from a model with these labels keeps its threshold"),
        ({}, "speaker", (), ("6", "7", "8"), None),
        ({"training.reject_at": None}, "none", (), None, None),
    ],
)
def test_a_share_that_does_nothing_is_said_so(
    changed: dict[str, object],
    split: str,
    source: tuple[dict[str, str], ...],
    start: tuple[str, ...] | None,
    said: str | None,
) -> None:
    clips = [Clip(Path(f"{label}_{who}.wav"), label, who) for label in "67" for who in "abcde"]
    corpus = Corpora(Path(), "fsdd", tuple(clips), (), (), None)
    config = Config.load("default", {"training.reject_at": 0.1, "data.sources": list(source), **changed})
    golden = read_bundle(GOLDEN)
    known = msgspec.structs.replace(golden.metadata, calibration=Calibrated(1.0, 0.05, 50, 50, "test"))
    base = dataclasses.replace(golden, labels=start, metadata=known) if start else None
    told = training_run.explain_unused_share(corpus, split_corpus(corpus, split, 0), config, base)
    assert (told is None) == (said is None)
    assert (said or "") in (told or "")
    if told:
        assert told.startswith("--reject-at does nothing here: ")
        assert ("`speechrnn calibrate`" in told) != ("network.rejection=true" in told)


@pytest.mark.train
@pytest.mark.parametrize(("args", "told"), [((), False), (("--reject-at", "0.1"), True), (SET_SHARE, True)])
def test_a_share_that_does_nothing_is_told_before_the_training(
    args: tuple[str, ...], told: bool, cli: Cli, tone_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise TrainingError("far enough")

    monkeypatch.setattr(training_run, "run_training", stop)
    result = cli("train", tone_corpus("67", "abcde"), "--split", "none", *args)
    assert result.err.endswith("error: far enough\n")
    assert ("--reject-at does nothing here: no clip is kept for validation" in result.err) == told


@pytest.mark.parametrize("n_labels", [2, 10])
def test_a_network_that_guesses_is_told_apart_from_one_that_knows(n_labels: int) -> None:
    chance = float(np.log(n_labels))
    assert f"guessing gives {chance:.2f}" in (advise(0.91 * chance, n_labels) or "")
    assert [advise(loss, n_labels) for loss in (0.89 * chance, 0.0, None)] == [None, None, None]


def test_without_the_extra_the_sentence_says_what_needs_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for args in (("train", "x"), ("compare", "x", "--configs", "rnn")):
        check_refusal(cli(*args), "error: training needs keras, which is not", 'pip install "speechrnn[train]"')


@pytest.mark.train
def test_what_tensorflow_warns_of_is_not_shown() -> None:
    importlib.import_module("speechrnn.training")
    logger = importlib.import_module("tensorflow").get_logger()
    assert [logger.isEnabledFor(level) for level in (logging.WARNING, logging.ERROR)] == [False, True]


@pytest.mark.train
def test_an_early_end_fills_its_bar() -> None:
    from speechrnn.cli.live import Bars
    from speechrnn.training.fitting import Step

    with Progress(console=Console(file=io.StringIO(), force_terminal=True)) as drawn:
        bars = Bars(drawn)
        bars.resuming(1)
        bars.fitting(Step(2, 40, 3, 3, 1.0, 0.5))
        assert not drawn.finished
        bars.fitted(2, best=1)
        assert drawn.finished
        assert [(task.completed, task.total) for task in drawn.tasks] == [(6, 6)]


@pytest.mark.parametrize("seed", ["-1", str(2**32), "x"])
def test_a_seed_out_of_range_is_wrong_usage(seed: str, cli: Cli) -> None:
    assert cli("train", "data", "--seed", seed).status == 2


def test_settings_go_over_the_configuration_of_the_bundle_to_start_from() -> None:
    config = training_run.choose_config(None, read_bundle(GOLDEN), {"training.epochs": 3})
    expected = read_bundle(GOLDEN).config
    assert config == expected.override({"training.epochs": 3})
    assert (config.network, config.training.epochs) == (expected.network, 3)
    assert training_run.choose_config("dense", read_bundle(GOLDEN), {}) == Config.load("dense")


@pytest.mark.train
def test_trains_tells_the_score_and_is_found_by_predict(cli: Cli, tone_corpus: Corpus) -> None:
    data = tone_corpus()
    (data / "odd.wav").write_bytes((data / "0_ann_0.wav").read_bytes())
    (data / "0_ann_7.wav").write_text("no recording")
    result = cli("train", data, *SMALL, "--seed", "5")
    place = data_home() / "models" / "digits-1"
    assert result.status == 0
    bundle = read_bundle(place)
    assert (bundle.config.training.seed, bundle.config.network.pooling) == (5, "mean")
    accuracy = json.loads(bundle.read("metrics.json"))["accuracy"]
    best = min(parse_history(bundle.read("history.csv").decode()), key=lambda row: row.valid_loss or 0.0).epoch
    assert result.lines[:2] == [
        "Split by speaker: 10 train, 9 valid, 9 test.",
        f"2 epochs, weights of epoch {best} kept.",
    ]
    assert "only 1 voice trains: add voices, start from a model with --from, or train on all of" in result.err
    assert result.lines[2].startswith(f"Accuracy {100 * accuracy:.1f} % on speakers not heard in training: ")
    assert result.lines[-2:] == [f"Model: {place}", f"Next:  speechrnn predict FILE --model {place.name}"]
    assert f"data: {data}: 28 clips, 3 labels, 3 known speakers, layout fsdd" in result.err.splitlines()
    assert f"  {data}/odd.wav: not named" in result.err
    assert f"  {data}/0_ann_7.wav: not readable as audio" in result.err
    predicted = cli("predict", data / "0_ann_0.wav")
    assert (predicted.status, predicted.err) == (0, f"model: {place}\n")


@pytest.mark.train
def test_a_model_of_strings_is_for_transcribe(cli: Cli, tone_corpus: Corpus) -> None:
    network = ('network.conv=[{"filters": 4, "kernel_size": 3, "stride": 3}]', "network.recurrent.units=4")
    passes = ("training.epochs=1", "training.clips_per_epoch=8", "strings.n_digits=2", "data.sources=[]")
    sets = [part for value in (*network, *passes) for part in ("--set", value)]
    result = cli("train", tone_corpus(), "--config", "strings", "--out", "mine", *sets)
    assert result.lines[-2:] == ["Model: mine", "Next:  speechrnn transcribe FILE --model mine"]


@pytest.mark.train
def test_an_existing_folder_is_replaced_only_by_force_and_never_what_is_no_bundle(
    cli: Cli, tone_corpus: Corpus, tmp_path: Path
) -> None:
    data = tone_corpus()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not lose me")
    check_refusal(cli("train", data, *SMALL, "--out", "mine"), "error: mine: exists already", "--force")
    check_refusal(cli("train", data, *SMALL, "--out", "mine", "--force"), "error: mine: holds something")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "do not lose me"
    (tmp_path / "mine" / "thesis.txt").unlink()
    result = cli("train", data, *SMALL, "--out", "mine", "--force")
    assert result.lines[-2:] == ["Model: mine", "Next:  speechrnn predict FILE --model mine"]
    assert read_bundle(tmp_path / "mine").labels == ("0", "1", "2")


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EACCES])
def test_a_full_disk_says_how_to_go_on_where_an_epoch_is_kept(number: int, begun: bool, tmp_path: Path) -> None:
    trouble, place = OSError(number, "trouble"), tmp_path / "my model"
    if begun:
        (tmp_path / "my model.unfinished").mkdir()
    kept = begun and number != errno.EACCES
    with pytest.raises(TrainingError if kept else OSError) as caught, name_resume(place):
        raise trouble
    if kept:
        assert str(caught.value) == f"{place}.unfinished: " + explain_no_space(
            trouble, f"run the same command with --out '{place}' --resume"
        )
    else:
        assert caught.value is trouble


@pytest.mark.train
def test_a_full_disk_ends_a_training_with_the_command_that_goes_on(
    cli: Cli, tone_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        (tmp_path / "mine.unfinished").mkdir()
        raise OSError(errno.ENOSPC, "No space left on device", "mine.unfinished/checkpoint")

    monkeypatch.setattr("speechrnn.training.session.train", fill)
    result = cli("train", tone_corpus(), *SMALL, "--out", "mine")
    assert result.err.splitlines()[-1] == (
        "error: mine.unfinished: no space left on the disk. Free some, then run the same command with --out mine "
        "--resume."
    )
    assert result.status == 1


@pytest.mark.train
def test_after_ctrl_c_the_same_command_goes_on(cli: Cli, tone_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    from speechrnn.cli import live
    from speechrnn.training.contest import ContestListener
    from speechrnn.training.fitting import Step

    class Impatient(ContestListener):
        def fitting(self, step: Step) -> None:
            if step.epoch == 2:
                raise KeyboardInterrupt

    @contextmanager
    def impatient() -> Iterator[ContestListener]:
        yield Impatient()

    data = tone_corpus()
    whole = cli("train", data, *SMALL, "--out", "whole")
    with monkeypatch.context() as patch:
        patch.setattr(live, "training_listener", impatient)
        stopped = cli("train", data, *SMALL)
    place = data_home() / "models" / "digits-1"
    assert (stopped.status, stopped.out) == (130, "")
    assert stopped.err.splitlines()[-2:] == [
        "stopped",
        f"to go on, run the same command with --resume --out {place}",
    ]
    assert not place.exists()
    resumed = cli("train", data, *SMALL, "--resume")
    assert "nothing to go on with; starting" not in resumed.err.splitlines()
    assert "going on after epoch 1" in resumed.err.splitlines()
    assert "going on" not in whole.err
    assert resumed.lines[:-2] == whole.lines[:-2]
    assert read_bundle(place).read("weights.safetensors") == read_bundle(Path("whole")).read("weights.safetensors")
    assert find_model() == place


@pytest.mark.train
def test_starts_from_a_bundle_with_other_labels(cli: Cli, tone_corpus: Corpus) -> None:
    arguments = ("--from", GOLDEN, "--set", "training.epochs=1", "--out", "words", "--resume")
    result = cli("train", tone_corpus("go"), *arguments)
    assert (result.status, result.err.splitlines()[0]) == (0, "nothing to go on with; starting")
    bundle = read_bundle(Path("words"))
    assert bundle.labels == ("g", "o")
    assert bundle.config == read_bundle(GOLDEN).config.override({"training.epochs": 1})


@pytest.mark.train
def test_without_data_it_trains_on_synthetic_voices(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("espeakng_loader")
    from speechrnn.corpus.synthesis import SynthesisOptions

    def small(directory: Path, **rest: Any) -> None:
        synthesize(directory, SynthesisOptions(voices=3, repeats=1), rest["on_progress"])

    monkeypatch.setattr(training_run, "synthesize", small)
    first, second = cli("train", *SMALL), cli("train", *SMALL)
    home = data_home() / "corpora" / "synth"
    assert [result.err.splitlines()[0] for result in (first, second)] == [
        f"no DATA given: training on synthetic voices, made now in {home}",
        f"no DATA given: training on synthetic voices in {home}",
    ]
    assert (first.status, second.status) == (0, 0)
    manifest = read_manifest(home)
    assert manifest is not None
    assert manifest.n_clips == 30
    assert find_model() == data_home() / "models" / "digits-2"
    assert read_bundle(find_model()).metadata.heard.synthetic[0].seed == manifest.seed


@pytest.mark.train
@pytest.mark.parametrize(
    ("recordings", "split", "part"),
    [
        (("0", ("ann", "bob"), 1), "clip", "one label only"),
        (("01", ("ann",), 1), "speaker", "one speaker only"),
        (("01", ("ann", "bob"), 1), "nowhere.csv", "nowhere.csv"),
    ],
)
def test_recordings_that_cannot_train_are_told(
    recordings: tuple[Any, ...], split: str, part: str, cli: Cli, tone_corpus: Corpus
) -> None:
    check_refusal(cli("train", tone_corpus(*recordings), *SMALL, "--split", split, "--out", "new"), part)
    assert not Path("new").exists()


@pytest.mark.train
def test_two_clips_in_all_are_too_few(cli: Cli, tone_corpus: Corpus) -> None:
    check_refusal(cli("train", tone_corpus("01", ("ann",), 1), *SMALL), "needed at least one each for train, valid and")


@pytest.mark.train
def test_compare_prints_a_table_and_draws_gradients(cli: Cli, tone_corpus: Corpus, tmp_path: Path) -> None:
    settings = ["--set", "training.epochs=1", "--set", "network.recurrent.units=4", "--seed", "3"]
    result = cli("compare", tone_corpus(), "--configs", " rnn, gru,", *settings, "--out", "both")
    assert result.status == 0
    assert [line.split()[0] for line in result.lines if line.startswith(("rnn", "gru"))] == ["rnn", "gru"]
    assert (tmp_path / "both/gradients.png").read_bytes().startswith(b"\x89PNG")
    assert "wrote both/gradients.png" in result.err.splitlines()
    assert [read_bundle(tmp_path / "both" / name).config.training.seed for name in ("rnn", "gru")] == [3, 3]
    check_refusal(cli("compare", "tones", "--configs", "rnn,rn", "--out", "other"), "rn: no such preset")
    check_refusal(cli("compare", "tones", "--configs", " , ", "--out", "other"), "at least one")
