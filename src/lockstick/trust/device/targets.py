"""Targets as the client holds them, and when it takes two of them for the same (lockbox-format 3.4 to 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.values import Value, as_length, as_text, items, member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.trust.device.limits import Client

__all__ = ["DeviceTarget", "read_target", "same"]

_ALGORITHMS = ("sha256", "sha512")
"""The algorithms that the client knows, the preferred one first."""


@dataclass(frozen=True, kw_only=True)
class DeviceTarget:
    """One target.

    Attributes:
        name: Its name.
        length: Its length in bytes.
        hashes: Pairs of algorithm and hexadecimal digits in lower case, the preferred algorithm first.
        hardware_ids: The hardware ids it is for, in the order of the document.
        ecus: Serial to hardware id of the ECUs it is for.
        format: ``targetFormat``, or empty.
        named: Those of the ECUs that the document named itself, instead of hardware ids.
    """

    name: str
    length: int
    hashes: tuple[tuple[str, str], ...] = ()
    hardware_ids: tuple[str, ...] = ()
    ecus: Mapping[str, str] = field(default_factory=dict)
    format: str = ""
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ostree(self) -> bool:
        """True for a commit: it says so, or it says nothing and has no length."""
        return self.format == "OSTREE" or (not self.format and self.length == 0)

    def addressed(self, ecus: Mapping[str, str]) -> DeviceTarget:
        """The same target with every ECU of the device whose hardware id it lists.

        Args:
            ecus: Serial to hardware id of all ECUs of the device.

        Returns:
            The target; ECUs that the document named itself stay as they are.
        """
        found = {serial: hardware for serial, hardware in ecus.items() if hardware in self.hardware_ids}
        return replace(self, ecus={**found, **self.ecus})


def read_target(name: str, value: Value, client: Client) -> DeviceTarget:
    """Read an entry of a list of targets.

    Args:
        name: Its name.
        value: The entry.
        client: The revision of the client.

    Returns:
        The target.

    Raises:
        RefusedError: If a member is of an impossible kind.
    """
    custom = member(value, "custom")
    hashes = [
        (algorithm.lower(), as_text(digits).lower())
        for algorithm, digits in items(member(value, "hashes"))
        if algorithm.lower() in _ALGORITHMS
    ]
    named = {
        _short(serial, client.serial, "serial"): _short(
            as_text(member(ecu, "hardwareId")), client.hardware_id, "hardware id"
        )
        for serial, ecu in items(member(custom, "ecuIdentifiers"))
    }
    return DeviceTarget(
        name=name,
        length=as_length(member(value, "length")),
        hashes=tuple(sorted(hashes, key=lambda pair: _ALGORITHMS.index(pair[0]))),
        hardware_ids=tuple(
            _short(as_text(one), client.hardware_id, "hardware id") for _, one in items(member(custom, "hardwareIds"))
        ),
        ecus=named,
        format=as_text(member(custom, "targetFormat")),
        named=named,
    )


def same(one: DeviceTarget, other: DeviceTarget) -> bool:
    """Say whether the client takes two targets for the same.

    Either both are for the same hardware ids and ECUs, or one names ECUs and the other none and lists the hardware
    id of each of them. Every algorithm that both have must agree, and at least one must be in both.

    Args:
        one: A target.
        other: Another.

    Returns:
        True if it does.
    """
    if one.name != other.name or one.length != other.length:
        return False
    if one.hardware_ids != other.hardware_ids or dict(one.ecus) != dict(other.ecus):
        if bool(one.ecus) == bool(other.ecus):
            return False
        named, listing = (one, other) if one.ecus else (other, one)
        if not set(named.ecus.values()) <= set(listing.hardware_ids):
            return False
    pairs = [(ours, theirs) for ours in one.hashes for theirs in other.hashes if ours[0] == theirs[0]]
    return bool(pairs) and all(ours == theirs for ours, theirs in pairs)


def _short(text: str, longest: int, what: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > longest:
        raise RefusedError("shape", f"a {what} is longer than {longest} characters")
    return text
