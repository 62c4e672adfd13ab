"""benchmarks/farm.py trains elsewhere what is trained here: the same material, and the same steps."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import speechrnn
from speechrnn.bundle import WEIGHTS, read_bundle
from speechrnn.config import Config
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.splits import Split

pytestmark = pytest.mark.train


@pytest.fixture
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))


def write_config(folder: Path, source: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(
        f"training: {{epochs: 1, select: last}}\ndata:\n  sources:\n    - {{path: {source}, weight: 0.5}}\n"
    )
    return path


@pytest.mark.usefixtures("_benchmarks")
@pytest.mark.parametrize(("without", "n"), [(["bob"], 60), (["bob", "dan"], 40), ([], 80)])
def test_what_is_packed_trains_as_what_is_read(
    tone_corpus: Callable[..., Path], tmp_path: Path, without: list[str], n: int
) -> None:
    from speechrnn.training.material import gather

    farm = importlib.import_module("farm_pack")
    corpus = tone_corpus(labels="0123456789", speakers=("ann", "bob", "cyd", "dan"), n=2)
    source = tmp_path / "more"
    source.mkdir()
    for path in sorted(corpus.glob("*_cyd_*")):
        path.rename(source / path.name)
    config = write_config(tmp_path, source)
    job = farm.Job("one", str(config), without=without)
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(farm.Plan(str(corpus), [job])))
    farm.pack(plan, tmp_path / "pack")
    found = farm.Packed(tmp_path / "pack", spectra=True).gather(job)[0].material
    clips = read_corpus(corpus)
    kept = tuple(clip for clip in clips.clips if clip.speaker in without)
    split = Split(tuple(clip for clip in clips.clips if clip not in kept), (), kept, "speaker")
    expected = gather(clips, split, Config.load(config)).material
    assert len(found.train) == n
    assert (found.labels, found.origins) == (expected.labels, expected.origins)
    for one, other in zip(found.train, expected.train, strict=True):
        assert (one.clip, one.digest) == (other.clip, other.digest)
        assert np.array_equal(one.spectrum, other.spectrum)  # type: ignore[arg-type]  # augmentation has them


@pytest.mark.usefixtures("_benchmarks")
def test_a_job_splits_as_train_does_or_leaves_out_whom_there_is(
    tone_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    from speechrnn.corpus.splits import split_corpus

    farm, corpus = importlib.import_module("farm_pack"), tone_corpus(n=11)
    alone: dict[str, list[str]] = {"data.sources": []}
    official = farm.Job("one", "digits", split="official", settings=alone)
    nobody = farm.Job("two", "digits", without=["bbo"], settings=alone)
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(farm.Plan(str(corpus), [official, nobody])))
    farm.pack(plan, tmp_path / "pack")
    packed = farm.Packed(tmp_path / "pack", spectra=True)
    gathered, split = packed.gather(official)
    assert split == split_corpus(read_corpus(corpus), "official", 0)
    assert [one.clip for one in gathered.material.train] == list(split.train)
    assert len(split.train) == 9
    with pytest.raises(SystemExit, match=r"two leaves out \['bbo'\]"):
        packed.gather(nobody)


@pytest.mark.usefixtures("_benchmarks")
@pytest.mark.parametrize(
    "settings", [{"trim.max_loud": 0.5}, {"augmentation.overdrive.probability": 0.5}, {"features.n_mfcc": 12}]
)
def test_jobs_that_hear_otherwise_are_no_plan(
    tone_corpus: Callable[..., Path], tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Recordings are read once, as the first job asks: the others would train on what they do not hear."""
    farm, corpus = importlib.import_module("farm_pack"), tone_corpus(n=1)
    alone: dict[str, Any] = {"data.sources": []}
    jobs = [farm.Job("one", "digits", settings=alone), farm.Job("two", "digits", settings=alone | settings)]
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(farm.Plan(str(corpus), jobs)))
    with pytest.raises(SystemExit, match="differ in audio, trim, features or"):
        farm.pack(plan, tmp_path / "pack")
    assert not list((tmp_path / "pack").glob("*"))


