"""The model that ships: whole, small, found without being named, right on the samples, silent on what is no digit."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from speechrnn.audio import load_audio
from speechrnn.bundle import read_bundle
from speechrnn.config import AudioConfig, Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.evaluation import evaluate
from speechrnn.noise import segments
from speechrnn.recognizer import load
from tests.bundles import SAMPLES
from tests.command_line import Result

pytestmark = pytest.mark.pretrained

FOLDER = Path(__file__).parents[1] / "speechrnn" / "pretrained" / "digits"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# noise is noise however quiet and long
LIMITS = AudioConfig(8000, -120.0, 0.02, 600.0)
CARD = Path(__file__).parents[1] / "MODEL_CARD.md"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))


def test_it_is_found_without_a_name_and_is_whole() -> None:
    bundle = load().bundle
    assert bundle.path == FOLDER
    bundle.verify()
    assert bundle.labels == tuple("0123456789")
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 5e6


def test_its_recipe_is_the_one_in_configs_as_the_plan_ends_it() -> None:
    plan = (Path(__file__).parents[1] / "benchmarks" / "farm-mentor.yaml").read_bytes()
    jobs = msgspec.yaml.decode(plan)["jobs"]  # as farm.py reads it; our own reader refuses what is said once for all
    last, *strangers = [job for job in jobs if "ensemble" in job]
    assert f"last=farm/{last['name']}\n" in (FOLDER.parent / "make.sh").read_text().replace(" ", "")
    expected = Config.load(last["config"], {"training.seed": last["seed"], **last["settings"]})
    assert read_bundle(FOLDER).config == expected
    assert sorted(speaker for job in strangers for speaker in job["without"]) == sorted(SPEAKERS)
    # the strangers of the card are trained in the same way from nothing on, each by who did not hear them either
    chains = []
    for job in (last, *strangers):
        [first] = [one for one in jobs if one["name"] == job["after"] and job["ensemble"] == [one["name"]]]
        [mentor] = [one for one in jobs if one["name"] == job["mentor"] == first["mentor"]]
        assert mentor["mentoring"]
        assert job.get("without") == first.get("without") == mentor.get("without")
        assert not {"bundle", "after", "ensemble"} & (first.keys() | mentor.keys())
        names = {"name", "after", "ensemble", "mentor", "without"}
        chains.append([{k: v for k, v in one.items() if k not in names} for one in (mentor, first, job)])
    assert chains == [chains[0]] * 4


def test_its_metadata_says_what_trained_and_what_refuses() -> None:
    metadata = read_bundle(FOLDER).metadata
    assert set(SPEAKERS) <= set(metadata.heard.speakers)
    # FSDD and the Apache speaker: no synthetic clip counts as real
    assert metadata.heard.real == len(metadata.heard.clips) == 3400
    assert metadata.calibration is not None
    assert metadata.calibration.source == "out-of-fold answers of pairs"
    assert metadata.calibration.n_clips >= 3000
    assert 0 < metadata.threshold < 1
    assert f"threshold ({metadata.threshold:.2f})" in CARD.read_text()


def test_the_card_names_the_licence_and_every_kind_of_source() -> None:
    card = CARD.read_text()
    assert "CC BY-SA 4.0" in card
    for source in read_bundle(FOLDER).metadata.sources:
        assert f"`{source.name}`" in card, source.name


def test_samples_are_right() -> None:
    score = evaluate(SAMPLES)
    assert (score.n_clips, score.accuracy) == (20, 1.0)


@pytest.mark.parametrize("hz", [50, 60])
def test_a_room_that_hums_costs_no_sample(hz: int) -> None:
    recognizer, wrong = load(), []
    for path in sorted(SAMPLES.glob("*.wav")):
        y = np.pad(recognizer.load_audio(path), (8000, 6400))
        t = np.arange(y.size) / 8000
        # 26 dB under the peak, before and after the word too
        hum = sum(a * np.sin(2 * np.pi * hz * k * t) for k, a in ((1, 0.05), (2, 0.01), (3, 0.01)))
        answer = recognizer.predict_batch([np.asarray(y + np.abs(y).max() * hum, np.float32)])[0].label
        wrong += [(path.name, answer)] if answer != path.name[0] else []
    assert wrong == []


def test_level_and_silence_around_change_no_digit() -> None:
    recognizer = load(threshold=0.0)  # whether it is one may be doubted: such silence may be too faint to be trimmed
    for clip in read_corpus(SAMPLES).clips[::3]:
        y = load_audio(clip.path, recognizer.bundle.config.audio)
        rng = np.random.default_rng(0)
        quiet = np.concatenate([np.zeros(4000, np.float32), y * np.float32(0.02), np.zeros(6000, np.float32)])
        hiss = quiet + rng.normal(0, 2e-5, quiet.size).astype(np.float32)
        assert [one.label for one in recognizer.predict_batch([quiet, hiss])] == [clip.label] * 2


def noises() -> dict[str, np.ndarray]:
    """Two seconds each, of what microphones hear."""
    rng = np.random.default_rng(0)
    t = np.arange(16000) / 8000
    white = rng.normal(size=16000)
    click = np.zeros(16000)
    click[[4000, 9000]] = 1.0
    return {
        "white": white,
        "brown": np.cumsum(white) - np.cumsum(white).mean(),
        "hum": np.sin(2 * np.pi * 50 * t) + 0.3 * np.sin(2 * np.pi * 150 * t),
        "tone": np.sin(2 * np.pi * 1000 * t),
        "clicks": click,
        "sweep": np.sin(2 * np.pi * (200 * t + 700 * t**2)),
    }


def test_what_is_no_digit_is_none(cli: Callable[..., Result], tmp_path: Path) -> None:
    for name, y in noises().items():
        soundfile.write(tmp_path / f"{name}.wav", 0.3 * y / np.abs(y).max(), 8000)
    lines = cli("predict", *sorted(tmp_path.glob("*.wav"))).lines
    assert [line for line in lines if not line.endswith(": no digit")] == []
    assert len(lines) == len(noises())


@pytest.mark.shared
def test_noises_of_the_split_test_are_refused(shared: Path) -> None:
    recognizer = load()
    pieces = [
        piece
        for path in list_noises(shared / "data" / "noise", "test")
        for piece in segments(load_audio(path.read_bytes(), LIMITS), 8000, 1.0, 3, seed=0)
    ]
    answers = recognizer.predict_batch(pieces)
    assert len(pieces) >= 100
    assert np.mean([answer.label is not None for answer in answers]) <= 0.05


@pytest.mark.train
def test_the_graph_is_the_chain_of_librosa_and_keras() -> None:
    from speechrnn.training.reference import check_parity

    check_parity(read_bundle(FOLDER), [clip.path for clip in read_corpus(SAMPLES).clips])
