"""The one place where a command asks before it changes something that others see."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import Command, option
from lockstick.errors import UsageError
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockstick.cli.console import Console

__all__ = ["ask", "yes_option"]


def yes_option(command: Command) -> Command:
    """``--yes``: the answer, where nobody can be asked.

    There is no variable for it: whoever set it for one job would have answered in every other one, too.
    """
    return option("--yes", is_flag=True, envvar=None, help="Do not ask; needed where standard input is no terminal.")(
        command
    )


def ask(console: Console, question: str, *, account: str, about: Iterable[str], yes: bool) -> None:
    """Ask whether to go on; a "no" ends the run.

    Args:
        console: How the run talks.
        question: What is asked.
        account: Whose account it is about. It is said with the question: a profile that a variable names is easily
            forgotten, and lockboxes of several accounts often have the same names.
        about: What is to be known before one answers: the lines that were a result, unless the result is to be JSON.
            They are said again where the result goes elsewhere.
        yes: Whether the answer was given already.

    Raises:
        UsageError: There is nobody to ask.
        click.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody was asked whether to do this, so it was not done",
            why="standard input is no terminal",
            remedy="Look at what it would do (--dry-run, where there is one), and give the answer with --yes.",
        )
    # Where the result goes into a file or a pipe, whoever answers has not seen it.
    if console.json or not sys.stdout.isatty():
        for line in about:
            click.echo(line, err=True)
    click.echo(printable(f"This is the account of {account}."), err=True)
    click.confirm(printable(question), abort=True, err=True)
