"""benchmarks/farm_mentor.py: Google's speech embedding as its file has it, what it hears, and who learns from it."""

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

import speechrnn
from speechrnn.bundle import WEIGHTS, read_bundle
from speechrnn.config import Config

pytestmark = pytest.mark.train

DIGITS, STRINGS = (Path(speechrnn.__file__).parent / "pretrained" / name for name in ("digits", "strings"))


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed; `make torch-leg` has it")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))


def some_embedding(seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of the right shapes, for where it does not matter what is heard."""
    blocks, rng, made, width = importlib.import_module("farm_mentor")._BLOCKS, np.random.default_rng(seed), {}, 1
    i = 0
    for (kernels, _), wide in zip(blocks, (24, 48, 72, 96, 96, 96), strict=True):
        for kernel in kernels:
            scale = 1 / np.sqrt(width * kernel[0] * kernel[1])
            made[f"{i}/kernel"] = (scale * rng.normal(size=(wide, width, *kernel))).astype(np.float32)
            made[f"{i}/bias"] = np.zeros(wide, np.float32)
            width, i = wide, i + 1
    return made


def some_weights(shipped: Path = DIGITS) -> dict[str, np.ndarray]:
    """Weights of a network like one that ships, which knows nothing: tests of learning depend on no training."""
    rng, made = np.random.default_rng(0), {}
    for name, one in load_file(shipped / WEIGHTS).items():
        drawn = rng.normal(size=one.shape) / np.sqrt(max(1, np.prod(one.shape[:-1])))
        made[name] = one if name.startswith(("standardization/", "calibration/")) else drawn.astype(np.float32)
    return made


def a_batch(n_frames: list[int], seed: int = 1) -> dict[str, Any]:
    """Coefficients, and behind them what `beside` gives of mel powers."""
    import torch

    rng, longest = np.random.default_rng(seed), max(n_frames)
    heard = importlib.import_module("farm_mentor").beside(Config.load("digits"))
    rows = []
    for n in n_frames:
        row = np.concatenate([20 * rng.normal(size=(n, 20)), heard(rng.exponential(size=(n, 40)))], axis=1)
        rows.append(np.pad(row, ((0, longest - n), (0, 0))))
    known = np.array([i % 3 != 0 for i in range(len(n_frames))], np.float32)
    arrays = {
        "mfcc": np.array(rows, np.float32),
        "n_frames": np.array(n_frames, np.int32),
        "labels": np.eye(10, dtype=np.float32)[np.arange(len(n_frames)) % 10] * known[:, None],
        "labelled": known,
        "known": known,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def test_the_embedding_hears_what_its_own_runtime_hears() -> None:
    import torch

    pytest.importorskip("pyopen_wakeword", reason="pyopen-wakeword is not installed; `make torch-leg` has it")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    pack, mentor = importlib.import_module("farm_pack"), importlib.import_module("farm_mentor")
    spec = importlib.util.find_spec("pyopen_wakeword")
    assert spec is not None
    model = Path(str(spec.origin)).parent / "models/embedding_model.tflite"
    runtime = litert.Interpreter(str(model))
    runtime.allocate_tensors()
    x = np.random.default_rng(0).uniform(4, 12, (92, 32)).astype(np.float32)
    found = mentor.Embedding(pack.read_embedding())(torch.from_numpy(x[None]))[0].numpy()
    for i, first in enumerate((0, 8, 16)):
        runtime.set_tensor(runtime.get_input_details()[0]["index"], x[None, first : first + 76, :, None])
        runtime.invoke()
        expected = runtime.get_tensor(runtime.get_output_details()[0]["index"]).ravel()
        np.testing.assert_allclose(found[i], expected, atol=1e-3 * np.abs(expected).max())
    assert len(found) == 3


def test_of_our_mel_powers_those_of_other_filters_are_made() -> None:
    """Of spectra that slope as speech does, within a decibel and a half of what librosa's filters have, level aside."""
    import librosa

    config = Config.load("digits")
    bins = np.arange(129)
    peaks = np.random.default_rng(0).uniform(5, 110, (50, 3, 1))
    power = (np.exp(-(((bins - peaks) / 12) ** 2)).sum(axis=1) + 1e-2) / (1 + bins / 20)
    ours = librosa.filters.mel(sr=8000, n_fft=256, n_mels=40, fmin=50, fmax=4000)
    theirs = librosa.filters.mel(sr=16000, n_fft=512, n_mels=32, fmin=60, fmax=3800)[:, :129]
    found = importlib.import_module("farm_mentor").beside(config)((power @ ours.T).astype(np.float32))
    off = 10 * (found - np.log10(power @ theirs.T))
    assert found.shape == (50, 32)
    assert np.abs(off - off.mean()).max() < 1.5


def test_a_mentor_hears_no_padding_and_no_loudness() -> None:
    import torch

    module = importlib.import_module("farm_mentor")
    torch.manual_seed(0)
    mentor = module.Mentor(some_embedding(), 20, 10)
    together = a_batch([40, 97, 55])
    mentor.hear(together)  # what embeddings are divided by is learnt of the first batch
    mentor.eval()
    with torch.no_grad():
        found = mentor.hear(together)
        for i, n in enumerate((40, 97, 55)):
            alone = mentor.hear({"mfcc": together["mfcc"][i : i + 1, :n], "n_frames": together["n_frames"][i : i + 1]})
            # bfloat16 has two digits and a half
            np.testing.assert_allclose(alone.logits[0], found.logits[i], atol=0.02)
        louder = together["mfcc"].clone()
        louder[:, :, 20:] += 2.5
        np.testing.assert_allclose(mentor.hear(together | {"mfcc": louder}).logits, found.logits, atol=0.02)
        other = together["mfcc"].clone()
        other[:, :, :20] = 0
        assert torch.equal(mentor.hear(together | {"mfcc": other}).logits, found.logits)
    assert module.n_embedded(together["n_frames"]).tolist() == [6, 13, 8]
    assert found.frames.shape == (3, 13, 96)
    copy = module.Mentor(some_embedding(), 20, 10).restore(mentor.arrays()).eval()
    with torch.no_grad():
        assert torch.equal(copy.hear(together).logits, found.logits)


def test_an_apprentice_comes_to_hear_as_its_mentor_does() -> None:
    """Answers are pulled to the mentor's, not only to what is true; neither the mentor nor the ensemble moves."""
    import torch

    module, network = importlib.import_module("farm_mentor"), importlib.import_module("farm_network")
    config = Config.load("digits").override({"network.dropout": 0.0, "training.learning_rate": 0.002})
    torch.manual_seed(0)
    batch = a_batch([40, 97, 55, 70, 62, 48])
    mentor = module.Mentor(some_embedding(), 20, 10)
    mentor.hear(batch)
    mentor.output.weight.data.mul_(20)  # a mentor of some opinion
    twin, other = (network.Twin(config, some_weights()) for _ in range(2))
    apprentice = module.Apprentice(twin, mentor, [other.eval()])
    before = mentor.arrays(), other.arrays()
    assert list(apprentice.arrays()) == list(load_file(DIGITS / WEIGHTS))
    teacher = network.Teacher(apprentice, config, 100)

    def apart() -> float:
        with torch.no_grad():
            asked = 0.6 * torch.log_softmax(mentor.hear(batch).logits, 1) + 0.4 * torch.log_softmax(
                other.hear(batch).logits, 1
            )
            told = torch.log_softmax(twin.hear(batch).logits / 2, dim=1)
            return float(torch.nn.functional.kl_div(told, torch.softmax(asked / 2, dim=1), reduction="batchmean"))

    first, losses = apart(), [float(teacher.learn(batch)) for _ in range(40)]
    assert losses[-1] < 0.6 * losses[0]
    assert apart() < 0.5 * first
    for old, new in zip(before, (mentor.arrays(), other.arrays()), strict=True):
        assert all(np.array_equal(old[name], new[name]) for name in old)


def test_without_an_ensemble_the_mentor_has_all_the_say() -> None:
    import torch

    module, network = importlib.import_module("farm_mentor"), importlib.import_module("farm_network")
    twin = network.Twin(Config.load("digits"), load_file(DIGITS / WEIGHTS))
    mentor, batch = module.Mentor(some_embedding(), 20, 10), a_batch([40, 97])
    heard = mentor.hear(batch)
    alone = module.Apprentice(twin, mentor, [])._shared(heard, batch)
    assert torch.equal(alone, torch.log_softmax(heard.logits, dim=1))
    other = twin.eval().hear(batch).logits
    both = module.Apprentice(twin, mentor, [twin, twin])._shared(heard, batch)
    torch.testing.assert_close(both, 0.6 * alone + 0.4 * torch.log_softmax(other, dim=1))


@pytest.mark.parametrize(
    ("stride", "expected"),
    [
        (2, [[0, 3, 7, 11, 15, 19], [0, 3, 7, 11, 15, 19, 23, 27, 31, 35]]),
        (3, [[0, 2, 5, 7, 10, 13], [0, 2, 5, 7, 10, 13, 15, 18, 21, 23]]),
    ],
)
def test_each_embedding_is_read_from_the_frame_in_its_middle(stride: int, expected: list[list[int]]) -> None:
    """It sees 76 frames of 10 ms from 40 before the eighth: its middle is 2 before that; ours are further apart."""
    import torch

    module = importlib.import_module("farm_mentor")
    # each frame is its own number; the embeddings are zero, so what is left are squares of the numbers that were read
    x = torch.arange(40.0)[None, :, None].expand(2, -1, 96)
    off = module.off_seen(torch.nn.Identity(), x, torch.zeros(2, 10, 96), torch.tensor([40, 74]), stride)
    assert float(off) == pytest.approx(np.mean(np.square(np.concatenate(expected))))


def test_hinted_strings_come_to_see_what_the_embedding_sees() -> None:
    """And to say what was said. Of every second string alone it is asked, and what is asked reaches the twin."""
    import torch

    module, network = importlib.import_module("farm_mentor"), importlib.import_module("farm_network")
    config, weights = Config.load("strings").override({"network.dropout": 0.0}), some_weights(STRINGS)
    torch.manual_seed(0)
    batch = a_batch([80, 197, 120])
    batch |= {"targets": torch.tensor([[1, 2, 0, 0], [3, 3, 4, 9], [5, 0, 0, 0]]), "n_targets": torch.tensor([2, 4, 1])}
    seeing = module.Seeing(some_embedding(), 20)
    # what embeddings are divided by is learnt of the first that are seen
    before = seeing.see({name: batch[name][::2] for name in ("mfcc", "n_frames")})
    hinted = module.Hinted(network.Twin(config, weights), seeing)
    assert list(hinted.arrays()) == list(weights)

    def off() -> tuple[torch.Tensor, torch.Tensor]:
        said, x = hinted.twin.spell(batch)
        return said, module.off_seen(hinted.frames, x[::2], before, batch["n_frames"][::2], 3)

    first = off()
    torch.testing.assert_close(hinted.loss(batch), first[0] + 5 * first[1])
    first[1].backward()
    assert all(bool(parameter.grad.any()) for parameter in hinted.twin.lstms.parameters() if parameter.requires_grad)
    teacher = network.Teacher(hinted, config, 100)
    for _ in range(60):
        teacher.learn(batch)
    last = off()
    assert last[0].item() < 0.5 * first[0].item()
    assert last[1].item() < 0.8 * first[1].item()


def test_a_mentor_teaches_single_words_alone(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    pack, corpus = importlib.import_module("farm_pack"), tone_corpus(n=1)
    plan = tmp_path / "plan.yaml"
    jobs = [pack.Job("taught", "strings", mentor="elder", settings={"data.sources": []})]
    plan.write_bytes(msgspec.yaml.encode(pack.Plan(str(corpus), jobs)))
    with pytest.raises(SystemExit, match="a mentor hears single words, and taught trains on strings"):
        pack.pack(plan, tmp_path / "pack")
    for job in (
        pack.Job("single", "digits", hinted=True),
        pack.Job("many", "strings", hinted=True, ensemble=["taught"]),
    ):
        plan.write_bytes(msgspec.yaml.encode(pack.Plan(str(corpus), [job])))
        with pytest.raises(SystemExit, match=f"{job.name} is hinted, which are strings alone, and without an ensemble"):
            pack.pack(plan, tmp_path / "pack")


def test_a_mentor_is_trained_and_taught_from(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    """`farm.py` from end to end: the mentor first, then who waits for it; of the mentor no bundle is made."""
    farm, pack = importlib.import_module("farm"), importlib.import_module("farm_pack")
    embedding: Mapping[str, np.ndarray] = some_embedding()
    corpus = tone_corpus(labels="0123456789", n=2)
    settings = {"data.sources": [], "training.epochs": 1, "training.clips_per_epoch": 64}
    jobs = [
        pack.Job("taught", "digits", bundle=str(DIGITS), ensemble=[str(DIGITS)], mentor="elder", settings=settings),
        pack.Job("elder", "digits", mentoring=True, settings=settings),
    ]
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(pack.Plan(str(corpus), jobs)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "read_embedding", lambda: embedding)
        pack.pack(plan, tmp_path / "pack")
    packed = pack.Packed(tmp_path / "pack", spectra=False)
    assert farm._needed(packed, jobs[0], tmp_path) == [tmp_path / "elder.safetensors"]
    command = [sys.executable, str(farm.__file__), "run", str(tmp_path / "pack"), str(tmp_path / "results"), "300"]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "torch"}, timeout=300)
    # what is done is not done again
    assert farm._left(packed, tmp_path / "results") == []
    assert farm._left(packed, tmp_path / "pack") == jobs
    farm.finish(tmp_path / "pack", tmp_path / "results", tmp_path / "made")
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["taught"]
    read_bundle(tmp_path / "made/taught").verify()
    start, end = load_file(DIGITS / WEIGHTS), load_file(tmp_path / "made/taught" / WEIGHTS)
    assert not np.allclose(start["recurrent_0/forward/kernel"], end["recurrent_0/forward/kernel"], atol=1e-4)


def test_strings_are_hinted_and_finished(tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    """From plan to bundle; the learner takes its embedding along to where it learns."""
    import torch

    farm, pack = importlib.import_module("farm"), importlib.import_module("farm_pack")
    settings = {"data.sources": [], "training.epochs": 1, "training.clips_per_epoch": 32}
    job = pack.Job("hinted", "strings", bundle=str(DIGITS), hinted=True, settings=settings)
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(msgspec.yaml.encode(pack.Plan(str(tone_corpus(labels="0123456789", n=2)), [job])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "read_embedding", some_embedding)
        pack.pack(plan, tmp_path / "pack")
    packed = pack.Packed(tmp_path / "pack", spectra=False)
    learner, _ = farm._learner(packed, job, packed.gather(job)[0].material, tmp_path, torch.device("meta"))
    assert learner._seeing[0].mean.is_meta
    command = [sys.executable, str(farm.__file__), "run", str(tmp_path / "pack"), str(tmp_path / "results"), "300"]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "torch"}, timeout=300)
    farm.finish(tmp_path / "pack", tmp_path / "results", tmp_path / "made")
    made = read_bundle(tmp_path / "made/hinted")
    made.verify()
    assert made.metadata.kind == "strings"
