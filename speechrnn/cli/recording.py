"""What ``record`` does while it records: prompts on the terminal, clips on the disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import typer

from speechrnn.blocks import Block, FileBlocks
from speechrnn.cli.interruption import interruptible
from speechrnn.cli.meter import Line, live_line
from speechrnn.cli.options import quote
from speechrnn.cli.progress import is_watched
from speechrnn.corpus.clips import canonical_label
from speechrnn.dictation import DictationListener, check_saved, dictate, save_take
from speechrnn.errors import AudioError, CorpusError
from speechrnn.microphone import BLOCK_SECONDS, Microphone
from speechrnn.prompts import Prompt, leave_out_recorded, plan_prompts
from speechrnn.storage import check_place
from speechrnn.text import as_text, count, printable
from speechrnn.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be recorded, as it was asked for."""

    directory: Path
    speaker: str
    labels: tuple[str, ...]
    repeats: int
    seed: int

    def prompts(self) -> tuple[Prompt, ...]:
        """All of it, in order."""
        labels = tuple(dict.fromkeys(canonical_label(as_text(label)) for label in self.labels))
        return plan_prompts(labels, self.repeats, self.seed)


def record_file(plan: Plan, path: Path) -> None:
    """Take a recording of all that is to be said, in order, and keep of it what is not there already.

    Parameters
    ----------
    plan : Plan
        What is to be said.
    path : Path
        The recording; its first second is for the noise of the room.

    Raises
    ------
    AudioError
        It cannot be read, or ends before all is said.
    CorpusError
        The folder is a file, or a clip in it is of another recording.
    """
    prompts, left = _begin(plan)
    if left:
        try:
            file = FileBlocks(path, BLOCK_SECONDS)
            # the words that were kept before are in it too
            _record(plan, prompts, prompts, file, file.sr)
        except AudioError as error:
            raise AudioError(f"{printable(path)}: {error}") from error
    _finish(plan, prompts)


def record_microphone(plan: Plan, device: str | None) -> None:
    """Record until all is said, or Ctrl-C comes.

    Parameters
    ----------
    plan : Plan
        What is to be said.
    device : str or None
        Number or part of a name.

    Raises
    ------
    CorpusError
        The folder is a file.
    """
    prompts, left = _begin(plan)
    if left:
        with Microphone(device) as microphone:
            typer.echo(
                f"recording from {printable(microphone.name)}; Ctrl-C ends. A second of silence first.", err=True
            )
            _record(plan, prompts, left, microphone, microphone.sr)
    _finish(plan, prompts)


def _begin(plan: Plan) -> tuple[tuple[Prompt, ...], tuple[Prompt, ...]]:
    prompts = plan.prompts()
    left = leave_out_recorded(prompts, plan.directory, plan.speaker)
    if plan.directory.exists() and not plan.directory.is_dir():
        raise CorpusError(f"{printable(plan.directory)}: is a file, needed a folder for the clips. Name another one.")
    if left:
        check_place(plan.directory)  # before anybody speaks
    if 0 < len(left) < len(prompts):
        typer.echo(f"{len(prompts) - len(left)} of {count(len(prompts), 'clip')} are there already", err=True)
    return prompts, left


def _record(
    plan: Plan, prompts: tuple[Prompt, ...], said: tuple[Prompt, ...], blocks: Iterable[Block], sr: int
) -> None:
    """Pair what is heard with `said`, the last of the prompts or all of them, and keep what is not there."""
    # not before the sound can be had: a command that fails leaves no empty folder
    plan.directory.mkdir(parents=True, exist_ok=True)
    missing = set(leave_out_recorded(said, plan.directory, plan.speaker))
    with live_line() as line, interruptible(blocks) as sound:
        screen = (_Playback if isinstance(blocks, FileBlocks) else _Screen)(
            line, len(prompts) - len(said), len(prompts)
        )
        try:
            for take in dictate(sound, sr, said, screen):
                screen.n_done += 1
                if take.prompt not in missing:
                    check_saved(take, plan.directory, plan.speaker)
                    continue
                line.say(printable(save_take(take, plan.directory, plan.speaker)))
                missing.remove(take.prompt)
                if not missing:
                    screen.done()
                    return
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(
                f"{screen.n_done} of {len(prompts)} clips recorded; the same command goes on from here"
            ) from error
    screen.done()
    raise AudioError(
        f"ends with {screen.n_done} of {len(prompts)} clips said, needed all. Give a longer one that begins as this "
        "does: clips that are there stay."
    )


def _finish(plan: Plan, prompts: tuple[Prompt, ...]) -> None:
    typer.echo(f"{count(len(prompts), 'clip')} by {printable(plan.speaker)} in {printable(plan.directory)}", err=True)
    typer.echo(f"Next:  speechrnn train {quote(plan.directory)} --from digits --out mine", err=True)


class _Screen(DictationListener):
    """Shows prompts beside the meter, or where nobody watches as lines on stderr."""

    def __init__(self, line: Line, n_done: int, n: int) -> None:
        self._line, self.n_done, self._n = line, n_done, n
        self.n_refused = 0
        self._shown: Prompt | None = None
        line.note("quiet, please")

    def prompting(self, prompt: Prompt) -> None:
        """Show what is to be said."""
        text = f"{self.n_done + 1} of {self._n}, say:  {printable(prompt.word)}"
        self._line.note(text)
        if not is_watched() and prompt != self._shown:
            self._line.say(text, err=True)
        self._shown = prompt

    def hearing(self, y: Waveform) -> None:
        """Show how loud it is."""
        self._line.hear(y)

    def refused(self, prompt: Prompt, reason: str) -> None:
        """Say why it is asked for again."""
        self.n_refused += 1
        self._line.say(f"{printable(prompt.word)}, again: {reason}", err=True)

    def done(self) -> None:
        """Say what is to be known in the end: nothing, where somebody saw the prompts."""


class _Playback(_Screen):
    """Shows what a recording answers; nobody who plays one waits for a prompt."""

    def unasked(self) -> None:
        """Keep nothing: each word would be taken for the next."""
        raise AudioError("something sounds in its first second, needed silence there. Put a second of it before.")

    def done(self) -> None:
        """Say that a word that was asked for again may be another one."""
        if self.n_refused:
            typer.echo(
                f"{count(self.n_refused, 'time')} a word was asked for again, and the next one taken for it: if it was "
                "another one, remove the clips from there on",
                err=True,
            )
