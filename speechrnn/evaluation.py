"""Recordings and a model in, an Evaluation out: reads the corpus, predicts, and knows what the model has heard."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechrnn.batch import predict_files
from speechrnn.certainty import hear_rejects, judge_certainty
from speechrnn.corpus.clips import Clip, try_hash
from speechrnn.corpus.layouts import Corpus, Skipped, read_corpus
from speechrnn.errors import BundleError, CorpusError
from speechrnn.metadata import Heard as HeardInTraining
from speechrnn.progress import Progress
from speechrnn.recognizer import Prediction, Recognizer, load
from speechrnn.scores import Evaluation, Heard, score

__all__ = ["Evaluated", "Evaluation", "evaluate", "evaluate_corpus", "heard_levels", "score", "to_json"]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation together with the answers that it was made from.

    Attributes
    ----------
    evaluation : Evaluation
        The scores.
    clips : tuple of Clip
        What was said: every clip with a label of the model, also the unreadable ones.
    predictions : tuple of Prediction
        What was answered, in the same order.
    model : str
        What reports call the model.
    data : str
        What reports call the recordings.
    heard : tuple of {"none", "speakers", "clips"}
        What the model knew of each clip before, in the same order.
    rejects : tuple of Clip
        Other words and recordings of noise that were heard beside the clips.
    unread_rejects : tuple of Skipped
        Those of them that could not be read; the evaluation lists them too.
    """

    evaluation: Evaluation
    clips: tuple[Clip, ...]
    predictions: tuple[Prediction, ...]
    model: str
    data: str
    heard: tuple[Heard, ...]
    rejects: tuple[Clip, ...] = ()
    unread_rejects: tuple[Skipped, ...] = ()


def evaluate(
    data: str | Path | Corpus,
    model: Recognizer | str | Path | None = None,
    *,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Measure how good a model is on recordings whose labels are known.

    Parameters
    ----------
    data : str, Path or Corpus
        A folder or CSV of recordings in any known layout, or what `read_corpus` made of one.
    model : Recognizer, str or Path, optional
        A model as `speechrnn.load` takes it.
    on_progress : callable, optional
        Called with the number of clips done and the number of all.

    Returns
    -------
    Evaluation
        Accuracy with its interval, per label and per speaker; `heard` says whether the model knew the voices.

    Raises
    ------
    CorpusError
        The recordings cannot be read as a corpus, or no clip can be scored.
    BundleError
        The model cannot be loaded, or hears strings.
    """
    recognizer = load(model) if model is None or isinstance(model, str | Path) else model
    if not isinstance(recognizer, Recognizer):
        raise BundleError(
            f"a model of type {type(recognizer).__name__}, needed a Recognizer, or the name or folder of a model. Give "
            "speechrnn.load(), or measure a model of strings with speechrnn.string_evaluation.evaluate_strings."
        )
    return evaluate_corpus(as_corpus(data), recognizer, on_progress=on_progress).evaluation


def as_corpus(data: str | Path | Corpus) -> Corpus:
    """Read recordings, unless they are read already.

    Parameters
    ----------
    data : str, Path or Corpus
        As a caller of the library gives it.

    Returns
    -------
    Corpus
        What is there.

    Raises
    ------
    CorpusError
        It is none of the three, or holds no recordings.
    """
    if data == "":  # not this folder, as `Path` would have it
        raise CorpusError("the path of the recordings is empty, needed a folder or CSV. Is a variable not set?")
    corpus = read_corpus(Path(data)) if isinstance(data, str | Path) else data
    if not isinstance(corpus, Corpus):
        raise CorpusError(
            f"data of type {type(corpus).__name__}, needed the path of a folder or CSV, or a Corpus. Give what "
            "speechrnn.corpus.layouts.read_corpus makes of it."
        )
    return corpus


def evaluate_corpus(
    corpus: Corpus, recognizer: Recognizer, *, on_progress: Progress | None = None, jobs: int | None = None
) -> Evaluated:
    """Evaluate and keep the answers, for reports and comparisons.

    Parameters
    ----------
    corpus : Corpus
        Recordings with labels.
    recognizer : Recognizer
        The model.
    on_progress : callable, optional
        Called with the number of clips done and the number of all.
    jobs : int, optional
        Threads; as many as there are cores if absent.

    Returns
    -------
    Evaluated
        The evaluation, the clips and the answers to them.

    Raises
    ------
    CorpusError
        No clip can be scored.
    """
    clips = tuple(clip for clip in corpus.clips if clip.label in recognizer.labels)
    foreign = [clip for clip in corpus.clips if clip.label not in recognizer.labels]
    reason = f"the model has no such label. It has: {_shorten(recognizer.labels)}."
    skipped = [*corpus.skipped, *(Skipped(clip.path, f"labelled {clip.label}; {reason}") for clip in foreign)]
    predictions = []
    for prediction in predict_files(recognizer, [clip.path for clip in clips], jobs=jobs):
        predictions.append(prediction)
        if on_progress is not None:
            on_progress(len(predictions), len(clips))
    heard = heard_levels(clips, recognizer.bundle.metadata.heard)
    evaluation = score(clips, predictions, recognizer.labels, heard, skipped)
    rejects = hear_rejects(corpus.rejects, recognizer, jobs=jobs)
    certainty = judge_certainty(clips, predictions, rejects)
    evaluation = dataclasses.replace(
        evaluation,
        skipped=(*evaluation.skipped, *rejects.unreadable),
        ece=certainty.ece,
        open_set=certainty.open_set,
        threshold=recognizer.chosen_threshold,
    )
    model, data = str(recognizer.bundle.path), str(corpus.root)
    return Evaluated(evaluation, clips, tuple(predictions), model, data, heard, corpus.rejects, rejects.unreadable)


def heard_levels(clips: Sequence[Clip], heard: HeardInTraining) -> tuple[Heard, ...]:
    """Say what a model knew of each clip before: when in doubt, more rather than less.

    Parameters
    ----------
    clips : sequence of Clip
        The clips to be scored.
    heard : speechrnn.metadata.Heard
        What the bundle says it was trained on.

    Returns
    -------
    tuple of {"none", "speakers", "clips"}
        One for each clip. A voice is heard by its name, or because another clip of it was trained on. A clip without
        a name counts as heard once the model was trained on any real clip; so does any clip once the model was trained
        on real clips without names.
    """
    known_clips = frozenset(heard.clips)
    trained = [bool(known_clips) and try_hash(clip.path) in known_clips for clip in clips]
    voices = {*heard.speakers, *(clip.speaker for clip, was in zip(clips, trained, strict=True) if was)}
    if heard.real:
        voices.add(None)

    def level(clip: Clip, was: bool) -> Heard:
        if was:
            return "clips"
        return "speakers" if heard.unnamed or clip.speaker in voices else "none"

    return tuple(level(clip, was) for clip, was in zip(clips, trained, strict=True))


def to_json(evaluation: Evaluation) -> str:
    """Write an evaluation as one line of JSON, as `docs/evaluation.schema.json` describes it.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.

    Returns
    -------
    str
        ASCII: file names in any encoding come through unharmed.
    """
    return json.dumps(dataclasses.asdict(evaluation), default=str, allow_nan=False)


def _shorten(labels: Sequence[str]) -> str:
    return ", ".join(labels[:12]) + (f" and {len(labels) - 12} more" if len(labels) > 12 else "")
