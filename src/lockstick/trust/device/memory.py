"""What a device remembers between lockboxes (lockbox-format 3.1 to 3.9).

Mutable by nature: the client stores as it goes, also in an iteration that fails later. Take a
:meth:`DeviceMemory.copy` to ask "what if".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["DeviceMemory", "EcuMemory", "RepositoryMemory", "SeenSnapshot"]


@dataclass
class RepositoryMemory:
    """What one ECU has stored of one repository.

    Attributes:
        roots: Version to root, as received.
        documents: Role to document, as received: ``offline-snapshot`` and ``offline-updates`` of the Director,
            ``snapshot`` and ``targets`` of the image repository.
    """

    roots: dict[int, bytes] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)


@dataclass
class EcuMemory:
    """What one ECU has stored of both repositories."""

    director: RepositoryMemory = field(default_factory=RepositoryMemory)
    image_repo: RepositoryMemory = field(default_factory=RepositoryMemory)


@dataclass(frozen=True)
class SeenSnapshot:
    """An offline-snapshot of which only numbers are known: all that a log line tells.

    Attributes:
        version: Its version.
        lockboxes: Lockbox to the version it listed, as far as that is known.
    """

    version: int
    lockboxes: dict[str, int] = field(default_factory=dict)


@dataclass
class DeviceMemory:
    """What a device remembers.

    Attributes:
        primary: The primary's stored documents.
        secondaries: Serial to the stored documents of every other ECU.
        delegations: Delegation to document, as received; a new root does not clear them.
        installed: Serial to the target that is installed there.
        fetched: Target name to length and digests of a file that was fetched and kept.
        commits: OSTree commits that the device has.
        seen: An offline-snapshot that is known by its numbers only, or None.
    """

    primary: EcuMemory = field(default_factory=EcuMemory)
    secondaries: dict[str, EcuMemory] = field(default_factory=dict)
    delegations: dict[str, bytes] = field(default_factory=dict)
    installed: dict[str, DeviceTarget] = field(default_factory=dict)
    fetched: dict[str, tuple[int, tuple[tuple[str, str], ...]]] = field(default_factory=dict)
    commits: set[str] = field(default_factory=set)
    seen: SeenSnapshot | None = None

    def forget_director(self) -> None:
        """Forget the Director's documents but its roots, as the client does after every failure (3.9)."""
        self.primary.director.documents.clear()
        self.seen = None
