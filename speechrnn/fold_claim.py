"""A folder of folds belongs to one cross-validation: the same recordings, sources and settings, or none."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip, try_hash
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.noises import NOISE_LABEL, list_noises
from speechrnn.errors import TrainingError
from speechrnn.fold_plan import CrossvalOptions
from speechrnn.folds import place_of
from speechrnn.storage import write_text
from speechrnn.text import as_bytes, printable
from speechrnn.vacancy import check_begun

PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all trainings of a folder have in common."""

    fingerprint: str
    by: str
    clips: int | None
    speakers: int | None


def claim_folds(out: Path, corpus: Corpus, config: Config, options: CrossvalOptions) -> None:
    """Take a folder for a cross-validation, or find that it was taken for the same one.

    Parameters
    ----------
    out : Path
        A new folder, or one that the same cross-validation began.
    corpus : Corpus
        The recordings.
    config : Config
        Of each training; what its sources hold counts, not only where they lie.
    options : CrossvalOptions
        Where the folds begin, and what is left out of them.

    Raises
    ------
    TrainingError
        Its folds were trained on other recordings or otherwise.
    """
    digest = hashlib.sha256(as_bytes(config.dump() + (f"from {options.start.resolve()}" if options.start else "")))
    if options.start and (options.start / PLAN).is_file():
        digest.update((options.start / PLAN).read_bytes())
    for clip in _all_clips(corpus, config):
        content = try_hash(clip.path) or "unreadable"  # it does not train either
        digest.update(f"{place_of(clip.path)} {clip.label} {clip.speaker} {content}\n".encode())
    text = msgspec.json.encode(_Plan(digest.hexdigest(), options.by, options.clips, options.speakers)).decode()
    there = out / PLAN
    check_begun(out, there.name)
    if there.is_file() and there.read_text() != text:
        raise TrainingError(
            f"{printable(out)}: holds a cross-validation with other clips or settings. Choose another folder, or "
            "delete it."
        )
    write_text(there, text)
    write_text(out / "config.yaml", config.dump())


def _all_clips(corpus: Corpus, config: Config) -> Iterator[Clip]:
    yield from (*corpus.clips, *corpus.rejects)
    for source in config.data.sources:
        if source.use == "noise":
            yield from (Clip(path, NOISE_LABEL, None) for path in list_noises(Path(source.path), "train"))
        else:
            further = read_corpus(Path(source.path))
            yield from (*further.clips, *further.rejects)
