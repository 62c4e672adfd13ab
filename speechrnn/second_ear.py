"""A model of single words beside a model of strings: it knows better what a lone word is, and what is none."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from speechrnn.audio import Waveform
from speechrnn.bundle import Bundle
from speechrnn.decoding import BLANK, Decoded, Found, LogProbs, decode, log_softmax
from speechrnn.engine import OnnxEngine
from speechrnn.errors import BundleError

# its share of the pooled opinion: of a lone word, and of one among others, whose neighbours reach into it
LONE, JOINED = 0.6, 0.35
# what it hears at most: people leave a second before a lone word, and its own training knows no more
SECONDS = 2.0
# no opinion is surer than this
_LEAST = 1e-5


class SecondEar:
    """Hears each word that a model of strings finds once more, as a single word.

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

    def decode(self, y: Waveform, rows: LogProbs, *, alone: bool = True) -> Decoded:
        """Decode, mend by what that finds, and decode what is mended.

        Parameters
        ----------
        y, rows, alone
            See `mend`.

        Returns
        -------
        Decoded
            The mended rows, and the words in them.
        """
        mended = self.mend(y, rows, decode(rows), alone=alone)
        return Decoded(mended, decode(mended))

    def mend(self, y: Waveform, rows: LogProbs, found: Sequence[Found], *, alone: bool = True) -> LogProbs:
        """Pool both opinions in the frames of each word, or where there is none, in that which is least of all a blank.

        Of a lone word this model also says whether it is one. Among others it only says which.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            What both models hear.
        rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            What the model of strings says of it; the blank first.
        found : sequence of Found
            What that decodes to.
        alone : bool
            Whether the only word that is found is the only one that is said, for all one knows.

        Returns
        -------
        np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            Each row's exponentials sum to 1.
        """
        if not len(rows):
            return rows
        spans = [(one.first, one.last) for one in found] or [(int(np.argmin(rows[:, BLANK])),) * 2]
        answers = self._engine.run([y[start:end] for start, end in self._cut(y.size, spans, y.size / len(rows))])
        mended = rows.copy()
        for (first, last), labels, known in zip(spans, answers.probabilities, answers.known, strict=True):
            part = rows[first : last + 1]
            if alone and len(spans) == 1:
                second = np.concatenate([[1.0 - known], known * labels])
                mended[first : last + 1] = pool(part, np.log(second + _LEAST), LONE)
            else:
                some = np.log1p(-np.exp(part[:, [BLANK]]).clip(max=1 - _LEAST))
                mended[first : last + 1, 1:] = some + pool(part[:, 1:] - some, np.log(labels + _LEAST), JOINED)
        return mended

    def _cut(self, n: int, spans: Sequence[tuple[int, int]], length: float) -> list[tuple[int, int]]:
        """From the middle between a word and the one before to the middle between it and the next, in samples."""
        half = round(SECONDS * self._rate / 2)
        middles = [(a + 1 + b) / 2 * length for (_, a), (b, _) in pairwise(spans)]
        edges = [0, *map(round, middles), n]
        centres = [round((first + last + 1) / 2 * length) for first, last in spans]
        return [
            (max(start, at - half), min(end, at + half))
            for (start, end), at in zip(pairwise(edges), centres, strict=True)
        ]


def pool(rows: LogProbs, second: LogProbs, share: float) -> LogProbs:
    """Pool opinions logarithmically: the weighted geometric mean of the probabilities (Genest and Zidek 1986).

    Parameters
    ----------
    rows : np.ndarray [shape=(frames, n), dtype=float32]
        Logarithms of the probabilities of one.
    second : np.ndarray [shape=(n,), dtype=float32]
        Those of the other.
    share : float
        The other's weight, from 0 to 1.

    Returns
    -------
    np.ndarray [shape=(frames, n), dtype=float32]
        Each row's exponentials sum to 1.

    Examples
    --------
    Who agrees with oneself stays; who knows nothing makes the other less sure:

    >>> sure, ignorant = np.log([[0.9, 0.1]]), np.log([0.5, 0.5])
    >>> [round(float(np.exp(pool(sure, other, 0.6))[0, 0]), 2) for other in (sure[0], ignorant)]
    [0.9, 0.71]
    """
    mean = (1 - share) * np.maximum(rows, np.log(_LEAST)) + share * second
    return log_softmax(mean)
