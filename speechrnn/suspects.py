"""Clips that probably bear a wrong label, by the answers of models that never saw them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speechrnn.folds import Answer


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