@pytest.mark.usefixtures("_benchmarks")
def test_of_synthetic_voices_fewer_bits_travel(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    farm = importlib.import_module("farm_pack")
    corpus, source = tone_corpus(labels="0123456789", n=2), tmp_path / "more"
    source.mkdir()
    for path in sorted(corpus.glob("*_cyd_*")):
        path.rename(source / path.name)
    (source / "synthesis.json").write_text("{}")
    plan = tmp_path / "plan.yaml"
    jobs = [farm.Job("one", str(write_config(tmp_path, source)))]
    found = {}
    for bits in (16, 8):
        plan.write_bytes(msgspec.yaml.encode(farm.Plan(str(corpus), jobs, bits=bits)))
        farm.pack(plan, tmp_path / f"pack{bits}")
        found[bits] = farm.Packed(tmp_path / f"pack{bits}", spectra=True).gather(jobs[0])[0].material.train
    for whole, less in zip(found[16], found[8], strict=True):
        assert whole.clip == less.clip
        if whole.clip.speaker != "cyd":
            assert np.array_equal(whole.spectrum, less.spectrum)
            continue
        assert not np.array_equal(whole.spectrum, less.spectrum)
        # a step of 127 to the peak: noise 50 dB under a sine; where both meet, their product, which is larger
        off = np.sum(np.abs(whole.spectrum - less.spectrum)) / np.sum(whole.spectrum)
        assert off < 0.003


@pytest.mark.usefixtures("_benchmarks")
def test_what_goes_on_keeps_the_last_layer_where_it_answers_the_same(
    tone_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    farm, farm_pack = importlib.import_module("farm"), importlib.import_module("farm_pack")
    corpus, shipped = tone_corpus(labels="0123456789", n=1), Path(speechrnn.__file__).parent / "pretrained"
    alone: dict[str, list[str]] = {"data.sources": []}
    # recordings are read once for all jobs
    alike = {"trim.max_loud": Config.load("strings").trim.max_loud}
    jobs = [
        farm_pack.Job("other", "strings", bundle=str(shipped / "digits"), settings=alone),
        farm_pack.Job("same", "strings", bundle=str(shipped / "strings"), settings=alone),
        farm_pack.Job("after", "strings", after="earlier", settings=alone),
        farm_pack.Job("earlier", "digits", settings={**alone, **alike}),
    ]
    plan, (digits, strings) = tmp_path / "plan.yaml", (load_file(shipped / n / WEIGHTS) for n in ("digits", "strings"))
    plan.write_bytes(msgspec.yaml.encode(farm_pack.Plan(str(corpus), jobs)))
    farm_pack.pack(plan, tmp_path / "pack")
    packed = farm_pack.Packed(tmp_path / "pack", spectra=True)
    save_file(digits, tmp_path / "earlier.safetensors")
    other, same, after, earlier = (
        farm.first_weights(packed, job, packed.gather(job)[0].material, tmp_path) for job in jobs
    )
    assert all(np.array_equal(same[name], array) for name, array in strings.items())
    assert np.array_equal(other["conv_1/kernel"], digits["conv_1/kernel"])
    assert other["output/kernel"].shape == strings["output/kernel"].shape
    assert not np.array_equal(other["output/kernel"], strings["output/kernel"])
    # the seed decides what nothing else does
    assert all(np.array_equal(after[name], array) for name, array in other.items())
    assert not np.array_equal(earlier["conv_1/kernel"], digits["conv_1/kernel"])


@pytest.mark.usefixtures("_benchmarks")
@pytest.mark.filterwarnings(
    "ignore:CUDA initialization"
)  # PyTorch's answer to a machine without a GPU, beside TensorFlow
@pytest.mark.parametrize("name", ["digits", "strings"])
def test_a_twin_takes_the_steps_of_keras(name: str) -> None:
    from speechrnn.training import fitting, string_fitting, string_loss
    from speechrnn.training.network import build_network
    from speechrnn.training.weights import get_weights

    torch = pytest.importorskip("torch", reason="torch is not installed; `make torch-leg` has it")
    farm = importlib.import_module("farm_network")
    config = Config.load(name)
    config = msgspec.structs.replace(config, network=msgspec.structs.replace(config.network, dropout=0.0))
    network = build_network(config, 10)
    rng = np.random.default_rng(0)
    n_frames = rng.integers(40, 97, 8).astype(np.int32)
    inputs = {"mfcc": 20 * rng.normal(size=(8, 96, 20)).astype(np.float32), "n_frames": n_frames}
    twin = farm.Twin(config, get_weights(network))
    teacher = farm.Teacher(twin, config, n_steps=10)
    if name == "strings":
        inputs |= {"targets": rng.integers(1, 11, (8, 4)).astype(np.int32), "n_targets": np.full(8, 4, np.int32)}
        model = string_loss.add_loss(network)
        string_fitting._compile(model, config, 10)
        batch, rest = inputs, (np.zeros(8, np.float32),)
        weights: dict[str, object] = {}
    else:
        fitting.compile_network(network, config, 10)
        model, known = network, (rng.random(8) < 0.6).astype(np.float32)
        labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 8)] * known[:, None]
        rest = ([labels, known[:, None]],)  # type: ignore[assignment]
        weights = {"sample_weight": [known, np.ones(8, np.float32)]}
        batch = inputs | {"labels": labels, "labelled": known, "known": known}
    for _ in range(3):
        loss = model.train_on_batch(inputs, *rest, **weights, return_dict=True)["loss"]
        assert float(teacher.learn({key: torch.from_numpy(array) for key, array in batch.items()})) == pytest.approx(
            float(loss), rel=1e-3
        )
    after, own = get_weights(network), twin.arrays()
    assert list(after) == list(own)
    for key, array in after.items():
        # a step is as long as the rate wherever Adam looks: a hundredth of one apart
        assert np.abs(array - own[key]).mean() < 0.01 * config.training.learning_rate, key


