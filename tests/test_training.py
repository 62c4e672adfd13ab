"""Training as a whole, on tones: what is written, what is refused, what an interruption costs."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from speechrnn.bundle import WEIGHTS, read_bundle, write_bundle
from speechrnn.config import Config
from speechrnn.corpus.clips import clip_hash
from speechrnn.errors import BundleError, ConfigError, CorpusError, SpeechRNNError, TrainingError
from speechrnn.evaluation import evaluate
from speechrnn.history import parse_history
from speechrnn.metadata import Synthetic
from speechrnn.places import find_model
from speechrnn.recognizer import Recognizer, load
from speechrnn.training import Listener, Trained, TrainOptions, train
from speechrnn.training.export import to_onnx
from speechrnn.training.fitting import Step
from speechrnn.training.network import build_network
from speechrnn.training.reference import check_parity
from speechrnn.training.startup import import_heavy
from speechrnn.training.weights import load_weights, save_weights
from tests.bundles import SAMPLES

pytestmark = pytest.mark.train

SMALL = {
    "network.conv": [{"filters": 8, "kernel_size": 3}],
    "network.recurrent.units": 8,
    "network.rejection": False,
    "augmentation": None,
    "training.clips_per_epoch": None,
    "training.epochs": 4,
    "training.learning_rate": 0.02,
    "training.batch_size": 8,
}
Corpus = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def config() -> Config:
    return Config.load("default", SMALL)


@dataclass(frozen=True)
class First:
    """A training that several tests look at; each starts from a copy of its bundle."""

    corpus: Path
    trained: Trained

    def copy_to(self, path: Path) -> Path:
        return Path(shutil.copytree(self.trained.bundle.path, path))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    folder = tmp_path_factory.mktemp("first")
    for i, label in enumerate("012"):
        for j, speaker in enumerate(("ann", "bob", "cyd")):
            for k in range(3):
                t = np.arange(2400) / 8000
                tone = 0.5 * np.sin(2 * np.pi * (300 * (i + 1) + 10 * j + k) * t)
                (folder / "tones").mkdir(exist_ok=True)
                soundfile.write(folder / "tones" / f"{label}_{speaker}_{k}.wav", tone, 8000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHRNN_HOME", str(folder / "home"))
        return First(folder / "tones", train(folder / "tones", Config.load("default", SMALL), folder / "model"))


class Interrupt(Listener):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def fitting(self, step: Step) -> None:
        if step.epoch == self.epoch and step.step == 2:
            raise KeyboardInterrupt


def weights_of(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    return dict(load_weights(read_bundle(path).read(WEIGHTS)))


def test_a_bundle_recognises_the_tones_that_trained_it(tone_corpus: Corpus, tmp_path: Path) -> None:
    config = Config.load("default", SMALL | {"training.epochs": 30})
    trained = train(tone_corpus(speakers=("ann", "bob", "cyd", "dee"), n=5), config, tmp_path / "model")
    assert trained.test is not None
    assert trained.test.evaluation.accuracy == 1
    assert trained.test.evaluation.heard == "none"
    recognizer = load(tmp_path / "model")
    for clip in trained.split.test:
        assert recognizer.predict(clip.path).label == clip.label


def test_without_augmentation_words_that_lie_there_are_refused(tone_corpus: Corpus, tmp_path: Path) -> None:
    folder = tone_corpus(speakers=("ann", "bob", "cyd"), n=4)
    rng = np.random.default_rng(0)
    (folder / "unknown").mkdir()
    for k in range(12):
        soundfile.write(folder / "unknown" / f"hiss_{k}.wav", 0.1 * rng.standard_normal(2400), 8000)
    shares = {"data.rejection.words": 0.4, "network.rejection": True, "training.epochs": 12}
    config = Config.load("default", SMALL | shares)
    trained = train(folder, config, tmp_path / "model", TrainOptions(split="clip"))
    recognizer = load(tmp_path / "model")
    known = [recognizer.predict(clip.path).known or 0.0 for clip in trained.split.train]
    hiss = [recognizer.predict(path).known or 0.0 for path in sorted((folder / "unknown").iterdir())]
    assert np.mean(hiss) < 0.5 < np.mean(known)


def test_other_labels_start_from_a_model_whose_sources_lie_elsewhere(
    first: First, tone_corpus: Corpus, tmp_path: Path
) -> None:
    made = first.trained.bundle
    away = made.config.override({"data.sources": [{"path": "nothere", "use": "train"}]}).dump()
    files = {name: made.read(name) for name in made.metadata.sha256} | {"config.yaml": away.encode()}
    start = write_bundle(tmp_path / "start", files, made.metadata).path
    folder = tone_corpus(labels=("3", "4"), n=3)
    trained = train(folder, out=tmp_path / "model", options=TrainOptions(start=start, split="none"))
    assert trained.bundle.labels == ("3", "4")


def test_what_trained_is_in_the_bundle(first: First, config: Config) -> None:
    trained, bundle = first.trained, read_bundle(first.trained.bundle.path)
    bundle.verify()
    heard = bundle.metadata.heard
    used = [*trained.split.train, *trained.split.valid]
    assert set(heard.speakers) == {clip.speaker for clip in used}
    assert set(heard.clips) == {clip_hash(clip.path) for clip in used}
    assert (heard.real, heard.unnamed) == (len(used), 0)
    assert bundle.config == config
    assert bundle.labels == ("0", "1", "2")
    assert parse_history(bundle.read("history.csv").decode()) == trained.history
    assert bundle.read("history.png").startswith(b"\x89PNG")
    assert json.loads(bundle.read("metrics.json"))["n_clips"] == len(trained.split.test)
    assert bundle.metadata.n_parameters == sum(a.size for a in weights_of(bundle.path).values())
    assert not list(bundle.path.parent.glob("*.unfinished"))


def test_same_seed_same_weights_and_another_seed_others(first: First, config: Config, tmp_path: Path) -> None:
    train(first.corpus, config, tmp_path / "same")
    train(first.corpus, Config.load("default", SMALL | {"training.seed": 1}), tmp_path / "other")
    a, b, c = (weights_of(path) for path in (first.trained.bundle.path, tmp_path / "same", tmp_path / "other"))
    assert all(np.array_equal(a[key], b[key]) for key in a)
    assert not np.array_equal(a["output/kernel"], c["output/kernel"])


def test_an_interrupted_training_ends_with_the_weights_of_an_uninterrupted_one(
    first: First, config: Config, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        train(first.corpus, config, out, listener=Interrupt(epoch=3))
    assert not out.exists()
    with pytest.raises(TrainingError, match=r"unfinished training\. Go on with --resume"):
        train(first.corpus, config, out)
    other = Config.load("default", SMALL | {"training.epochs": 9})
    with pytest.raises(TrainingError, match="another configuration or other clips"):
        train(first.corpus, other, out, TrainOptions(resume=True))
    resumed: list[int] = []

    class Note(Listener):
        def resuming(self, epoch: int) -> None:
            resumed.append(epoch)

        def fitting(self, step: Step) -> None:
            resumed.append(step.epoch)

        def fitted(self, n_epochs: int, best: int) -> None:
            ended.append((n_epochs, best))

    ended: list[tuple[int, int]] = []
    trained = train(first.corpus, config, out, TrainOptions(resume=True), Note())
    assert resumed[0] == 2  # two epochs were kept, the third began anew
    assert set(resumed[1:]) == {3, 4}
    assert ended == [(4, trained.best)]
    assert [row.epoch for row in trained.history] == [1, 2, 3, 4]
    a, b = weights_of(first.trained.bundle.path), weights_of(out)
    assert all(np.array_equal(a[key], b[key]) for key in a)


def test_the_best_weights_are_kept(tone_corpus: Corpus, tmp_path: Path) -> None:
    config = Config.load("default", SMALL | {"training.epochs": 8, "training.patience": 2})
    data = tone_corpus(n=6)
    for path in data.glob("*_[135].wav"):  # half of the labels are wrong, so that what is learnt by heart does harm
        label, speaker, number = path.stem.split("_")
        path.rename(data / f"{(int(label) + 1) % 3}_{speaker}_{number}0.wav")
    trained = train(data, config, tmp_path / "model", TrainOptions(split="clip"))
    losses = [row.valid_loss for row in trained.history if row.valid_loss is not None]
    # the loss of the weights that were kept, on the validation clips, is the least of all
    recognizer = load(tmp_path / "model")
    answers = [recognizer.predict(clip.path).probabilities or {} for clip in trained.split.valid]
    kept = -np.mean([np.log(p[clip.label]) for p, clip in zip(answers, trained.split.valid, strict=True)])
    assert kept == pytest.approx(min(losses), abs=1e-3)
    best = losses.index(min(losses))
    assert len(losses) - 1 - best == 2
    assert trained.best == best + 1


def test_existing_bundles_are_replaced_only_by_force(first: First, tmp_path: Path) -> None:
    out = first.copy_to(tmp_path / "model")
    before = weights_of(out)
    other = Config.load("default", SMALL | {"training.seed": 5, "training.epochs": 2})
    with pytest.raises(BundleError, match="exists already"):
        train(first.corpus, other, out)
    with pytest.raises(KeyboardInterrupt):  # force takes effect at the end: an interruption keeps the old one
        train(first.corpus, other, out, TrainOptions(force=True), Interrupt(epoch=2))
    assert all(np.array_equal(before[k], v) for k, v in weights_of(out).items())
    train(first.corpus, other, out, TrainOptions(force=True))
    assert not np.array_equal(before["output/kernel"], weights_of(out)["output/kernel"])


def test_training_from_a_bundle_starts_with_its_weights(first: First, tmp_path: Path) -> None:
    tiny_step = Config.load("default", SMALL | {"training.epochs": 1, "training.learning_rate": 1e-9})
    train(first.corpus, tiny_step, tmp_path / "second", TrainOptions(start=first.trained.bundle.path))
    a, b = weights_of(first.trained.bundle.path), weights_of(tmp_path / "second")
    assert all(np.allclose(a[key], b[key], atol=1e-6) for key in a)


def test_what_the_first_bundle_heard_the_second_has_heard_too(
    first: First, write_tone: Callable[..., Path], tmp_path: Path
) -> None:
    for label, hz in (("0", 310), ("1", 620), ("2", 930)):
        for i in range(4):
            write_tone(tmp_path / "more" / f"{label}_eve_{i}.wav", hz=hz + 3 * i)
    config = Config.load("default", SMALL | {"training.epochs": 1})
    train(tmp_path / "more", config, tmp_path / "second", TrainOptions(start=first.trained.bundle.path))
    before, after = first.trained.bundle.metadata, read_bundle(tmp_path / "second").metadata
    assert set(after.heard.speakers) == {*before.heard.speakers, "eve"}
    assert set(before.heard.clips) < set(after.heard.clips)
    assert [source.name for source in after.sources] == ["tones", "more"]
    assert evaluate(first.corpus, tmp_path / "second").heard == "clips"


def test_voices_of_a_synthetic_folder_are_heard_by_name(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLES, tmp_path / "synth"))
    for path in sorted(folder.glob("*_0.wav")):
        shutil.copy(path, path.with_name(path.name.replace("_0.wav", "_1.wav")))
        shutil.copy(path, path.with_name(path.name.replace("_0.wav", "_2.wav")))
    tiny = Config.load("default", SMALL | {"training.epochs": 1})
    bundle = train(folder, tiny, tmp_path / "model", TrainOptions(split="speaker")).bundle
    assert bundle.metadata.heard.synthetic == (Synthetic("espeak-ng", 2, 20),)
    assert bundle.metadata.heard.real == 0
    assert bundle.metadata.heard.clips == ()  # the seed makes them again
    assert evaluate(folder, bundle.path).heard == "speakers"


def test_a_graph_that_gives_no_numbers_is_not_written(first: First, tmp_path: Path) -> None:
    spoilt = {name: np.full_like(array, np.nan) for name, array in weights_of(first.trained.bundle.path).items()}
    bundle = first.trained.bundle
    files = {
        "model.onnx": to_onnx(bundle.config, spoilt, 3),
        "labels.json": bundle.read("labels.json"),
        "config.yaml": bundle.read("config.yaml"),
        WEIGHTS: save_weights(spoilt),
    }
    nan = write_bundle(tmp_path / "nan", files, bundle.metadata)
    with pytest.raises(SpeechRNNError, match=r"no numbers|differs from Keras by nan"):
        check_parity(nan, [next(first.corpus.glob("*.wav"))])


@pytest.mark.parametrize(("name", "seen"), [("bogus", "'bogus', needed tensorflow, jax, torch"), ("numpy", "'numpy'")])
def test_a_backend_that_cannot_train_is_refused(name: str, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(TrainingError, match=f"KERAS_BACKEND is {seen}"):
        import_heavy()


def test_a_backend_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(TrainingError, match="KERAS_BACKEND is torch, which is not installed"):
        import_heavy()


def test_a_path_that_is_empty_is_not_this_folder(first: First, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(next(first.corpus.glob("*.wav")), tmp_path)
    with pytest.raises(CorpusError, match="the path of the recordings is empty"):
        train("")
    with pytest.raises(CorpusError, match="the path of the recordings is empty"):
        evaluate("", first.trained.bundle.path)
    with pytest.raises(BundleError, match="the path of the model to be is empty"):
        train(first.corpus, out="")


def test_filters_without_frequencies_are_refused_before_any_work(first: First, tmp_path: Path) -> None:
    config = Config.load("default", SMALL | {"features.n_mels": 256})
    with pytest.raises(ConfigError, match="n_mels is 256"):
        train(first.corpus, config, tmp_path / "model", listener=Interrupt(epoch=1))
    assert list(tmp_path.iterdir()) == []


def test_new_labels_get_a_new_head_on_the_old_body(
    first: First, write_tone: Callable[..., Path], tmp_path: Path
) -> None:
    for label, hz in (("go", 700), ("stop", 1500)):
        for i in range(5):
            write_tone(tmp_path / "words" / label / f"{i}.wav", hz=hz + i)
    tiny_step = Config.load("default", SMALL | {"training.epochs": 1, "training.learning_rate": 1e-9})
    train(tmp_path / "words", tiny_step, tmp_path / "second", TrainOptions(start=first.trained.bundle.path))
    a, b = weights_of(first.trained.bundle.path), weights_of(tmp_path / "second")
    assert read_bundle(tmp_path / "second").labels == ("go", "stop")
    assert b["output/kernel"].shape == (32, 2)
    assert np.allclose(a["conv_0/kernel"], b["conv_0/kernel"], atol=1e-6)


def test_without_a_place_each_training_gets_its_own_and_the_last_is_used(first: First, home: Path) -> None:
    config = Config.load("tutorial", {"training.epochs": 1, "network.recurrent.units": 4})
    earlier = train(first.corpus, config).bundle.path
    later = train(first.corpus, config).bundle.path
    assert earlier != later
    assert earlier.is_dir()
    assert find_model() == later
    assert home in later.parents
    assert Recognizer(read_bundle(find_model("digits"))).labels == ("0", "1", "2")


def test_clips_that_cannot_be_read_are_told_and_the_others_train(
    tone_corpus: Corpus, config: Config, tmp_path: Path
) -> None:
    corpus = tone_corpus(n=6)
    (corpus / "1_ann_90.wav").write_bytes(b"no sound at all")
    trained = train(corpus, config, tmp_path / "model", TrainOptions(split="clip", force=True))
    named = {item.clip.path.name for item in trained.unreadable}
    skipped = {Path(skip.path).name for skip in (trained.test.evaluation.skipped if trained.test else ())}
    assert named | skipped == {"1_ann_90.wav"}


def test_a_label_without_a_readable_clip_is_refused(tone_corpus: Corpus, config: Config, tmp_path: Path) -> None:
    corpus = tone_corpus()
    for path in corpus.glob("1_*"):
        path.write_bytes(b"")
    with pytest.raises(TrainingError, match="no clip of the label 1 could be read"):
        train(corpus, config, tmp_path / "model")


@pytest.mark.parametrize(
    ("corpus", "needed"), [(("6", ("ann", "bob"), 3), "one label"), (("01", ("ann",), 1), "clips")]
)
def test_too_little_is_refused(
    tone_corpus: Corpus, config: Config, tmp_path: Path, corpus: tuple[str, tuple[str, ...], int], needed: str
) -> None:
    with pytest.raises(CorpusError, match=needed):
        train(tone_corpus(*corpus), config, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_loss_that_is_no_number_stops_the_training(tone_corpus: Corpus, config: Config, tmp_path: Path) -> None:
    class Poison(Listener):
        def fitting(self, step: Step) -> None:
            if step.epoch == 1 and step.step == 1:
                for layer in poisoned[0].layers:
                    for variable in layer.weights:
                        variable.assign(np.full(variable.shape, np.nan))

    poisoned: list[keras.Model] = []

    def spy(config: Config, n_labels: int) -> keras.Model:
        poisoned.append(build_network(config, n_labels))
        return poisoned[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("speechrnn.training.inheritance.build_network", spy)
        with pytest.raises(
            TrainingError, match=r"the loss became nan \(validation nan\) in epoch 1, needed a finite number"
        ):
            train(tone_corpus(), config, tmp_path / "model", listener=Poison())
    assert not (tmp_path / "model").exists()


def test_the_default_recipe_learns_to_refuse_and_goes_on_after_an_interruption(first: First, tmp_path: Path) -> None:
    """Augmentation, noise, words and the second output at once: same weights again, and through an interruption."""
    small = {key: value for key, value in SMALL.items() if key.startswith("network.") and key != "network.rejection"}
    shutil.copytree(first.corpus, tmp_path / "tones")
    (tmp_path / "tones" / "unknown").mkdir()
    for i in range(3):
        noise = np.random.default_rng(i).normal(0, 0.1, 2400)
        soundfile.write(tmp_path / "tones" / "unknown" / f"hiss{i}.wav", noise, 8000)
    config = Config.load("default", small | {"training.epochs": 3, "training.clips_per_epoch": 64})
    whole = train(tmp_path / "tones", config, tmp_path / "whole")

    class Impatient(Listener):
        def fitting(self, step: Step) -> None:
            if step.epoch == 2 and step.step == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "tones", config, tmp_path / "parted", listener=Impatient())
    parted = train(tmp_path / "tones", config, tmp_path / "parted", TrainOptions(resume=True))
    assert whole.bundle.read(WEIGHTS) == parted.bundle.read(WEIGHTS)
    answer = Recognizer(whole.bundle).predict(tmp_path / "tones" / "0_ann_0.wav")
    assert answer.known is not None
    assert 0 < answer.known < 1
    assert whole.bundle.metadata.heard.real == 18 + 3
