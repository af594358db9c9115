"""A folder as the device client sees a medium: names are followed as it follows them, but never out of the folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lockstick.disk.plainfile import obstacle
from lockstick.trust.device.media import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.lockbox.layout import Layout
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["FolderMedia", "FolderPayloads", "Judged", "PayloadJudges"]

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
        compose: Takes the lockbox's folder, the compose file's bytes, its sha256 and the platform.
        ostree: Takes the lockbox's folder and the commit.
    """

    compose: Callable[[Path, bytes, str, str], Judged | None]
    ostree: Callable[[Path, str], Judged | None]


class FolderMedia:
    """The signed documents in a lockbox's folder.

    Args:
        layout: Where the lockbox lies.
    """

    def __init__(self, layout: Layout) -> None:
        self._root = layout.root

    def exists(self, repository: str, name: str) -> bool:
        """Say whether anything lies under a name; links count, and so do folders."""
        path = _below(self._root, ("metadata", repository), name)
        return path is not None and obstacle(self._root, path) != "missing"

    def read(self, repository: str, name: str, limit: int) -> bytes | None:
        """Read a document; None if it is missing, no plain file, or too large."""
        path = _below(self._root, ("metadata", repository), name)
        if path is None or obstacle(self._root, path):
            return None
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError:
            return None
        return data if len(data) <= limit else None


class FolderPayloads:
    """The payloads in a lockbox's folder.

    Args:
        layout: Where the lockbox lies.
        judges: Who knows what is inside them.
    """

    def __init__(self, layout: Layout, judges: PayloadJudges) -> None:
        self._root = layout.root
        self._judges = judges

    def size(self, name: str) -> int | None:
        """The size of a target's file in bytes; None if there is no such plain file."""
        path = self._path(name)
        try:
            return None if path is None else path.stat().st_size
        except OSError:
            return None

    def digest(self, name: str, algorithm: str) -> str:
        """The digest of a target's file in hexadecimal digits; empty if it cannot be read."""
        path = self._path(name)
        if path is None:
            return ""
        hasher = hashlib.new(algorithm)
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    hasher.update(block)
        except OSError:
            return ""
        return hasher.hexdigest()

    def ostree_problem(self, commit: str) -> Problem | None:
        """What keeps a commit from being pulled; None for nothing."""
        return _problem(self._judges.ostree(self._root, commit))

    def compose_problem(self, target: DeviceTarget, platform: str) -> Problem | None:
        """What keeps a compose application from being loaded; None for nothing."""
        path = self._path(target.name)
        if path is None:
            return Problem("its compose file is not on the medium any more")
        try:
            with path.open("rb") as file:
                compose = file.read(_MAX_COMPOSE + 1)
        except OSError as error:
            return Problem(f"its compose file cannot be read: {error.strerror or error}")
        if len(compose) > _MAX_COMPOSE:
            return Problem(f"its compose file is larger than {_MAX_COMPOSE} bytes")
        digest = dict(target.hashes).get("sha256", "")
        return _problem(self._judges.compose(self._root, compose, digest, platform))

    def _path(self, name: str) -> Path | None:
        path = _below(self._root, ("images",), name)
        return None if path is None or obstacle(self._root, path) else path


def _below(root: Path, folder: tuple[str, ...], name: str) -> Path | None:
    """The path of a name from a document, dots and slashes followed as the device does; None outside the root."""
    parts = list(folder)
    for part in name.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif "\0" in part or root.joinpath(part).name != part:
            # What is one name to the device would be several here, or a drive.
            return None
        else:
            parts.append(part)
    return root.joinpath(*parts) if parts else None


def _problem(judged: Judged | None) -> Problem | None:
    if judged is None:
        return None
    text = judged.detail or judged.reason
    return Problem(text, silent=judged.stage == _COMPOSE_STAGE, fatal=judged.crash)
