"""Which lockbox a build would replace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.lockbox.inspect import inspect

if TYPE_CHECKING:
    from lockstick.lockbox.layout import Layout
    from lockstick.trust.director import LockboxFacts

__all__ = ["Replaced", "find_replaced"]

_LOCKBOX = "offline-updates"


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """A lockbox that gives way to another one, or to another version of itself.

    Attributes:
        name: Its name, as its file has it; unproven.
        version: Its version; unproven.
    """

    name: str
    version: int


def find_replaced(layout: Layout, successor: LockboxFacts | None) -> Replaced | None:
    """Look which lockbox lies where another one is to be.

    Args:
        layout: The place.
        successor: What is to be there.

    Returns:
        The lockbox that is there, or None if there is none that can be read, or it is the very same version.
    """
    for document in inspect(layout.tree).documents:
        if document.role == _LOCKBOX:
            name = document.path.rpartition("/")[2].removesuffix(".json")
            if successor is None or (name, document.version) != (successor.name, successor.version):
                return Replaced(name=name, version=document.version)
    return None
