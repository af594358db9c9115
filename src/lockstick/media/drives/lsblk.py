"""What ``lsblk --json`` says, of any version that has it (util-linux 2.27 and newer).

Versions differ: flags are ``"1"`` or ``true``, sizes are text or numbers, ``mountpoint`` is one or there is a list
``mountpoints``, and columns that a version does not know are not asked for (:func:`unknown_column`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockstick.media.drives.loose import flag, items, members, number, read_json, text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COLUMNS", "Node", "read_lsblk", "unknown_column"]

COLUMNS = (
    *("NAME", "KNAME", "PATH", "MAJ:MIN", "TYPE", "TRAN", "RM", "HOTPLUG", "RO", "SIZE", "VENDOR", "MODEL", "SERIAL"),
    *("LABEL", "UUID", "FSTYPE", "FSVER", "FSAVAIL", "PARTTYPE", "MOUNTPOINT", "MOUNTPOINTS"),
)
"""What is asked for; a version that lacks some of them is asked again without."""

_UNKNOWN = re.compile(r"unknown column:\s*([^,\s]+)")
_DEEPEST = 16
_MOST = 4096
_LONGEST_PATH = 4096
_MAPPED = {"crypt", "lvm", "mpath", "dm"}


@dataclass(frozen=True, kw_only=True)
class Node:
    """One block device.

    Attributes:
        name: The kernel's name of it.
        path: Where it is in ``/dev``.
        number: Its device number, as in ``8:16``.
        kind: ``disk``, ``part``, ``crypt``, ``lvm``, ``raid1``, ``loop``, ``rom`` and so on.
        transport: ``usb``, ``sata``, ``nvme`` and so on; empty if not known.
        is_removable: True if the medium in it can be taken out.
        is_hotplug: True if it, or something on the way to it, can be plugged in and out; soldered eMMC says so too.
        is_read_only: True if it cannot be written to.
        size: Its size in bytes.
        vendor: Who made it.
        model: Its model.
        serial: Its serial number.
        label: The label of its file system.
        uuid: The UUID of its file system.
        file_system: The type of its file system, or of what else is on it, as libblkid names it.
        version: The version of that: ``FAT32``.
        free: Free bytes, if it is mounted and the version tells.
        partition_type: The type of the partition.
        mounted_at: Where it is mounted; ``[SWAP]`` for swap.
        tells_mounts: True if this version said anything of mounts.
        children: What lies on it.
    """

    name: str
    path: str
    number: str
    kind: str
    transport: str
    is_removable: bool
    is_hotplug: bool
    is_read_only: bool
    size: int
    vendor: str
    model: str
    serial: str
    label: str
    uuid: str
    file_system: str
    version: str
    free: int | None
    partition_type: str
    mounted_at: tuple[str, ...]
    tells_mounts: bool
    children: tuple[Node, ...]

    def family(self) -> Iterator[Node]:
        """This one and all that lies on it."""
        yield self
        for child in self.children:
            yield from child.family()

    def without_children(self) -> Node:
        """This one alone."""
        return replace(self, children=())


def unknown_column(complaint: str) -> str | None:
    """Say which column a version of lsblk does not know.

    Args:
        complaint: What it wrote to standard error: the unknown one, and perhaps all those after it.

    Returns:
        The column; None if it complains about something else.
    """
    found = _UNKNOWN.search(complaint)
    return found[1] if found else None


def read_lsblk(output: str) -> tuple[Node, ...] | None:
    """Read the tree of block devices.

    Args:
        output: What ``lsblk --json --bytes --output ...`` wrote.

    Returns:
        The devices that lie on no other one; what makes no sense is left out. None if it is no JSON at all.
    """
    document = read_json(output)
    if not isinstance(document, dict):
        return None
    return _nodes(document.get("blockdevices"), 0, [_MOST])


def _nodes(value: object, depth: int, room: list[int]) -> tuple[Node, ...]:
    found: list[Node] = []
    for item in items(value):
        if not isinstance(item, dict) or depth > _DEEPEST or room[0] <= 0:
            continue
        room[0] -= 1
        node = _node(item, depth, room)
        if node is not None:
            found.append(node)
    return tuple(found)


def _node(item: dict[str, object], depth: int, room: list[int]) -> Node | None:
    shown = text(item.get("name")).removeprefix("/dev/")
    name = text(item.get("kname")).removeprefix("/dev/") or shown
    if not name:
        return None
    kind = text(item.get("type"))
    path = text(item.get("path"), _LONGEST_PATH) or f"/dev/{'mapper/' if kind in _MAPPED else ''}{shown or name}"
    places = [*items(item.get("mountpoints")), item.get("mountpoint")]
    mounted = dict.fromkeys(place for place in (text(place, _LONGEST_PATH) for place in places) if place)
    return Node(
        name=name,
        path=path,
        number=text(item.get("maj:min")),
        kind=kind,
        transport=text(item.get("tran")).lower(),
        is_removable=flag(item.get("rm")),
        is_hotplug=flag(item.get("hotplug")),
        is_read_only=flag(item.get("ro")),
        size=number(item.get("size")) or 0,
        vendor=text(item.get("vendor")),
        model=text(item.get("model")),
        serial=text(item.get("serial")),
        label=text(item.get("label")),
        uuid=text(item.get("uuid")),
        file_system=text(item.get("fstype")),
        version=text(item.get("fsver")),
        free=number(item.get("fsavail")),
        partition_type=text(item.get("parttype")).lower(),
        mounted_at=tuple(mounted),
        tells_mounts="mountpoint" in item or "mountpoints" in item,
        children=_nodes(members(item).get("children"), depth + 1, room),
    )
