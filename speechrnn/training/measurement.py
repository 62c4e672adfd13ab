"""What a trained bundle is worth: its score, its speed, and how far back its network learns."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras

from speechrnn.bundle import WEIGHTS, Bundle
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus
from speechrnn.engine import OnnxEngine
from speechrnn.errors import AudioError, TrainingError
from speechrnn.evaluation import Evaluated, evaluate_corpus
from speechrnn.history import parse_history
from speechrnn.recognizer import Recognizer
from speechrnn.training.batches import spread
from speechrnn.training.features import Example, load_examples
from speechrnn.training.gradients import StateGradients, state_gradients
from speechrnn.training.network import build_network
from speechrnn.training.standings import Contestant
from speechrnn.training.weights import get_weights, load_weights, set_weights

# clips that the gradients are measured on, and the most that are timed
GRADIENT_CLIPS, TIMED_CLIPS = 32, 300


@dataclass(frozen=True, slots=True)
class Measurement:
    """A contestant, and what its figures were measured on.

    Attributes
    ----------
    contestant : Contestant
        The figures.
    n_speakers, n_unheard : int
        Known speakers of the scored clips, and those of them whose voices were not heard in training.
    n_gradient_clips : int
        Clips behind the gradients.
    missing : str or None
        Why there are no gradients; None too where there is nothing recurrent.
    """

    contestant: Contestant
    n_speakers: int
    n_unheard: int
    n_gradient_clips: int
    missing: str | None


@dataclass(frozen=True, slots=True)
class _Gradients:
    start: StateGradients | None = None
    end: StateGradients | None = None
    n_clips: int = 0
    missing: str | None = None


def measure(
    name: str, bundle: Bundle, corpus: Corpus, test: Sequence[Clip], evaluated: Evaluated | None = None
) -> Measurement:
    """Measure a bundle on clips.

    Parameters
    ----------
    name : str
        What the table calls it.
    bundle : Bundle
        Trained with fresh first weights, not from another bundle.
    corpus : Corpus
        Where the clips come from.
    test : sequence of Clip
        At least one.
    evaluated : Evaluated, optional
        The bundle's answers to these clips, where they are known already.

    Returns
    -------
    Measurement
        For the table.

    Raises
    ------
    CorpusError
        None of the clips can be read.
    """
    if evaluated is None:
        evaluated = evaluate_corpus(replace(corpus, clips=tuple(test), rejects=(), skipped=()), Recognizer(bundle))
    evaluation = evaluated.evaluation
    unheard = [speaker.accuracy for speaker in evaluation.per_speaker.values() if not speaker.heard]
    seconds = [row.seconds for row in parse_history(bundle.read("history.csv").decode())]
    gradients = _differentiate(bundle, test)
    contestant = Contestant(
        name=name,
        accuracy=evaluation.accuracy,
        interval=evaluation.interval,
        macro=statistics.fmean(unheard) if unheard else None,
        n_clips=evaluation.n_clips,
        n_parameters=bundle.metadata.n_parameters,
        seconds_per_pass=statistics.fmean(seconds[1:] or seconds),
        ms_per_clip=_time(bundle, spread(test, TIMED_CLIPS)),
        gradients_start=gradients.start,
        gradients_end=gradients.end,
        bundle=bundle,
    )
    return Measurement(contestant, evaluation.n_speakers, len(unheard), gradients.n_clips, gradients.missing)


def _differentiate(bundle: Bundle, test: Sequence[Clip]) -> _Gradients:
    config, labels = bundle.config, bundle.labels
    if config.network.recurrent is None:
        return _Gradients()
    loaded = load_examples(spread(test, GRADIENT_CLIPS), config)
    examples = [item for item in loaded if isinstance(item, Example)]
    if not examples:
        return _Gradients(missing="No gradients: none of the test clips chosen for them can be read.")
    keras.utils.set_random_seed(config.training.seed)  # as `speechrnn.training.session.train` does: the same weights
    network = build_network(config, len(labels))
    trained = load_weights(bundle.read(WEIGHTS))
    fixed = {name: array for name, array in trained.items() if name.startswith("standardization/")}
    set_weights(network, {**get_weights(network), **fixed})
    try:
        start = state_gradients(network, examples, labels)
        set_weights(network, trained)
        return _Gradients(start, state_gradients(network, examples, labels), len(examples))
    except TrainingError as error:  # another backend: the table is worth having without the picture
        return _Gradients(missing=f"No {error}")


def _time(bundle: Bundle, clips: Sequence[Clip]) -> float | None:
    """Median of milliseconds for one clip in onnxruntime on one thread, the reading of the file left out."""
    recognizer, engine = Recognizer(bundle), OnnxEngine(bundle, threads=1)
    times: list[float] = []
    for clip in clips:
        try:
            y = recognizer.load_audio(clip.path)
        except (AudioError, OSError):  # the evaluation lists it
            continue
        if not times:  # the first run also plans its memory
            engine.run([y])
        began = time.perf_counter()
        engine.run([y])
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times) if times else None
