"""What udisks2 says of drives, where it runs, for what lsblk and sysfs do not know.

Asked by busctl, which writes JSON; nothing is missing where there is no udisks2, no bus or no busctl.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lockstick.errors import MediaError
from lockstick.media.drives.loose import flag, members, read_json, text

if TYPE_CHECKING:
    from lockstick.media.running import Run

__all__ = ["UDISKS", "Known", "ask", "read_objects"]

UDISKS = (
    *("busctl", "--system", "--json=short", "--timeout=5", "--auto-start=no", "call"),
    *("org.freedesktop.UDisks2", "/org/freedesktop/UDisks2", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
)
_BLOCK = "org.freedesktop.UDisks2.Block"
_DRIVE = "org.freedesktop.UDisks2.Drive"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What udisks2 knows of a drive.

    Attributes:
        vendor: Who made it.
        model: Its model.
        serial: Its serial number.
        bus: ``usb``, ``sdio`` or ``ieee1394``; empty for what it does not tell.
        is_removable: True if it, or the medium in it, can be taken out.
    """

    vendor: str = ""
    model: str = ""
    serial: str = ""
    bus: str = ""
    is_removable: bool = False


def ask(run: Run) -> dict[str, Known]:
    """Ask udisks2.

    Args:
        run: The seam to programs.

    Returns:
        The kernel's name of a drive to what is known of it; none where udisks2 does not answer.
    """
    try:
        ran = run(UDISKS)
    except MediaError:
        return {}
    return read_objects(ran.out) if ran.is_fine else {}


def read_objects(output: str) -> dict[str, Known]:
    """Read the answer of ``GetManagedObjects``, as busctl writes it.

    Args:
        output: ``{"type": ..., "data": [{PATH: {INTERFACE: {PROPERTY: {"type": ..., "data": ...}}}}]}``.

    Returns:
        As :func:`ask`.
    """
    data = members(read_json(output)).get("data")
    objects = members(data[0]) if isinstance(data, list) and data else {}
    found: dict[str, Known] = {}
    for place, interfaces in objects.items():
        block = members(members(interfaces).get(_BLOCK))
        drive = members(members(objects.get(text(_data(block, "Drive"), 1024))).get(_DRIVE))
        if block and drive:
            found[place.rpartition("/")[2]] = Known(
                vendor=text(_data(drive, "Vendor")),
                model=text(_data(drive, "Model")),
                serial=text(_data(drive, "Serial")),
                bus=text(_data(drive, "ConnectionBus")).lower(),
                is_removable=any(flag(_data(drive, name)) for name in ("Removable", "MediaRemovable")),
            )
    return found


def _data(properties: dict[str, Any], name: str) -> object:
    return members(properties.get(name)).get("data")
