"""Train many models at once on one machine with an NVIDIA GPU that holds nothing but PyTorch: PLAN.yaml says which.

    farm.py pack PLAN.yaml PACK           here: read, trim and pack all recordings that the plan's configurations name
    farm.py run PACK RESULTS [SECONDS]    there: train all jobs that are not done, as many at a time as there are cores
    farm.py finish PACK RESULTS OUT       here: a bundle of each job, as `speechrnn train` writes it

Material, passes and first weights are the product's own; the network is `farm_network.Twin`. `pack` and `run` are given
the folder in which the sources lie as working folder. A pack is FLAC of 16 bits, which clips at the model's rate have
anyway; of a source in `shares` only that share of the voices (of words that are none, and of whole numbers: of the
recordings) travels.
"""

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from farm_pack import Job, Packed, pack

from speechrnn.config import Config
from speechrnn.history import Epoch
from speechrnn.settings import TrainingConfig
from speechrnn.training.checkpoint import Checkpoint, Progress, advance
from speechrnn.training.material import Material

# by the last so many passes it is known how long one takes; seconds kept for what comes after all
_PROBED, _RESERVE = 5, 15.0
# batches that wait for the network, and seconds after which one looks whether some were taken
_AHEAD, _PATIENCE = 16, 0.005


def run(folder: Path, out: Path, seconds: float) -> None:
    """Train every job whose start is there, a process each, until all are done or the time is over."""
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    _try_device()
    packed = Packed(folder, spectra=True)
    print(f"{len(packed.examples)} recordings read after {time.monotonic() - began:.0f} s", flush=True)
    _serve_many()
    waiting, working = _left(packed, out), dict[str, multiprocessing.Process]()
    while (waiting or working) and time.monotonic() - began < seconds:
        for name in [name for name, process in working.items() if not process.is_alive()]:
            print(f"{time.monotonic() - began:5.0f} s: {name} ended, {working.pop(name).exitcode}", flush=True)
        waiting = _possible(packed, waiting, list(working), out)
        ready = [job for job in waiting if all(path.is_file() for path in _needed(packed, job, out))]
        for job in ready[: max(0, (os.cpu_count() or 1) + 1 - len(working))]:
            waiting.remove(job)
            deadline = began + (job.until or seconds)
            working[job.name] = multiprocessing.Process(target=_train, args=(packed, job, out, deadline))
            working[job.name].start()
        time.sleep(0.2)
    for process in working.values():
        process.kill()
    print(f"{time.monotonic() - began:.0f} s; not done: {[job.name for job in _left(packed, out)]}", flush=True)


def _left(packed: Packed, out: Path) -> list[Job]:
    """Give the jobs whose weights are not there: an earlier run may have done some."""
    return [job for job in packed.plan.jobs if not (out / f"{job.name}.safetensors").is_file()]


def _needed(packed: Packed, job: Job, out: Path) -> list[Path]:
    """The weights of other jobs that a job waits for."""
    names = [name for name in (job.after, job.mentor, *job.ensemble) if name and name not in packed.starts]
    return [out / f"{name}.safetensors" for name in names]


def _possible(packed: Packed, waiting: Sequence[Job], working: Sequence[str], out: Path) -> list[Job]:
    """Leave out whoever waits for what a job that failed would have left; asked again, who waits for those in turn."""
    coming = {*working, *(job.name for job in waiting)}
    return [job for job in waiting if all(p.is_file() or p.stem in coming for p in _needed(packed, job, out))]


def _try_device() -> None:
    """End here, not in each job after minutes, where a process that this one forks cannot use the GPU."""
    first = multiprocessing.Process(target=_device)
    first.start()
    first.join()
    if first.exitcode:
        raise SystemExit("a forked process cannot use the GPU: is PYTORCH_NVML_BASED_CUDA_CHECK=1 set, as in farm.sh?")


def _device() -> Any:
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.zeros(1, device=device).device


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


def first_weights(packed: Packed, job: Job, material: Material, out: Path) -> dict[str, np.ndarray]:
    """Give the weights that a job begins with, as `speechrnn.training.inheritance.first_network` has them."""
    import keras

    from speechrnn.training.inheritance import first_network
    from speechrnn.training.network import build_network
    from speechrnn.training.weights import get_weights, set_weights

    config, begun = packed.configs[job.name], job.after or job.bundle
    if begun is None:
        return get_weights(first_network(config, material, None))
    strings = packed.starts[begun][1] if begun in packed.starts else packed.configs[begun].strings is not None
    keras.utils.set_random_seed(config.training.seed)
    network = build_network(config, len(material.labels))
    set_weights(network, _weights(packed, begun, out), except_head=strings != (config.strings is not None))
    return get_weights(network)


