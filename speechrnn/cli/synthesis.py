"""What ``speechrnn data synth`` is asked for, and what it says."""

from typing import Any

from speechrnn.corpus.manifest import SynthesisOptions
from speechrnn.corpus.synthesis import Judge, Synthesized
from speechrnn.errors import ConfigError

# how many words nobody says; of the many, let each speaker say some (`--each`)
N_NONSENSE = {"nonsense": 400, "more-nonsense": 3000}


def choose_words(name: str, seed: int) -> dict[str, Any]:
    """Turn the name of a list of words into options.

    Parameters
    ----------
    name : str
        ``digits``, ``oh``, ``other``, ``nonsense``, ``more-nonsense`` or ``held-out``.
    seed : int
        Decides which words nobody says.

    Returns
    -------
    dict
        For `SynthesisOptions`; empty for digits.
    """
    from speechrnn.corpus.nonsense import make_nonsense
    from speechrnn.corpus.sayings import OH_WORDS
    from speechrnn.corpus.words import HELD_OUT, OTHER

    if name == "digits":
        return {}
    if name == "oh":
        return {"words": OH_WORDS}
    lists = {"other": OTHER, "held-out": HELD_OUT}
    words = lists[name] if name in lists else make_nonsense(N_NONSENSE[name], seed)
    return {"words": {word: word for word in words}, "rejects": True}


def check_strings(strings: int | None, **others: object) -> None:
    """Refuse what decides about words beside whole numbers, which would take no notice of it.

    Parameters
    ----------
    strings : int or None
        Whole numbers asked for.
    **others : object
        Options of words by their names; None or False where they were not given.

    Raises
    ------
    ConfigError
        Both are asked for.
    """
    given = [f"--{name}" for name, value in others.items() if value]
    if strings and given:
        raise ConfigError(
            f"--strings asks for whole numbers, {' and '.join(given)} for words. Leave one or the other out."
        )


def choose_judge(model: str | None, options: SynthesisOptions) -> Judge | None:
    """Load the model that listens to each clip.

    Parameters
    ----------
    model : str or None
        As for `speechrnn.load`.
    options : SynthesisOptions
        What is spoken.

    Returns
    -------
    Judge or None
        None where no model is named.

    Raises
    ------
    ConfigError
        The words are no digits: a model of digits hears every word as one.
    """
    if model is None:
        return None
    if options.rejects:
        raise ConfigError("--check listens to digits, --words asks for others. Leave one of the two out.")
    from speechrnn.audition import Audition
    from speechrnn.recognizer import load

    return Audition(load(model))


def describe_synthesis(made: Synthesized) -> str:
    """Say what a synthesis left.

    Parameters
    ----------
    made : Synthesized
        What there is.

    Returns
    -------
    str
        One or two lines.
    """
    manifest = made.manifest
    there = manifest.n_clips - manifest.dropped
    new = f", {made.n_written} of them new" if made.n_written < there else ""
    kind = "clips of other words" if manifest.options.rejects else "clips"
    kind = "strings" if manifest.options.strings else kind
    text = f"{made.path}: {there} {kind} of {len(made.speakers)} synthetic voices{new}"
    if manifest.judge or manifest.dropped:
        why = "were heard as another digit" if manifest.judge else "made no sound"
        text += f"\n{manifest.dropped} of {manifest.n_clips} clips {why} and are dropped"
    return text
