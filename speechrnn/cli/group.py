"""All commands, and where every error ends: one sentence on stderr, never a traceback unless asked for."""

import importlib
import itertools
import os
import signal
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from speechrnn.errors import SpeechRNNError, explain_os_error
from speechrnn.text import printable

# exit statuses, beside 0 for done and typer's 2 for wrong usage: an error, or some inputs failed; Ctrl-C
FAILED, INTERRUPTED = 1, 128 + signal.SIGINT
# options that say themselves what they need in place of nothing
_EXPLAINED = frozenset({"--snr"})


# in the order in which a newcomer meets them; each is a module beside this one, imported when it is asked for: all of
# them take longer to import than a word to recognise
COMMANDS = (
    "train",
    "predict",
    "transcribe",
    "listen",
    "record",
    "evaluate",
    "compare",
    "crossval",
    "calibrate",
    "export",
    "data",
    "info",
    "configs",
    "plot",
    "bench",
)


class CommandGroup(TyperGroup):
    """Runs a command and turns what it raises into a message and an exit status."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- the signature is typer's
        """Name all commands.

        Parameters
        ----------
        ctx : typer.Context
            What was typed.

        Returns
        -------
        list of str
            In the order of the help.
        """
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- the signature is typer's
        """Import a command.

        Parameters
        ----------
        ctx : typer.Context
            What was typed.
        cmd_name : str
            Its name.

        Returns
        -------
        typer command or None
            None where there is none of that name.
        """
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = _import_command(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was typed; to a wrong name the nearest is suggested.

        Parameters
        ----------
        ctx : typer.Context
            What was typed.
        args : list of str
            The command's name and what follows it.

        Returns
        -------
        tuple
            Name, command, and the rest.
        """
        if args[0] not in COMMANDS:  # typer suggests among those that are there
            for name in COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Take `-h` as short for `--help`, here and, as they ask their parent, in all commands; refuse empty arguments.

        Parameters
        ----------
        info_name : str or None
            The name of the program.
        args : list of str
            What was typed.
        parent : typer.Context or None
            None at the top.
        **extra : object
            More settings of the context.

        Returns
        -------
        typer.Context
            Parsed.

        Raises
        ------
        typer.BadParameter
            An argument is empty: as a path it would be the folder in which one works.
        """
        for before, arg in itertools.pairwise(["", *args]):
            if not arg and before not in _EXPLAINED:
                after = f" after {before}" if before.startswith("--") else ""
                raise typer.BadParameter(f"an argument{after} is empty, needed something. Is a variable not set?")
        return super().make_context(info_name, args, parent, help_option_names=["--help", "-h"], **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for.

        Parameters
        ----------
        ctx : typer.Context
            What was typed.

        Returns
        -------
        object
            What the command returned.

        Raises
        ------
        typer.Exit
            With status 1 or 130, after the message.
        """
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # here, and not when Python ends, a full disk can still be told
        except BaseException as error:
            # typer's own: the exit that a command asked for, and wrong usage, which has a text of its own
            if isinstance(error, typer.Exit | typer.Abort | SystemExit) or hasattr(error, "format_message"):
                raise
            drop_output()
            if ctx.params.get("debug"):
                traceback.print_exception(error)
            for line in explain(error):
                typer.echo(line, err=True)
            raise typer.Exit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED) from error


def _import_command(name: str) -> Any:
    module = importlib.import_module(f"speechrnn.cli.{name}")
    parent = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    if hasattr(module, "app"):
        parent.add_typer(module.app, name=name)
    else:
        parent.command(name)(getattr(module, name))
    command: Any = typer.main.get_command(parent)
    return command.commands[name] if hasattr(module, "app") else command


def explain(error: BaseException) -> list[str]:
    """Say in a line or two what went wrong.

    Parameters
    ----------
    error : BaseException
        Whatever a command raised.

    Returns
    -------
    list of str
        Lines for stderr; none where nobody is left to read them.

    Examples
    --------
    >>> explain(SpeechRNNError("six.wav: empty. Record again."))
    ['error: six.wav: empty. Record again.']
    >>> explain(PermissionError(13, "Permission denied", "six.wav"))
    ['error: six.wav: permission denied. Check the path and its rights.']
    """
    match error:
        case BrokenPipeError():
            return []
        case KeyboardInterrupt():
            return ["stopped", *error.args]
        case SpeechRNNError():
            return [f"error: {_in_one_line(error)}"]
        case OSError():
            return [f"error: {_explain_os(error)}"]
        case MemoryError():
            return ["error: out of memory. Close other programs, or work on fewer or shorter recordings at once."]
    seen = f"unforeseen {type(error).__name__} ({_in_one_line(error)})"
    advice = "please report it with what `speechrnn --debug` and the rest of your command print"
    return [f"error: {seen}. This is a mistake in speechrnn: {advice}."]


def _explain_os(error: OSError) -> str:
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else ""
    where = f"{printable(name)}: " if name else ""
    return where + explain_os_error(error)


def _in_one_line(error: BaseException) -> str:
    return printable(str(error).encode(errors="backslashreplace").decode()) or "no message"


def drop_output() -> None:
    """If what is still to be printed cannot be, do not let Python try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
