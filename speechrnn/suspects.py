"""Clips that probably bear a wrong label, by the answers of models that never saw them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speechrnn.folds import Answer
from speechrnn.significance import wilson_interval


@dataclass(frozen=True, slots=True)
class Suspect:
    """A clip whose label looks wrong.

    Attributes
    ----------
    path, label : str
        The clip, and its label.
    says : str
        What models that never saw it hear.
    probability : float
        Of that, averaged over seeds.
    """

    path: str
    label: str
    says: str
    probability: float


def beat_guessing(answers: Sequence[Answer]) -> bool:
    """Tell whether answers are better than guesses: only such can doubt a label.

    Parameters
    ----------
    answers : sequence of Answer
        By models that did not train on the clips; at least one.

    Returns
    -------
    bool
        Whether the 95 % interval of the share that is right (Wilson) lies above one in so many labels as there are.

    Examples
    --------
    >>> sure = {"0": 0.9, "1": 0.1}
    >>> answers = [Answer(f"{i}.wav", "0", None, 0, sure, 1.0) for i in range(8)]
    >>> beat_guessing(answers), beat_guessing(answers[:1])
    (True, False)
    """
    right = sum(max(one.probabilities, key=one.probabilities.__getitem__) == one.label for one in answers)
    return wilson_interval(right, len(answers)).low > 1 / len(answers[0].probabilities)


def find_suspects(answers: Sequence[Answer]) -> tuple[Suspect, ...]:
    """List clips that are probably mislabelled (confident learning, Northcutt et al. 2021).

    A clip is suspect where another label has at least the probability that clips of that label have on average, and
    its own has less than the average of its own.

    Parameters
    ----------
    answers : sequence of Answer
        By models that did not train on the clips.

    Returns
    -------
    tuple of Suspect
        The surest first.
    """
    clips: dict[tuple[str, str], list[Mapping[str, float]]] = defaultdict(list)
    for answer in answers:
        clips[answer.path, answer.label].append(answer.probabilities)
    mean = {key: _average(rows) for key, rows in clips.items()}
    usual = {
        label: float(np.mean([p[label] for (_, own), p in mean.items() if own == label and label in p]))
        for label in {label for _, label in mean}
    }
    suspects = []
    for (path, label), probabilities in mean.items():
        others = {name: p for name, p in probabilities.items() if name != label and p >= usual.get(name, 2.0)}
        if others and probabilities.get(label, 0.0) < usual[label]:
            says = max(others, key=others.__getitem__)
            suspects.append(Suspect(path, label, says, others[says]))
    return tuple(sorted(suspects, key=lambda one: (-one.probability, one.path)))


def _average(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {label: float(np.mean([row[label] for row in rows])) for label in rows[0]}
