"""What ``calibrate`` does and prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from speechrnn.bundle import Bundle, read_bundle
from speechrnn.cli.options import quote
from speechrnn.cli.outcome import name_files
from speechrnn.cli.progress import progress
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import NOISE_LABEL
from speechrnn.errors import BundleError
from speechrnn.homes import is_in_model_home
from speechrnn.markup import Table, percent, text_table
from speechrnn.places import find_model, is_shipped
from speechrnn.text import count, printable
from speechrnn.vacancy import BUNDLES, check_apart, check_free


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model, every file verified, and the folder of the calibrated one."""

    bundle: Bundle
    out: Path


def choose_place(model: str, out: Path | None, data: Path, *, force: bool) -> Chosen:
    """Find the model, and the folder of the calibrated one.

    Parameters
    ----------
    model : str
        As typed.
    out : Path or None
        As typed; the model itself if absent.
    data : Path
        Recordings, which must stay.
    force : bool
        Whether a bundle that is there may be replaced.

    Returns
    -------
    Chosen
        The model, and where the new one goes.

    Raises
    ------
    BundleError
        There is no such model, it may not be changed, or the folder is not free.
    """
    bundle = read_bundle(find_model(model))
    if out is not None:
        check_free(out, BUNDLES, force=force)
    elif is_shipped(bundle.path):
        raise BundleError(
            f"{bundle.path}: came with speechrnn, whose next update would undo a change. "
            "Give the calibrated model a folder of its own with --out."
        )
    place = out or bundle.path
    check_apart(place, data, "the recordings lie")
    bundle.verify()
    return Chosen(bundle, place)


def run_calibration(place: Chosen, data: Path, reject_at: float) -> Any:
    """Calibrate with a live bar, and say which recordings are of no use, or known to the model.

    Parameters
    ----------
    place : Chosen
        From `choose_place`.
    data : Path
        Recordings.
    reject_at : float
        Largest share of rejects of each kind to be accepted.

    Returns
    -------
    speechrnn.training.recalibration.Recalibrated
        The new model, and how it came to be.
    """
    corpus = read_corpus(data)
    from speechrnn.training.recalibration import recalibrate

    with progress("hearing") as show:
        done = recalibrate(place.bundle, corpus, place.out, reject_at, show)
    strangers = [clip for clip in corpus.clips if clip.label not in place.bundle.labels]
    unused = [f"{printable(item.path)}: {item.reason}" for item in corpus.skipped]
    unused += [f"{printable(clip.path)}: labelled {clip.label}; the model has no such label" for clip in strangers]
    unused += [f"{printable(item.path)}: {item.reason}" for item in done.hearing.unreadable]
    if unused:
        name_files("not used", unused)
    if warning := warn_of_heard(done.hearing.heard):
        typer.echo(warning, err=True)
    for warning in warn_of_threshold(done, reject_at):
        typer.echo(warning, err=True)
    return done


def warn_of_heard(heard: Sequence[str]) -> str | None:
    """Say so where a model is calibrated on what trained it.

    Parameters
    ----------
    heard : sequence of str
        ``none``, ``speakers`` or ``clips`` for each clip.

    Returns
    -------
    str or None
        None where it met nothing of it before.

    Examples
    --------
    >>> warn_of_heard(["none", "clips", "speakers"])
    'temperature and figures are optimistic: 1 of 3 clips trained this model and 1 more may be of voices that did...
    >>> warn_of_heard(["none"])
    """
    clips, voices = heard.count("clips"), heard.count("speakers")
    known = [f"{clips} of {count(len(heard), 'clip')} trained this model"] if clips else []
    if voices:
        known.append(
            f"{voices} more may be of voices that did"
            if clips
            else f"{voices} of {count(len(heard), 'clip')} may be of voices that trained this model"
        )
    if not known:
        return None
    sure = "are" if clips else "may be"
    return (
        f"temperature and figures {sure} optimistic: {' and '.join(known)}, on which it is surer than on others. "
        "Calibrate on recordings that are new to it."
    )


