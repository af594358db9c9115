"""The machine's trust store: which roots this machine believes, under names of the user's choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.errors import DistrustError, NotFoundError, UsageError
from lockstick.lockbox.anchors import DIRECTOR_ROOT, IMAGE_ROOT, read_folder
from lockstick.metadata.document import read_document
from lockstick.metadata.uptane import UPTANE
from lockstick.transfer.disk import media_error
from lockstick.trust.findings import Ledger
from lockstick.trust.roots import read_anchor

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.trust.evidence import Anchors

__all__ = ["StoredAnchors", "TrustStore"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class StoredAnchors:
    """A pair of roots that this machine believes, under a name of the user's.

    Attributes:
        name: The name.
        anchors: The roots.
        director_digest: The digest of the Director's root, or None.
        image_digest: The digest of the image repository's root, or None.
    """

    name: str
    anchors: Anchors
    director_digest: str | None
    image_digest: str | None


class TrustStore:
    """The trust anchors that this machine believes: a folder with one folder per account.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the anchors lie."""
        return self._folder

    def entries(self) -> tuple[StoredAnchors, ...]:
        """All stored anchors, by name."""
        if not self._folder.is_dir():
            return ()
        return tuple(
            self.show(entry.name)
            for entry in sorted(self._folder.iterdir())
            if entry.is_dir() and _NAME.fullmatch(entry.name)
        )

    def show(self, name: str) -> StoredAnchors:
        """One pair of anchors.

        Args:
            name: Its name.

        Returns:
            The anchors.

        Raises:
            NotFoundError: If there is none of that name.
        """
        place = self._place(name)
        if not place.is_dir():
            raise NotFoundError(f"this machine has no trust anchors named {name!r}", remedy="Run: lockstick trust list")
        anchors = read_folder(place, source="store")
        return StoredAnchors(
            name=name,
            anchors=anchors,
            director_digest=_digest(anchors.director),
            image_digest=_digest(anchors.image_repo),
        )

    def add(self, name: str, anchors: Anchors) -> StoredAnchors:
        """Believe a pair of roots from now on.

        Args:
            name: The name to store them under.
            anchors: The roots.

        Returns:
            What was stored.

        Raises:
            UsageError: If the name is taken by other roots, or is not a plain name.
            DistrustError: If a root is not signed by its own keys.
        """
        place = self._place(name)
        for raw, what in ((anchors.director, DIRECTOR_ROOT), (anchors.image_repo, IMAGE_ROOT)):
            if raw is not None:
                _require_anchor(raw, what)
        if place.is_dir():
            existing = self.show(name)
            if (existing.director_digest, existing.image_digest) == (
                _digest(anchors.director),
                _digest(anchors.image_repo),
            ):
                return existing
            raise UsageError(
                f"this machine already has other trust anchors named {name!r}",
                remedy=f"Choose another name, or first run: lockstick trust remove {name}",
            )
        try:
            # Made aside and renamed, so that half a pair is never taken for a pair.
            aside = self._folder / f".{name}.new"
            aside.mkdir(parents=True, exist_ok=True)
            for raw, file_name in ((anchors.director, DIRECTOR_ROOT), (anchors.image_repo, IMAGE_ROOT)):
                if raw is not None:
                    (aside / file_name).write_bytes(raw)
            aside.rename(place)
        except OSError as error:
            raise media_error(error, place, "written") from error
        return self.show(name)

    def remove(self, name: str) -> None:
        """Stop believing a pair of roots.

        Args:
            name: Its name.

        Raises:
            NotFoundError: If there is none of that name.
        """
        place = self._place(name)
        self.show(name)
        try:
            for file_name in (DIRECTOR_ROOT, IMAGE_ROOT):
                (place / file_name).unlink(missing_ok=True)
            place.rmdir()
        except OSError as error:
            raise media_error(error, place, "removed") from error

    def _place(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"{name!r} cannot be the name of trust anchors",
                why="a name is letters, digits, dots, dashes and underscores, and starts with a letter or digit",
            )
        return self._folder / name


def _require_anchor(raw: bytes, what: str) -> None:
    ledger = Ledger()
    if read_anchor(raw, what, UPTANE, ledger) is None:
        raise DistrustError(
            f"{what} cannot be a trust anchor",
            why="; ".join(finding.message for finding in ledger.findings),
            remedy="Get the root again from the account's credentials.zip or from the device's image.",
        )


def _digest(raw: bytes | None) -> str | None:
    return None if raw is None else read_document(raw, "root", UPTANE).digest
