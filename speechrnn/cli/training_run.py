"""The steps of ``train`` up to the training itself: what is chosen, and what is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from speechrnn.adaptation import adapt_config, adapts, choose_split, own_config
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.cli.outcome import name_files
from speechrnn.cli.progress import progress
from speechrnn.cli.unfinished import name_resume
from speechrnn.config import Config
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.splits import Split, split_corpus
from speechrnn.corpus.synthesis import read_manifest, synthesize
from speechrnn.homes import data_home
from speechrnn.places import UNFINISHED, choose_model_path, find_model
from speechrnn.text import count, printable
from speechrnn.vacancy import BUNDLES, check_free

# with fewer, what is learnt is those voices rather than the words
FEW_VOICES = 3


def choose_config(config: str | None, start: Bundle | None, overrides: Mapping[str, Any]) -> Config:
    """Find the configuration and lay ``--set`` and ``--seed`` over it.

    Parameters
    ----------
    config : str or None
        A preset or file.
    start : Bundle or None
        A model, whose configuration is used where none is named.
    overrides : mapping of str to object
        Key path to value.

    Returns
    -------
    Config
        Complete and checked.
    """
    base = start.config if start and not config else Config.load(config or "default")
    return base.override(overrides)


def adapt(start: Bundle, corpus: Corpus, overrides: Mapping[str, Any]) -> Config:
    """Find the configuration of a training from a model: where the labels are the same, the recipe of adaptation.

    Parameters
    ----------
    start : Bundle
        The model.
    corpus : Corpus
        The recordings.
    overrides : mapping of str to object
        Key path to value.

    Returns
    -------
    Config
        Complete and checked.
    """
    if not adapts(start, corpus):
        return own_config(start).override(overrides)
    with progress("speaking what keeps it good for everyone") as show:
        return adapt_config(start, show).override(overrides)


def read_start(start: str | None) -> Bundle | None:
    """Read the model that a training starts from.

    Parameters
    ----------
    start : str or None
        As typed.

    Returns
    -------
    Bundle or None
        None where none is named.
    """
    return read_bundle(find_model(start)) if start is not None else None


def choose_data(data: Path | None) -> Corpus:
    """Give the recordings, synthesised where none are named, and say what is in them.

    Parameters
    ----------
    data : Path or None
        As typed.

    Returns
    -------
    Corpus
        A folder or CSV.
    """
    if data is None:
        data = data_home() / "corpora" / "synth"
        made = read_manifest(data) is not None
        typer.echo(f"no DATA given: training on synthetic voices{'' if made else ', made now'} in {data}", err=True)
        if not made:
            with progress("speaking") as show:
                synthesize(data, on_progress=show)
    corpus = read_corpus(data)
    parts = ((corpus.clips, "clip"), (corpus.labels, "label"), (corpus.speakers, "known speaker"))
    counts = ", ".join(count(len(part), noun) for part, noun in parts)
    typer.echo(f"data: {printable(data)}: {counts}, layout {corpus.layout}", err=True)
    if corpus.skipped:
        name_files("not used", [f"{printable(item.path)}: {item.reason}" for item in corpus.skipped])
    return corpus


def check_split(corpus: Corpus, split: str | None, config: Config, start: Bundle | None) -> Split:
    """Find out whether the recordings can be divided before the seconds that TensorFlow takes; warn of few voices.

    Parameters
    ----------
    corpus : Corpus
        The recordings.
    split : str or None
        As typed.
    config : Config
        Its seed chooses the voices; of strings nobody is kept.
    start : Bundle or None
        A model that has heard other voices.

    Returns
    -------
    Split
        As the training will divide them.

    Raises
    ------
    CorpusError
        They cannot.
    """
    parts = split_corpus(corpus, choose_split(split, start, corpus, config), config.training.seed)
    n_voices = len({clip.speaker for clip in parts.train})
    if parts.method == "speaker" and n_voices < FEW_VOICES and start is None:
        typer.echo(
            f"only {count(n_voices, 'voice')} {'trains' if n_voices == 1 else 'train'}: add voices, start from a model "
            "with --from, or train on all of them with --split clip (its score is then on voices heard in training)",
            err=True,
        )
    return parts


def explain_unused_share(corpus: Corpus, split: Split, config: Config, start: Bundle | None) -> str | None:
    """Say so where ``--reject-at`` cannot act.

    Parameters
    ----------
    corpus : Corpus
        The recordings.
    split : Split
        Which of them trains.
    config : Config
        Complete.
    start : Bundle or None
        The model that the training starts from.

    Returns
    -------
    str or None
        Why, and what to do; None where it acts.
    """
    if config.training.reject_at is None:
        return None
    if not config.network.rejection:
        return (
            "--reject-at does nothing here: this network has no output for what is no label; take a preset that has, "
            "such as default, or add --set network.rejection=true."
        )
    trained = {clip.label for clip in split.train}
    same = start is not None and (
        (adapts(start, corpus) and config.data.sources != ())
        or start.labels == tuple(label for label in corpus.labels if label in trained)
    )
    later = "set the threshold afterwards with `speechrnn calibrate` and its --reject-at."
    if same and start is not None and start.metadata.calibration is not None:
        return f"--reject-at does nothing here: a training from a model with these labels keeps its threshold; {later}"
    if not split.valid and not any(source.use == "valid" for source in config.data.sources):
        return f"--reject-at does nothing here: no clip is kept for validation, on which it would act; {later}"
    return None


def choose_place(out: Path | None, config: str | None, *, resume: bool, force: bool) -> Path:
    """Give the folder of the model to be; without ``--out`` a new one, or the one that was begun last.

    Parameters
    ----------
    out : Path or None
        As typed.
    config : str or None
        Names the folder.
    resume : bool
        Whether an unfinished training is gone on with.
    force : bool
        Whether what is there may be replaced.

    Returns
    -------
    Path
        Free, so that nobody waits for recordings in vain.

    Raises
    ------
    BundleError
        It is not.
    """
    place = out or choose_model_path(config, resume=resume)
    check_free(place, BUNDLES, force=force)
    if resume and not place.with_name(place.name + UNFINISHED).exists():
        typer.echo("nothing to go on with; starting", err=True)
    return place


def run_training(data: Path, config: Config, place: Path, options: Any) -> Any:
    """Train with live bars; after Ctrl-C, or where the disk is full, say how to go on.

    Parameters
    ----------
    data : Path
        Recordings.
    config : Config
        Complete.
    place : Path
        The bundle's folder.
    options : speechrnn.training.TrainOptions
        Everything else.

    Returns
    -------
    speechrnn.training.Trained
        What the training left.
    """
    from speechrnn.cli.live import training_listener
    from speechrnn.training.session import train

    with name_resume(place), training_listener() as listener:
        return train(data, config, place, options, listener)
