"""A lockbox as the device client sees a medium: names are followed as it follows them, but never out of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lockstick.disk.plainfile import MISSING, find_plain, read_up_to
from lockstick.trust.device.media import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.disk.tree import Place, Tree
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["Judged", "PayloadJudges", "TreeMedia", "TreePayloads"]

_BLOCK = 1024 * 1024
_MAX_COMPOSE = 4 * 1024 * 1024
_COMPOSE_STAGE = "compose"


class Judged(Protocol):
    """What somebody who knows a kind of payload says that the device would say to it."""

    @property
    def stage(self) -> str:
        """``fetch``, ``install`` or ``compose``."""
        ...

    @property
    def reason(self) -> str:
        """The client's words."""
        ...

    @property
    def crash(self) -> bool:
        """True if the client dies of it."""
        ...

    @property
    def detail(self) -> str:
        """What is really wrong; may be empty."""
        ...


@dataclass(frozen=True, kw_only=True)
class PayloadJudges:
    """Those who know what is inside a payload.

    Attributes:
        compose: Takes the lockbox, the compose file's bytes, its sha256 and the platform.
        ostree: Takes the lockbox and the commit.
    """

    compose: Callable[[Tree, bytes, str, str], Judged | None]
    ostree: Callable[[Tree, str], Judged | None]


class TreeMedia:
    """The signed documents of a lockbox.

    Args:
        tree: Where the lockbox lies.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def exists(self, repository: str, name: str) -> bool:
        """Say whether anything lies under a name; links count, and so do folders."""
        place = _below(("metadata", repository), name)
        return place is not None and find_plain(self._tree, place)[1] != MISSING

    def read(self, repository: str, name: str, limit: int) -> bytes | None:
        """Read a document; None if it is missing, no plain file, or too large."""
        place = _below(("metadata", repository), name)
        if place is None or find_plain(self._tree, place)[1]:
            return None
        try:
            with self._tree.open(place) as file:
                data = read_up_to(file, limit + 1)
        except OSError:
            return None
        return data if len(data) <= limit else None


class TreePayloads:
    """The payloads of a lockbox.

    Args:
        tree: Where the lockbox lies.
        judges: Who knows what is inside them.
    """

    def __init__(self, tree: Tree, judges: PayloadJudges) -> None:
        self._tree = tree
        self._judges = judges

    def size(self, name: str) -> int | None:
        """The size of a target's file in bytes; None if there is no such plain file."""
        place = _below(("images",), name)
        if place is None:
            return None
        size, problem = find_plain(self._tree, place)
        return None if problem else size

    def digest(self, name: str, algorithm: str) -> str:
        """The digest of a target's file in hexadecimal digits; empty if it cannot be read."""
        place = _below(("images",), name)
        if place is None or find_plain(self._tree, place)[1]:
            return ""
        hasher = hashlib.new(algorithm)
        buffer = memoryview(bytearray(_BLOCK))
        try:
            with self._tree.open(place) as file:
                while count := file.readinto(buffer):
                    hasher.update(buffer[:count])
        except OSError:
            return ""
        return hasher.hexdigest()

    def ostree_problem(self, commit: str) -> Problem | None:
        """What keeps a commit from being pulled; None for nothing."""
        return _problem(self._judges.ostree(self._tree, commit))

    def compose_problem(self, target: DeviceTarget, platform: str) -> Problem | None:
        """What keeps a compose application from being loaded; None for nothing."""
        place = _below(("images",), target.name)
        if place is None or find_plain(self._tree, place)[1]:
            return Problem("its compose file is not on the medium any more")
        try:
            with self._tree.open(place) as file:
                compose = read_up_to(file, _MAX_COMPOSE + 1)
        except OSError as error:
            return Problem(f"its compose file cannot be read: {error.strerror or error}")
        if len(compose) > _MAX_COMPOSE:
            return Problem(f"its compose file is larger than {_MAX_COMPOSE} bytes")
        digest = dict(target.hashes).get("sha256", "")
        return _problem(self._judges.compose(self._tree, compose, digest, platform))


def _below(folder: Place, name: str) -> Place | None:
    """The place of a name from a document, dots and slashes followed as the device does; None outside the lockbox.

    What is one name to the device may be none to this system, or several, or a drive: then the tree knows no such name.
    """
    parts = list(folder)
    for part in name.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif "\0" in part:
            return None
        else:
            parts.append(part)
    return tuple(parts) or None


def _problem(judged: Judged | None) -> Problem | None:
    if judged is None:
        return None
    text = judged.detail or judged.reason
    return Problem(text, silent=judged.stage == _COMPOSE_STAGE, fatal=judged.crash)
