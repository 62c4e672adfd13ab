"""What `farm.py` sends to another machine: the plan, and all recordings that its configurations name, as FLAC."""

import hashlib
import importlib.util
import pickle
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import soundfile

from speechrnn.audio import load_audio
from speechrnn.bundle import WEIGHTS, read_bundle
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, clip_hash
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.manifest import MANIFEST
from speechrnn.corpus.splits import Split, split_corpus
from speechrnn.training.bounds import find_word
from speechrnn.training.features import Example
from speechrnn.training.material import Gathered, assort
from speechrnn.training.noises import Noise, load_noises
from speechrnn.training.overdrive import overdrive
from speechrnn.training.roles import assign, is_known, trained_labels
from speechrnn.training.spectra import power_spectrum

FULL, SR = 32768, 8000


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training: who is left out, the job or bundle that it goes on from, the second at which it ends, its rank.

    `split` divides the folder as `speechrnn train --split` does, where nobody is left out; `ensemble` names jobs or
    bundles of single words whose mean answers it learns. A job that is `mentoring` trains a `farm_mentor.Mentor`, of
    which no bundle is made; `mentor` names the one that a job learns from. Strings that are `hinted` learn to see what
    the mentors' embedding sees.
    """

    name: str
    config: str
    without: list[str] = []
    split: str = "none"
    seed: int = 0
    after: str | None = None
    bundle: str | None = None
    until: float | None = None
    nice: int = 0
    ensemble: list[str] = []
    mentoring: bool = False
    mentor: str | None = None
    hinted: bool = False
    settings: dict[str, Any] = {}

    @property
    def hears_more(self) -> bool:
        """Whether it is fed what a mentor hears, beside the coefficients."""
        return self.mentoring or self.mentor is not None or self.hinted


class Place(NamedTuple):
    """Where a recording lies in a pack, its digest, and what its samples were multiplied by."""

    flat: str
    digest: str
    first: int
    last: int
    scale: float


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pack is for; of synthetic voices so many `bits` travel, counted from the loudest sample."""

    data: str
    jobs: list[Job]
    shares: dict[str, float] = {}
    bits: int = 16

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
    if any(_hearing(one) != _hearing(configs[0]) for one in configs):
        raise SystemExit(
            f"{plan_path}: its jobs differ in audio, trim, features or augmentation.overdrive, but recordings are read "
            "once for all. Make one plan of each kind."
        )
    for job, config in zip(plan.jobs, configs, strict=True):
        if config.strings and (job.mentoring or job.mentor):
            raise SystemExit(f"{plan_path}: a mentor hears single words, and {job.name} trains on strings")
        if job.hinted and (not config.strings or job.ensemble):
            raise SystemExit(f"{plan_path}: {job.name} is hinted, which are strings alone, and without an ensemble")
    sources = {source.path: source.use for config in configs for source in config.data.sources}
    corpora: dict[str, Corpus] = {}
    index: dict[Path, Place] = {}
    for path in [plan.data, *(path for path, use in sources.items() if use != "noise")]:
        corpus, share = read_corpus(Path(path)), plan.shares.get(path, 1.0)

        def kept(clip: Clip, share: float = share, whole: bool = sources.get(path) != "train") -> bool:
            return _chosen(clip.path.name if whole else str(clip.speaker), share)

        clips, rejects = (tuple(filter(kept, part)) for part in (corpus.clips, corpus.rejects))
        corpora[path] = replace(corpus, clips=clips, rejects=rejects, splits=None)
        bits = plan.bits if (Path(path) / MANIFEST).is_file() else 16
        _write(out, path, [(c.path, _trimmed(c.path, configs[0])) for c in (*clips, *rejects)], index, bits)
    noises = [Path(path) for path, use in sources.items() if use == "noise"]
    loaded = load_noises(noises, configs[0])
    if loaded:
        _write(out, "noise", [(noise.path, noise.y) for noise in loaded], index)
    names = {job.name for job in plan.jobs}
    bundles = {one for job in plan.jobs for one in (job.bundle, *job.ensemble) if one and one not in names}
    begun = {name: read_bundle(Path(name)) for name in sorted(bundles)}
    starts = {name: (one.read(WEIGHTS), one.metadata.kind == "strings") for name, one in begun.items()}
    kept_configs = {job.name: plan.config(job) for job in plan.jobs}
    embedding = read_embedding() if any(job.hears_more for job in plan.jobs) else {}
    state = (
        msgspec.json.encode(plan),
        kept_configs,
        corpora,
        index,
        [noise.path for noise in loaded],
        starts,
        embedding,
    )
    (out / "index.pickle").write_bytes(pickle.dumps(state))


