"""Where the parts of an application lie in a lockbox (lockbox-format 1.1, 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ComposePlace"]


@dataclass(frozen=True)
class ComposePlace:
    """The folders of one application.

    Attributes:
        root: The lockbox: the folder that holds ``metadata/`` and ``images/``.
        digest: The sha256 digest of the compose file, in lower case.
    """

    root: Path
    digest: str

    @property
    def manifests(self) -> Path:
        """The folder of its manifests."""
        return self.root / "metadata" / "docker" / f"{self.digest}.manifests"

    @property
    def archives(self) -> Path:
        """The folder of its image archives."""
        return self.root / "images" / f"{self.digest}.images"

    def archive(self, manifest: str) -> Path:
        """The archive of an image.

        Args:
            manifest: The digest of its single-platform manifest.

        Returns:
            Its path.
        """
        return self.archives / f"{manifest}.tar"

    def shown(self, path: Path) -> str:
        """A path as findings show it.

        Args:
            path: A path in the lockbox.

        Returns:
            The path below the lockbox, with forward slashes.
        """
        return path.relative_to(self.root).as_posix()
