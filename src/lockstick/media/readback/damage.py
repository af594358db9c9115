"""Damage on a medium: where, what it looks like, who most likely did it, and how that was told apart."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockstick.disk.tree import Place

__all__ = ["BLOCK", "Culprit", "Damage", "Look", "Telling"]

BLOCK = 4096
"""Damage is told in blocks of so many bytes, and written again in such: what the usual sticks and cards write in."""


class Culprit(enum.Enum):
    """Who most likely spoilt it."""

    MEDIUM = "medium"
    READER = "reader"
    CACHE = "cache"


class Look(enum.Enum):
    """What the wrong bytes look like."""

    ZEROS = "zeros"
    ONES = "ones"
    BITS = "flipped-bits"
    SHIFTED = "shifted"
    OTHER_PLACE = "other-place"
    OTHER_FILE = "other-file"
    OTHER = "other"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    SHORT = "short"
    LONG = "long"
    RIGHT_NOW = "right-now"


_LOOKS = {
    Look.ZEROS: "are zeros",
    Look.ONES: "are all 0xFF, as in erased flash",
    Look.BITS: "differ in a few bits",
    Look.SHIFTED: "are shifted",
    Look.OTHER_PLACE: "belong to another place of this file",
    Look.OTHER_FILE: "belong to another file",
    Look.OTHER: "are others, perhaps what was there before",
    Look.UNREADABLE: "cannot be read",
    Look.MISSING: "are missing: there is no such file",
    Look.SHORT: "are missing at its end",
    Look.LONG: "are too many at its end",
    Look.RIGHT_NOW: "were wrong before and are right now",
}


class Telling(enum.Enum):
    """How the culprit was told."""

    SAME_AGAIN = "same-again"
    SENT_RIGHT = "sent-right"
    SENT_WRONG = "sent-wrong"
    RIGHT_AGAIN = "right-again"
    VARIES = "varies"
    ONLY_REMEMBERED = "only-remembered"
    NOT_READ_AGAIN = "not-read-again"


_CULPRITS = {
    Telling.SAME_AGAIN: Culprit.MEDIUM,
    Telling.SENT_RIGHT: Culprit.MEDIUM,
    Telling.SENT_WRONG: Culprit.CACHE,
    Telling.RIGHT_AGAIN: Culprit.READER,
    Telling.VARIES: Culprit.READER,
    Telling.ONLY_REMEMBERED: Culprit.CACHE,
    Telling.NOT_READ_AGAIN: Culprit.MEDIUM,
}

_EVIDENCE = {
    Telling.SAME_AGAIN: "it reads the same each time",
    Telling.SENT_RIGHT: "it reads the same each time, and this computer still remembers the right bytes: it sent them",
    Telling.SENT_WRONG: "this computer remembers the same wrong bytes: they were wrong before they were sent",
    Telling.RIGHT_AGAIN: "read again, it was right each time",
    Telling.VARIES: "it reads differently from time to time",
    Telling.ONLY_REMEMBERED: "the medium has the right bytes, and this computer remembers wrong ones",
    Telling.NOT_READ_AGAIN: "it was not read again",
}

_SHOWN = {
    Culprit.MEDIUM: "medium",
    Culprit.READER: "reader, cable or port",
    Culprit.CACHE: "computer's memory",
}

_REMEDIES = {
    Culprit.MEDIUM: "Write the damaged blocks again (--retry-bad); if they are wrong again, replace the medium.",
    Culprit.READER: "Try another port, cable or card reader; if it is the same there, replace the medium.",
    Culprit.CACHE: "Test this computer's memory (memtest), and write the medium on another computer.",
}


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A stretch of a file that is not what it should be.

    Attributes:
        place: The file.
        offset: Where the stretch begins.
        length: How many bytes it has; whole blocks, but for the end of the file.
        look: What it looks like.
        telling: How the culprit was told.
        detail: More about the look: by how much it is shifted, to which file it belongs.
    """

    place: Place
    offset: int
    length: int
    look: Look
    telling: Telling
    detail: str = ""

    @property
    def culprit(self) -> Culprit:
        """Who most likely did it."""
        return _CULPRITS[self.telling]

    @property
    def evidence(self) -> str:
        """How that was told, for a person."""
        if self.look in (Look.MISSING, Look.SHORT, Look.LONG):
            return "the file system says so"
        if self.look is Look.UNREADABLE and self.telling is Telling.SAME_AGAIN:
            return "the drive reports an error each time"
        return _EVIDENCE[self.telling]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.culprit]

    @property
    def words(self) -> str:
        """Where and what, for a person."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{'/'.join(self.place)}: {self.length} bytes at {self.offset} {_LOOKS[self.look]}{detail}"

    @property
    def sentence(self) -> str:
        """Where, what, who and why, for a person."""
        return f"{self.words}; the {_SHOWN[self.culprit]}: {self.evidence}"

    def to_json(self) -> dict[str, Any]:
        """All of it, for a program and for a record."""
        return {
            "file": "/".join(self.place),
            "offset": self.offset,
            "length": self.length,
            "look": self.look.value,
            "detail": self.detail,
            "culprit": self.culprit.value,
            "evidence": self.evidence,
            "remedy": self.remedy,
        }
