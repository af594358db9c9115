"""Where the parts of an application lie in a lockbox (lockbox-format 1.1, 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.disk.tree import Place, Tree

__all__ = ["ComposePlace"]


@dataclass(frozen=True)
class ComposePlace:
    """The folders of one application.

    Attributes:
        tree: The lockbox: what holds ``metadata/`` and ``images/``.
        digest: The sha256 digest of the compose file, in lower case.
    """

    tree: Tree
    digest: str

    @property
    def manifests(self) -> Place:
        """The folder of its manifests."""
        return ("metadata", "docker", f"{self.digest}.manifests")

    @property
    def archives(self) -> Place:
        """The folder of its image archives."""
        return ("images", f"{self.digest}.images")

    def archive(self, manifest: str) -> Place:
        """The archive of an image.

        Args:
            manifest: The digest of its single-platform manifest.

        Returns:
            Its place.
        """
        return (*self.archives, f"{manifest}.tar")

    @staticmethod
    def shown(place: Place) -> str:
        """A place as findings show it.

        Args:
            place: A place in the lockbox.

        Returns:
            The path below the lockbox, with forward slashes.
        """
        return "/".join(place)
