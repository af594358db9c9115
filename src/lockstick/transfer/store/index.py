"""When each entry was last used, and by which names: a hint, for lists and for what is pruned first.

It is written once at the end of a run. A run that is killed leaves no note; then the entry's own time counts.
Access times of files are not used: not every file system keeps them, and any reader changes them.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lockstick.disk.durable import publish
from lockstick.disk.plainfile import read_plain
from lockstick.errors import MediaError
from lockstick.transfer.store.places import is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Use", "read_index", "write_index"]

_FORMAT = 1
# Some 80,000 entries. JSON that somebody has made for it takes thirty times its size in memory.
_CAP = 32 * 1024 * 1024
_MOST_NAMES = 8


@dataclass(frozen=True, kw_only=True)
class Use:
    """What is known of the use of one entry.

    Attributes:
        used: When it was last used, in seconds since 1970.
        names: What it was called, the latest last.
    """

    used: float
    names: tuple[str, ...] = ()

    def again(self, used: float, names: tuple[str, ...]) -> Use:
        """The same after a further use."""
        kept = tuple(name for name in self.names if name not in names)
        return Use(used=max(self.used, used), names=(*kept, *names)[-_MOST_NAMES:])


def read_index(path: Path) -> dict[str, Use]:
    """Read the index; one that is missing or cannot be read knows nothing.

    Args:
        path: The file.

    Returns:
        Digest to use.
    """
    try:
        document = json.loads(read_plain(path, _CAP))
        if document["format"] != _FORMAT:
            return {}
        return {digest: _use(value) for digest, value in document["entries"].items() if is_digest(digest)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return {}


def write_index(path: Path, uses: Mapping[str, Use]) -> None:
    """Write the index in one step; the caller holds the store's lock. A failure is left alone: it is a hint.

    Args:
        path: The file.
        uses: Digest to use.
    """
    entries = {digest: {"used": use.used, "names": use.names} for digest, use in sorted(uses.items())}
    aside = path.with_suffix(".new")
    with suppress(OSError, MediaError):
        aside.unlink(missing_ok=True)
        aside.write_text(json.dumps({"format": _FORMAT, "entries": entries}), encoding="ascii")
        publish(aside, path)


def _use(value: Any) -> Use:  # noqa: ANN401 - JSON that nobody has looked at yet
    used = float(value["used"])
    if not math.isfinite(used):
        raise ValueError("not a time")
    return Use(used=used, names=tuple(str(name) for name in value["names"])[-_MOST_NAMES:])
