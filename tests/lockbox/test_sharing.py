"""A shared store as a shelf: one file that cannot be put there does not keep the others out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from lockstick.errors import LockstickError, NotAllowedError, UsageError
from lockstick.lockbox.sharing import SharedShelf
from transfer.ground import Notes

if TYPE_CHECKING:
    from lockstick.transfer.shared import SharedStore
    from lockstick.trust.expected import ExpectedPackage


class Package:
    def __init__(self, letter: str) -> None:
        self.hashes = {"sha256": letter * 64}
        self.length = 1


class Store:
    """A store that has nothing, and takes everything but one file."""

    name = "s3://team"

    def __init__(self, error: LockstickError) -> None:
        self._error = error
        self.filled: list[str] = []

    def check(self) -> None:
        pass

    def fill(self, digest: str, path: Path) -> bool:
        if digest.startswith("a"):
            raise self._error
        self.filled.append(digest[0])
        return True


def stocked(error: LockstickError, letters: str = "abc") -> tuple[list[str], list[str]]:
    notes, store = Notes(), Store(error)
    shelf = SharedShelf(cast("SharedStore", store), notes)
    shelf.stock([(cast("ExpectedPackage", Package(letter)), Path(letter)) for letter in letters])
    shelf.stock([(cast("ExpectedPackage", Package("d")), Path("d"))])
    return sorted(store.filled), [text for text in notes.messages if str(error) in text]


def test_what_is_wrong_with_one_file_keeps_no_other_out() -> None:
    filled, messages = stocked(UsageError("too large"))
    assert filled == ["b", "c", "d"]
    assert len(messages) == 1


def test_what_is_wrong_with_the_store_is_said_once_and_ends_the_filling() -> None:
    filled, messages = stocked(NotAllowedError("no right"), "a")
    assert filled == []
    assert messages == ["s3://team is not filled: no right. " + NotAllowedError.default_remedy]
