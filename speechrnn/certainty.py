"""Whether a model knows when it knows: its answers to labels, to other words and to noises, side by side."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.audio import Waveform
from speechrnn.batch import predict_files
from speechrnn.calibration_error import expected_calibration_error
from speechrnn.config import AudioConfig
from speechrnn.corpus.clips import Clip, try_hash
from speechrnn.corpus.layouts import Skipped
from speechrnn.corpus.noises import NOISE_LABEL, read_noise
from speechrnn.noise import segments
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.robustness import OpenSet, RejectScore, score_rejects

# fewer answers say nothing of how sure a model should be
FEW_CLIPS = 30
# noise is refused a second at a time; of a long recording so many pieces are heard
PIECE_SECONDS, MAX_PIECES = 1.0, 60
# faint noise is to be refused too; 16 bits hold nothing fainter
_FAINTEST_DB = -120.0
_BATCH = 32


@dataclass(frozen=True, slots=True)
class RejectAnswers:
    """What a model answered to other words and to pieces of noise, and which recordings could not be used.

    Of the words and of the pieces, `n_heard_words` and `n_heard_noises` are of recordings that trained the model.
    """

    words: tuple[Prediction, ...]
    noises: tuple[Prediction, ...]
    unreadable: tuple[Skipped, ...] = ()
    n_heard_words: int = 0
    n_heard_noises: int = 0


@dataclass(frozen=True, slots=True)
class NoisePieces:
    """Pieces of recordings of noise, the recording of each piece, and which recordings could not be used."""

    waveforms: tuple[Waveform, ...]
    paths: tuple[Path, ...]
    unreadable: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Certainty:
    """Calibration error and open-set scores, where there is enough to say."""

    ece: float | None
    open_set: OpenSet | None


def hear_rejects(rejects: Sequence[Clip], recognizer: Recognizer, *, jobs: int | None = None) -> RejectAnswers:
    """Let a model hear what is no label.

    Parameters
    ----------
    rejects : sequence of Clip
        Other words, and recordings of noise, which are cut into seconds that hold sound.
    recognizer : Recognizer
        The model.
    jobs : int, optional
        Threads; as many as there are cores if absent.

    Returns
    -------
    RejectAnswers
        In order; what cannot be used is named.
    """
    heard = recognizer.bundle.metadata.heard
    words = [clip.path for clip in rejects if clip.label != NOISE_LABEL]
    said = tuple(predict_files(recognizer, words, jobs=jobs))
    unread = tuple(Skipped(path, one.error) for path, one in zip(words, said, strict=True) if one.error is not None)
    pieces = cut_noises([clip.path for clip in rejects if clip.label == NOISE_LABEL], recognizer.bundle.config.audio)
    return RejectAnswers(
        tuple(one for one in said if one.error is None),
        hear_noises(pieces.waveforms, recognizer),
        unread + pieces.unreadable,
        count_heard((path for path, one in zip(words, said, strict=True) if one.error is None), heard.clips),
        count_heard(pieces.paths, heard.noises),
    )


def cut_noises(paths: Sequence[Path], audio: AudioConfig) -> NoisePieces:
    """Cut recordings of noise into the pieces that a model is to refuse: seconds that hold sound.

    Parameters
    ----------
    paths : sequence of Path
        Recordings of any length.
    audio : AudioConfig
        For the rate.

    Returns
    -------
    NoisePieces
        In order, of each recording at most `MAX_PIECES`.
    """
    cut: list[tuple[Path, Waveform]] = []
    unreadable: list[Skipped] = []
    for path in paths:
        y = read_noise(path, audio, _FAINTEST_DB)
        if isinstance(y, Skipped):
            unreadable.append(y)
            continue
        cut += [(path, piece) for piece in segments(y, audio.sample_rate, PIECE_SECONDS, MAX_PIECES, seed=0)]
    return NoisePieces(tuple(piece for _, piece in cut), tuple(path for path, _ in cut), tuple(unreadable))


def hear_noises(pieces: Sequence[Waveform], recognizer: Recognizer) -> tuple[Prediction, ...]:
    """Let a model hear pieces of noise.

    Parameters
    ----------
    pieces : sequence of np.ndarray [shape=(n,), dtype=float32]
        At the model's rate.
    recognizer : Recognizer
        The model.

    Returns
    -------
    tuple of Prediction
        In order.
    """
    batches = (list(pieces[i : i + _BATCH]) for i in range(0, len(pieces), _BATCH))
    return tuple(one for batch in batches for one in recognizer.predict_batch(batch))


def judge_certainty(clips: Sequence[Clip], predictions: Sequence[Prediction], rejects: RejectAnswers) -> Certainty:
    """Score how sure answers are against how right they are.

    Parameters
    ----------
    clips : sequence of Clip
        With labels of the model.
    predictions : sequence of Prediction
        The answers to them.
    rejects : RejectAnswers
        The answers to what is no label.

    Returns
    -------
    Certainty
        What can be said.
    """
    best = [most_probable(one) for one in predictions]
    read = [i for i, one in enumerate(predictions) if one.error is None]
    right = np.array([best[i] == clips[i].label for i in read])
    probability = np.array([predictions[i].probability or 0.0 for i in read])
    known = np.array([predictions[i].known or 0.0 for i in read])

    def against(answers: Sequence[Prediction], n_heard: int) -> RejectScore | None:
        if not answers:
            return None
        accepted = np.array([one.label is not None for one in answers])
        return score_rejects(known, right, np.array([one.known or 0.0 for one in answers]), accepted, n_heard)

    open_set = OpenSet(against(rejects.words, rejects.n_heard_words), against(rejects.noises, rejects.n_heard_noises))
    some = open_set != OpenSet(None, None)
    ece = expected_calibration_error(probability, right) if len(read) >= FEW_CLIPS else None
    return Certainty(ece, open_set if some else None)


def most_probable(prediction: Prediction) -> str | None:
    """Name the label that a model thinks most probable, also where it refuses to answer.

    Parameters
    ----------
    prediction : Prediction
        An answer.

    Returns
    -------
    str or None
        None where the recording could not be read.
    """
    p = prediction.probabilities
    return max(p, key=p.__getitem__) if p else None


def count_heard(paths: Iterable[Path], heard: Collection[str]) -> int:
    """Count the recordings that trained a model.

    Parameters
    ----------
    paths : iterable of Path
        Recordings, or those that pieces are of, so that one may come often.
    heard : collection of str
        The `clips` or `noises` of `speechrnn.metadata.Heard`.

    Returns
    -------
    int
        By what the files hold; each is read once, and none where nothing was heard.
    """
    known = frozenset(heard)
    return sum(n for path, n in Counter(paths).items() if try_hash(path) in known) if known else 0
