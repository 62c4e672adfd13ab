"""Train many models at once on one machine with an NVIDIA GPU that holds nothing but PyTorch: PLAN.yaml says which.

    farm.py pack PLAN.yaml PACK           here: read, trim and pack all recordings that the plan's configurations name
    farm.py run PACK RESULTS [SECONDS]    there: train all jobs, as many at a time as there are cores
    farm.py finish PACK RESULTS OUT       here: a bundle of each job, as `speechrnn train` writes it

Material, passes and first weights are the product's own; the network is `farm_network.Twin`. `pack` and `run` are given
the folder in which the sources lie as working folder. A pack is FLAC, without loss; of a source in `shares` only that
share of the voices (of whole numbers: of the recordings) travels.
"""

import hashlib
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.splits import Split
from speechrnn.history import Epoch
from speechrnn.settings import TrainingConfig
from speechrnn.training.checkpoint import Checkpoint, Progress, advance
from speechrnn.training.features import Example, find_word
from speechrnn.training.material import Gathered, Material, _assort
from speechrnn.training.noises import Noise, load_noises
from speechrnn.training.roles import assign, is_known, trained_labels
from speechrnn.training.spectra import power_spectrum

FULL, SR = 32768, 8000
# by the last so many passes it is known how long one takes; seconds kept for what comes after all
_PROBED, _RESERVE = 5, 15.0
# batches that wait for the network
_AHEAD = 16


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training: who is left out, the job or bundle that it goes on from, the second at which it ends, its rank."""

    name: str
    config: str
    without: str | None = None
    seed: int = 0
    after: str | None = None
    bundle: str | None = None
    until: float | None = None
    nice: int = 0
    settings: dict[str, Any] = {}


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pack is for."""

    data: str
    jobs: list[Job]
    shares: dict[str, float] = {}

    def config(self, job: Job) -> Config:
        """Read a job's configuration."""
        return Config.load(job.config, {"training.seed": job.seed, **job.settings})


def _chosen(name: str, share: float) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) < share * 16**8


def pack(plan_path: Path, out: Path) -> None:
    """Read everything once and write one FLAC a source, and an index."""
    out.mkdir(parents=True, exist_ok=True)
    plan = msgspec.yaml.decode(plan_path.read_bytes(), type=Plan)
    configs = [plan.config(job) for job in plan.jobs]
    sources = {source.path: source.use for config in configs for source in config.data.sources}
    corpora: dict[str, Corpus] = {}
    index: dict[Path, tuple[str, str, int, int]] = {}
    for path in [plan.data, *(path for path, use in sources.items() if use != "noise")]:
        corpus, share = read_corpus(Path(path)), plan.shares.get(path, 1.0)

        def kept(clip: Clip, share: float = share, whole: bool = sources.get(path) != "train") -> bool:
            return _chosen(clip.path.name if whole else str(clip.speaker), share)

        clips, rejects = (tuple(filter(kept, part)) for part in (corpus.clips, corpus.rejects))
        corpora[path] = replace(corpus, clips=clips, rejects=rejects, splits=None)
        _write(out, path, [(c.path, _trimmed(c.path, configs[0])) for c in (*clips, *rejects)], index)
    noises = [Path(path) for path, use in sources.items() if use == "noise"]
    loaded = load_noises(noises, configs[0])
    if loaded:
        _write(out, "noise", [(noise.path, noise.y) for noise in loaded], index)
    starts = {job.bundle: (Path(job.bundle) / "weights.safetensors").read_bytes() for job in plan.jobs if job.bundle}
    kept_configs = {job.name: plan.config(job) for job in plan.jobs}
    state = (msgspec.json.encode(plan), kept_configs, corpora, index, [noise.path for noise in loaded], starts)
    (out / "index.pickle").write_bytes(pickle.dumps(state))


def _trimmed(path: Path, config: Config) -> np.ndarray:
    from speechrnn.audio import load_audio

    y = load_audio(path, config.audio)
    word = find_word(y, config.trim)
    return y[word.start : word.end]


def _write(out: Path, name: str, sounds: Sequence[tuple[Path, np.ndarray]], index: dict[Path, Any]) -> None:
    flat = out / f"{name.replace('/', '_')}.flac"
    place = 0
    for path, y in sounds:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        index[path] = flat.name, digest, place, place + y.size
        place += y.size
    whole = np.concatenate([y for _, y in sounds])
    soundfile.write(flat, np.clip(np.round(whole * FULL), -FULL, FULL - 1).astype(np.int16), SR, compression_level=1.0)
    print(f"{name}: {len(sounds)} recordings, {flat.stat().st_size / 2**20:.1f} MiB", flush=True)


