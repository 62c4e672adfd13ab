"""Calibrating a bundle on recordings: what it answers is heard, its calibration fitted, its graph written again."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.audio import Waveform
from speechrnn.batch import predict_files
from speechrnn.bundle import MODEL, WEIGHTS, Bundle, write_bundle
from speechrnn.certainty import cut_noises, hear_noises
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, Skipped
from speechrnn.corpus.noises import NOISE_LABEL
from speechrnn.errors import BundleError, CorpusError
from speechrnn.evaluation import heard_levels
from speechrnn.metadata import Calibrated
from speechrnn.progress import Progress
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.scores import Heard
from speechrnn.training.assembly import Draft
from speechrnn.training.batches import spread
from speechrnn.training.calibration import Calibration, KnownWeights
from speechrnn.training.export import to_onnx
from speechrnn.training.raw import NOISE, WORD, Raw, fit_calibration, raw_answers
from speechrnn.training.reference import check_parity_on
from speechrnn.training.weights import KNOWN, TEMPERATURE, calibration_weights, load_weights, save_weights

# recordings on which the new graph is compared with Keras
_PARITY = 32


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a bundle answered to recordings before any calibration.

    Attributes
    ----------
    raw : Raw
        The answers to what could be read.
    clips : tuple of Clip
        Recordings of labels and other words that could be read.
    heard : tuple of {"none", "speakers", "clips"}
        What the model knew of each of them from its training; of other words the recordings alone count.
    unreadable : tuple of Skipped
        Those, and recordings of noise, that could not be used.
    waveforms : tuple of np.ndarray
        Some of the recordings, to compare engines on.
    """

    raw: Raw
    clips: tuple[Clip, ...]
    heard: tuple[Heard, ...]
    unreadable: tuple[Skipped, ...]
    waveforms: tuple[Waveform, ...]


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A bundle that was calibrated, and how.

    Attributes
    ----------
    bundle : Bundle
        As written.
    before, after : Calibration
        What it had, and what it has.
    hearing : Hearing
        What both answer differently.
    """

    bundle: Bundle
    before: Calibration
    after: Calibration
    hearing: Hearing


def recalibrate(
    bundle: Bundle, corpus: Corpus, out: Path, false_accepts: float, on_progress: Progress | None = None
) -> Recalibrated:
    """Calibrate a bundle on recordings.

    Parameters
    ----------
    bundle : Bundle
        Its network has an output for what is no label.
    corpus : Corpus
        Recordings of its labels, of other words, and of noise.
    out : Path
        The new bundle's folder; what is there is replaced.
    false_accepts : float
        Largest share of other words, and of noises, to be accepted.
    on_progress : callable, optional
        Called with the number of recordings of words heard and the number of all of these; noise takes no time.

    Returns
    -------
    Recalibrated
        The new bundle, and the calibrations before and after.

    Raises
    ------
    BundleError
        The network has no such output.
    CorpusError
        No recording of a label or reject can be used.
    TrainingError
        The new graph differs from Keras.
    """
    before = get_calibration(bundle)
    hearing = hear(bundle, corpus, on_progress)
    after = fit_calibration(hearing.raw, before, false_accepts)
    draft = set_calibration(bundle, after, corpus.root.resolve().name)
    with tempfile.TemporaryDirectory() as folder:
        check_parity_on(write_bundle(Path(folder, "trial"), draft.files, draft.metadata), hearing.waveforms)
    return Recalibrated(write_bundle(out, draft.files, draft.metadata, replace=True), before, after, hearing)


def get_calibration(bundle: Bundle) -> Calibration:
    """Read what a bundle's calibration is now.

    Parameters
    ----------
    bundle : Bundle
        Its network has an output for what is no label.

    Returns
    -------
    Calibration
        Temperature, weights of `known` and threshold; what they were set on is in the metadata.

    Raises
    ------
    BundleError
        The network has no such output, or the bundle no weights.
    """
    if not bundle.config.network.rejection:
        raise BundleError(
            f"{bundle.path}: its network has no output for what is no label, and nothing to calibrate; needed one that "
            "was trained with network.rejection: true, as the preset default is."
        )
    weights = load_weights(bundle.read(WEIGHTS))
    known = KnownWeights(*map(float, weights[KNOWN]))
    return Calibration(float(weights[TEMPERATURE][0]), known, bundle.metadata.threshold)


def set_calibration(bundle: Bundle, calibration: Calibration, source: str) -> Draft:
    """Give a bundle another calibration: in its weights, its graph, and its threshold; the rest stays.

    Parameters
    ----------
    bundle : Bundle
        Its network has an output for what is no label.
    calibration : Calibration
        What to set.
    source : str
        Name of the recordings that it was set on.

    Returns
    -------
    Draft
        For `speechrnn.bundle.write_bundle`.
    """
    weights = {**load_weights(bundle.read(WEIGHTS)), **calibration_weights(calibration)}
    files = {name: bundle.read(name) for name in bundle.metadata.sha256}
    files |= {MODEL: to_onnx(bundle.config, weights, len(bundle.labels)), WEIGHTS: save_weights(weights)}
    told = Calibrated(
        calibration.temperature, calibration.false_accepts, calibration.n_clips, calibration.n_rejects, source
    )
    return Draft(files, msgspec.structs.replace(bundle.metadata, threshold=calibration.threshold, calibration=told))


def hear(bundle: Bundle, corpus: Corpus, on_progress: Progress | None = None) -> Hearing:
    """Let a bundle answer recordings as if it had never been calibrated.

    Parameters
    ----------
    bundle : Bundle
        Its network has an output for what is no label.
    corpus : Corpus
        Recordings of its labels, of other words, and of noise, which is cut as for an evaluation.
    on_progress : callable, optional
        Called with the number of recordings heard and the number of all.

    Returns
    -------
    Hearing
        Answers, what the model knew of the clips before, and what could not be read.

    Raises
    ------
    CorpusError
        No recording of a label or reject can be used.
    """
    unit = {label: i for i, label in enumerate(bundle.labels)}
    words = [clip for clip in corpus.rejects if clip.label != NOISE_LABEL]
    clips = [*(clip for clip in corpus.clips if clip.label in unit), *words]
    noises = cut_noises([clip.path for clip in corpus.rejects if clip.label == NOISE_LABEL], bundle.config.audio)
    pieces = noises.waveforms
    fresh = set_calibration(bundle, Calibration(), "")
    answers: list[Prediction] = []
    with tempfile.TemporaryDirectory() as folder:
        recognizer = Recognizer(write_bundle(Path(folder, "fresh"), fresh.files, fresh.metadata))
        for answer in predict_files(recognizer, [clip.path for clip in clips]):
            answers.append(answer)
            if on_progress is not None:
                on_progress(len(answers), len(clips))
        answers += hear_noises(pieces, recognizer)
        good = tuple(clip for clip, answer in zip(clips, answers, strict=False) if answer.error is None)
        waveforms = [recognizer.load_audio(clip.path) for clip in spread(good, _PARITY)]
    read = [answer for answer in answers if answer.error is None]
    if not read:
        raise CorpusError(
            f"{corpus.root}: no recording of a label of the model ({', '.join(bundle.labels[:12])}) or of what is no "
            "label can be used. Needed one or more; see what is wrong with `speechrnn data check`."
        )
    units = [unit.get(clip.label, WORD) for clip in good] + [NOISE] * len(pieces)
    raw = raw_answers([list((a.probabilities or {}).values()) for a in read], [a.known or 0.0 for a in read], units)
    lost = [Skipped(clip.path, a.error) for clip, a in zip(clips, answers, strict=False) if a.error is not None]
    unreadable = (*lost, *noises.unreadable)
    return Hearing(raw, good, _heard(good, bundle), unreadable, (*waveforms, *pieces[: _PARITY - len(waveforms)]))


def _heard(clips: Sequence[Clip], bundle: Bundle) -> tuple[Heard, ...]:
    """Of other words it matters which recordings trained the model, not whose."""
    levels = heard_levels(clips, bundle.metadata.heard)
    return tuple(
        "none" if level == "speakers" and clip.label not in bundle.labels else level
        for clip, level in zip(clips, levels, strict=True)
    )
