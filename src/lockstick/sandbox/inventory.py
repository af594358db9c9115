"""Packages as the API speaks of them: made of what the image repository has signed, and changed there.

The id of a package is its target name. Own packages have members that are null, delegated ones lack them: clients must
take either (cloud-apis 1.4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.sandbox.director import RefusedError
from lockstick.sandbox.repository import expiry_of
from lockstick.sandbox.state import PackageRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.catalogue import Catalogue

__all__ = ["Inventory"]

_OWN = "targets"
_STANDARD = {"name", "version", "hardwareIds", "targetFormat", "uri", "cliUploaded", "createdAt", "updatedAt"}


class Inventory:
    """What there is.

    Args:
        catalogue: The packages and the image repository.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._state = catalogue.state
        self._images = catalogue.images

    def packages(self) -> list[JsonObject]:
        """Give all packages, own and delegated, as answers show them."""
        records = self._state.packages()
        entries = {role: self._images.entries(role) for role in {record.role for record in records}}
        return [self._described(record, entries[record.role].get(record.target)) for record in records]

    def external(self) -> list[JsonObject]:
        """Give the delegated packages as the older listing shows them."""
        found = []
        for package in self.packages():
            source = package.pop("packageSource")
            if source != f"{_OWN}.json":
                found.append({"delegationOrigin": source, **package})
        return found

    def refuse_known(self, target: str) -> None:
        """Refuse a target name that is taken.

        Raises:
            RefusedError: It is.
        """
        if self._state.package(target) is not None:
            raise RefusedError(409, "entity_already_exists", f"the package is there already: {target}")

    def add(
        self, target: str, *, digest: str, length: int, hardware_ids: Sequence[str], custom: JsonObject
    ) -> JsonObject:
        """List a package whose bytes are stored.

        Raises:
            RefusedError: Somebody else was faster.
        """
        stamp = format_instant(self._catalogue.now())
        entry: JsonObject = {
            "custom": {**custom, "hardwareIds": [*hardware_ids], "createdAt": stamp, "updatedAt": stamp},
            "hashes": {"sha256": digest},
            "length": length,
        }
        record = PackageRecord(
            target=target,
            role=_OWN,
            sha256=digest,
            length=length,
            hardware_ids=tuple(hardware_ids),
            blob=digest,
        )
        with self._state.transaction():
            self.refuse_known(target)
            self._state.put_package(record)
            self._images.list_targets({_OWN: {target: entry}})
        return self._described(record, entry)

    def edit(self, target: str, changes: JsonObject) -> JsonObject:
        """Change what is said of an own package; what is absent or null stays as it is.

        Raises:
            RefusedError: There is no such own package, or a change cannot be made.
        """
        with self._state.transaction():
            record, entry = self._own(target)
            before = entry.get("custom")
            custom = {**before} if isinstance(before, dict) else {}
            hardware_ids, extra = changes.get("hardwareIds"), changes.get("proprietaryMeta")
            if hardware_ids is not None:
                if not isinstance(hardware_ids, list) or not all(isinstance(one, str) for one in hardware_ids):
                    raise RefusedError(400, "invalid_entity", "hardwareIds is not a list of texts")
                custom["hardwareIds"] = hardware_ids
            if extra is not None:
                if not isinstance(extra, dict):
                    raise RefusedError(400, "invalid_entity", "proprietaryMeta is not an object")
                custom = {name: value for name, value in custom.items() if name in _STANDARD}
                custom |= {name: value for name, value in extra.items() if name not in _STANDARD}
            for name in ("uri", "comment"):
                if changes.get(name) is not None and not isinstance(changes[name], str):
                    raise RefusedError(400, "invalid_entity", f"{name} is not a text")
            if changes.get("uri") is not None:
                custom["uri"] = changes["uri"]
            if changes.get("comment") is not None:
                self._state.set_setting(f"comment/{target}", str(changes["comment"]))
            custom["updatedAt"] = format_instant(self._catalogue.now())
            changed: JsonObject = {**entry, "custom": custom}
            names = custom.get("hardwareIds")
            listed = tuple(str(one) for one in names) if isinstance(names, list) else ()
            record = replace(record, hardware_ids=listed)
            self._state.put_package(record)
            self._images.list_targets({_OWN: {target: changed}})
        return self._described(record, changed)

    def delete(self, target: str) -> None:
        """Take an own package away; lockboxes that name it stay as they were signed.

        Raises:
            RefusedError: There is no such own package.
        """
        with self._state.transaction():
            self._own(target)
            self._state.drop_package(target)
            remaining = {k: v for k, v in self._images.entries(_OWN).items() if k != target}
            self._images.publish_targets(remaining)
            self._images.publish_snapshot()

    def sources(self) -> JsonObject:
        """Give what is known of every delegation."""
        found: JsonObject = {}
        for name in self._images.delegated():
            document = self._images.document(f"delegations/{name}.json")
            if document is not None:
                found[name] = {
                    "lastFetched": self._state.setting(f"refreshed/{name}"),
                    "remoteUri": f"https://feeds.invalid/{name}.json",
                    "friendlyName": None,
                    "expires": format_instant(expiry_of(document)),
                }
        return found

    def refresh(self, name: str, stamp: str) -> None:
        """Note that a delegation was looked for anew."""
        self._state.set_setting(f"refreshed/{name}", stamp)

    def _own(self, target: str) -> tuple[PackageRecord, JsonObject]:
        record = self._state.package(target)
        entry = self._images.entries(_OWN).get(target)
        if record is None or record.role != _OWN or not isinstance(entry, dict):
            raise RefusedError(404, "missing_target", f"package not found: {target}")
        return record, entry

    def _described(self, record: PackageRecord, entry: JsonValue) -> JsonObject:
        listed = entry.get("custom") if isinstance(entry, dict) else None
        custom = listed if isinstance(listed, dict) else {}
        found: JsonObject = {
            "name": custom.get("name", record.target),
            "version": custom.get("version", ""),
            "packageId": record.target,
            "size": record.length,
            "hashes": {"sha256": record.sha256},
            "packageSource": f"{record.role}.json",
            "hardwareIds": [*record.hardware_ids],
            "createdAt": custom.get("createdAt"),
            "pkgType": custom.get("targetFormat"),
        }
        if record.role == _OWN:
            extra = {name: value for name, value in custom.items() if name not in _STANDARD}
            found |= {
                "uri": custom.get("uri"),
                "proprietaryMeta": extra or None,
                "comment": self._state.setting(f"comment/{record.target}"),
            }
        return found
