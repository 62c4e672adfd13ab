"""Transcripts as lines: for people, or as JSON."""

import dataclasses
import json
from collections.abc import Sequence

import typer

from speechrnn.cli.inputs import STDIN, Inputs
from speechrnn.cli.progress import LateBar
from speechrnn.patterns import Pattern
from speechrnn.string_evaluation import transcribe_files
from speechrnn.text import printable
from speechrnn.transcriber import StringRecognizer
from speechrnn.transcript import Transcript


def print_transcripts(
    recognizer: StringRecognizer, inputs: Sequence[str], pattern: Pattern | None, *, as_json: bool
) -> tuple[int, int]:
    """Print transcripts on stdout as they come, and name on stderr what failed.

    Parameters
    ----------
    recognizer : StringRecognizer
        The model.
    inputs : sequence of str
        Files, folders, and ``-`` for stdin.
    pattern : Pattern or None
        What is known of each.
    as_json : bool
        Objects in place of text.

    Returns
    -------
    tuple of int
        How many failed, and how many there were.
    """
    n_failed = n = 0
    with LateBar("listening", "s of sound") as bar:
        for transcript in transcribe_files(recognizer, Inputs(inputs), pattern, on_progress=bar.update):
            bar.close()
            n += 1
            if as_json:
                typer.echo(json.dumps(dataclasses.asdict(transcript), allow_nan=False))
            elif transcript.error is None:
                typer.echo(describe_transcript(transcript, pattern))
            if transcript.error is not None:
                n_failed += 1
                typer.echo(f"error: {printable(transcript.path or STDIN)}: {transcript.error}", err=True)
    return n_failed, n


def describe_transcript(transcript: Transcript, pattern: Pattern | None = None) -> str:
    """Say for people what was heard in a recording.

    Parameters
    ----------
    transcript : Transcript
        Without an error.
    pattern : Pattern, optional
        How digits are written.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> describe_transcript(Transcript("pin.wav", "", ()))
    'pin.wav: no digits'
    """
    labels = [segment.label for segment in transcript.segments]
    written = pattern.write(labels) if pattern and labels else "".join(labels)
    return f"{printable(transcript.path or STDIN)}: {printable(written) or 'no digits'}"
