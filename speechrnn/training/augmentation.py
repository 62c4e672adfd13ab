"""Every clip anew in every pass: other voices, rooms, microphones and end-points, made from cached power spectra.

All of it happens where it is cheap: the time axis and the vocal tract on power spectra, the rest on mel powers, a
batch at a time. What a clip becomes is decided by the seed, the pass, and the clips that are changed with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.config import AugmentationConfig, Config
from speechrnn.training.acoustics import Acoustics, Beside, Layout
from speechrnn.training.draws import stream
from speechrnn.training.features import Features
from speechrnn.training.spectra import Spectrum, tract_filters

Draws = Sequence[float]

# no clip is squeezed to fewer frames than this, nor a silence kept longer
_FEWEST_FRAMES = 5
_SILENCE = 1e-12


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stored spectrum; read backwards where `last` lies before `first`.

    Attributes
    ----------
    row : int
        Which spectrum.
    first, last : float
        Share of its length at which the piece begins and ends, 0 to 1.
    """

    row: int
    first: float = 0.0
    last: float = 1.0


@dataclass(frozen=True, slots=True)
class Take:
    """What one clip of a pass is made of and how long it becomes.

    Attributes
    ----------
    pieces : tuple of Piece
        One for a clip as it is, several for a broken one, none for noise alone.
    tempo : float
        Over 1 is faster.
    n_word : int
        Frames of the word.
    n_frames : int
        Frames of the window around it.
    offset : int
        Frame of the window at which the word begins.
    """

    pieces: tuple[Piece, ...]
    tempo: float
    n_word: int
    n_frames: int
    offset: int


