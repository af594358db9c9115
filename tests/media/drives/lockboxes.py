"""Small lockboxes to lie on sticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge import PAYLOAD, Forge, lay_documents

if TYPE_CHECKING:
    from pathlib import Path


def put_lockbox(root: Path) -> None:
    """Write a sound lockbox, ``box``, version 3, into a folder."""
    lay_documents(root, Forge().evidence())
    (root / "images").mkdir()
    (root / "images" / "fw.bin").write_bytes(PAYLOAD)