def _weights(packed: Packed, name: str, out: Path) -> dict[str, np.ndarray]:
    """The weights of a bundle that was packed, or of a job that is done."""
    from safetensors.numpy import load, load_file

    found: dict[str, np.ndarray] = (
        load(packed.starts[name][0]) if name in packed.starts else load_file(out / f"{name}.safetensors")
    )
    return found


def _train(packed: Packed, job: Job, out: Path, deadline: float) -> None:
    import torch
    from farm_network import Teacher

    from speechrnn.training.weights import blend, save_weights

    os.nice(job.nice)
    config = packed.configs[job.name]
    material = packed.gather(job)[0].material
    feed = _feed(material, config, job)
    # a process of its own: the batches take as long as the steps, and Python does one thing at a time
    batches: multiprocessing.Queue[Any] = multiprocessing.Queue(_AHEAD)
    multiprocessing.Process(target=_fill, args=(feed, batches, config.training.epochs), daemon=True).start()
    torch.set_num_threads(1)
    torch.manual_seed(job.seed)
    torch.backends.cudnn.allow_tf32 = False
    device = _device()
    learner, ensemble = _learner(packed, job, material, out, device)
    teacher, first = Teacher(learner, config, feed.n_steps, ensemble), learner.arrays()
    checkpoint = Checkpoint(Progress("", (), best=0), first)
    training = config.training
    while len(checkpoint.progress.history) < training.epochs:
        checkpoint = advance(checkpoint, _pass(batches, teacher, checkpoint, device), learner.arrays(), training)
        history = checkpoint.progress.history
        if len(history) >= _PROBED:
            training = _fit_in(training, history, deadline)
            teacher.shorten(training.epochs * feed.n_steps)
        (out / f"{job.name}.json").write_bytes(msgspec.json.encode(history))
    place = out / f"{job.name}.part"
    place.write_bytes(save_weights(blend(checkpoint.best_weights, first, config.training.start_share)))
    place.replace(out / f"{job.name}.safetensors")


def _feed(material: Material, config: Config, job: Job) -> Any:
    """Give the batches of a job; where a mentor is, with what he hears."""
    from speechrnn.training.feed import Feed
    from speechrnn.training.string_feed import StringFeed

    feed = StringFeed if config.strings else Feed
    if not job.hears_more:
        return feed(material, config)
    from farm_mentor import beside

    return feed(material, config, beside(config))


def _learner(packed: Packed, job: Job, material: Material, out: Path, device: Any) -> tuple[Any, list[Any]]:
    """Give the network that learns, and the models whose mean answers are its targets."""
    from farm_network import Twin

    config = packed.configs[job.name]
    if job.mentoring:
        return _mentor(packed, config, material).to(device).train(), []
    twin = Twin(config, first_weights(packed, job, material, out)).to(device).train()
    if job.hinted:
        from farm_mentor import Hinted, Seeing

        seeing = Seeing(packed.embedding, config.features.n_mfcc).to(device)
        return Hinted(twin, seeing).to(device), []
    ensemble = [Twin(config, _weights(packed, name, out)).to(device).eval() for name in job.ensemble]
    if job.mentor is None:
        return twin, ensemble
    from farm_mentor import Apprentice

    mentor = _mentor(packed, config, material).restore(_weights(packed, job.mentor, out)).to(device)
    return Apprentice(twin, mentor, ensemble).to(device), []


def _mentor(packed: Packed, config: Config, material: Material) -> Any:
    from farm_mentor import Mentor

    return Mentor(packed.embedding, config.features.n_mfcc, len(material.labels))


def _fill(feed: Any, batches: Any, epochs: int) -> None:
    """Make the batches of each pass, and None after it, until nobody is there who would take them."""
    from speechrnn.training.feed import Batch

    parent = os.getppid()

    def give(one: Any) -> None:
        while batches.full():
            time.sleep(_PATIENCE)
            if os.getppid() != parent:
                os._exit(1)
        batches.put(one)

    for number in range(1, epochs + 1):
        for batch in feed.epoch(number):
            inputs = dict(batch.inputs)
            if isinstance(batch, Batch):
                inputs |= {"labels": batch.targets, "labelled": batch.labelled, "known": batch.known}
            give(inputs)
        give(None)


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
    return Epoch(number, loss, None, None, None, time.perf_counter() - began)


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
        if job.mentoring or not weights.is_file() or (out / job.name).is_dir():
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
        # what took the steps, not what puts the bundle together
        metadata = msgspec.structs.replace(draft.metadata, versions=draft.metadata.versions | {"backend": "torch"})
        bundle = write_bundle(out / job.name, draft.files, metadata)
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
