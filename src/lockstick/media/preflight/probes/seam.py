"""The seam to the platform: whoever can say what is known of a folder and the file system that it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.preflight.facts import Facts

__all__ = ["Probe"]


class Probe(Protocol):
    """One platform's way to find out."""

    def facts(self, folder: Path) -> Facts:
        """Say what is known of a folder.

        What cannot be found out is None; a probe raises nothing for it.

        Args:
            folder: An existing folder, absolute and without links.

        Returns:
            What is known.
        """
        ...
