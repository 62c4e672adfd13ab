"""A model of single words beside a model of strings: it knows better what a lone word is, and what is none."""

from collections.abc import Sequence

import numpy as np

from speechrnn.audio import Waveform
from speechrnn.bundle import Bundle
from speechrnn.decoding import BLANK, Found, LogProbs
from speechrnn.engine import OnnxEngine
from speechrnn.errors import BundleError

# of the pooled opinion
SHARE = 0.6
# what the other model hears at most: people leave a second before a lone word, and its own training knows no more
SECONDS = 2.0
# no opinion is surer than this
_LEAST = 1e-5


class SecondEar:
    """Hears stretches in which a model of strings finds one word, or none, once more as a single word.

    Parameters
    ----------
    bundle : Bundle
        Of kind ``isolated``.
    strings : Bundle
        The model of strings whose answers it mends.

    Raises
    ------
    BundleError
        It is of another kind, rate, or vocabulary.
    """

    def __init__(self, bundle: Bundle, strings: Bundle) -> None:
        seen = f"{bundle.metadata.sample_rate} Hz, labels {' '.join(bundle.labels)}"
        needed = f"{strings.metadata.sample_rate} Hz, labels {' '.join(strings.labels)}"
        if seen != needed:
            raise BundleError(
                f"{bundle.path}: {seen}; needed {needed} as of {strings.path}. Name a model of single words that fits."
            )
        self._engine = OnnxEngine(bundle)
        self._rate = bundle.metadata.sample_rate

    def mend(self, y: Waveform, rows: LogProbs, found: Sequence[Found]) -> LogProbs:
        """Pool both opinions in the frames of the only word, or in that frame which is least of all a blank.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            What both models hear.
        rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            What the model of strings says of it; the blank first.
        found : sequence of Found
            What that decodes to.

        Returns
        -------
        np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            As it is where more than one word is found, or no frame is there.
        """
        if len(found) > 1 or not len(rows):
            return rows
        first, last = (found[0].first, found[0].last) if found else (int(np.argmin(rows[:, BLANK])),) * 2
        [probabilities], [known] = self._hear(y, (first + last + 1) / 2 / len(rows))
        second = np.concatenate([[1.0 - known], known * probabilities])
        mended = rows.copy()
        mended[first : last + 1] = pool(rows[first : last + 1], np.log(second + _LEAST))
        return mended

    def _hear(self, y: Waveform, middle: float) -> tuple[np.ndarray, np.ndarray]:
        size = round(SECONDS * self._rate)
        start = min(max(0, round(middle * y.size) - size // 2), max(0, y.size - size))
        answers = self._engine.run([y[start : start + size]])
        return answers.probabilities, answers.known


def pool(rows: LogProbs, second: LogProbs) -> LogProbs:
    """Pool opinions logarithmically: the weighted geometric mean of the probabilities (Genest and Zidek 1986).

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, n), dtype=float32]
        Logarithms of the probabilities of one; the other has `SHARE` of the weight.
    second : np.ndarray [shape=(n,), dtype=float32]
        Those of the other.

    Returns
    -------
    np.ndarray [shape=(frames, n), dtype=float32]
        Each row's exponentials sum to 1.

    Examples
    --------
    Who agrees with oneself stays; who knows nothing makes the other less sure:

    >>> sure, ignorant = np.log(np.array([[0.9, 0.1]])), np.log(np.array([0.5, 0.5]))
    >>> np.exp(pool(sure, sure[0])).round(2).tolist(), np.exp(pool(sure, ignorant)).round(2).tolist()
    ([[0.9, 0.1]], [[0.71, 0.29]])
    """
    mean = (1 - SHARE) * np.maximum(rows, np.log(_LEAST)) + SHARE * second
    pooled: LogProbs = (mean - np.log(np.exp(mean).sum(axis=1, keepdims=True))).astype(np.float32)
    return pooled
