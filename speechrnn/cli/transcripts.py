"""Transcripts as lines: for people, or as JSON."""

import dataclasses
import json
from collections.abc import Sequence

import typer

from speechrnn.cli.answers import Tally, tally
from speechrnn.cli.inputs import STDIN, Inputs
from speechrnn.cli.progress import LateBar
from speechrnn.patterns import Pattern
from speechrnn.string_evaluation import transcribe_files
from speechrnn.text import printable, write_labels
from speechrnn.transcriber import StringRecognizer
from speechrnn.transcript import Transcript


def print_transcripts(
    recognizer: StringRecognizer, inputs: Sequence[str], pattern: Pattern | None, *, as_json: bool
) -> Tally:
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
    Tally
        What came.
    """
    with LateBar("listening", "s of sound") as bar:

        def show(transcript: Transcript) -> None:
            bar.close()
            if as_json:
                typer.echo(json.dumps(dataclasses.asdict(transcript), allow_nan=False))
            elif transcript.error is None:
                typer.echo(describe_transcript(transcript, pattern))

        return tally(transcribe_files(recognizer, Inputs(inputs), pattern, on_progress=bar.update), show)


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
    written = pattern.write(labels) if pattern and labels else write_labels(labels)
    return f"{printable(transcript.path or STDIN)}: {printable(written) or 'no digits'}"
