"""Own voice: a few recordings adapt a model; what it knew stays, and so does what it refuses."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from speechrnn import adaptation
from speechrnn.adaptation import Rehearsal, adapt_config, adapts, choose_split, own_config, rehearsal_folder
from speechrnn.bundle import WEIGHTS, Bundle, read_bundle, write_bundle
from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.manifest import SynthesisOptions
from speechrnn.corpus.splits import split_corpus
from speechrnn.corpus.synthesis import synthesize
from speechrnn.errors import TrainingError
from speechrnn.recognizer import Recognizer
from speechrnn.training import TrainOptions, train
from speechrnn.training.weights import Arrays, load_weights
from tests.bundles import GOLDEN

DEFAULT = Config.load("default")
SMALL = {
    "network.conv": [{"filters": 8, "kernel_size": 3, "stride": 2}],
    "network.recurrent.units": 8,
    "training.epochs": 2,
    "training.clips_per_epoch": 64,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    few = SynthesisOptions(voices=1, repeats=1, seed=1, sample_rate=8000)
    words = SynthesisOptions(voices=1, repeats=1, sample_rate=8000, words={"stop": "stop"}, rejects=True)
    numbers = SynthesisOptions(voices=1, strings=2, sample_rate=8000)
    parts = (("voices", "train", few), ("words", "reject", words), ("numbers", "strings", numbers))
    monkeypatch.setattr(adaptation, "REHEARSAL", tuple(Rehearsal(name, use, 1.0, what) for name, use, what in parts))


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = SynthesisOptions(voices=4, repeats=1, sample_rate=8000)
    return synthesize(tmp_path_factory.mktemp("made") / "voices", options).path


def own(folder: Path, labels: str, n: int = 2) -> Path:
    folder.mkdir()
    for label in labels:
        for k in range(n):
            t = np.arange(2400) / 8000
            tone = 0.3 * np.sin(2 * np.pi * (300 + 90 * int(label) + k) * t)
            soundfile.write(folder / f"{label}_me_{k}.wav", tone, 8000)
    return folder


@pytest.fixture(scope="module")
def model(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """One for all: whoever goes on from it changes nothing in it."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHRNN_HOME", str(folder / "home"))
        trained = train(voices, Config.load("default", SMALL), folder / "model").bundle
    metadata = msgspec.structs.replace(trained.metadata, threshold=0.25)
    names = [name for name in trained.metadata.sha256 if name != "metadata.json"]
    return write_bundle(folder / "set", {name: trained.read(name) for name in names}, metadata)


@pytest.mark.train
def test_a_few_clips_of_some_digits_adapt_a_model_of_all(model: Bundle, tmp_path: Path) -> None:
    mine = own(tmp_path / "mine", "37")
    config = adapt_config(model).override({"training.epochs": 1, "training.clips_per_epoch": 32})
    adapted = train(mine, config, tmp_path / "adapted", TrainOptions(start=model.path))
    assert adapted.bundle.labels == model.labels
    assert adapted.bundle.metadata.threshold == 0.25
    assert adapted.split.method == "none"
    assert len(adapted.split.train) == 4
    assert adapted.test is None
    heard = adapted.bundle.metadata.heard
    assert set(model.metadata.heard.speakers) < set(heard.speakers)
    assert "me" in heard.speakers
    assert [source.use for source in config.data.sources] == ["train", "reject"]
    assert (config.training.select, config.network) == ("last", model.config.network)


@pytest.mark.train
def test_the_weights_go_part_of_the_way_back(model: Bundle, tmp_path: Path) -> None:
    mine = own(tmp_path / "mine", "37")
    config = adapt_config(model).override({"training.epochs": 1, "training.clips_per_epoch": 32})
    assert config.training.start_share > 0

    def adapted(share: float) -> Arrays:
        there = config.override({"training.start_share": share})
        out = train(mine, there, tmp_path / f"adapted-{share}", TrainOptions(start=model.path)).bundle
        return load_weights(out.read(WEIGHTS))

    start, far, half, back = load_weights(model.read(WEIGHTS)), adapted(0.0), adapted(0.5), adapted(1.0)
    assert np.abs(far["output/kernel"] - start["output/kernel"]).max() > 1e-4
    for name, array in start.items():
        np.testing.assert_allclose(half[name], (far[name] + array) / 2, atol=1e-6)
        np.testing.assert_allclose(back[name], array, atol=1e-6)


@pytest.mark.train
def test_the_weights_go_no_further_than_own_clips_need(model: Bundle, tmp_path: Path) -> None:
    mine = own(tmp_path / "mine", "37")
    config = adapt_config(model).override({"training.epochs": 2, "training.clips_per_epoch": 64})

    def adapted(name: str, enough: float | None, back: float = 0.0) -> tuple[Arrays, float]:
        there = config.override({"training.enough_loss": enough, "training.start_share": back})
        out = train(mine, there, tmp_path / name, TrainOptions(start=model.path)).bundle
        recognizer, clips = Recognizer(out, threshold=0.0), sorted(mine.iterdir())
        losses = [-np.log((recognizer.predict(clip).probabilities or {})[clip.name[0]]) for clip in clips]
        return load_weights(out.read(WEIGHTS)), float(np.mean(losses))

    (far, least), (near, most) = adapted("far", None), adapted("near", 10.0)
    start = load_weights(model.read(WEIGHTS))
    assert least < most
    between, loss = adapted("between", (least + most) / 2)
    never, _ = adapted("never", 1e-6, 0.5)
    share = np.abs(between["output/kernel"] - far["output/kernel"]).sum()
    share /= np.abs(start["output/kernel"] - far["output/kernel"]).sum()
    assert 0.04 < share < 0.9
    assert loss <= (least + most) / 2
    for name, array in start.items():
        np.testing.assert_allclose(near[name], far[name] + 0.9 * (array - far[name]), atol=1e-6)
        np.testing.assert_allclose(never[name], (far[name] + array) / 2, atol=1e-6)