class Augmenter:
    """Turns stored spectra into the features of changed clips.

    Parameters
    ----------
    spectra : sequence of np.ndarray [shape=(n_frames, n_bins), dtype=float32]
        Power spectra of trimmed words, from `speechrnn.training.spectra.power_spectrum`.
    noises : sequence of np.ndarray [shape=(n,), dtype=float32]
        Recorded noise at the model's rate; may be empty.
    config : Config
        Its `augmentation` decides what is done, `trim` and `features` how a clip is read.
    babble : sequence of np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        From `speechrnn.training.babble.make_babble`.
    beside : callable, optional
        As `speechrnn.training.acoustics.Acoustics` takes it.
    """

    def __init__(
        self,
        spectra: Sequence[Spectrum],
        noises: Sequence[npt.NDArray[np.float32]],
        config: Config,
        babble: Sequence[npt.NDArray[np.float32]] = (),
        beside: Beside | None = None,
    ) -> None:
        self._config = config
        self._what: AugmentationConfig | None = config.augmentation
        self._sizes = np.array([len(spectrum) for spectrum in spectra], np.int64)
        self._firsts = np.cumsum(self._sizes) - self._sizes
        self._frames = np.concatenate(spectra)
        self._filters = tract_filters(config)
        self._acoustics = Acoustics(noises, config, babble, beside)
        self._level_db = 10 * np.log10(np.maximum(self._frames.sum(axis=1), _SILENCE))
        self._loudest = np.maximum.reduceat(self._level_db, self._firsts)

    def plan(self, pieces: Sequence[tuple[Piece, ...]], seed: tuple[int, ...]) -> list[Take]:
        """Draw tempo and window of each clip of a pass, so that clips of similar lengths can be changed together.

        Parameters
        ----------
        pieces : sequence of tuple of Piece
            What each clip is made of.
        seed : tuple of int
            Decides the draws.

        Returns
        -------
        list of Take
            In the order of `pieces`.
        """
        # of eight figures four decide about the edges, four about tempo and window
        draws = stream("plan", *seed).random((len(pieces), 8)).tolist()
        return [self._take(self._cut_edges(parts, row[:4]), row[4:]) for parts, row in zip(pieces, draws, strict=True)]

    def _cut_edges(self, pieces: tuple[Piece, ...], draws: Draws) -> tuple[Piece, ...]:
        """Begin and end a whole word where it is loud enough for a hasty end-pointer."""
        config = self._what.edges if self._what else None
        if config is None or len(pieces) != 1 or pieces[0] != Piece(pieces[0].row):
            return pieces
        begins, ends = (draw < config.probability for draw in draws[:2])
        if not (begins or ends):
            return pieces
        row = pieces[0].row
        n, start = int(self._sizes[row]), int(self._firsts[row])
        level, loudest, span = self._level_db[start : start + n], float(self._loudest[row]), config.below_db
        least = [loudest - (span.low + (span.high - span.low) * draw) for draw in draws[2:]]
        first = int((level >= least[0]).argmax()) if begins else 0
        last = n - int((level[::-1] >= least[1]).argmax()) if ends else n
        return (Piece(row, first / n, last / n),) if last - first >= _FEWEST_FRAMES else pieces

    def _take(self, pieces: tuple[Piece, ...], draws: Draws) -> Take:
        what = self._what
        tempo, chance, length, place = draws
        most = round(what.placement.max_duration * self._rate) if what and what.placement else 0
        if not pieces:  # noise alone: as long as a word could be
            n = max(_FEWEST_FRAMES, round((0.2 + 0.8 * length) * max(most, self._rate)))
            return Take((), 1.0, 0, n, 0)
        factor = what.tempo.low * (what.tempo.high / what.tempo.low) ** tempo if what and what.tempo else 1.0
        natural = sum(self._lengths(pieces))
        n_word = max(_FEWEST_FRAMES, round(natural / factor))
        if what is None or what.placement is None or chance >= what.placement.probability or n_word >= most:
            return Take(pieces, factor, n_word, n_word, 0)
        n_frames = n_word + round(length**2 * (most - n_word))
        return Take(pieces, factor, n_word, n_frames, round(place * (n_frames - n_word)))

    @property
    def _rate(self) -> float:
        return self._config.audio.sample_rate / self._config.features.hop_length

    def features(self, takes: Sequence[Take], seed: tuple[int, ...]) -> list[Features]:
        """Make the features of clips that are changed together.

        Parameters
        ----------
        takes : sequence of Take
            From `plan`.
        seed : tuple of int
            Decides everything else that is drawn.

        Returns
        -------
        list of np.ndarray [shape=(n_frames, n_mfcc), dtype=float32]
            As the front end would compute them from a recording of such a word.
        """
        rng = stream("features", *seed)
        voiced = [i for i, take in enumerate(takes) if take.pieces]
        n_frames = max(take.n_frames for take in takes)
        mel = np.zeros((len(takes), n_frames, self._filters.shape[2]), np.float32)
        if voiced:
            tracts = rng.integers(0, len(self._filters), len(voiced))
            words = self._stretch([takes[i] for i in voiced])
            for i, tract, word in zip(voiced, tracts, words, strict=True):
                first = takes[i].offset
                np.matmul(word, self._filters[tract], out=mel[i, first : first + len(word)])
        return self._acoustics.record(mel, _layout(takes), rng)

    def _stretch(self, takes: Sequence[Take]) -> list[Spectrum]:
        """Each word at its new tempo, every frame between two stored ones: (n_word, n_bins)."""
        places = self._places(takes)
        below = places.astype(np.int64)
        weight = (places - below).astype(np.float32)[:, None]
        words = self._frames[below]
        words *= 1 - weight
        after = self._frames[np.minimum(below + 1, len(self._frames) - 1)]
        after *= weight
        words += after
        ends = np.cumsum([take.n_word for take in takes]).tolist()
        return [words[end - take.n_word : end] for end, take in zip(ends, takes, strict=True)]

    def _places(self, takes: Sequence[Take]) -> npt.NDArray[np.float64]:
        """Between which stored frames the new ones of all pieces lie."""
        pieces = [piece for take in takes for piece in take.pieces]
        n = np.array([n for take in takes for n in self._share_out(take)])
        rows = np.array([piece.row for piece in pieces])
        ends = np.array([(piece.first, piece.last) for piece in pieces]) * (self._sizes[rows] - 1)[:, None]
        steps = (ends[:, 1] - ends[:, 0]) / np.maximum(n - 1, 1)
        number = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        places: npt.NDArray[np.float64] = np.repeat(self._firsts[rows] + ends[:, 0], n) + number * np.repeat(steps, n)
        return places

    def _lengths(self, pieces: tuple[Piece, ...]) -> list[float]:
        """Frames of each piece as it is stored."""
        return [abs(piece.last - piece.first) * int(self._sizes[piece.row]) for piece in pieces]

    def _share_out(self, take: Take) -> list[int]:
        """How many frames of the word each of its pieces gets."""
        if len(take.pieces) == 1:
            return [take.n_word]
        natural = self._lengths(take.pieces)
        shares, left = [], take.n_word
        for length in natural[:-1]:
            shares.append(min(left, round(take.n_word * length / sum(natural))))
            left -= shares[-1]
        return [*shares, left]


def _layout(takes: Sequence[Take]) -> Layout:
    columns = np.array([(take.n_frames, take.offset, take.n_word) for take in takes], np.int64).T
    return Layout(*columns)
