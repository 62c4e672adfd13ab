"""Whether a model knows when it knows: its answers to labels, to other words and to noises, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from speechrnn.audio import Waveform, load_audio
from speechrnn.batch import predict_files
from speechrnn.calibration_error import expected_calibration_error
from speechrnn.corpus.clips import Clip
from speechrnn.errors import AudioError
from speechrnn.noise import segments
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.robustness import OpenSet, RejectScore, score_rejects

# fewer answers say nothing of how sure a model should be
FEW_CLIPS = 30
NOISE_LABEL = "_background_noise_"
# noise is refused a second at a time; of a long recording so many pieces are heard
PIECE_SECONDS, MAX_PIECES, LONGEST = 1.0, 60, 3600.0
_BATCH = 32


@dataclass(frozen=True, slots=True)
class RejectAnswers:
    """What a model answered to other words, and to pieces of noise."""

    words: tuple[Prediction, ...]
    noises: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class Certainty:
    """Calibration error and open-set scores, where there is enough to say."""

    ece: float | None
    open_set: OpenSet | None


def hear_rejects(rejects: Sequence[Clip], recognizer: Recognizer) -> RejectAnswers:
    """Let a model hear what is no label; what cannot be read is left out.

    Parameters
    ----------
    rejects : sequence of Clip
        Other words, and recordings of noise, which are cut into seconds that hold sound.
    recognizer : Recognizer
        The model.

    Returns
    -------
    RejectAnswers
        In order.
    """
    words = [clip.path for clip in rejects if clip.label != NOISE_LABEL]
    noises = [clip for clip in rejects if clip.label == NOISE_LABEL]
    said = tuple(one for one in predict_files(recognizer, words) if one.error is None)
    return RejectAnswers(
        said, hear_noises([piece for clip in noises for piece in _pieces(clip, recognizer)], recognizer)
    )


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


def judge_certainty(
    clips: Sequence[Clip], predictions: Sequence[Prediction], rejects: RejectAnswers, threshold: float
) -> Certainty:
    """Score how sure answers are against how right they are.

    Parameters
    ----------
    clips : sequence of Clip
        With labels of the model.
    predictions : sequence of Prediction
        The answers to them.
    rejects : RejectAnswers
        The answers to what is no label.
    threshold : float
        Of the model.

    Returns
    -------
    Certainty
        What can be said.
    """
    best = [_best(one) for one in predictions]
    read = [i for i, one in enumerate(predictions) if one.error is None]
    right = np.array([best[i] == clips[i].label for i in read])
    probability = np.array([predictions[i].probability or 0.0 for i in read])
    known = np.array([predictions[i].known or 0.0 for i in read])

    def against(answers: Sequence[Prediction]) -> RejectScore | None:
        return (
            score_rejects(known, right, np.array([one.known or 0.0 for one in answers]), threshold) if answers else None
        )

    open_set = OpenSet(against(rejects.words), against(rejects.noises))
    some = open_set != OpenSet(None, None)
    ece = expected_calibration_error(probability, right) if len(read) >= FEW_CLIPS else None
    return Certainty(ece, open_set if some else None)


def _best(prediction: Prediction) -> str | None:
    p = prediction.probabilities
    return max(p, key=p.__getitem__) if p else None


def _pieces(clip: Clip, recognizer: Recognizer) -> Iterator[Waveform]:
    limits = msgspec.structs.replace(recognizer.bundle.config.audio, max_duration=LONGEST, min_peak_db=-120.0)
    try:
        y = load_audio(clip.path, limits)
    except (AudioError, OSError):
        return
    yield from segments(y, limits.sample_rate, PIECE_SECONDS, MAX_PIECES, seed=0)
