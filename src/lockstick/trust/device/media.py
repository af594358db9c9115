"""What the client wants from a medium: protocols, so that the rules need no disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["Media", "Payloads", "Problem"]


class Media(Protocol):
    """The signed documents on a medium."""

    def exists(self, repository: str, name: str) -> bool:
        """Say whether anything lies under a name.

        Args:
            repository: ``director`` or ``image-repo``.
            name: The file name; it comes from a document and may hold slashes and dots.
        """
        ...

    def read(self, repository: str, name: str, limit: int) -> bytes | None:
        """Read a document.

        Args:
            repository: ``director`` or ``image-repo``.
            name: The file name; it comes from a document and may hold slashes and dots.
            limit: The largest size.

        Returns:
            Its bytes, or None if it is missing, no file, or too large.
        """
        ...


@dataclass(frozen=True)
class Problem:
    """What is wrong with a payload.

    Attributes:
        text: In words.
        silent: True if the client takes it and only the application does not come up.
        fatal: True if the client dies of it.
    """

    text: str
    silent: bool = False
    fatal: bool = False


class Payloads(Protocol):
    """The payloads on a medium."""

    def size(self, name: str) -> int | None:
        """The size of a target's file in bytes; None if there is no such file."""
        ...

    def digest(self, name: str, algorithm: str) -> str:
        """The digest of a target's file in hexadecimal digits, in lower case; empty if it cannot be read."""
        ...

    def ostree_problem(self, commit: str) -> Problem | None:
        """What keeps a commit from being pulled; None for nothing."""
        ...

    def compose_problem(self, target: DeviceTarget, platform: str) -> Problem | None:
        """What keeps a compose application from being loaded; None for nothing."""
        ...
