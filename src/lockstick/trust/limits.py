"""How large a document may be before a device refuses to read it (lockbox-format 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

from lockstick.trust.evidence import Evidence, RepositoryEvidence

__all__ = ["DEVICE_LIMITS", "Limits", "enforce"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Largest size in bytes of each kind of document."""

    root: int
    small: int
    targets: int

    def of(self, repository: str, name: str) -> int:
        """The limit for a document.

        Args:
            repository: ``director`` or ``image-repo``.
            name: Its file name on the medium: ``2.root.json``, ``line-a.json``, ``targets.json`` …

        Returns:
            The largest size in bytes.
        """
        if name == "root.json" or name.endswith(".root.json"):
            return self.root
        # Everything of the Director's is small, lockboxes included; of the image repository's, all but targets.
        if repository == "director" or name in ("snapshot.json", "timestamp.json"):
            return self.small
        return self.targets


DEVICE_LIMITS = Limits(root=65_536, small=65_536, targets=8_388_608)
"""The limits of the device client of October 2024; later clients raise some of them."""


def enforce(evidence: Evidence, limits: Limits = DEVICE_LIMITS) -> Evidence:
    """Treat documents that are too large as a device does: as not there.

    Args:
        evidence: All documents, from wherever they came.
        limits: The largest sizes.

    Returns:
        The documents that fit; the others are named among the unreadable ones.
    """
    return Evidence(
        director=_enforce("director", evidence.director, limits),
        image_repo=_enforce("image-repo", evidence.image_repo, limits),
    )


def _enforce(repository: str, part: RepositoryEvidence, limits: Limits) -> RepositoryEvidence:
    large = {name for name, data in part.files.items() if len(data) > limits.of(repository, name)}
    if not large:
        return part
    reasons = {
        name: (
            "document-too-large",
            f"it has {len(part.files[name])} bytes; devices read at most {limits.of(repository, name)}",
        )
        for name in large
    }
    return RepositoryEvidence(
        files={name: data for name, data in part.files.items() if name not in large},
        unreadable={**part.unreadable, **reasons},
    )
