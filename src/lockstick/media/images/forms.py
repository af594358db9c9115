"""The formats of images, each behind one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.media.images.contents import Contents

__all__ = ["Form", "Wishes", "form_of"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What only some formats know.

    Attributes:
        label: The label of a disk image.
        size: The size of a disk image in bytes; None for as large as needed.
    """

    label: str = "LOCKBOX"
    size: int | None = None


class Form(Protocol):
    """One format."""

    def file_name(self, lockbox: str) -> str:
        """What an image of a lockbox is called if nobody says otherwise."""
        ...

    def check(self, contents: Contents) -> None:
        """Return if the format can hold the contents, and this machine can write it.

        Raises:
            LockstickError: It cannot; what to do instead is said.
        """
        ...

    def room(self, contents: Contents) -> int:
        """The most bytes that the image may take on the disk."""
        ...

    def write(self, contents: Contents, root: Path, target: Path, tick: Callable[[int], None]) -> None:
        """Write the image.

        Args:
            contents: What goes into it.
            root: The folder where that lies.
            target: The file, which is not there yet.
            tick: Told of bytes that were written.

        Raises:
            MediaError: It cannot be written.
            OSError: The same.
        """
        ...


def form_of(name: str, wishes: Wishes) -> Form:
    """The format of a name: ``squashfs``, ``tar`` or ``img``.

    Each is imported when it is wanted.
    """
    if name == "squashfs":
        from lockstick.media.images.squashfs_writer import SquashfsForm  # noqa: PLC0415

        return SquashfsForm()
    if name == "tar":
        from lockstick.media.images.tar_writer import TarForm  # noqa: PLC0415

        return TarForm()
    from lockstick.media.images.fat_writer import FatForm  # noqa: PLC0415

    return FatForm(wishes)