@pytest.mark.train
@pytest.mark.parametrize("enough", [0.02, None])
def test_a_voice_of_which_nothing_can_be_heard_is_told_at_once(
    enough: float | None, model: Bundle, tmp_path: Path
) -> None:
    for label in "05":
        (tmp_path / "mine").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "mine" / f"{label}_me_0.wav", np.zeros(4000), 8000)
    config = adapt_config(model).override({"training.enough_loss": enough})
    told = r"mine: none of 2 recordings that would train can be used \(no speech found"
    with pytest.raises(TrainingError, match=told):
        train(tmp_path / "mine", config, tmp_path / "out", TrainOptions(start=model.path))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == []


@pytest.mark.train
def test_the_library_adapts_by_itself(model: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adaptation.RECIPE, "training.epochs", 1)
    monkeypatch.setitem(adaptation.RECIPE, "training.clips_per_epoch", 32)
    adapted = train(own(tmp_path / "mine", "05"), out=tmp_path / "adapted", options=TrainOptions(start=model.path))
    assert len(adapted.history) == 1
    assert {Path(s.path).name for s in adapted.bundle.config.data.sources} == {"voices", "words"}


@pytest.mark.train
def test_a_model_of_strings_adapts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SMALL | {"network.conv": [{"filters": 8, "kernel_size": 3, "stride": 3}], "data.sources": []}
    small |= {"training.epochs": 1, "training.clips_per_epoch": 16, "strings.n_digits": 2, "strings.margin": 0.1}
    mine = own(tmp_path / "mine", "0123456789", 1)
    strings = train(mine, Config.load("strings", small), tmp_path / "strings").bundle
    monkeypatch.setitem(adaptation.RECIPE, "training.epochs", 1)
    monkeypatch.setitem(adaptation.RECIPE, "training.clips_per_epoch", 16)
    adapted = train(mine, out=tmp_path / "adapted", options=TrainOptions(start=strings.path)).bundle
    assert adapted.metadata.kind == "strings"
    config = adapted.config
    assert (config.training.distillation, config.training.enough_loss, config.training.start_share) == (1.0, None, 0.35)
    assert {Path(source.path).name for source in config.data.sources} == {"voices", "words", "numbers"}
    # whole numbers teach, too
    assert [len(one.label) > 1 for one in read_corpus(rehearsal_folder(adaptation.REHEARSAL[-1])).clips] == [True, True]
    assert {source.name: source.n_clips for source in adapted.metadata.sources}["numbers"] == 2


def test_other_words_on_an_adapted_model_have_no_answers_to_keep(tmp_path: Path) -> None:
    golden = read_bundle(GOLDEN)
    adapted = golden.config.override({"training.distillation": 1.0, "data.sources": [{"path": "gone", "use": "train"}]})
    files = {name: golden.read(name) for name in golden.metadata.sha256} | {"config.yaml": adapted.dump().encode()}
    config = own_config(write_bundle(tmp_path / "adapted", files, golden.metadata))
    assert (config.training.distillation, config.data.sources) == (0.0, ())
    assert config.override({"data.sources": adapted.data.sources, "training.distillation": 1.0}) == adapted


def test_only_models_made_for_strangers_adapt_and_only_to_their_labels(tmp_path: Path) -> None:
    corpus = read_corpus(own(tmp_path / "mine", "05"))
    golden = read_bundle(GOLDEN)
    assert not adapts(golden, corpus)  # trained on clips as they are
    assert choose_split(None, golden, corpus, DEFAULT) is None
    assert choose_split("clip", golden, corpus, DEFAULT) == "clip"
    # of three recordings of a word none is to spare, whatever the model answered before
    words = replace(corpus, clips=tuple(replace(clip, label=f"word{clip.label}") for clip in corpus.clips))
    assert choose_split(None, golden, words, DEFAULT) == "none"
    assert choose_split(None, None, words, DEFAULT) is None


def test_a_folder_without_labels_has_none_to_spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, start = read_corpus(own(tmp_path / "mine", "05")), read_bundle(GOLDEN)
    monkeypatch.setattr(adaptation, "adapts", lambda *_: True)
    assert choose_split(None, start, corpus, DEFAULT) == "none"
    assert choose_split(None, start, replace(corpus, clips=()), DEFAULT) is None


def test_of_strings_nobody_is_kept_unless_somebody_says_so(tmp_path: Path) -> None:
    corpus, strings = read_corpus(own(tmp_path / "mine", "05", 12)), Config.load("strings")
    assert choose_split(None, None, corpus, strings) == "none"
    assert choose_split("clip", None, corpus, strings) == "clip"
    assert choose_split(None, None, replace(corpus, splits={}), strings) is None
    assert choose_split(None, None, corpus, DEFAULT) is None


def test_none_lets_every_clip_train(tmp_path: Path) -> None:
    corpus = read_corpus(own(tmp_path / "mine", "05"))
    split = split_corpus(corpus, "none", 0)
    assert (len(split.train), split.valid, split.test, split.method) == (4, (), (), "none")


def test_the_recipe_is_known_to_the_configuration() -> None:
    config = Config.load("default").override(adaptation.RECIPE)
    assert config.training.select == "last"
    assert config.training.patience is None