@pytest.mark.usefixtures("_benchmarks")
def test_an_ensemble_teaches_what_its_models_say_on_average() -> None:
    """Keras says the same: of two networks the mean, and three tenths of what is true."""
    import keras

    from speechrnn.training.network import build_network
    from speechrnn.training.weights import get_weights

    torch = pytest.importorskip("torch", reason="torch is not installed; `make torch-leg` has it")
    farm = importlib.import_module("farm_network")
    config = Config.load("digits")
    networks = [build_network(config, 10) for _ in range(2)]
    rng = np.random.default_rng(1)
    inputs = {
        "mfcc": 20 * rng.normal(size=(6, 96, 20)).astype(np.float32),
        "n_frames": rng.integers(40, 97, 6).astype(np.int32),
    }
    truth = {"labels": np.eye(10, dtype=np.float32)[:6], "labelled": np.ones(6, np.float32)}
    truth["known"] = np.array([1, 1, 0, 1, 0, 1], np.float32)
    batch = {key: torch.from_numpy(array) for key, array in (inputs | truth).items()}
    twins = [farm.Twin(config, get_weights(network)).eval() for network in networks]
    found = farm.Teacher(twins[0], config, 10, twins)._distilled(batch)
    labels, known = (
        np.mean([keras.ops.convert_to_numpy(part) for part in parts], axis=0)
        for parts in zip(*(network(inputs, training=False) for network in networks), strict=True)
    )
    assert pytest.approx(0.7) == farm.DISTILLED
    np.testing.assert_allclose(found["labels"].numpy(), 0.3 * truth["labels"] + 0.7 * labels, atol=1e-4)
    np.testing.assert_allclose(found["known"].numpy(), 0.3 * truth["known"] + 0.7 * known[:, 0], atol=1e-4)
    assert torch.equal(found["mfcc"], batch["mfcc"])


@pytest.mark.usefixtures("_benchmarks")
def test_a_job_waits_for_the_jobs_that_it_begins_with_or_learns_from(
    tone_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    farm, farm_pack = importlib.import_module("farm"), importlib.import_module("farm_pack")
    corpus, shipped = tone_corpus(labels="0123456789", n=1), str(Path(speechrnn.__file__).parent / "pretrained/digits")
    alone: dict[str, list[str]] = {"data.sources": []}
    jobs = [
        farm_pack.Job("a", "digits", settings=alone),
        farm_pack.Job("b", "digits", settings=alone),
        farm_pack.Job("c", "digits", after="a", ensemble=["b", shipped, "a"], settings=alone),
        farm_pack.Job("d", "digits", after="c", settings=alone),
    ]
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(farm_pack.Plan(str(corpus), jobs)))
    farm_pack.pack(plan, tmp_path / "pack")
    packed = farm_pack.Packed(tmp_path / "pack", spectra=False)
    assert set(packed.starts) == {shipped}
    assert farm._needed(packed, jobs[0], tmp_path) == []
    assert {path.stem for path in farm._needed(packed, jobs[2], tmp_path)} == {"a", "b"}
    # a has failed: neither c nor, asked again, d, which waits for c, will ever begin
    assert farm._possible(packed, jobs[1:], [], tmp_path) == [jobs[1], jobs[3]]
    assert farm._possible(packed, [jobs[1], jobs[3]], [], tmp_path) == jobs[1:2]
    assert farm._possible(packed, jobs[1:], ["a"], tmp_path) == jobs[1:]
    (tmp_path / "a.safetensors").touch()
    assert farm._possible(packed, jobs[1:], [], tmp_path) == jobs[1:]


@pytest.mark.usefixtures("_benchmarks")
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_what_is_run_and_finished_is_a_bundle(tone_corpus: Callable[..., Path], tmp_path: Path, share: float) -> None:
    """With a `start_share` of 1 it goes all the way back to its start."""
    pytest.importorskip("torch", reason="torch is not installed; `make torch-leg` has it")
    farm, farm_pack = importlib.import_module("farm"), importlib.import_module("farm_pack")
    corpus, shipped = tone_corpus(labels="0123456789", n=2), Path(speechrnn.__file__).parent / "pretrained/digits"
    settings = {"data.sources": [], "training.epochs": 1, "training.start_share": share, "training.clips_per_epoch": 64}
    job = farm_pack.Job("one", "digits", bundle=str(shipped), ensemble=[str(shipped)], settings=settings)
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(farm_pack.Plan(str(corpus), [job])))
    farm_pack.pack(plan, tmp_path / "pack")
    # as farm.sh does it: forked from a process that holds TensorFlow, a training may wait for ever
    command = [sys.executable, str(farm.__file__), "run", str(tmp_path / "pack"), str(tmp_path / "results"), "300"]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "torch"}, timeout=300)
    farm.finish(tmp_path / "pack", tmp_path / "results", tmp_path / "made")
    bundle = read_bundle(tmp_path / "made/one")
    bundle.verify()
    assert bundle.metadata.versions["backend"] == "torch"
    start, end = load_file(shipped / WEIGHTS), load_file(tmp_path / "made/one" / WEIGHTS)
    kernel = "recurrent_0/forward/kernel"
    assert np.allclose(start[kernel], end[kernel], atol=1e-6) == bool(share)
