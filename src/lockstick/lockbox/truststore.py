"""The machine's trust store: which roots this machine believes, under names of the user's choice.

One file per pair of roots, with their dialect: ``NAME.json``, written aside and renamed, so that half a pair is
never taken for a pair. A file that cannot be read is named and passed over: it must not keep the others from being
used.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.durable import prepare_folder, publish, write_new
from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, NotFoundError, UsageError
from lockstick.lockbox.anchors import DIRECTOR_ROOT, IMAGE_ROOT, LOCKBOX_DIALECT
from lockstick.metadata.dialects import DIALECTS
from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.trust.evidence import Anchors
from lockstick.trust.findings import Ledger
from lockstick.trust.limits import DEVICE_LIMITS
from lockstick.trust.names import segment_problem
from lockstick.trust.roots import read_anchor

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.metadata.dialect import Dialect

__all__ = ["SEEN_SUFFIX", "StoredAnchors", "TrustStore"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_WHAT_A_NAME_IS = (
    "a name is up to 64 letters, digits, dots, dashes and underscores (a-z, A-Z, 0-9), a letter or digit first"
)
_UNUSED = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_PROPOSED = 32
_FORMAT = 1
SEEN_SUFFIX = ".seen.json"
"""What the name of a memory (:mod:`lockstick.lockbox.seen`) ends in, which lies beside the anchors."""

_MAX_FILE = 4 * DEVICE_LIMITS.root


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
    """The trust anchors that this machine believes.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> tuple[str, ...]:
        """The names of all stored anchors, readable or not."""
        try:
            entries = sorted(entry.name for entry in self._folder.iterdir()) if self._folder.is_dir() else []
        except OSError as error:
            raise media_error(error, self._folder, "read") from error
        stems = (name.removesuffix(".json") for name in entries if name.endswith(".json") and not _is_memory(name))
        return tuple(stem for stem in stems if _NAME.fullmatch(stem))

    def entries(self) -> tuple[StoredAnchors, ...]:
        """All stored anchors that can be read, by name; :meth:`broken` names the others."""
        return tuple(entry for name in self.names() if (entry := self._load(name)) is not None)

    def broken(self) -> tuple[str, ...]:
        """The names of stored anchors that cannot be read."""
        return tuple(name for name in self.names() if self._load(name) is None)

    def show(self, name: str) -> StoredAnchors:
        """One pair of anchors.

        Args:
            name: Its name.

        Returns:
            The anchors.

        Raises:
            NotFoundError: If there is none of that name.
            DistrustError: If there is, and it cannot be read.
        """
        self._require(name)
        entry = self._load(name)
        if entry is None:
            raise DistrustError(
                f"the trust anchors {name!r} of this machine cannot be read",
                why=f"{self._place(name)} is damaged or not one of this program's files",
                remedy=f"Run: lockstick trust remove {name}, and add the roots again.",
            )
        return entry

    def add(self, name: str, anchors: Anchors) -> StoredAnchors:
        """Believe a pair of roots from now on.

        Args:
            name: The name to store them under.
            anchors: The roots, of both repositories.

        Returns:
            What was stored.

        Raises:
            UsageError: If the name is taken by other roots or is not a plain name, or a root is missing.
            DistrustError: If a root is not signed by its own keys.
            MediaError: If the disk does not take it.
        """
        place = self._place(name)
        if anchors.director is None or anchors.image_repo is None:
            missing = DIRECTOR_ROOT if anchors.director is None else IMAGE_ROOT
            raise UsageError(
                f"the root of one repository is missing: {missing}",
                why="a lockbox is judged by the Director's root and the image repository's",
                remedy="Get both from the account's credentials.zip or from the device's image.",
            )
        _require_anchor(anchors.director, DIRECTOR_ROOT, anchors.dialect)
        _require_anchor(anchors.image_repo, IMAGE_ROOT, anchors.dialect)
        taken = next((other for other in self.names() if other.casefold() == name.casefold()), None)
        if taken is not None:
            existing = self._load(taken)
            if existing is not None and existing.name == name and _same_roots(existing, anchors):
                return existing
            raise UsageError(
                f"this machine already has other trust anchors named {taken!r}",
                remedy=f"Choose another name, or first run: lockstick trust remove {taken}",
            )
        document = {
            "format": _FORMAT,
            "dialect": anchors.dialect.name,
            "director": base64.b64encode(anchors.director).decode("ascii"),
            "image_repo": base64.b64encode(anchors.image_repo).decode("ascii"),
        }
        prepare_folder(self._folder)
        aside = place.with_suffix(".new")
        try:
            write_new(aside, json.dumps(document).encode("ascii"))
        except OSError as error:
            raise media_error(error, aside, "written") from error
        publish(aside, place)
        return self.show(name)

    def remove(self, name: str) -> None:
        """Stop believing a pair of roots, readable or not, and forget what was verified by them.

        Args:
            name: Its name.

        Raises:
            NotFoundError: If there is none of that name.
            MediaError: If it cannot be removed.
        """
        self._require(name)
        try:
            (self._folder / f"{name}{SEEN_SUFFIX}").unlink(missing_ok=True)
            self._place(name).unlink()
        except OSError as error:
            raise media_error(error, self._place(name), "removed") from error

    def _require(self, name: str) -> None:
        self._place(name)
        if name not in self.names():
            raise NotFoundError(f"this machine has no trust anchors named {name!r}", remedy="Run: lockstick trust list")

    def _load(self, name: str) -> StoredAnchors | None:
        try:
            with self._place(name).open("rb") as file:
                document = json.loads(file.read(_MAX_FILE))
            if document["format"] != _FORMAT:
                return None
            # Entries from before there was a second dialect may lack the name.
            dialect = DIALECTS[document.get("dialect", LOCKBOX_DIALECT.name)]
            director, image_repo = (
                base64.b64decode(document[key], validate=True) for key in ("director", "image_repo")
            )
            return StoredAnchors(
                name=name,
                anchors=Anchors(director=director, image_repo=image_repo, source="store", dialect=dialect),
                director_digest=_digest(director, dialect),
                image_digest=_digest(image_repo, dialect),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError, MalformedError):
            return None

    def _place(self, name: str) -> Path:
        problem = "" if _NAME.fullmatch(name) else _WHAT_A_NAME_IS
        problem = problem or segment_problem(name)
        if not problem and _is_memory(f"{name}.json"):
            problem = "ends in .seen, as only this program's own files do"
        if problem:
            raise UsageError(
                f"{name!r} cannot be the name of trust anchors",
                why=problem if problem is _WHAT_A_NAME_IS else f"it {problem}",
                remedy=f"Call them {_plain_name(name)!r}, for example.",
            )
        return self._folder / f"{name}.json"


def _plain_name(name: str) -> str:
    """A name like one that is refused."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = _UNUSED.sub("-", plain)[:_LONGEST_PROPOSED].strip("-._")
    return plain if _NAME.fullmatch(plain) and not segment_problem(plain) else "plant"


def _is_memory(file_name: str) -> bool:
    return file_name.casefold().endswith(SEEN_SUFFIX)


def _same_roots(existing: StoredAnchors, anchors: Anchors) -> bool:
    digests = tuple(_digest(raw, anchors.dialect) for raw in (anchors.director, anchors.image_repo))
    return existing.anchors.dialect == anchors.dialect and (existing.director_digest, existing.image_digest) == digests


def _require_anchor(raw: bytes, what: str, dialect: Dialect) -> None:
    ledger = Ledger()
    if read_anchor(raw, what, dialect, ledger) is None:
        raise DistrustError(
            f"{what} cannot be a trust anchor",
            why="; ".join(finding.message for finding in ledger.findings),
            remedy="Get the root again from the account's credentials.zip or from the device's image.",
        )


def _digest(raw: bytes | None, dialect: Dialect) -> str | None:
    return None if raw is None else read_document(raw, "root", dialect).digest
