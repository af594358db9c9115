"""What a person sees: a terminal of a given size that understands very little, and refuses the rest.

It knows printable text, carriage return, line feed, cursor up, erase to the end of the line, erase below, and
styles. Anything else is an error, so that a test also says what a terminal must be able to do.
"""

from __future__ import annotations

import re
from unicodedata import east_asian_width

__all__ = ["Glass"]

_TOKEN = re.compile(r"\x1b\[(\d*(?:;\d+)*)([A-Za-z])|([\r\n])|([^\x00-\x1f\x7f])|(.)", re.DOTALL)
_BEGUN = re.compile(r"\x1b(?:\[[\d;]*)?\Z")


class Glass:
    """A terminal.

    Args:
        columns: Its width; text that goes on after the last column is broken, as terminals do.
        rows: Its height; what scrolls off is kept as ``scrolled``.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self.scrolled: list[str] = []
        self.sequences: set[str] = set()
        self._lines: list[list[str]] = [[]]
        self._row = 0
        self._column = 0
        self._rest = ""

    @property
    def seen(self) -> list[str]:
        """The lines on the glass, without blanks at their ends and without empty lines at the end."""
        lines = ["".join(line).rstrip() for line in self._lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def feed(self, text: str) -> None:
        """Show what a program writes; a sequence may be cut in two."""
        text = self._rest + text
        begun = _BEGUN.search(text)
        self._rest = begun.group() if begun else ""
        text = text.removesuffix(self._rest)
        for numbers, command, control, character, other in _TOKEN.findall(text):
            assert not other, f"a terminal need not understand {other!r}"
            if command:
                self._obey(numbers, command)
            elif control == "\r":
                self._column = 0
            elif control == "\n":
                self._down()
            else:
                self._put(character)

    def _obey(self, numbers: str, command: str) -> None:
        self.sequences.add(command)
        line = self._lines[self._row]
        if command == "A":
            count = int(numbers or 1)
            assert count <= self._row, "the cursor was moved above what was drawn"
            self._row -= count
        elif command == "K" and not numbers:
            del line[self._column :]
        elif command == "J" and not numbers:
            del line[self._column :]
            del self._lines[self._row + 1 :]
        else:
            assert command == "m", f"a terminal need not understand {numbers}{command}"

    def _put(self, character: str) -> None:
        cells = [character, ""] if east_asian_width(character) in "WF" else [character]
        if self._column + len(cells) > self.columns:
            self._column = 0
            self._down()
        line = self._lines[self._row]
        line.extend(" " * (self._column - len(line)))
        line[self._column : self._column + len(cells)] = cells
        self._column += len(cells)

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append([])
        if len(self._lines) > self.rows:
            self.scrolled.append("".join(self._lines.pop(0)).rstrip())
            self._row -= 1
