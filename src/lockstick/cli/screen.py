"""A few lines at the end of a terminal that are drawn again and again.

Needed of the terminal: up, erase to the end of the line, erase below. A terminal without these gets one line, which is
overwritten from its start. Every frame is one write, so nothing flickers.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import click

from lockstick.report.cells import width
from lockstick.report.progress_text import Room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Abilities", "Screen", "abilities"]

_UP = "\x1b[{}A"
_ERASE_LINE = "\x1b[K"
_ERASE_BELOW = "\x1b[J"
_USUAL = os.terminal_size((80, 24))


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a terminal can do.

    Attributes:
        moves: True if the cursor can be moved up and lines erased.
        color: True if text may be styled.
        is_unicode: True if it shows more than ASCII.
    """

    moves: bool
    color: bool
    is_unicode: bool


def abilities(
    environment: Mapping[str, str], *, encoding: str | None, color: bool, platform: str = sys.platform
) -> Abilities:
    """Say what a terminal can do.

    Args:
        environment: The environment variables.
        encoding: The encoding of the stream.
        color: True if the user allows styles.
        platform: As in ``sys.platform``.

    Returns:
        What it can do; the least where that is not known.
    """
    moves = environment.get("TERM", "") != "dumb"
    if platform == "win32":
        # Windows Terminal, mintty and their like say who they are; the old console understands no sequences.
        moves = moves and ("WT_SESSION" in environment or "TERM" in environment)
    is_unicode = (encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
    return Abilities(moves=moves, color=color and moves, is_unicode=is_unicode)


class Screen:
    """The last lines of a terminal. Not for several threads.

    Args:
        stream: The terminal.
        can: What it can do.
    """

    def __init__(self, stream: TextIO, can: Abilities) -> None:
        self._stream = stream
        self._can = can
        self._drawn: list[str] = []

    @property
    def room(self) -> Room:
        """What there is to write on now."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            columns, rows = _USUAL
        # A terminal that does not know its size says 0.
        rows = (rows or _USUAL.lines) if self._can.moves else 1
        return Room(columns=columns or _USUAL.columns, rows=rows, is_unicode=self._can.is_unicode)

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines in place of the ones before.

        Args:
            lines: Printable, each narrower than the room; at least one. Without movement only the first is shown.
        """
        if self._can.moves:
            styled = [self._styled(line, index) + _ERASE_LINE for index, line in enumerate(lines)]
            self._write(self._home() + "\n".join(styled) + _ERASE_BELOW)
            self._drawn = list(lines)
        else:
            before = width(self._drawn[0]) if self._drawn else 0
            self._write("\r" + lines[0] + " " * max(before - width(lines[0]), 0))
            self._drawn = [lines[0]]

    def clear(self) -> None:
        """Take the lines away."""
        if self._drawn:
            self._write(self._wiped())
            self._drawn = []

    def say(self, text: str) -> None:
        """Write a line that stays, above the lines that are drawn.

        Args:
            text: Printable text.
        """
        drawn, wiped = self._drawn, self._wiped()
        self._drawn = []
        self._write(f"{wiped}{text}\n")
        if drawn:
            self.draw(drawn)

    def _styled(self, line: str, index: int) -> str:
        if index or not self._can.color:
            return line
        word, blank, rest = line.partition(" ")
        return click.style(word, bold=True) + blank + rest

    def _wiped(self) -> str:
        if not self._drawn:
            return ""
        return self._home() + _ERASE_BELOW if self._can.moves else "\r" + " " * width(self._drawn[0]) + "\r"

    def _home(self) -> str:
        """Go to the start of the first drawn line; a terminal that became narrower has broken lines."""
        columns = self.room.columns
        up = sum(max(-(-width(line) // columns), 1) for line in self._drawn) - 1
        return "\r" + (_UP.format(up) if up > 0 else "")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the terminal is gone; the work is not
