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


def ask(console: Console, question: str, *, about: Iterable[str], yes: bool) -> None:
    """Ask whether to go on; a "no" ends the run.

    Args:
        console: How the run talks.
        question: What is asked.
        about: What is to be known before one answers: the lines that were a result, unless the result is to be JSON.
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
    if console.json:
        for line in about:
            click.echo(line, err=True)
    click.confirm(printable(question), abort=True, err=True)
