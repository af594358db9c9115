"""Trust anchors: read from a folder, taken from the lockbox itself, or chosen among those that are stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, NotFoundError
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors, numbered_roots
from lockstick.trust.limits import DEVICE_LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lockstick.metadata.dialect import Dialect
    from lockstick.trust.evidence import Evidence, RepositoryEvidence

__all__ = [
    "DIRECTOR_ROOT",
    "IMAGE_ROOT",
    "LOCKBOX_DIALECT",
    "AnchorChoice",
    "choose_stored",
    "first_use",
    "read_folder",
]

DIRECTOR_ROOT = "director-root.json"
IMAGE_ROOT = "image-root.json"
LOCKBOX_DIALECT = UPTANE
"""The dialect of lockboxes, wherever nothing is pinned: Director and offline-updates exist in no other."""

_MAX_ROOTS = 1000


@dataclass(frozen=True, kw_only=True)
class AnchorChoice:
    """What to believe when verifying.

    Attributes:
        given: Anchors that the user named; they alone count if there are any.
        stored: The anchors that this machine believes; the lockbox's own repository's are chosen.
        on_first_use: True to believe the lockbox's own roots if neither gives an anchor.
    """

    given: Anchors | None = None
    stored: Sequence[Anchors] = ()
    on_first_use: bool = False

    def choose(self, evidence: Evidence) -> Anchors:
        """Choose the anchors for a lockbox.

        Args:
            evidence: Its documents.

        Returns:
            The anchors; None in place of a root that nobody decided to believe.
        """
        if self.given is not None:
            return self.given
        chosen = choose_stored(self.stored, evidence)
        if chosen.director is None and chosen.image_repo is None and self.on_first_use:
            return first_use(evidence)
        return chosen


def read_folder(folder: Path, source: str = "file", dialect: Dialect = LOCKBOX_DIALECT) -> Anchors:
    """Read the roots ``director-root.json`` and ``image-root.json`` from a folder.

    Args:
        folder: The folder.
        source: What to record as their origin.
        dialect: The dialect to pin with them.

    Returns:
        The anchors; either may be missing, not both.

    Raises:
        NotFoundError: If the folder holds neither.
        MediaError: If one is there and cannot be read.
        DistrustError: If one is larger than any root.
    """
    director, image = _read(folder / DIRECTOR_ROOT), _read(folder / IMAGE_ROOT)
    if director is None and image is None:
        raise NotFoundError(
            f"there are no trust anchors in {folder}",
            why=f"it holds neither {DIRECTOR_ROOT} nor {IMAGE_ROOT}",
            remedy="Take the roots from the device's image (/var/sota/import) or from the account's credentials.zip.",
        )
    return Anchors(director=director, image_repo=image, source=source, dialect=dialect)


def first_use(evidence: Evidence) -> Anchors:
    """Take the lowest roots of a lockbox itself for its anchors, because the user asked for it.

    Args:
        evidence: The lockbox's documents.

    Returns:
        The anchors; one is None where the lockbox has no root.
    """

    def lowest(files: Mapping[str, bytes]) -> bytes | None:
        roots = numbered_roots(files)
        return files[roots[min(roots)]] if roots else None

    return Anchors(
        director=lowest(evidence.director.files),
        image_repo=lowest(evidence.image_repo.files),
        source="first-use",
        dialect=LOCKBOX_DIALECT,
    )


def choose_stored(stored: Sequence[Anchors], evidence: Evidence) -> Anchors:
    """Choose, among the anchors that this machine believes, those of the repository a lockbox is from.

    An anchor belongs to a repository if the lockbox holds that very root, or a root that shares a root key
    with it. Choosing wrongly cannot do harm: whatever is chosen, every signature is checked against it.

    Args:
        stored: The machine's anchors.
        evidence: The lockbox's documents.

    Returns:
        The anchors, or a pair of None if no stored one belongs to the repository.
    """
    if not stored:
        return Anchors(director=None, image_repo=None, source="none", dialect=LOCKBOX_DIALECT)
    present = _keys_of(evidence.director) | _keys_of(evidence.image_repo)
    for entry in stored:
        if any(raw is not None and present & _root_keys(raw) for raw in (entry.director, entry.image_repo)):
            return entry
    return Anchors(director=None, image_repo=None, source="store", dialect=LOCKBOX_DIALECT)


def _keys_of(part: RepositoryEvidence) -> frozenset[str]:
    names = list(numbered_roots(part.files).values())[:_MAX_ROOTS]
    return frozenset[str]().union(*(_root_keys(part.files[name]) for name in names))


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(DEVICE_LIMITS.root + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise media_error(error, path, "read") from error
    if len(data) > DEVICE_LIMITS.root:
        raise DistrustError(f"{path} is too large for a root", why=f"roots have at most {DEVICE_LIMITS.root} bytes")
    return data


def _root_keys(raw: bytes) -> frozenset[str]:
    """The identities of a root's root keys, read without any check; empty if it cannot be read."""
    try:
        signed = json.loads(raw)["signed"]
        listed = signed["roles"]["root"]["keyids"]
        return frozenset(
            hashlib.sha256(str(signed["keys"][keyid]["keyval"]["public"]).strip().encode()).hexdigest()
            for keyid in listed
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
