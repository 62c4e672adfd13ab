"""``speechrnn data``: recordings to train on - synthesised, fetched, checked."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from speechrnn.cli import options
from speechrnn.cli.group import FAILED

app = typer.Typer(
    help="Make, fetch and check recordings.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Directory = Annotated[
    Path, typer.Argument(metavar="DIR", show_default=False, help="The folder: new, empty, or begun by this command.")
]


class Dataset(StrEnum):
    """What can be fetched."""

    fsdd = "fsdd"


class Words(StrEnum):
    """What synthetic voices say."""

    digits = "digits"
    other = "other"
    nonsense = "nonsense"
    more_nonsense = "more-nonsense"
    held_out = "held-out"
    oh = "oh"


class EngineName(StrEnum):
    """Who speaks; `speechrnn.corpus.engines.ENGINES` has them, but its import would slow down every command."""

    espeak_ng = "espeak-ng"
    throats = "throats"
    accents = "accents"
    kokoro = "kokoro"
    cast = "cast"
    pico = "pico"
    hibari = "hibari"
    flite = "flite"


@app.command()
def synth(
    directory: Directory,
    *,
    voices: Annotated[int | None, typer.Option(metavar="N", help="How many speakers. [default: 24]")] = None,
    repeats: Annotated[
        int | None, typer.Option(metavar="N", help="How often each speaker says each word. [default: 5]")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Decides the voices. [default: 0]")] = None,
    rate: Annotated[int | None, typer.Option(metavar="HZ", help="Samples a second. [default: 16000]")] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            metavar="NAME",
            help="espeak-ng; throats: voices for it that a number writes; accents: its voices of 54 other languages; "
            "hibari: a neural voice; kokoro: women and men who do not exist, in accents, a word a second; cast: the "
            "same from 54 voices, fetched once (27 MB); pico: six women; flite, where it is installed. "
            "[default: espeak-ng]",
        ),
    ] = None,
    words: Annotated[
        Words,
        typer.Option(
            metavar="digits|oh|other|nonsense|more-nonsense|held-out",
            help="Digits, `oh` for 0 (with --strings, in each of them), or words that are none: to train rejection "
            "(other; nonsense, which nobody says and is often one sound from a digit) and to measure it (held-out).",
        ),
    ] = Words.digits,
    strings: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Let each speaker say N whole numbers of 1 to 8 digits, in place of words."
        ),
    ] = None,
    each: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Of many words, let each speaker say N. [default: all]"),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--check", metavar="MODEL", help="Drop clips that this model hears as another digit with more than 0.9."
        ),
    ] = None,
) -> None:
    """Synthesise spoken digits, or other words (extra synth).

    A voice is a speaker. The same options give the same files; an interrupted run goes on where it stopped.
    """
    from speechrnn.cli.progress import progress
    from speechrnn.cli.synthesis import check_strings, choose_judge, choose_words, describe_synthesis
    from speechrnn.corpus.synthesis import SynthesisOptions, synthesize

    check_strings(strings, words=words not in (Words.digits, Words.oh), repeats=repeats, each=each, check=judge)
    given: dict[str, Any] = {
        "voices": voices,
        "repeats": repeats,
        "seed": seed,
        "sample_rate": rate,
        "strings": strings,
        "each": each,
    }
    given |= choose_words(words.value, seed or 0) | {"engine": engine.value if engine else None}
    chosen = SynthesisOptions(**{name: value for name, value in given.items() if value is not None})
    heard_by = choose_judge(judge, chosen)
    with progress("speaking") as show:
        made = synthesize(directory, chosen, show, heard_by)
    typer.echo(describe_synthesis(made))
    if chosen.strings:
        typer.echo("Train on them: as a source of a configuration, with use: strings.", err=True)
        typer.echo(f"Score on them: speechrnn evaluate {options.quote(made.path)} --model strings", err=True)
    elif not chosen.rejects:
        typer.echo(f"Train on them: speechrnn train {options.quote(made.path)}", err=True)


@app.command()
def fetch(
    dataset: Annotated[
        Dataset,
        typer.Argument(
            metavar="fsdd", show_default=False, help="The Free Spoken Digit Dataset: 3,000 real recordings."
        ),
    ],
    directory: Directory,
) -> None:
    """Download recordings of digits (extra data).

    Every file is verified; an interrupted transfer goes on where it stopped. FSDD is licensed CC BY-SA 4.0; the folder
    says whose it is.
    """
    from speechrnn.cli.progress import progress
    from speechrnn.corpus.fetch import fetch_fsdd

    with progress(f"fetching {dataset.value}", as_bytes=True) as show:
        fetched = fetch_fsdd(directory, on_progress=show)
    typer.echo(f"{fetched.path}: {fetched.n_clips} clips" + ("" if fetched.downloaded else ", all there already"))
    typer.echo(f"Train on them: speechrnn train {options.quote(fetched.path)}", err=True)


@app.command()
def check(directory: options.Data, as_json: options.Json = False) -> None:
    """Read every recording and say what is wrong.

    Tells what is there, and what is broken, silent, clipped, too long or short, or doubled. The exit status is 1 where
    a recording is broken, or where a CSV lists one that cannot be used.
    """
    import dataclasses
    import json

    from speechrnn.cli.progress import progress
    from speechrnn.config import Config
    from speechrnn.corpus.check import check_corpus, render_check

    with progress("reading") as show:
        result = check_corpus(directory, Config.load().audio, show)
    typer.echo(json.dumps(dataclasses.asdict(result)) if as_json else render_check(result))
    if result.failed:
        raise typer.Exit(FAILED)
