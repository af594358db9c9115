"""How the computer's own memory was kept out of a reading, in one word for each file and one sentence for all."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Exclusion", "How", "worst"]


class How(enum.Enum):
    """How the system's cache was kept out while a file was read, from the best to the worst.

    What no program can keep out is the memory inside the drive itself.

    Attributes:
        DIRECT: Past the cache: every byte was asked of the drive.
        CHECKED: The cache was emptied, was found empty, and then the file was read.
        DROPPED: The cache was told to forget the file; whether every layer did so cannot be checked.
        NONE: It was not kept out; the bytes may never have come from the medium.
    """

    DIRECT = "direct"
    CHECKED = "dropped-and-checked"
    DROPPED = "dropped"
    NONE = "none"


_ORDER = tuple(How)

_WORDS = {
    How.DIRECT: "read from the drive itself, past this computer's memory",
    How.CHECKED: "read from the drive, after this computer's memory of it was emptied and found empty",
    How.DROPPED: "read after this computer was told to forget it; that it did cannot be checked",
    How.NONE: "read as usual: some of it may have come from this computer's memory instead of the drive",
}


def worst(ways: Iterable[How]) -> How:
    """The weakest of some ways, which is what can be said of all together; NONE if there are none."""
    return max(ways, key=_ORDER.index, default=How.NONE)


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """How the cache was kept out while a tree was read.

    Attributes:
        files: How many files were read in which way; ways that were not used are not there.
        reason: Why it was not the best way; empty if it was, or if nothing is known.
    """

    files: Mapping[How, int]
    reason: str = ""

    @property
    def how(self) -> How:
        """What can be said of all files: the weakest way."""
        return worst(self.files)

    @property
    def words(self) -> str:
        """The same for a person."""
        return _WORDS[self.how] + (f" ({self.reason})" if self.reason and self.how is not How.DIRECT else "")

    def to_json(self) -> dict[str, Any]:
        """The same for a program and for a record."""
        files = {how.value: self.files[how] for how in _ORDER if self.files.get(how)}
        return {"how": self.how.value, "files": files, "reason": self.reason}
