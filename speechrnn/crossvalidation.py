"""Leave one speaker out: as many trainings as speakers, each an ordinary `speechrnn train` in a process of its own.

A fold is a folder: ``fold.csv`` (who trains, who is kept), ``model`` (the bundle) and ``answers.jsonl``, written last.
A fold with answers is done; the same command goes on with the others, from their last epoch.
"""

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from csv import writer
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.batch import predict_files
from speechrnn.config import Config
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.errors import TrainingError
from speechrnn.evaluation import heard_levels
from speechrnn.fold_plan import CrossvalOptions, Fold, plan_folds
from speechrnn.folds import Answer, Crossval, format_answers, read_answers, summarize
from speechrnn.recognizer import Recognizer, load
from speechrnn.storage import write_bytes, write_text
from speechrnn.text import printable

__all__ = ["CrossvalOptions", "Crossvalidated", "crossval"]

PLAN, ANSWERS = "plan.json", "answers.jsonl"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all trainings of a folder have in common."""

    fingerprint: str
    by: str
    clips: int | None
    speakers: int | None


@dataclass(frozen=True, slots=True)
class Crossvalidated:
    """The score, the answers that it is made of, and the folder."""

    score: Crossval
    answers: tuple[Answer, ...]
    folder: Path


def crossval(
    data: str | Path,
    config: Config,
    out: Path,
    options: CrossvalOptions | None = None,
    on_fold: Callable[[int, int], None] | None = None,
) -> Crossvalidated:
    """Train without each speaker in turn and score that speaker.

    Parameters
    ----------
    data : str or Path
        Recordings in any layout.
    config : Config
        With ``training.select: last`` or ``average``, and no patience, all other speakers train; else one in seven of
        them, at least one, validates.
    out : Path
        A new folder, or one that the same cross-validation began.
    options : CrossvalOptions, optional
        Folds, seeds, jobs.
    on_fold : callable, optional
        Called with the number of folds done and of all.

    Returns
    -------
    Crossvalidated
        Score and answers.

    Raises
    ------
    CorpusError
        Too few speakers are known.
    TrainingError
        The folder belongs to another cross-validation, or a training failed.
    """
    options = options or CrossvalOptions()
    corpus = read_corpus(Path(data))
    folds = plan_folds(corpus, config, out, options)
    _claim(out, corpus, config, options)
    done: list[list[Answer]] = []
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            for answers in pool.map(lambda fold: _run(fold, out, options.jobs), folds):
                done.append(answers)
                if on_fold:
                    on_fold(len(done), len(folds))
        finally:  # Ctrl-C reaches the trainings too; those that wait are not begun
            pool.shutdown(cancel_futures=True)
    fold_of = {str(clip.path): fold.name for fold in folds for clip in fold.kept}
    everything = tuple(answer for answers in done for answer in answers)
    return Crossvalidated(summarize(everything, options.by, fold_of), everything, out)


def _claim(out: Path, corpus: Corpus, config: Config, options: CrossvalOptions) -> None:
    """Refuse a folder whose folds were trained on other clips or otherwise."""
    digest = hashlib.sha256(config.dump().encode())
    for clip in corpus.clips:
        digest.update(f"{clip.path} {clip.label} {clip.speaker}\n".encode())
    plan = _Plan(digest.hexdigest(), options.by, options.clips, options.speakers)
    text = msgspec.json.encode(plan).decode()
    there = out / PLAN
    if there.is_file() and there.read_text() != text:
        raise TrainingError(
            f"{printable(out)}: holds a cross-validation with other clips or settings. Choose another folder, or "
            "delete it."
        )
    write_text(there, text)
    write_text(out / "config.yaml", config.dump())


def _run(fold: Fold, out: Path, jobs: int) -> list[Answer]:
    answers = fold.folder / ANSWERS
    if answers.is_file():
        return read_answers(answers)
    model = fold.folder / "model"
    if not model.is_dir():
        _train(fold, model, out, jobs)
    recognizer = load(model)
    levels = heard_levels(fold.kept, recognizer.bundle.metadata.heard)
    if not fold.name.startswith("part") and any(level != "none" for level in levels):
        raise TrainingError(
            f"{fold.folder}: the model has heard {fold.name}, whom it was to be scored on. A source of the "
            "configuration holds clips of that voice: take them out."
        )
    found = _ask(recognizer, fold)
    write_bytes(answers, format_answers(found))
    return found


def _ask(recognizer: Recognizer, fold: Fold) -> list[Answer]:
    found = []
    predictions = predict_files(recognizer, [clip.path for clip in fold.kept], jobs=1)
    for clip, prediction in zip(fold.kept, predictions, strict=True):
        if prediction.probabilities is not None and prediction.known is not None:
            path, p = str(clip.path), prediction.probabilities
            found.append(Answer(path, clip.label, clip.speaker, fold.seed, p, prediction.known))
    return found


def _train(fold: Fold, model: Path, out: Path, jobs: int) -> None:
    table = io.StringIO()
    lines = writer(table)
    lines.writerow(["path", "label", "speaker", "split"])
    lines.writerows([clip.path.absolute(), clip.label, clip.speaker or "", part] for clip, part in fold.rows)
    write_text(fold.folder / "fold.csv", table.getvalue())
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    environment = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads)
    command = [sys.executable, "-m", "speechrnn", "train", str(fold.folder / "fold.csv")]
    command += ["--config", str(out / "config.yaml"), "--seed", str(fold.seed), "--out", str(model), "--resume"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)  # noqa: S603 -- this very Python
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
        raise TrainingError(f"the training without {fold.name} failed: {told[-1].removeprefix('error: ')}")
