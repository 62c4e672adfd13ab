"""Leave one speaker out: as many trainings as speakers, each an ordinary `speechrnn train` in a process of its own.

A fold is a folder: ``fold.csv`` (who trains, who is kept), ``model`` (the bundle) and ``answers.jsonl``, written last.
A fold with answers is done; the same command goes on with the others, from their last epoch. What can be known before
hours of training, such as a voice of which nothing can be read, is said before.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import load_audio
from speechrnn.batch import predict_files
from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, Skipped, read_corpus
from speechrnn.errors import AudioError, CorpusError, TrainingError, explain_os_error
from speechrnn.evaluation import heard_levels
from speechrnn.fold_claim import claim_folds
from speechrnn.fold_plan import CrossvalOptions, Fold, plan_folds, write_fold
from speechrnn.fold_starts import begin_at, check_starts
from speechrnn.folds import Answer, Crossval, format_answers, place_of, read_answers, respell, summarize
from speechrnn.recognizer import Recognizer, load
from speechrnn.storage import write_bytes
from speechrnn.tethered import Commands
from speechrnn.text import printable, spell_path

__all__ = ["CrossvalOptions", "Crossvalidated", "crossval"]

MODEL, ANSWERS = "model", "answers.jsonl"


@dataclass(frozen=True, slots=True)
class Crossvalidated:
    """What a cross-validation left.

    Attributes
    ----------
    score : Crossval
        Of the answers.
    answers : tuple of Answer
        Of all folds.
    folder : Path
        Where the folds are.
    folds : tuple of Fold
        Who trained and who was kept.
    unread : tuple of Skipped
        Clips with labels that could not be read: they neither train nor count.
    skipped : tuple of Skipped
        Recordings that fit no layout or are not there.
    """

    score: Crossval
    answers: tuple[Answer, ...]
    folder: Path
    folds: tuple[Fold, ...]
    unread: tuple[Skipped, ...]
    skipped: tuple[Skipped, ...]


def crossval(
    data: str | Path,
    config: Config | str | Path,
    out: str | Path,
    options: CrossvalOptions | None = None,
    on_fold: Callable[[int, int], None] | None = None,
) -> Crossvalidated:
    """Train without each speaker in turn and score that speaker.

    Parameters
    ----------
    data : str or Path
        Recordings in any layout. Other words and noises among them train in each fold, but those that its speaker says.
    config : Config, str or Path
        The configuration, or a preset's name or a file. With ``training.select: last`` or ``average``, and no
        patience, all other speakers train; else one in seven of them, at least one, validates.
    out : str or Path
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
        Too few speakers are known, nothing of one can be read, or a source holds voices without names.
    TrainingError
        The folder belongs to another cross-validation, a training failed, or there is nothing to go on from.
    """
    options = options or CrossvalOptions()
    config, out = config if isinstance(config, Config) else Config.load(config), Path(out)
    corpus = read_corpus(Path(data))
    folds = plan_folds(corpus, config, out, options)
    if options.by == "speaker":
        _check_sources(corpus, config)
    check_starts(options, folds)
    unread = _find_unread(corpus, folds, config)
    claim_folds(out, corpus, config, options)
    done = _run_all(folds, out, options, on_fold)
    fold_of = {spell_path(clip.path): fold.name for fold in folds for clip in fold.kept}
    everything = respell((answer for answers in done for answer in answers), (clip.path for clip in corpus.clips))
    score = summarize(everything, options.by, fold_of)
    return Crossvalidated(score, everything, out, tuple(folds), unread, corpus.skipped)


def _check_sources(corpus: Corpus, config: Config) -> None:
    """Whoever has no name may be the one who is kept."""
    for source in config.data.sources:
        if source.use not in ("train", "valid"):
            continue
        clips = [clip for clip in read_corpus(Path(source.path)).clips if clip.label in corpus.labels]
        if unnamed := sum(clip.speaker is None for clip in clips):
            raise CorpusError(
                f"{printable(source.path)}: {unnamed} of its {len(clips)} clips have no known speaker, needed all, for "
                "they may be of a voice that is kept. Take this source out of the configuration, or use --by clip."
            )


def _find_unread(corpus: Corpus, folds: Sequence[Fold], config: Config) -> tuple[Skipped, ...]:
    unread = [Skipped(clip.path, reason) for clip in corpus.clips if (reason := _try(clip, config))]
    lost = {item.path for item in unread}
    for fold in folds:
        if lost.issuperset(clip.path for clip in fold.kept):
            first = next(item for item in unread if item.path == fold.kept[0].path)
            raise _nothing_of(fold, f"{printable(first.path)}: {first.reason}")
    return tuple(unread)


def _try(clip: Clip, config: Config) -> str | None:
    """Why a clip cannot be read; None where it can."""
    try:
        load_audio(clip.path, config.audio)
    except AudioError as error:
        return str(error)
    except OSError as error:
        return explain_os_error(error)
    return None


def _nothing_of(fold: Fold, reason: str) -> CorpusError:
    return CorpusError(
        f"not one of the {len(fold.kept)} clips of {printable(fold.name)} can be read ({reason}) Needed at least one "
        "for a score. Repair them, or take them out; `speechrnn data check` names them."
    )


def _run_all(
    folds: Sequence[Fold], out: Path, options: CrossvalOptions, on_fold: Callable[[int, int], None] | None
) -> list[list[Answer]]:
    done, stop, commands = list[list[Answer]](), threading.Event(), Commands()

    def run(fold: Fold) -> list[Answer]:
        if stop.is_set():  # a pool begins the next before anybody is told of the one that failed
            return []
        with contextlib.ExitStack() as failed:
            failed.callback(stop.set)
            answers = _run(fold, out, options, commands)
            failed.pop_all()
        return answers

    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            for answers in pool.map(run, folds):
                done.append(answers)
                if on_fold:
                    on_fold(len(done), len(folds))
        finally:  # those that wait are not begun, and Ctrl-C may have reached this process alone
            stop.set()
            commands.stop()
            pool.shutdown(cancel_futures=True)
    return done


def _run(fold: Fold, out: Path, options: CrossvalOptions, commands: Commands) -> list[Answer]:
    answers = fold.folder / ANSWERS
    if answers.is_file():
        return read_answers(answers)
    model = fold.folder / MODEL
    if not model.is_dir():
        _train(fold, out, options, commands)
    recognizer = load(model)
    levels = heard_levels(fold.kept, recognizer.bundle.metadata.heard)
    if options.by == "speaker" and any(level != "none" for level in levels):
        raise TrainingError(
            f"{printable(fold.folder)}: the model has heard {printable(fold.name)}, whom it was to be scored on. A "
            "source of the configuration holds clips of that voice: take them out."
        )
    if n := levels.count("clips"):
        raise TrainingError(
            f"{printable(fold.folder)}: the model has heard {n} of the {len(levels)} clips it was to be scored on. "
            "They are among the recordings twice, or in a source of the configuration: take them out; "
            "`speechrnn data check` names copies."
        )
    found = _ask(recognizer, fold)
    write_bytes(answers, format_answers(found))
    return found


def _ask(recognizer: Recognizer, fold: Fold) -> list[Answer]:
    found = []
    predictions = list(predict_files(recognizer, [clip.path for clip in fold.kept], jobs=1))
    for clip, prediction in zip(fold.kept, predictions, strict=True):
        if prediction.probabilities is not None and prediction.known is not None:
            path, p = place_of(clip.path), prediction.probabilities
            found.append(Answer(path, clip.label, clip.speaker, fold.seed, p, prediction.known))
    if not found:  # they were there when this began
        raise _nothing_of(fold, predictions[0].error or "no answer.")
    return found


def _train(fold: Fold, out: Path, options: CrossvalOptions, commands: Commands) -> None:
    threads = str(max(1, (os.cpu_count() or 1) // options.jobs))
    environment = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads)
    command = ["train", str(write_fold(fold)), "--config", str(out / "config.yaml"), "--seed", str(fold.seed)]
    command += ["--out", str(fold.folder / MODEL), "--resume", *begin_at(options.start, fold)]
    done = commands.run(command, environment)
    if done.status:
        told = done.told.strip().splitlines() or [f"it ended with status {done.status}"]
        raise TrainingError(f"the training without {printable(fold.name)} failed: {told[-1].removeprefix('error: ')}")
