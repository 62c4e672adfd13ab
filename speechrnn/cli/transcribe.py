"""``speechrnn transcribe``: which digits recordings hold, one after the other."""

from typing import Annotated

import typer

from speechrnn.cli import options


def transcribe(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            show_default=False,
            help="Files, folders (with all below them), globs in quotes, CSV lists with a column path, tar archives, "
            "URLs that fsspec opens (extra ray), or - for stdin.",
        ),
    ],
    *,
    model: options.Model = None,
    length: Annotated[
        int | None, typer.Option(min=1, max=1000, metavar="N", help="Each recording holds N digits.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="What is known of them: d is any digit, a digit is itself, all else stands between them in the "
            "answer, such as ddd-dddd; with --json `digits` has the digits alone.",
        ),
    ] = None,
    as_json: options.Json = False,
    min_probability: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            callback=options.check_finite,
            help="How sure the surest digit of an utterance has to be. Its other digits, and utterances within 1.5 s "
            "after a digit that counted, need only 0.4 of that. Without it the model's own threshold. With --length or "
            "--pattern: one digit at least has to be as probable.",
        ),
    ] = None,
) -> None:
    """Say which digits each recording holds, in order. It may be hours long.

    Prints one line a file: `pin.wav: 4071`, or `no digits`; with --json one object a line, each digit with its start
    and end in seconds and its probability. --length and --pattern look for the most probable digits of that many;
    where no digit is probable enough there are none. A file that cannot be read is named on stderr, the others are
    done, and the exit status is 1.
    """
    if length is not None and pattern is not None:
        raise typer.BadParameter("--length and --pattern exclude each other. Give one of them.")
    from speechrnn.cli.answers import settle
    from speechrnn.cli.transcripts import print_transcripts
    from speechrnn.errors import ConfigError
    from speechrnn.patterns import choose_pattern
    from speechrnn.transcriber import load_strings

    recognizer = load_strings(model, min_probability=min_probability)
    try:
        known = choose_pattern(length, pattern, recognizer.labels)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--pattern") from error
    if model is None:
        typer.echo(f"model: {recognizer.bundle.path}", err=True)
    settle(print_transcripts(recognizer, inputs, known, as_json=as_json))
