"""What desktops leave behind in every folder that somebody opens."""

from __future__ import annotations

__all__ = ["is_left_behind"]

_NAMES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini"})
_APPLE_DOUBLE = "._"


def is_left_behind(name: str) -> bool:
    """Say whether a name is one that only desktops give to files: ``._x``, ``.DS_Store``, ``Thumbs.db``."""
    return name.startswith(_APPLE_DOUBLE) or name.lower() in _NAMES
