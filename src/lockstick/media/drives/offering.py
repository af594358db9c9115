"""Which drives are offered to be written to, and why the others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.media.model import Drive, Volume

__all__ = ["is_locked", "reason_against"]

_CONTAINERS = {"luks", "bitlocker", "filevault", "apfs"}


def reason_against(drive: Drive) -> str:
    """Say why a drive is not offered.

    Args:
        drive: The drive.

    Returns:
        A reason in words, or an empty text if it is offered: a person can take it out, there is a medium in it, and
        the running system does not live on it.
    """
    if drive.is_system:
        return "the running system lives on it"
    if not drive.is_removable:
        return "it cannot be taken out"
    if not drive.has_medium:
        return "there is no card or disc in it"
    if drive.bus == "optical":
        return "it is for discs"
    return ""


def is_locked(volume: Volume) -> bool:
    """Say whether a volume has to be unlocked before anything can be read."""
    return volume.is_encrypted and not volume.mounted_at and volume.file_system in _CONTAINERS
