"""What a comparison of configurations comes down to: one table, with what the score was made on above it."""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speechrnn.bundle import Bundle
from speechrnn.markup import Table, markdown, markdown_table, percent, text_table
from speechrnn.significance import Interval
from speechrnn.text import count, printable
from speechrnn.training.gradients import StateGradients

HEADER = ("config", "accuracy", "95 % interval", "macro, unseen speakers", "parameters", "s an epoch", "ms a clip")
NONE = "—"


@dataclass(frozen=True, slots=True, eq=False)
class Contestant:
    """One configuration, trained and measured.

    Attributes
    ----------
    name : str
        Of the preset or file.
    accuracy : float
        On the test clips, 0 to 1.
    interval : Interval
        95 % interval of `accuracy` (Wilson).
    macro : float or None
        Mean accuracy over the test speakers whose voices were not heard in training; None where there are none.
    n_clips : int
        Test clips that could be scored.
    n_parameters : int
        Numbers in the network.
    seconds_per_pass : float
        Mean over the epochs, without the first where there are more, in seconds.
    ms_per_clip : float or None
        Front end and network in onnxruntime on one thread, clips one at a time, median in milliseconds; None where no
        test clip could be read.
    gradients_start, gradients_end : StateGradients or None
        With the first and with the trained weights; None without a recurrent layer.
    bundle : Bundle
        The model.
    """

    name: str
    accuracy: float
    interval: Interval
    macro: float | None
    n_clips: int
    n_parameters: int
    seconds_per_pass: float
    ms_per_clip: float | None
    gradients_start: StateGradients | None
    gradients_end: StateGradients | None
    bundle: Bundle


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """Configurations trained and tested on the same clips.

    Attributes
    ----------
    data : str
        What reports call the recordings.
    split : str
        How the clips were divided.
    n_clips : int
        Test clips.
    n_speakers, n_unheard : int
        Known speakers of the test clips, and those of them whose voices were not heard in training.
    n_gradient_clips : int
        Test clips that the gradients were measured on.
    contestants : tuple of Contestant
        In the order given.
    files : tuple of Path
        What was written beside the bundles.
    missing : tuple of str
        Sentences: what could not be measured or drawn, and why.
    """

    data: str
    split: str
    n_clips: int
    n_speakers: int
    n_unheard: int
    n_gradient_clips: int
    contestants: tuple[Contestant, ...]
    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()


def render_contest(contest: Contest) -> str:
    """Write a comparison as plain text.

    Parameters
    ----------
    contest : Contest
        The measurements.

    Returns
    -------
    str
        What was tested, the table, and what the columns mean; without a newline at the end.
    """
    lines = [printable(line) for line in (*contest.missing, *_notes(contest))]
    return "\n\n".join([printable(_headline(contest)), text_table(_table(contest)), "\n".join(lines)])


def render_markdown(contest: Contest, picture: str | None) -> str:
    """Write a comparison as a Markdown page.

    Parameters
    ----------
    contest : Contest
        The measurements.
    picture : str or None
        File name of the gradients' picture, where there is one.

    Returns
    -------
    str
        The page.
    """
    names = ", ".join(one.name for one in contest.contestants)
    blocks = [f"# {markdown(names)} on {markdown(contest.data)}", markdown(_headline(contest))]
    blocks += [markdown_table(_table(contest)), *map(markdown, (*contest.missing, *_notes(contest)))]
    if picture:
        blocks += ["## How far back the loss reaches", f"![Gradients by time step]({picture})", _caption(contest)]
    return "\n\n".join(blocks) + "\n"


def to_json(contest: Contest) -> str:
    """Write a comparison as one line of JSON.

    Parameters
    ----------
    contest : Contest
        The measurements.

    Returns
    -------
    str
        An object; a number that overflowed is null.
    """
    return json.dumps(_plain(contest), allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case StateGradients(steps_back=steps, norm=norm):
            return {"steps_back": steps.tolist(), "norm": [n if math.isfinite(n) else None for n in norm.tolist()]}
        case Bundle(path=path) | (Path() as path):
            return str(path)
        case Contest() | Contestant() | Interval():
            return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case tuple():
            return [_plain(item) for item in value]
    return value


def _headline(contest: Contest) -> str:
    clips, voices = count(contest.n_clips, "clip"), count(contest.n_speakers, "speaker")
    where = f"Tested on {clips} (split: {contest.split})"
    if not contest.n_speakers:
        return f"{where}; speakers are not named, so a mean over unseen speakers ({NONE}) cannot be given."
    if contest.n_unheard == contest.n_speakers:
        return f"{where} of {voices} not heard in training."
    if not contest.n_unheard:
        return (
            f"{where} of {voices} heard in training, so a mean over unseen speakers ({NONE}) cannot be given: "
            "--split speaker gives it."
        )
    return f"{where} of {voices}, {contest.n_unheard} of them not heard in training."


def _table(contest: Contest) -> Table:
    rows = tuple(
        (
            one.name,
            percent(one.accuracy),
            f"{100 * one.interval.low:.1f} to {100 * one.interval.high:.1f}",
            NONE if one.macro is None else percent(one.macro),
            f"{one.n_parameters:,}",
            f"{one.seconds_per_pass:.2f}",
            NONE if one.ms_per_clip is None else f"{one.ms_per_clip:.2f}",
        )
        for one in contest.contestants
    )
    return Table(HEADER, rows)


def _notes(contest: Contest) -> list[str]:
    how = (
        "s an epoch: mean of the epochs, without the first where there are more. ms a clip: front end and network in "
        "onnxruntime, one thread, one clip at a time, median. Both on this machine."
    )
    unread = [(one.name, contest.n_clips - one.n_clips) for one in contest.contestants if one.n_clips < contest.n_clips]
    return [f"{name} could not read {count(n, 'test clip')}: scored on the rest." for name, n in unread] + [how]


def _caption(contest: Contest) -> str:
    what = (
        "The norm of the gradient of the cross-entropy with respect to the state of the first recurrent layer, by "
        "steps back from the last frame, as a share of its largest value: "
        f"median over {count(contest.n_gradient_clips, 'test clip')}."
    )
    lines = []
    for one in contest.contestants:
        if one.gradients_start is not None and one.gradients_end is not None:
            start, end = _left(one.gradients_start), _left(one.gradients_end)
            back = count(int(one.gradients_end.steps_back[-1]), "step")
            lines.append(
                f"- {markdown(one.name)}: {start:.2g} of the largest norm is left {back} back at the start of "
                f"training, {end:.2g} at the end."
            )
    gates = "What a gated network starts with depends on the first biases of its gates; training can open them."
    return "\n".join([what, "", *lines, "", gates])


def _left(gradients: StateGradients) -> float:
    peak = float(np.max(gradients.norm))
    return float(gradients.norm[-1]) / peak if peak > 0 else 0.0
