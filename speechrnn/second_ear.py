"""A model of single words beside a model of strings: it knows better what a lone word is, and what is none."""

from collections.abc import Iterable
from dataclasses import replace

from speechrnn.audio import Waveform
from speechrnn.bundle import Bundle
from speechrnn.decoding import LogProbs
from speechrnn.engine import OnnxEngine
from speechrnn.errors import BundleError
from speechrnn.readings import Opinion, Reading, cut, judge, read_variously

# what it hears at most: people leave a second before a lone word, and its own training knows no more
SECONDS = 2.0
# whoever learns strings may learn that "oh" is 0; a model of single words has learnt "zero" alone
_TWO_NAMES = frozenset({"0"})
_Piece = tuple[int, int]


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
        self._unlearnt = frozenset(1 + i for i, label in enumerate(bundle.labels) if label in _TWO_NAMES)

    def read(self, y: Waveform, rows: LogProbs, speed: float = 1.0) -> list[Reading]:
        """Hear the words of each way to cut an utterance.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=float32]
            The utterance as it was recorded; the model of strings heard it with its soft parts raised.
        rows : np.ndarray [shape=(frames, 1 + n_labels), dtype=float32]
            What the model of strings says of it; the blank first.
        speed : float
            How much faster than it was said both have heard it.

        Returns
        -------
        list of Reading
            For each way what both models make of its words: at least one, however improbable, where there is a frame.
        """
        if not len(rows):
            return []
        ways = read_variously(rows)
        pieces = [cut(y.size, len(rows), words, round(SECONDS * self._rate)) for words in ways]
        heard = self._hear(y, {piece for some in pieces for piece in some})
        opinions = ([heard[one] for one in some] for some in pieces)
        readings = [judge(rows, words, some, self._unlearnt) for words, some in zip(ways, opinions, strict=True)]
        return [replace(one, decoded=replace(one.decoded, speed=speed)) for one in readings]

    def _hear(self, y: Waveform, pieces: Iterable[_Piece]) -> dict[_Piece, Opinion]:
        # the same order each time: a batch is heard as it is laid out
        ordered = sorted(pieces)
        answers = self._engine.run([y[start:end] for start, end in ordered])
        return {
            (start, end): Opinion(labels, float(known), (end - start) / self._rate)
            for (start, end), labels, known in zip(ordered, answers.probabilities, answers.known, strict=True)
        }