def read_embedding() -> dict[str, np.ndarray]:
    """Read kernels (out, in, frames, bands) and biases of the embedding from where `pyopen-wakeword` is installed."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    found = importlib.util.find_spec("pyopen_wakeword")
    if found is None or not found.origin:
        raise SystemExit("Google's speech embedding is not here: pip install pyopen-wakeword==1.1.0")
    path = Path(found.origin).parent / "models/embedding_model.tflite"
    reader = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    reader.allocate_tensors()
    arrays: dict[str, np.ndarray] = {}
    for one in reader.get_tensor_details():
        kernel = re.fullmatch(r"model/conv2d(?:_(\d+))?/Conv2D1?", one["name"])
        bias = re.match(r"model/(?:conv2d|batch_normalization)(?:_(\d+))?/", one["name"])
        if kernel and len(one["shape"]) == 4:
            arrays[f"{int(kernel[1] or 0)}/kernel"] = reader.get_tensor(one["index"]).transpose(0, 3, 1, 2).copy()
        elif bias and len(one["shape"]) == 1:
            arrays[f"{int(bias[1] or 0)}/bias"] = reader.get_tensor(one["index"])
    return arrays


def _hearing(config: Config) -> tuple[Any, ...]:
    """What decides about spectra, which all jobs share."""
    overdriven = config.augmentation.overdrive if config.augmentation else None
    return config.audio, config.trim, config.features, overdriven if overdriven and overdriven.probability else None


def _trimmed(path: Path, config: Config) -> np.ndarray:
    y = load_audio(path, config.audio)
    word = find_word(y, config.trim, config.audio.sample_rate)
    return y[word.start : word.end]


def _write(
    out: Path, name: str, sounds: Sequence[tuple[Path, np.ndarray]], index: dict[Path, Place], bits: int = 16
) -> None:
    flat = out / f"{name.replace('/', '_')}.flac"
    at, parts = 0, []
    for path, y in sounds:
        scale = float(FULL if bits == 16 else (2 ** (bits - 1) - 1) / max(np.abs(y).max(initial=0.0), 1 / FULL))
        index[path] = Place(flat.name, clip_hash(path), at, at + y.size, scale)
        at += y.size
        parts.append(np.clip(np.round(y * scale), -FULL, FULL - 1).astype(np.int16))
    soundfile.write(flat, np.concatenate(parts), SR, compression_level=1.0)
    print(f"{name}: {len(sounds)} recordings, {flat.stat().st_size / 2**20:.1f} MiB", flush=True)


class Packed:
    """A pack, opened; `spectra` makes power spectra of all that it holds, which only `run` needs."""

    def __init__(self, folder: Path, spectra: bool) -> None:
        state = pickle.loads((folder / "index.pickle").read_bytes())  # noqa: S301 -- we wrote it
        plan, self.configs, self.corpora, self.index, noises, self.starts, self.embedding = state
        self.plan = msgspec.json.decode(plan, type=Plan)
        self.noise_paths = dict.fromkeys(noises)
        config = next(iter(self.configs.values()))
        sounds = {}
        if spectra:
            for name in {place.flat for place in self.index.values()}:
                sounds[name] = soundfile.read(folder / name, dtype="int16")[0]
        empty = np.zeros(0, np.float32)
        nothing = np.zeros((0, config.features.n_mfcc), np.float32)

        def waveform(place: Place) -> np.ndarray:
            if not spectra:
                return empty
            y: np.ndarray = sounds[place.flat][place.first : place.last].astype(np.float32)
            return y / np.float32(place.scale)

        def example(path: Path) -> Example:
            place = self.index[path]
            what = config.augmentation
            y = overdrive(waveform(place), place.digest, what.overdrive if what else None)
            spectrum = power_spectrum(y, config.features) if spectra else None
            return Example(Clip(path, "", None), nothing, place.digest, spectrum)

        speech = [path for path in self.index if path not in self.noise_paths]
        with ThreadPoolExecutor() as pool:
            self.examples = dict(zip(speech, pool.map(example, speech), strict=True))
        self.noises = [Noise(path, waveform(self.index[path]), self.index[path].digest) for path in self.noise_paths]

    def gather(self, job: Job) -> tuple[Gathered, Split]:
        """What `speechrnn.training.material.gather` would have read."""
        config, corpus = self.configs[job.name], self.corpora[self.plan.data]
        if strange := set(job.without) - set(corpus.speakers):
            raise SystemExit(f"{job.name} leaves out {sorted(strange)}, of whom {self.plan.data} has no recording")
        kept = tuple(clip for clip in corpus.clips if clip.speaker in job.without)
        trained = tuple(clip for clip in corpus.clips if clip.speaker not in job.without)
        split = Split(trained, (), kept, "speaker") if kept else split_corpus(corpus, job.split, config.training.seed)
        sources = [(one, self.corpora[one.path]) for one in config.data.sources if one.use != "noise"]
        labels = trained_labels(corpus, split)
        roles = [role for role in assign(corpus, split, config, sources) if is_known(role, labels)]
        loaded = [replace(self.examples[role.clip.path], clip=role.clip) for role in roles]
        material = assort(roles, loaded, labels, self.noises)
        return Gathered(material, (corpus, *(further for _, further in sources)), ()), split
