"""What a command may print: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lockstick.progress import Observer

__all__ = ["Console"]


@dataclass(kw_only=True)
class Console:
    """How this run talks; filled in from the common options as they are read.

    Attributes:
        json: True for one JSON document on standard output.
        quiet: True for no messages and no progress.
        verbose: True for more detail, tracebacks included.
        color: False for plain text.
        progress: ``auto``, ``json`` or ``none``.
        keeps: What an interrupted run leaves behind for the next one, as a sentence; the command says so.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    progress: str = "auto"
    keeps: str = ""

    def result(self, lines: Iterable[str]) -> None:
        """Print a result for a person."""
        for line in lines:
            click.echo(line)

    def document(self, value: object) -> None:
        """Print the one JSON document of this run."""
        click.echo(json.dumps(value, indent=2))

    def say(self, text: str) -> None:
        """Print a message, unless the run is to be quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        """An observer that shows progress as this run wants it."""
        from lockstick.cli.progress import observer_for

        with observer_for(self) as observer:
            yield observer
