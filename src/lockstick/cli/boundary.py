"""The one place where an error becomes text and an exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from lockstick.cli.app import app
from lockstick.cli.console import Console
from lockstick.errors import LockstickError, MediaError, UsageError
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

INTERRUPTED = 130
UNEXPECTED = 1
_TRUE = ("1", "true", "t", "yes", "y", "on")


def run(arguments: Sequence[str], *, program: str = "lockstick", single: bool = False) -> int:
    """Run the command line.

    Args:
        arguments: The arguments after the program's name.
        program: The program's name for help and errors.
        single: True if the first argument is a command that the user did not type.

    Returns:
        The exit code.
    """
    console = Console()
    command: click.Command = app
    if single:
        found = app.get_command(click.Context(app), arguments[0])
        command, arguments = found or app, arguments[1:]
    try:
        outcome = command.main(
            list(arguments),
            prog_name=program,
            standalone_mode=False,
            obj=console,
            help_option_names=["-h", "--help"],
        )
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        if console.json or _wants_json(arguments):
            _tell_json(console, UsageError(error.format_message()))
        else:
            error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as stop:
        # click wraps an interrupt in the same error that it raises for a "no".
        is_interrupt = isinstance(stop, KeyboardInterrupt) or isinstance(stop.__cause__, KeyboardInterrupt)
        _tell_stopped(console, is_interrupt=is_interrupt)
        return INTERRUPTED
    except LockstickError as error:
        _tell(console, error)
        return error.exit_code
    except MemoryError:
        _tell(
            console,
            MediaError(
                "there is not enough memory for this",
                remedy="Close other programs, or check what was given: it may be hostile.",
            ),
        )
        return MediaError.exit_code
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback for a user, and never a wrong "done"
        _apologise(console, error)
        return UNEXPECTED
    return outcome if isinstance(outcome, int) else 0


def _tell_stopped(console: Console, *, is_interrupt: bool) -> None:
    what, remedy = "nothing was done", "Run the command again if you change your mind."
    if is_interrupt:
        what, remedy = "interrupted", "It did not come to its end; run the same command again."
        if console.keeps:
            remedy = f"{console.keeps}; the same command continues."
    if console.json:
        members = {"what": what, "why": "", "remedy": remedy, "exit_code": INTERRUPTED}
        console.document({"error": members})
    else:
        console.say(f"{what[0].upper()}{what[1:]}. {remedy}")


def _wants_json(arguments: Sequence[str]) -> bool:
    """Say whether JSON was asked for, where the options could not be read."""
    return "--json" in arguments or os.environ.get("LOCKSTICK_JSON", "").lower() in _TRUE


def _tell_json(console: Console, error: LockstickError) -> None:
    members = {"what": error.what, "why": error.why, "remedy": error.remedy, "exit_code": error.exit_code}
    console.document({"error": members})


def _tell(console: Console, error: LockstickError) -> None:
    if console.json:
        _tell_json(console, error)
        return
    click.echo(_styled(console, "error: ") + printable(error.what), err=True)
    if error.why:
        click.echo(f"  because: {printable(error.why)}", err=True)
    click.echo(f"  to do:   {printable(error.remedy)}", err=True)


def _styled(console: Console, text: str) -> str:
    return click.style(text, fg="red", bold=True) if console.color and sys.stderr.isatty() else text


def _apologise(console: Console, error: Exception) -> None:
    if console.verbose:
        import traceback

        # Frames only: the text of an unexpected error might hold a secret.
        traceback.print_tb(error.__traceback__)
    bug = LockstickError(
        "something went wrong that should not be able to",
        why=f"{type(error).__name__} in {_place(error)}",
        remedy="Please report this with the command you ran; --verbose shows the details.",
    )
    _tell(console, bug)


def _place(error: Exception) -> str:
    """Where it happened, without any value: an unexpected error's text might hold a secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown place" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
