"""What the registry of macOS says of USB devices: which of them holds which disk, its maker, serial number and port.

``system_profiler`` knew that as well until macOS 26, where it says no more which disk belongs to which device.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockstick.media.drives.loose import items, text
from lockstick.media.plists import read_plist

__all__ = ["UsbDevice", "read_usb_disks"]

_DEEPEST = 64
_MOST = 20_000


@dataclass(frozen=True, kw_only=True)
class UsbDevice:
    """A USB device that holds a disk.

    Attributes:
        vendor: Who made it.
        model: What it is called.
        serial: Its serial number; empty if it has none.
        port: Its location: the bus, and a digit for the port of each hub on the way.
    """

    vendor: str = ""
    model: str = ""
    serial: str = ""
    port: str = ""


def read_usb_disks(output: str) -> dict[str, UsbDevice]:
    """Read ``ioreg -a -l -r -c IOUSBHostDevice``.

    Args:
        output: What it wrote.

    Returns:
        Disk (``disk4``) to the device that holds it; none for what makes no sense.
    """
    found: dict[str, UsbDevice] = {}
    room = _MOST
    # Not by recursion: the tree is deep, and who knows how deep somebody makes it.
    waiting: list[tuple[object, UsbDevice, int]] = [(one, UsbDevice(), 0) for one in items(read_plist(output))]
    while waiting and room > 0:
        room -= 1
        node, device, depth = waiting.pop()
        if not isinstance(node, dict) or depth > _DEEPEST:
            continue
        if "USB Product Name" in node or "locationID" in node:
            device = _device(node)
        disk = text(node.get("BSD Name"))
        # A hub is listed with all that is below it, and what is below once more by itself: the same either way.
        if disk and device.port:
            found[disk] = device
        waiting.extend((child, device, depth + 1) for child in items(node.get("IORegistryEntryChildren")))
    return found


def _device(node: dict[str, object]) -> UsbDevice:
    location = node.get("locationID")
    is_number = isinstance(location, int) and not isinstance(location, bool)
    return UsbDevice(
        vendor=text(node.get("USB Vendor Name") or node.get("kUSBVendorString")),
        model=text(node.get("USB Product Name") or node.get("kUSBProductString")),
        serial=text(node.get("USB Serial Number") or node.get("kUSBSerialNumberString")),
        port=f"0x{location & 0xFFFFFFFF:08x}" if is_number and isinstance(location, int) else "usb",
    )
