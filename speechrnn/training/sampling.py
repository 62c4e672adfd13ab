"""Which clips make up a pass: sources by weight, speakers alike, and what the network has to refuse."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.settings import RejectionConfig
from speechrnn.training.augmentation import Piece

# the folder that trains; the sources of the configuration count from 1
OWN = 0
# a word cut to so much of itself is none any more
_CUT = (0.2, 0.4)
# where halves are exchanged, and where a beginning ends
_HALF, _BEGINNING = (0.4, 0.6), (0.15, 0.35)


@dataclass(frozen=True, slots=True)
class Origin:
    """What decides how often a clip is drawn.

    Attributes
    ----------
    source : int
        Which corpus it is from.
    weight : float
        Of that corpus.
    speaker : str or None
        Whose voice it is; an unknown speaker counts as one.
    """

    source: int
    weight: float
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip of a pass.

    Attributes
    ----------
    pieces : tuple of Piece
        What it is made of; none for noise alone.
    unit : int or None
        The output that should answer; None for what is no label.
    """

    pieces: tuple[Piece, ...]
    unit: int | None


def chances(origins: Sequence[Origin], balance: str) -> npt.NDArray[np.float64]:
    """Say how often each clip is drawn, relative to the others.

    Parameters
    ----------
    origins : sequence of Origin
        Of each clip.
    balance : str
        ``speakers``: inside a source all speakers are heard equally often; ``clips``: all clips.

    Returns
    -------
    np.ndarray [shape=(n_clips,), dtype=float64]
        Sums to 1; each source has its weight's share of it.

    Examples
    --------
    A talkative speaker, a silent one, and a source of twice the weight:

    >>> voices = [Origin(0, 1, "ann"), Origin(0, 1, "ann"), Origin(0, 1, "bob"), Origin(1, 2, "cyd")]
    >>> chances(voices, "speakers").round(3).tolist()
    [0.083, 0.083, 0.167, 0.667]
    >>> chances(voices, "clips").round(3).tolist()
    [0.111, 0.111, 0.111, 0.667]
    """
    groups = [(o.source, o.speaker if balance == "speakers" else None) for o in origins]
    n_clips = Counter(groups)
    n_groups = Counter(source for source, _ in n_clips)
    weight = {o.source: o.weight for o in origins}
    whole = sum(weight.values())
    return np.array([weight[s] / whole / n_groups[s] / n_clips[(s, speaker)] for s, speaker in groups])


def number_voices(origins: Sequence[Origin]) -> npt.NDArray[np.int64]:
    """Number the voices: equal numbers for clips of one speaker in one source.

    Parameters
    ----------
    origins : sequence of Origin
        Of each clip.

    Returns
    -------
    np.ndarray [shape=(n_clips,), dtype=int64]
        From 0 on, by first appearance.

    Examples
    --------
    >>> number_voices([Origin(0, 1, "ann"), Origin(0, 1, "bob"), Origin(1, 1, "ann"), Origin(0, 1, "ann")]).tolist()
    [0, 1, 2, 0]
    """
    numbers: dict[tuple[int, str | None], int] = {}
    return np.array([numbers.setdefault((o.source, o.speaker), len(numbers)) for o in origins], np.int64)


def draw(shares: npt.NDArray[np.float64], n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw clips so that each comes as often as its share says, give or take one (systematic sampling).

    Parameters
    ----------
    shares : np.ndarray [shape=(n_clips,)]
        Sums to 1.
    n : int
        How many to draw.
    rng : np.random.Generator
        Decides.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int64]
        Indices, shuffled.

    Examples
    --------
    With equal shares and as many draws as clips, each comes once:

    >>> sorted(draw(np.full(4, 0.25), 4, np.random.default_rng(0)).tolist())
    [0, 1, 2, 3]
    """
    order = rng.permutation(len(shares))
    edges = np.cumsum(shares[order])
    marks = (np.arange(n) + rng.random()) / n * edges[-1]
    found = np.searchsorted(edges, marks, side="right").clip(max=len(shares) - 1)
    drawn: npt.NDArray[np.int64] = rng.permutation(order[found])
    return drawn


@dataclass(frozen=True, slots=True)
class Pool:
    """What a pass is drawn from.

    Attributes
    ----------
    units : np.ndarray [shape=(n_clips,), dtype=int64]
        Output of each clip of a label; the first rows of the stored spectra.
    shares : np.ndarray [shape=(n_clips,), dtype=float64]
        From `chances`.
    word_shares : np.ndarray [shape=(n_words,), dtype=float64]
        From `chances`, of the clips of other words, which are stored after those of labels.
    voices : np.ndarray [shape=(n_clips,), dtype=int64]
        From `number_voices`.
    whole : frozenset of int
        Units whose words stay words when played backwards.
    alike : tuple of frozenset of int
        Units whose words begin alike.
    """

    units: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
    word_shares: npt.NDArray[np.float64]
    voices: npt.NDArray[np.int64]
    whole: frozenset[int] = frozenset()
    alike: tuple[frozenset[int], ...] = ()


def draw_pass(pool: Pool, config: RejectionConfig, n: int, rng: np.random.Generator) -> list[Sample]:
    """Draw the clips of a pass: labels, other words, noise, broken words.

    Parameters
    ----------
    pool : Pool
        What there is.
    config : RejectionConfig
        The share of each kind.
    n : int
        Clips in all.
    rng : np.random.Generator
        Decides.

    Returns
    -------
    list of Sample
        Labels first.
    """
    n_words = round(config.words * n) if pool.word_shares.size else 0
    n_noise, n_broken = round(config.noise * n), round(config.broken * n)
    rows = draw(pool.shares, max(1, n - n_words - n_noise - n_broken), rng)
    samples = [Sample((Piece(int(row)),), int(pool.units[row])) for row in rows]
    if n_words:
        words = draw(pool.word_shares, n_words, rng) + len(pool.units)
        samples += [Sample((Piece(int(row)),), None) for row in words]
    samples += [Sample((), None)] * n_noise
    if n_broken:
        samples += [_broken(int(row), pool, rng) for row in draw(pool.shares, n_broken, rng)]
    return samples


def _broken(row: int, pool: Pool, rng: np.random.Generator) -> Sample:
    """A word backwards, its halves exchanged, a bit of it, or with a half or the beginning of another of that voice."""
    kind = int(rng.integers(5))
    half, beginning, kept = rng.uniform(*_HALF), rng.uniform(*_BEGINNING), rng.uniform(*_CUT)
    if kind == 0 and int(pool.units[row]) not in pool.whole:
        return Sample((Piece(row, 1.0, 0.0),), None)
    if kind == 1:
        return Sample((Piece(row, half, 1.0), Piece(row, 0.0, half)), None)
    others = np.flatnonzero((pool.units != pool.units[row]) & (pool.voices == pool.voices[row]))
    if kind == 2 and others.size:
        return Sample((Piece(row, 0.0, half), Piece(int(rng.choice(others)), rng.uniform(*_HALF), 1.0)), None)
    alike = [unit for units in pool.alike if int(pool.units[row]) in units for unit in units]
    others = others[~np.isin(pool.units[others], alike)]
    if kind == 3 and others.size:
        return Sample((Piece(int(rng.choice(others)), 0.0, beginning), Piece(row, beginning, 1.0)), None)
    return Sample((Piece(row, 0.0, kept) if rng.random() < 0.5 else Piece(row, 1.0 - kept, 1.0),), None)