class Packed:
    """A pack, opened; `spectra` makes power spectra of all that it holds, which only `run` needs."""

    def __init__(self, folder: Path, spectra: bool) -> None:
        state = pickle.loads((folder / "index.pickle").read_bytes())  # noqa: S301 -- we wrote it
        plan, self.configs, self.corpora, self.index, self.noise_paths, self.starts = state
        self.plan = msgspec.json.decode(plan, type=Plan)
        config = next(iter(self.configs.values()))
        sounds = {}
        if spectra:
            for name in {entry[0] for entry in self.index.values()}:
                sounds[name] = soundfile.read(folder / name, dtype="int16")[0]
        empty = np.zeros(0, np.float32)
        nothing = np.zeros((0, config.features.n_mfcc), np.float32)

        def example(path: Path) -> Example:
            name, digest, first, last = self.index[path]
            y = sounds[name][first:last].astype(np.float32) / FULL if spectra else empty
            spectrum = power_spectrum(y, config.features) if spectra else None
            return Example(Clip(path, "", None), nothing, digest, spectrum)

        speech = [path for path in self.index if path not in set(self.noise_paths)]
        with ThreadPoolExecutor() as pool:
            self.examples = dict(zip(speech, pool.map(example, speech), strict=True))
        self.noises = [
            Noise(path, sounds[e[0]][e[2] : e[3]].astype(np.float32) / FULL if spectra else empty, e[1])
            for path in self.noise_paths
            for e in [self.index[path]]
        ]

    def gather(self, job: Job) -> tuple[Gathered, Split]:
        """What `speechrnn.training.material.gather` would have read."""
        config, corpus = self.configs[job.name], self.corpora[self.plan.data]
        kept = tuple(clip for clip in corpus.clips if job.without and clip.speaker == job.without)
        method = "speaker" if job.without else "none"
        split = Split(tuple(clip for clip in corpus.clips if clip not in set(kept)), (), kept, method)
        sources = [(one, self.corpora[one.path]) for one in config.data.sources if one.use != "noise"]
        labels = trained_labels(corpus, split)
        roles = [role for role in assign(corpus, split, config, sources) if is_known(role, labels)]
        loaded = [replace(self.examples[role.clip.path], clip=role.clip) for role in roles]
        material = _assort(roles, loaded, labels, self.noises)
        return Gathered(material, (corpus, *(further for _, further in sources)), ()), split


def run(folder: Path, out: Path, seconds: float) -> None:
    """Train every job whose start is there, a process each, until all are done or the time is over."""
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    packed = Packed(folder, spectra=True)
    print(f"{len(packed.examples)} recordings read after {time.monotonic() - began:.0f} s", flush=True)
    _serve_many()
    waiting, working = list(packed.plan.jobs), dict[str, multiprocessing.Process]()
    while (waiting or working) and time.monotonic() - began < seconds:
        for name in [name for name, process in working.items() if not process.is_alive()]:
            print(f"{time.monotonic() - began:5.0f} s: {name} ended, {working.pop(name).exitcode}", flush=True)
        ready = [job for job in waiting if job.after is None or (out / f"{job.after}.safetensors").is_file()]
        for job in ready[: max(0, (os.cpu_count() or 1) + 1 - len(working))]:
            waiting.remove(job)
            deadline = began + (job.until or seconds)
            working[job.name] = multiprocessing.Process(target=_train, args=(packed, job, out, deadline))
            working[job.name].start()
        time.sleep(0.2)
    for process in working.values():
        process.kill()
    print(f"{time.monotonic() - began:.0f} s; not done: {[*working, *(job.name for job in waiting)]}", flush=True)


def _serve_many() -> None:
    """Let processes share the GPU at the same instant, where NVIDIA's service for it is there."""
    places = {"CUDA_MPS_PIPE_DIRECTORY": "/tmp/farm-mps", "CUDA_MPS_LOG_DIRECTORY": "/tmp/farm-mps-log"}  # noqa: S108
    for place in places.values():
        Path(place).mkdir(exist_ok=True)
    try:
        subprocess.run(["nvidia-cuda-mps-control", "-d"], env=os.environ | places, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"one process at a time on the GPU: {error}", flush=True)
    else:
        os.environ.update(places)