def warn_of_threshold(done: Any, reject_at: float) -> list[str]:
    """Say so where a threshold refuses many labels, or where nobody knows all that it lets in.

    Parameters
    ----------
    done : speechrnn.training.recalibration.Recalibrated
        What was done.
    reject_at : float
        Largest share of rejects of each kind to be accepted.

    Returns
    -------
    list of str
        A sentence each.
    """
    from speechrnn.training.raw import measure
    from speechrnn.training.sureness import MAX_REFUSED

    raw, before, after = done.hearing.raw, done.before, done.after
    warnings = []
    # without any reject, the text below the figures says what became of the threshold
    if len(raw.unheard) == 1:
        warnings.append(warn_of_unheard(raw.unheard[0], before.threshold, after.threshold))
    refused = measure(raw, after).refused or 0.0
    if refused > MAX_REFUSED:
        warnings.append(
            f"the threshold now refuses {percent(refused)} of your labels, which is what --reject-at {reject_at:g} "
            "costs on these recordings: for fewer, calibrate again with a larger --reject-at."
        )
    return warnings


def warn_of_unheard(kind: str, before: float, after: float) -> str:
    """Say what was not set because other words, or noises, were not heard.

    Parameters
    ----------
    kind : str
        ``words`` or ``noises``.
    before, after : float
        The thresholds.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> print(warn_of_unheard("noises", 0.25, 0.25))
    no noises were heard, and nobody knows how many a lower threshold lets in: the threshold was kept; put some into ...
    """
    name, folder = ("other words", "unknown") if kind == "words" else ("noises", NOISE_LABEL)
    weights = "the weights of `known` were kept, and " if kind == "words" else ""
    moved = "kept" if after == before else "raised" if after > before else "lowered to refuse fewer labels"
    return (
        f"no {name} were heard, and nobody knows how many a lower threshold lets in: {weights}the threshold was "
        f"{moved}; put some into a folder {folder} to set it by them."
    )


def print_recalibrated(done: Any, reject_at: float) -> None:
    """Print figures before and after, and say what could not be set.

    Parameters
    ----------
    done : speechrnn.training.recalibration.Recalibrated
        What was done.
    reject_at : float
        Largest share of rejects of each kind to be accepted.
    """
    from speechrnn.training.raw import MIN_CLIPS, MIN_REJECTS, measure

    before, after, raw = done.before, done.after, done.hearing.raw
    old, new = measure(raw, before), measure(raw, after)
    rows = [
        ("calibration error", _share(old.calibration_error), _share(new.calibration_error)),
        ("labels refused", _share(old.refused), _share(new.refused)),
        ("other words accepted", _share(old.words), _share(new.words)),
        ("noises accepted", _share(old.noises), _share(new.noises)),
        ("temperature", f"{before.temperature:.2f}", f"{after.temperature:.2f}"),
        ("threshold", f"{before.threshold:.3f}", f"{after.threshold:.3f}"),
    ]
    heard = f"{count(after.n_clips, 'clip')} of labels, {count(after.n_rejects, 'recording')} of what is none"
    typer.echo(f"Heard {heard}; all figures are on these, on which they were set.\n")
    typer.echo(text_table(Table(("", "before", "after"), tuple(row for row in rows if row[1]))) + "\n")
    if after.n_clips < MIN_CLIPS:
        typer.echo(f"The temperature was kept: needed {MIN_CLIPS} clips of labels or more, found {after.n_clips}.")
    if after.n_rejects == 0:
        typer.echo(
            f"The threshold was {'lowered' if after.threshold < before.threshold else 'kept'}: setting it by "
            f"--reject-at {reject_at:g} needs recordings to refuse, in folders unknown and _background_noise_."
        )
    elif min(after.n_clips, after.n_rejects) < MIN_REJECTS:
        typer.echo(
            f"The weights of `known` were kept: needed {MIN_REJECTS} clips of labels and as many recordings to refuse "
            f"or more, found {after.n_clips} and {after.n_rejects}."
        )
    path = done.bundle.path
    typer.echo(f"Model: {printable(path)}")
    name = path.name if is_in_model_home(path) else quote(path)
    typer.echo(f"Next:  speechrnn evaluate DATA --model {name}")


def _share(value: float | None) -> str:
    return "" if value is None else percent(value)
