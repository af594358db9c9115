"""What differs between revisions of the device client: one table per revision (lockbox-format 1.3, 12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["CLIENTS", "DEFAULT_CLIENT", "Client"]

_SMALL = 65_536


@dataclass(frozen=True, kw_only=True)
class Client:
    """The limits of one revision of the device client. Sizes are in bytes.

    Attributes:
        name: The name by which a device profile asks for it.
        root: The largest root.
        lockbox: The largest lockbox.
        offline_snapshot: The largest offline-snapshot.
        snapshot: The largest snapshot of the image repository.
        targets: The largest targets or delegation of the image repository.
        last_root: The highest root version that is looked for, or None for no end.
        depth: The deepest nesting of JSON.
        delegation_depth: How many levels of delegation are walked below the top.
        signature_methods: The methods that may appear in any signature, in lower case.
        key_types: The key types that may appear in any list of keys, in lower case.
        rsa_bits: The moduli that make a usable RSA key.
        thresholds: The lowest and highest threshold that a role may have.
        hardware_id: The longest hardware id, in characters.
        serial: The longest serial of an ECU, in characters.
    """

    name: str
    root: int = _SMALL
    lockbox: int = _SMALL
    offline_snapshot: int = _SMALL
    snapshot: int = _SMALL
    targets: int = 8_388_608
    last_root: int | None = 999
    depth: int = 1000
    delegation_depth: int = 5
    signature_methods: frozenset[str] = frozenset({"rsassa-pss", "rsassa-pss-sha256", "ed25519"})
    key_types: frozenset[str] = frozenset({"rsa", "ed25519"})
    rsa_bits: frozenset[int] = frozenset({2048, 3072, 4096})
    thresholds: tuple[int, int] = (1, 1000)
    hardware_id: int = 200
    serial: int = 64


_OCTOBER_2024 = Client(name="2024-10")

CLIENTS: dict[str, Client] = {
    client.name: client
    for client in (
        _OCTOBER_2024,
        # Only read, never run (lockbox-format 12): a larger offline-snapshot, and no end to root rotation.
        replace(_OCTOBER_2024, name="2026-03", offline_snapshot=1_048_576, last_root=None),
    )
}
"""The known revisions by name. A newer one is one more entry."""

DEFAULT_CLIENT = _OCTOBER_2024
"""The revision whose recorded verdicts this package was measured against."""
