"""What is being written to a stick, so that the next run goes on: one small file, written once.

How far a run came is not written down: the files themselves say it, by their length, and what they say is checked by
reading them. A journal of every step would cost a flash medium more writes than it saves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.disk.durable import write_new
from lockstick.disk.plainfile import read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lockstick.disk.tree import Place
    from lockstick.lockbox.consignment import Consignment

__all__ = ["Journal", "read_journal", "write_journal"]

_FORMAT = 1
# More than the documents of a lockbox can list; reading what is hostile takes twenty times as much memory.
_MAX_JOURNAL = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Journal:
    """What an interrupted run was writing.

    Attributes:
        identity: Which lockbox; see :class:`~lockstick.lockbox.consignment.Consignment`.
        claims: Place to digests: what the files that it has written, or begun, are to be.
    """

    identity: str
    claims: Mapping[Place, Mapping[str, str]] = field(default_factory=dict, repr=False)


def read_journal(path: Path) -> Journal | None:
    """Read a journal; it is a hint, and a damaged one is as good as none.

    Returns:
        The journal, or None if there is none that can be read.
    """
    try:
        document = json.loads(read_plain(path, _MAX_JOURNAL))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        return None
    identity, files = document.get("identity"), document.get("files")
    if not isinstance(identity, str) or not isinstance(files, dict):
        return None
    claims: dict[Place, Mapping[str, str]] = {}
    for name, digests in files.items():
        if isinstance(digests, dict) and all(isinstance(text, str) for text in digests.values()):
            claims[tuple(name.split("/"))] = digests
    return Journal(identity=identity, claims=claims)


def write_journal(path: Path, consignment: Consignment) -> None:
    """Write the journal of a run that begins, in one step.

    Raises:
        OSError: The medium refused.
    """
    document = {
        "format": _FORMAT,
        "identity": consignment.identity,
        "lockbox": consignment.name,
        "version": consignment.version,
        "files": {piece.shown: dict(piece.digests) for piece in consignment.pieces if piece.digests},
    }
    aside = path.with_suffix(".new")
    write_new(aside, json.dumps(document, indent=1).encode())
    aside.replace(path)
