"""Sources: what trains, what validates, what is refused, and whose clips are left out."""

import shutil
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.fft
import soundfile

from speechrnn.config import Config
from speechrnn.corpus.clips import clip_hash
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import list_noises
from speechrnn.corpus.splits import split_corpus
from speechrnn.errors import CorpusError
from speechrnn.training.assembly import describe, fingerprint
from speechrnn.training.features import Example
from speechrnn.training.feed import Feed
from speechrnn.training.inheritance import first_network
from speechrnn.training.material import Gathered, gather
from speechrnn.training.spectra import power_spectrum
from tests.signals import word

DEFAULT = Config.load("default")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))


def write(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, word(2400, seed), 8000)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two labels by three speakers, one other word, one noise."""
    for i, speaker in enumerate(("ann", "bob", "cyd")):
        for label in "01":
            for k in range(2):
                write(tmp_path / "main" / f"{label}_{speaker}_{k}.wav", 100 * i + 10 * int(label) + k)
    write(tmp_path / "main" / "unknown" / "tree.wav", 900)
    write(tmp_path / "main" / "_background_noise_" / "fan.wav", 901)
    return tmp_path / "main"


def collect(corpus: Path, *sources: dict[str, object], **overrides: object) -> Gathered:
    config = Config.load("default", {"data.sources": list(sources)} | overrides)
    read = read_corpus(corpus)
    return gather(read, split_corpus(read, "speaker", 0), config)


def test_folder_alone(corpus: Path) -> None:
    gathered = collect(corpus)
    material = gathered.material
    assert (len(material.train), len(material.valid), len(material.words), len(material.noises)) == (4, 4, 1, 1)
    assert {origin.source for origin in material.origins} == {0}
    assert all(example.spectrum is not None for example in material.train)
    assert gathered.unreadable == ()


def test_sources_add_clips_words_and_noise(corpus: Path, tmp_path: Path) -> None:
    write(tmp_path / "more" / "0_dan_0.wav", 801)  # the seeds of ann, bob and cyd end at 211: no clip is there twice
    write(tmp_path / "more" / "1_dan_0.wav", 802)
    write(tmp_path / "check" / "1_eve_0.wav", 803)
    write(tmp_path / "check" / "0_eve_0.wav", 805)
    write(tmp_path / "stop" / "stop" / "a.wav", 804)
    write(tmp_path / "noise" / "rain.wav", 806)
    gathered = collect(
        corpus,
        {"path": str(tmp_path / "more"), "weight": 3.0},
        {"path": str(tmp_path / "check"), "use": "valid"},
        {"path": str(tmp_path / "stop"), "use": "reject"},
        {"path": str(tmp_path / "noise"), "use": "noise"},
    )
    material = gathered.material
    assert (len(material.train), len(material.valid), len(material.words), len(material.noises)) == (6, 6, 2, 2)
    assert [origin.weight for origin in material.origins] == [1.0] * 4 + [3.0] * 2
    origin = describe(gathered, "speaker", DEFAULT)
    assert [(source.name, source.n_clips) for source in origin.sources] == [
        ("main", 9), ("more", 2), ("check", 2), ("stop", 1), ("_background_noise_", 1), ("noise", 1),
    ]  # fmt: skip
    assert {"dan", "eve"} <= set(origin.heard.speakers)
    assert origin.heard.real == 14
    noises = (corpus / "_background_noise_" / "fan.wav", tmp_path / "noise" / "rain.wav")
    assert set(origin.heard.noises) == {clip_hash(path) for path in noises}  # which are nobody's voice


def test_a_speaker_kept_for_the_score_trains_in_no_source(corpus: Path, tmp_path: Path) -> None:
    for i, speaker in enumerate(("ann", "bob", "cyd")):
        for label in "01":
            write(tmp_path / "more" / f"{label}_{speaker}_9.wav", 500 + 10 * i + int(label))
    read = read_corpus(corpus)
    split = split_corpus(read, "speaker", 0)
    gathered = collect(corpus, {"path": str(tmp_path / "more")})
    [training] = {clip.speaker for clip in split.train}
    assert {example.clip.speaker for example in gathered.material.train} == {training}


@pytest.mark.parametrize("how", ["itself", "link", "copy"])
@pytest.mark.parametrize("use", ["train", "valid", "reject"])
def test_a_source_brings_in_nothing_that_is_kept(corpus: Path, tmp_path: Path, how: str, use: str) -> None:
    """The folder as its own source: by clips its voices train, so nothing but their clips can tell."""
    for label in "01":
        for k in range(2, 5):
            write(corpus / f"{label}_ann_{k}.wav", 300 + 10 * int(label) + k)
    again = corpus if how == "itself" else tmp_path / "again"
    if how == "link":
        again.symlink_to(corpus)
    elif how == "copy":
        shutil.copytree(corpus, again)
    read = read_corpus(corpus)
    split = split_corpus(read, "clip", 0)
    gathered = gather(read, split, Config.load("default", {"data.sources": [{"path": str(again), "use": use}]}))
    material, kept = gathered.material, {clip.path.name for clip in (*split.test, *split.valid)}
    used = [*material.train, *material.words, *material.kept_words]
    assert {example.clip.path.name for example in used}.isdisjoint(kept)
    assert [example.clip for example in material.valid[: len(split.valid)]] == list(split.valid)
    assert {example.clip.path.name for example in material.valid}.isdisjoint(clip.path.name for clip in split.test)
    assert all(len(example.features) for example in material.valid)
    trained = {clip.path.name for clip in split.train}
    assert {(one.clip.path.name, one.reason) for one in gathered.unreadable} == {
        *((name, "the same recording is kept for test or validation") for name in kept),
        *((name, "the same recording trains") for name in (trained if use == "valid" else ())),
    }
    assert {example.clip.path.name for example in used} >= trained


def test_of_a_speaker_kept_for_the_score_no_other_word_trains_either(corpus: Path, tmp_path: Path) -> None:
    for i, speaker in enumerate(("ann", "bob", "cyd", "eve")):
        write(corpus / "unknown" / f"house_{speaker}_0.wav", 600 + i)
        write(tmp_path / "stop" / f"stop_{speaker}_0.wav", 610 + i)
        write(tmp_path / "stop" / "unknown" / f"go_{speaker}_0.wav", 620 + i)
    read = read_corpus(corpus)
    [training] = {clip.speaker for clip in split_corpus(read, "speaker", 0).train}
    material = collect(corpus, {"path": str(tmp_path / "stop"), "use": "reject"}).material
    words = [example.clip for example in (*material.words, *material.kept_words)]
    assert sorted({(clip.path.parent.name, str(clip.speaker)) for clip in words}) == sorted(
        [("unknown", "None"), *((folder, name) for folder in ("stop", "unknown") for name in (str(training), "eve"))]
    )
    assert len(words) == 1 + 3 * 2


def test_only_unnamed_speakers_of_labels_make_every_voice_one_that_may_be_heard(corpus: Path, tmp_path: Path) -> None:
    write(tmp_path / "stop" / "stop" / "a.wav", 4)
    write(tmp_path / "more" / "0" / "a.wav", 5)
    write(tmp_path / "more" / "1" / "b.wav", 6)
    stop: dict[str, object] = {"path": str(tmp_path / "stop"), "use": "reject"}
    assert describe(collect(corpus, stop), "speaker", DEFAULT).heard.unnamed == 0
    gathered = collect(corpus, stop, {"path": str(tmp_path / "more")})
    assert describe(gathered, "speaker", DEFAULT).heard.unnamed == 2


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ([f"rec_{i:03}" for i in range(10)], {"rec_004", "rec_009"}),
        ([f"ab{i}_nohash_{k}" for i in range(5) for k in range(2)], {"ab2_nohash_0", "ab4_nohash_1"}),
        ([f"{said}_eve_{k}" for said in "abcdefg" for k in range(2)], {"e_eve_0", "e_eve_1"}),
    ],
)
def test_every_fifth_other_word_is_kept_by_its_name(corpus: Path, names: list[str], kept: set[str]) -> None:
    (corpus / "unknown" / "tree.wav").unlink()
    for i, name in enumerate(names):
        write(corpus / "unknown" / f"{name}.wav", 700 + i)
    material = collect(corpus).material
    assert {example.clip.path.stem for example in material.kept_words} == kept
    assert len(material.words) + len(material.kept_words) == len(names)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_a_list_says_what_other_words_and_noises_are_for_too(corpus: Path, *, beside: bool, named: bool) -> None:
    """Whether it is the corpus itself, or splits the folder."""
    for name in ("house", "door"):
        write(corpus / "unknown" / f"{name}.wav", 910 + len(name))
    write(corpus / "_background_noise_" / "rain.wav", 920)
    rows = [f"{clip.name},{clip.name[0]},{clip.name[2:5]}" for clip in sorted(corpus.glob("*.wav"))]
    parts = {"ann": "train", "bob": "valid", "cyd": "test"}
    rows = [f"{row},{parts[row[-3:]]}" for row in rows]
    rows += [
        f"unknown/{name}.wav,UNKNOWN,{speaker if named else ''},{part}"
        for name, (speaker, part) in zip(("tree", "house", "door"), parts.items(), strict=True)
    ]
    rows += [
        f"_background_noise_/{name},_background_noise_,,{part}"
        for name, part in (("fan.wav", "test"), ("rain.wav", "train"))
    ]
    (corpus / "list.csv").write_text("\n".join(["path,label,speaker,split", *rows]))
    read = read_corpus(corpus if beside else corpus / "list.csv")
    split = split_corpus(read, str(corpus / "list.csv") if beside else None, 0)
    material = gather(read, split, DEFAULT).material
    assert {example.clip.path.stem for example in material.words} == {"tree"}
    assert {example.clip.path.stem for example in material.kept_words} == {"house"}
    assert [noise.path.stem for noise in material.noises] == ["rain"]


def test_words_are_kept_where_a_source_validates(corpus: Path, tmp_path: Path) -> None:
    for i in range(5):
        write(corpus / "unknown" / f"word{i}_dan_0.wav", 930 + i)
    write(tmp_path / "more" / "0_eve_0.wav", 940)
    read = read_corpus(corpus)
    config = Config.load("default", {"data.sources": [{"path": str(tmp_path / "more"), "use": "valid"}]})
    material = gather(read, split_corpus(read, "none", 0), config).material
    assert (len(material.valid), len(material.kept_words)) == (1, 1)
    # where nobody validates nothing could be set on them, so all train
    alone = gather(read, split_corpus(read, "none", 0), DEFAULT).material
    assert (len(alone.kept_words), len(alone.words)) == (0, 6)


def test_labels_that_the_folder_lacks_are_listed_not_guessed(corpus: Path, tmp_path: Path) -> None:
    write(tmp_path / "more" / "7_dan_0.wav", 1)
    write(tmp_path / "more" / "0_dan_0.wav", 2)
    gathered = collect(corpus, {"path": str(tmp_path / "more")})
    assert gathered.material.labels == ("0", "1")
    [left] = gathered.unreadable
    assert left.reason == f"its label 7 is not in {corpus}"


def test_a_source_that_is_not_there_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere"):
        collect(corpus, {"path": str(tmp_path / "nowhere")})
    (tmp_path / "quiet").mkdir()
    with pytest.raises(CorpusError, match="no recordings of noise"):
        collect(corpus, {"path": str(tmp_path / "quiet"), "use": "noise"})


def test_noise_of_a_manifest_is_taken_by_its_split(tmp_path: Path) -> None:
    for i, name in enumerate(("a.wav", "b.wav", "c.wav")):
        write(tmp_path / name, i)
    (tmp_path / "manifest.csv").write_text("file,kind,split\na.wav,rain,train\nb.wav,rain,test\nc.wav,rain,train\n")
    assert [path.name for path in list_noises(tmp_path, "train")] == ["a.wav", "c.wav"]
    assert [path.name for path in list_noises(tmp_path)] == ["a.wav", "b.wav", "c.wav"]
    with pytest.raises(CorpusError, match="no row of the split valid"):
        list_noises(tmp_path, "valid")
    (tmp_path / "manifest.csv").write_text("name,part\na.wav,train\n")
    with pytest.raises(CorpusError, match="has the columns name, part, needed file and split"):
        list_noises(tmp_path, "train")
    (tmp_path / "manifest.csv").write_text("split,file\ntrain\n")
    with pytest.raises(CorpusError, match=r"manifest\.csv: has a row without a file\. Fill it in"):
        list_noises(tmp_path, "train")


def shapes_and_sums(feed: Feed, number: int) -> list[tuple[Any, ...]]:
    """What tells the batches of a pass from those of another."""
    return [(batch.inputs["mfcc"].shape, float(batch.inputs["mfcc"].sum())) for batch in feed.epoch(number)]


def test_passes_depend_on_seed_and_number_alone(corpus: Path) -> None:
    material = collect(corpus).material
    config = Config.load("default", {"training.clips_per_epoch": 50, "training.batch_size": 8})
    first, again = Feed(material, config), Feed(material, config)
    list(first.epoch(1))
    for a, b in zip(first.epoch(2), again.epoch(2), strict=True):
        np.testing.assert_array_equal(a.inputs["mfcc"], b.inputs["mfcc"])
        np.testing.assert_array_equal(a.targets, b.targets)
    other = Feed(material, config.override({"training.seed": 1}))
    passes = [shapes_and_sums(feed, number) for feed, number in ((first, 1), (first, 2), (other, 1))]
    assert not any(set(a) & set(b) for a, b in combinations(passes, 2))


def test_no_two_windows_of_a_pass_are_changed_alike(corpus: Path) -> None:
    """All clips are one recording, of one length: what they differ in is what was drawn for them."""
    material = collect(corpus).material
    one = material.train[0]
    train = [replace(one, clip=example.clip) for example in material.train]
    material = replace(material, train=train, words=[], word_origins=())
    shape = dict.fromkeys(("augmentation.tempo", "augmentation.placement", "augmentation.edges"))
    config = Config.load("default", {"training.clips_per_epoch": 400, "training.batch_size": 8, **shape})
    config = config.override({"data.rejection": {"words": 0.0, "noise": 0.0, "broken": 0.0}})
    rows = [row for batch in Feed(material, config).epoch(1) for row in batch.inputs["mfcc"]]
    assert len(rows) == len({row.tobytes() for row in rows}) == 400


@pytest.mark.parametrize(
    "change",
    ["nothing", "a clip", "a label", "its part", "an other word", "a weight", "a speaker", "a noise", "first weights"],
)
def test_everything_that_decides_a_training_is_in_its_fingerprint(change: str, corpus: Path) -> None:
    material = collect(corpus).material
    network = first_network(DEFAULT, material, None)
    before = fingerprint(network, material, DEFAULT)
    [one, *others], [origin, *more] = material.train, material.origins
    match change:
        case "a clip":
            material = replace(material, train=[replace(one, digest="0" * 16), *others])
        case "a label":
            material = replace(material, train=[replace(one, clip=replace(one.clip, label="1")), *others])
        case "its part":
            material = replace(material, train=others, origins=tuple(more), valid=[*material.valid, one])
        case "an other word":
            material = replace(material, words=material.words[1:], word_origins=material.word_origins[1:])
        case "a weight":
            material = replace(material, origins=(replace(origin, weight=9.0), *more))
        case "a speaker":
            material = replace(material, origins=(replace(origin, speaker="zoe"), *more))
        case "a noise":
            material = replace(material, noises=material.noises[1:])
        case "first weights":
            network.weights[0].assign(network.weights[0] + 1)
    assert (fingerprint(network, material, DEFAULT) == before) is (change == "nothing")


def test_a_source_that_validates_holds_nothing_that_trains(corpus: Path, tmp_path: Path) -> None:
    clips = read_corpus(corpus).clips
    write(tmp_path / "more" / "0_zoe_1.wav", 950)
    shutil.copy(clips[0].path, tmp_path / "more" / "0_zoe_0.wav")
    config = Config.load("default", {"data.sources": [{"path": str(tmp_path / "more"), "use": "valid"}]})
    read = read_corpus(corpus)
    gathered = gather(read, split_corpus(read, "none", 0), config)
    assert [example.clip.path.name for example in gathered.material.valid] == ["0_zoe_1.wav"]
    assert [(one.clip.path.name, one.reason) for one in gathered.unreadable] == [
        ("0_zoe_0.wav", "the same recording trains")
    ]


def test_a_pass_has_as_many_clips_as_it_says_and_targets_agree(corpus: Path) -> None:
    config = Config.load("default", {"training.clips_per_epoch": 200})
    batches = list(Feed(collect(corpus).material, config).epoch(1))
    assert sum(map(len, batches)) == 200
    targets = np.concatenate([batch.targets for batch in batches])
    known = np.concatenate([batch.known for batch in batches])
    np.testing.assert_array_equal(targets.sum(axis=1), known)
    assert (1 - known).sum() == round(200 * (0.15 + 0.05 + 0.08))


def test_each_row_of_a_batch_is_taught_as_what_it_is(corpus: Path) -> None:
    """One label is all low, the other all high: through windows, trimming and sorting they stay with their targets."""
    parts = ("placement", "noise", "reverberation", "channel", "masking", "warp")
    quiet = {f"augmentation.{part}": None for part in parts}
    sizes = {"training.clips_per_epoch": 160, "training.batch_size": 8}
    config = Config.load("default", quiet | sizes | {"data.rejection": {"words": 0.2, "noise": 0.0, "broken": 0.0}})
    material = collect(corpus).material
    t, hertz = np.arange(3000) / 8000, {"0": 500.0, "1": 2500.0}

    def tone(example: Example) -> Example:
        y = np.sin(2 * np.pi * hertz.get(example.clip.label, 1300.0) * t).astype(np.float32)
        return replace(example, spectrum=power_spectrum(y, config.features))

    toned = replace(material, train=[*map(tone, material.train)], words=[*map(tone, material.words)])
    heard = []
    for batch in Feed(toned, config).epoch(1):
        for features, n, target in zip(batch.inputs["mfcc"], batch.inputs["n_frames"], batch.targets, strict=True):
            mel = scipy.fft.idct(np.pad(features[:n].mean(axis=0), (0, 20)), norm="ortho")
            heard.append((int(mel.argmax()), tuple(target)))
    assert len(heard) == 160
    places = {target: {place for place, of in heard if of == target} for _, target in heard}
    low, none, high = (places[target] for target in ((1, 0), (0, 0), (0, 1)))
    assert max(low) < min(none)
    assert max(none) < min(high)


def test_batches_hold_neighbours_by_the_lengths_that_are_left_after_trimming(corpus: Path) -> None:
    """Within what is made together no batch reaches into another, though noise decides what is trimmed."""
    config = Config.load("default", {"training.clips_per_epoch": 4 * 16, "training.batch_size": 16})
    feed = Feed(collect(corpus).material, config)
    for number in range(1, 6):
        lengths = [batch.inputs["n_frames"].tolist() for batch in feed.epoch(number)]
        lengths.sort(key=lambda one: (min(one), max(one)))
        assert [len(one) for one in lengths] == [16] * 4
        assert all(max(a) <= min(b) for a, b in pairwise(lengths))


def test_without_augmentation_each_clip_comes_once_as_it_is(corpus: Path) -> None:
    plain = {"augmentation": None, "training.clips_per_epoch": None, "network.rejection": False}
    material = collect(corpus, **plain).material
    assert material.train[0].spectrum is None
    feed = Feed(material, Config.load("default", plain))
    [batch] = list(feed.epoch(1))
    rows = [row[:n] for row, n in zip(batch.inputs["mfcc"], batch.inputs["n_frames"], strict=True)]
    for example in material.train:
        assert sum(row.shape == example.features.shape and np.array_equal(row, example.features) for row in rows) == 1
    assert len(feed.probe()) == len(material.train)


def test_a_source_that_is_not_there_is_told_as_one(corpus: Path) -> None:
    advice = (
        r"data\.sources names nothere, and there is no such folder .*; `make pretrained` makes those of the presets"
    )
    with pytest.raises(CorpusError, match=advice):
        collect(corpus, {"path": "nothere", "use": "train"})


def test_a_silent_noise_is_named_and_the_others_train(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "noise"
    folder.mkdir()
    soundfile.write(folder / "hiss.wav", 0.1 * np.random.default_rng(0).standard_normal(8000), 8000)
    soundfile.write(folder / "silence.wav", np.zeros(8000), 8000)
    gathered = collect(corpus, {"path": str(folder), "use": "noise"})
    assert [noise.path.name for noise in gathered.material.noises] == [
        "fan.wav",
        "hiss.wav",
    ]  # a fan lies in the corpus
    assert [one.clip.path.name for one in gathered.unreadable] == ["silence.wav"]
