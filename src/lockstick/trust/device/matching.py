"""Finding a lockbox's target in the image repository: the list, then its delegations (lockbox-format 3.6, 3.7).

Weaker than the standard in places, on purpose: an entry of the same name that does not match does not end the
search, and neither does a terminating delegation for its siblings. An expired delegation is passed over in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.device.documents import Targets, check_hashes, read_targets, untrusted_version
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.signatures import delegation_role
from lockstick.trust.device.targets import DeviceTarget, same
from lockstick.trust.patterns import matches

if TYPE_CHECKING:
    from lockstick.trust.device.images import Images
    from lockstick.trust.device.situation import Situation

__all__ = ["Finder"]


class Finder:
    """Looks targets up.

    Args:
        images: The image repository in force.
        delegations: The device's stored delegations by name; they change as delegations are visited.
        situation: The iteration.
    """

    def __init__(self, images: Images, delegations: dict[str, bytes], situation: Situation) -> None:
        self._images = images
        self._delegations = delegations
        self._media = situation.media
        self._client = situation.client
        self._now = situation.now

    def find(self, target: DeviceTarget) -> DeviceTarget:
        """Find the image repository's entry for a target.

        Args:
            target: The lockbox's target, with the device's ECUs.

        Returns:
            The matching entry.

        Raises:
            RefusedError: If there is none, or a delegation on the way to it is refused.
        """
        found = self._search(self._images.targets, target, level=0, terminating=False)
        if found is None:
            raise RefusedError("target-mismatch", target.name)
        return found

    def _search(self, listing: Targets, target: DeviceTarget, *, level: int, terminating: bool) -> DeviceTarget | None:
        found = next((entry for entry in listing.targets if same(entry, target)), None)
        if found is not None or terminating or level >= self._client.delegation_depth:
            return found
        for delegation in listing.delegations:
            if not any(matches(path, target.name) for path in delegation.paths):
                continue
            delegated = self._visit(delegation.name, listing)
            if delegated.header.expired(self._now):
                continue
            found = self._search(delegated, target, level=level + 1, terminating=delegation.terminating)
            if found is not None:
                return found
        return None

    def _visit(self, name: str, parent: Targets) -> Targets:
        role = delegation_role(name)
        listed = self._images.snapshot.version(role)
        raw = self._delegations.get(name)
        if raw is not None:
            version = untrusted_version(raw, self._client)
            if version > listed:
                raise RefusedError("delegation-rollback", name)
            if version < listed:
                del self._delegations[name]
                raw = None
        stored = raw is not None
        if raw is None:
            raw = self._media.read("image-repo", f"{name}.json", self._client.targets)
        if raw is None:
            raise RefusedError("delegation-missing", name)
        if not check_hashes(raw, self._client, self._images.snapshot.hashes.get(role, ())):
            raise RefusedError("delegation-hash", name)
        delegated = read_targets(raw, self._client, role, parent.ring)
        if not stored:
            if delegated.header.version != listed:
                raise RefusedError("snapshot-version", name)
            self._delegations[name] = raw
        return delegated
