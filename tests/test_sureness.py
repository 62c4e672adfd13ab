"""What a training refuses at its end: noise, other words it did not train on, and never too many of its own clips."""

from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import split_corpus
from speechrnn.recognizer import Recognizer
from speechrnn.training import TrainOptions, train
from speechrnn.training.batches import pad_features
from speechrnn.training.material import Material, gather
from speechrnn.training.network import build_network
from speechrnn.training.raw import apply_calibration, raw_answers
from speechrnn.training.sureness import MAX_REFUSED, N_NOISES, tune

pytestmark = pytest.mark.train

SMALL = {
    "network.conv": [{"filters": 8, "kernel_size": 3}],
    "network.recurrent.units": 8,
    "training.clips_per_epoch": 160,
    "training.epochs": 6,
    "training.learning_rate": 0.02,
    "training.batch_size": 16,
    "augmentation.warp": None,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two labels by five speakers, rising and falling; ten other words, which stay level."""
    folder = tmp_path_factory.mktemp("sweeps") / "data"
    (folder / "unknown").mkdir(parents=True)
    t = np.arange(3200) / 8000
    for j, speaker in enumerate(("ann", "bob", "cyd", "dan", "eve")):
        for k in range(6):
            low = 400 + 20 * j + 5 * k
            for label, slope in (("0", 3000), ("1", -3000)):
                start = low if slope > 0 else low + 1200
                y = 0.5 * np.sin(2 * np.pi * (start * t + slope * t**2 / 2))
                soundfile.write(folder / f"{label}_{speaker}_{k}.wav", y, 8000)
        for k in range(10):
            y = 0.5 * np.sin(2 * np.pi * (500 + 100 * k + j) * t)
            soundfile.write(folder / "unknown" / f"word{k}_{speaker}_0.wav", y, 8000)
    return folder


def material(corpus: Path, split: str) -> Material:
    read = read_corpus(corpus)
    return gather(read, split_corpus(read, split, 0), Config.load("default", SMALL)).material


def test_every_fifth_word_is_kept_for_the_threshold_where_there_are_validation_clips(corpus: Path) -> None:
    parts = material(corpus, "speaker")
    assert {example.clip.path.stem.partition("_")[0] for example in parts.kept_words} == {"word4", "word9"}
    # of the speakers who validate or are scored no word trains
    assert (len(parts.words), len(parts.kept_words)) == (24, 6)
    everything = material(corpus, "none")
    assert (len(everything.words), len(everything.kept_words)) == (50, 0)


def test_noise_and_words_that_did_not_train_are_refused(corpus: Path, tmp_path: Path) -> None:
    trained = train(corpus, Config.load("default", SMALL), tmp_path / "model", TrainOptions("speaker"))
    told = trained.bundle.metadata.calibration
    assert told is not None
    assert (told.source, told.n_clips, told.n_rejects) == ("validation clips", len(trained.split.valid), 6 + N_NOISES)
    recognizer = Recognizer(trained.bundle)
    hiss = [np.random.default_rng(i).normal(size=4000).astype(np.float32) * 0.1 for i in range(20)]
    assert [one.label for one in recognizer.predict_batch(hiss)] == [None] * 20
    assert trained.test is not None
    assert trained.test.evaluation.accuracy >= 1 - MAX_REFUSED - 0.1


def test_without_a_share_nothing_is_refused(corpus: Path) -> None:
    config = Config.load("default", {**SMALL, "training.reject_at": None})
    assert tune(build_network(config, 2), material(corpus, "speaker"), config) is None


@pytest.mark.parametrize("reject_at", [0.0, 0.05, 1.0])
def test_a_network_that_tells_nothing_apart_refuses_few_and_says_so(corpus: Path, reject_at: float) -> None:
    keras.utils.set_random_seed(1)
    config = Config.load("default", {**SMALL, "training.reject_at": reject_at})
    parts = material(corpus, "speaker")
    fitted = tune(build_network(config, 2), parts, config)
    assert fitted is not None
    assert fitted.false_accepts is not None
    assert fitted.false_accepts >= reject_at
    assert (fitted.threshold == 0.0) == (reject_at == 1.0)


def test_a_strict_threshold_gives_way_until_it_refuses_one_valid_clip_of_ten(corpus: Path) -> None:
    keras.utils.set_random_seed(1)
    config = Config.load("default", {**SMALL, "training.reject_at": 0.0})
    parts, network = material(corpus, "speaker"), build_network(config, 2)
    fitted = tune(network, parts, config)
    assert fitted is not None
    probabilities, known = (
        np.concatenate(answers)
        for answers in zip(*(network(pad_features([one.features]), training=False) for one in parts.valid), strict=True)
    )
    _, sure = apply_calibration(raw_answers(probabilities, known[:, 0], [0] * len(known)), fitted)
    assert len(sure) == 12
    # one of the twelve is less than a tenth, two are more
    assert np.sum(sure.astype(np.float32) < np.float32(fitted.threshold)) == 1
