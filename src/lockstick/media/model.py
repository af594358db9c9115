"""Drives and volumes: what a person recognises, and what the rest of the room decides by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Drive", "Volume"]


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A file system on a drive: a partition, or the whole of a drive without partitions.

    Attributes:
        device: The system's name of it: ``/dev/sdb1``, ``disk4s1``, ``E:`` or a volume path.
        mounted_at: Where it is mounted; empty if nowhere.
        file_system: One of ``fat12``, ``fat16``, ``fat32``, ``exfat``, ``ntfs``, ``ext4``, ``apfs`` and so on, in
            lower case; ``fat`` if the system does not tell which; empty if there is none, or it is not known.
        label: Its label; empty if it has none.
        uuid: Its serial number or UUID as the system shows it; empty if not known.
        size: Its size in bytes.
        free: How many bytes are free; None if not known (it is not mounted).
        is_read_only: True if it cannot be written to as it is mounted.
        is_encrypted: True if it cannot be read without a key (LUKS, BitLocker, FileVault).
    """

    device: str
    mounted_at: tuple[Path, ...] = ()
    file_system: str = ""
    label: str = ""
    uuid: str = ""
    size: int = 0
    free: int | None = None
    is_read_only: bool = False
    is_encrypted: bool = False


@dataclass(frozen=True, kw_only=True)
class Drive:
    """A piece of hardware that holds volumes.

    Attributes:
        device: The system's name of it: ``/dev/sdb``, ``disk4`` or ``PHYSICALDRIVE2``.
        vendor: Who made it; empty if not known.
        model: Its model; empty if not known.
        serial: Its serial number; empty if it has none.
        size: Its size in bytes; 0 if there is no medium in it.
        bus: How it is connected: ``usb``, ``mmc``, ``nvme``, ``sata``, ``loop`` and so on; empty if not known.
        port: Which port it is in, as the system names it; empty if not known.
        is_removable: True if a person can take it out: it, or the medium in it.
        is_system: True if the running system lives on it; such a drive is never offered.
        has_medium: False for a card reader without a card.
        is_read_only: True if its switch or its state forbids writing.
        volumes: Its file systems.
    """

    device: str
    vendor: str = ""
    model: str = ""
    serial: str = ""
    size: int = 0
    bus: str = ""
    port: str = ""
    is_removable: bool = False
    is_system: bool = False
    has_medium: bool = True
    is_read_only: bool = False
    volumes: tuple[Volume, ...] = ()