def _train(packed: Packed, job: Job, out: Path, deadline: float) -> None:
    import torch
    from farm_network import Teacher, Twin
    from safetensors.numpy import load as load_arrays
    from safetensors.numpy import load_file

    from speechrnn.training.feed import Feed
    from speechrnn.training.inheritance import first_network
    from speechrnn.training.network import build_network
    from speechrnn.training.string_feed import StringFeed
    from speechrnn.training.weights import get_weights, save_weights, set_weights

    os.nice(job.nice)
    config = packed.configs[job.name]
    material = packed.gather(job)[0].material
    feed = StringFeed(material, config) if config.strings else Feed(material, config)
    # a process of its own: the batches take as long as the steps, and Python does one thing at a time
    batches: multiprocessing.Queue[Any] = multiprocessing.Queue(_AHEAD)
    multiprocessing.Process(target=_fill, args=(feed, batches, config.training.epochs), daemon=True).start()
    torch.set_num_threads(1)
    torch.manual_seed(job.seed)
    torch.backends.cudnn.allow_tf32 = False
    if job.after or job.bundle:
        start = load_file(out / f"{job.after}.safetensors") if job.after else load_arrays(packed.starts[job.bundle])
        network = build_network(config, len(material.labels))
        set_weights(network, start, except_head=True)
    else:
        network = first_network(config, material, None)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arrays = get_weights(network)
    del network
    twin = Twin(config, arrays).to(device).train()
    teacher = Teacher(twin, config, feed.n_steps)
    checkpoint = Checkpoint(Progress("", (), best=0), twin.arrays())
    training = config.training
    while len(checkpoint.progress.history) < training.epochs:
        checkpoint = advance(checkpoint, _pass(batches, teacher, checkpoint, device), twin.arrays(), training)
        history = checkpoint.progress.history
        if len(history) >= _PROBED:
            training = _fit_in(training, history, deadline)
            teacher.shorten(training.epochs * feed.n_steps)
        (out / f"{job.name}.json").write_bytes(msgspec.json.encode(history))
    place = out / f"{job.name}.part"
    place.write_bytes(save_weights(checkpoint.best_weights))
    place.replace(out / f"{job.name}.safetensors")


def _fill(feed: Any, batches: Any, epochs: int) -> None:
    """Make the batches of each pass, and None after it."""
    for number in range(1, epochs + 1):
        for batch in feed.epoch(number):
            inputs = dict(batch.inputs)
            if hasattr(batch, "labelled"):
                inputs |= {"labels": batch.targets, "labelled": batch.labelled, "known": batch.known}
            batches.put(inputs)
        batches.put(None)


def _fit_in(training: TrainingConfig, history: Sequence[Epoch], deadline: float) -> TrainingConfig:
    """Fewer passes where the time would not do: nothing half done is worth anything."""
    left = deadline - time.monotonic() - _RESERVE
    n = len(history) + int(left / np.mean([row.seconds for row in history[-_PROBED:]]))
    return msgspec.structs.replace(training, epochs=max(len(history), min(training.epochs, n)))


def _pass(batches: Any, teacher: Any, checkpoint: Checkpoint, device: Any) -> Epoch:
    import torch

    began, number = time.perf_counter(), len(checkpoint.progress.history) + 1
    losses, sizes = [], []
    while (inputs := batches.get()) is not None:
        # lengths stay where the packing of sequences wants them
        losses.append(
            teacher.learn(
                {
                    name: torch.from_numpy(array) if name.startswith("n_") else torch.from_numpy(array).to(device)
                    for name, array in inputs.items()
                }
            )
        )
        sizes.append(len(inputs["n_frames"]))
    loss = float(np.average(torch.stack(losses).cpu().numpy(), weights=sizes))
    if not np.isfinite(loss):
        raise SystemExit(f"the loss became {loss} in pass {number}")
    # which share was right only the command line's bar asks
    return Epoch(number, loss, 0.0, None, None, time.perf_counter() - began)


def finish(folder: Path, results: Path, out: Path) -> None:
    """Write the bundle of each job that was done."""
    from safetensors.numpy import load_file

    from speechrnn.bundle import read_bundle, write_bundle
    from speechrnn.training.assembly import assemble, describe
    from speechrnn.training.batches import spread
    from speechrnn.training.reference import check_parity
    from speechrnn.training.string_reference import check_string_parity

    packed = Packed(folder, spectra=False)
    for job in packed.plan.jobs:
        weights = results / f"{job.name}.safetensors"
        if not weights.is_file() or (out / job.name).is_dir():
            continue
        config = packed.configs[job.name]
        gathered, split = packed.gather(job)
        begun = job.bundle or (str(out / job.after) if job.after else None)
        origin = describe(gathered, split.method, config, read_bundle(Path(begun)) if begun else None)
        history = msgspec.json.decode((results / f"{job.name}.json").read_bytes(), type=tuple[Epoch, ...])
        config = config.override({"training.epochs": len(history)})
        checkpoint = Checkpoint(Progress("", history, len(history)), load_file(weights))
        material: Material = gathered.material
        draft = assemble(checkpoint, material, config, origin)
        bundle = write_bundle(out / job.name, draft.files, draft.metadata)
        paths = [example.clip.path for example in spread(material.train, 32)]
        (check_string_parity if config.strings else check_parity)(bundle, paths)
        print(job.name, f"loss {history[-1].loss:.3f}, {sum(row.seconds for row in history):.0f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "pack":
        pack(Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1] == "run":
        run(Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]) if len(sys.argv) > 4 else 1e9)
    else:
        finish(*map(Path, sys.argv[2:5]))
    sys.stdout.flush()
    print(json.dumps({"done": sys.argv[1]}))
