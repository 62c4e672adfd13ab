"""What somebody is to say who records clips: in which order, under which names, and what of it is there already."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.corpus.clips import DIGIT_WORDS
from speechrnn.corpus.names import FSDDName, parse_fsdd
from speechrnn.errors import CorpusError
from speechrnn.text import printable

DIGITS = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is to be said.

    Attributes
    ----------
    label : str
        The word, or the digit.
    index : int
        The how manieth take of it, from 0.
    """

    label: str
    index: int

    @property
    def word(self) -> str:
        """How it is written for somebody who reads it aloud."""
        return DIGIT_WORDS[int(self.label)] if self.label in DIGITS else self.label

    def path(self, directory: Path, speaker: str) -> Path:
        """Name its file, as `speechrnn train` reads it."""
        return directory / f"{self.label}_{speaker}_{self.index}.wav"


def plan_prompts(labels: Sequence[str], repeats: int, seed: int) -> tuple[Prompt, ...]:
    """Shuffle what is to be said: in rounds, each label once in every round, none twice in a row if there are two.

    Parameters
    ----------
    labels : sequence of str
        At least one.
    repeats : int
        Rounds.
    seed : int
        Decides the order.

    Returns
    -------
    tuple of Prompt
        With the same seed, fewer repeats give the beginning of it.

    Examples
    --------
    >>> prompts = plan_prompts(["yes", "no"], 2, seed=0)
    >>> sorted((prompt.label, prompt.index) for prompt in prompts)
    [('no', 0), ('no', 1), ('yes', 0), ('yes', 1)]
    """
    prompts: list[Prompt] = []
    random = np.random.default_rng(seed)
    for index in range(repeats):
        order = random.permutation(len(labels)).tolist()
        if prompts and labels[order[0]] == prompts[-1].label:
            order = order[::-1]
        prompts += [Prompt(labels[i], index) for i in order]
    return tuple(prompts)


def leave_out_recorded(prompts: Sequence[Prompt], directory: Path, speaker: str) -> tuple[Prompt, ...]:
    """Find what is still to be said.

    Parameters
    ----------
    prompts : sequence of Prompt
        All.
    directory : Path
        Of the clips; it need not exist.
    speaker : str
        Who speaks.

    Returns
    -------
    tuple of Prompt
        Those of which no file is there.

    Raises
    ------
    CorpusError
        A label or the speaker cannot stand in a file name.
    """
    left = []
    for prompt in prompts:
        path = prompt.path(directory, speaker)
        readable = parse_fsdd(path) == FSDDName(prompt.label, speaker, prompt.index)
        if path.parent != directory or printable(path.name) != path.name or path.name[0] == "." or not readable:
            raise CorpusError(
                f"{printable(prompt.label)!r} by {printable(speaker)!r} makes no file name that can be read back. Use "
                "letters, digits and hyphens."
            )
        if not path.exists():
            left.append(prompt)
    return tuple(left)
