"""Which drives the running Linux system lives on. In doubt a drive is one of them.

A drive counts if any of it, through partitions, LUKS, LVM and RAID,

1. is mounted where the system keeps its files, or is swap;
2. holds a file that is (a swap file, the image behind a loop device, a layer of an overlay), as on live systems;
3. is a member of a btrfs, zfs or bcachefs of which another member counts: only one of them is shown as mounted.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lockstick.media.mounttable import by_point, covering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lockstick.media.drives.lsblk import Node
    from lockstick.media.mounttable import Mount

__all__ = ["is_system_place", "system_disks"]

SWAP = "[SWAP]"
_JUST_THESE = {"/", "/home", "/root", "/srv", "/run", "/live", "/rofs", "/cdrom", "/isodevice"}
_THESE_AND_BELOW = (
    "/bin",
    "/boot",
    "/efi",
    "/etc",
    "/gnu",
    "/lib",
    "/lib64",
    "/media/root-ro",
    "/media/root-rw",
    "/nix",
    "/opt",
    "/ostree",
    "/run/archiso",
    "/run/initramfs",
    "/run/live",
    "/run/miso",
    "/run/overlay",
    "/sbin",
    "/snap",
    "/sysroot",
    "/usr",
    "/var",
)
_LAYERS = ("lowerdir=", "upperdir=", "workdir=")
_SPREAD = {"btrfs", "bcachefs"}
_DEEPEST = 8


def is_system_place(place: str) -> bool:
    """Say whether the system keeps its own files where something is mounted.

    Args:
        place: The mount point, or ``[SWAP]``.

    Returns:
        True for the system's own folders, a live system's medium, and swap.
    """
    if place == SWAP or place in _JUST_THESE:
        return True
    return any(place == one or place.startswith(f"{one}/") for one in _THESE_AND_BELOW)


def system_disks(
    nodes: Sequence[Node],
    mounts: Sequence[Mount],
    swaps: Sequence[str],
    backing_file: Callable[[str], str],
) -> frozenset[str]:
    """Say which drives the running system lives on.

    Args:
        nodes: All drives, with what lies on them.
        mounts: All mounts; empty if they cannot be read.
        swaps: What memory is swapped to.
        backing_file: The file behind a loop device, by the kernel's name of it; empty for others.

    Returns:
        The kernel's names of the drives. All of them if nothing is known of mounts at all.
    """
    if not mounts and not any(one.tells_mounts for node in nodes for one in node.family()):
        return frozenset(node.name for node in nodes)
    used = _Used(mounts, backing_file)
    for mount in mounts:
        if is_system_place(str(mount.point)):
            used.add_mount(mount)
    for swap in swaps:
        used.add_file(swap)
    for node in nodes:
        for one in node.family():
            if any(is_system_place(place) for place in one.mounted_at):
                used.add_node(one)
    shared = used.shared(nodes)
    return frozenset(node.name for node in nodes if used.holds(node, shared))


class _Used:
    """Device numbers, names and pools that the running system uses."""

    def __init__(self, mounts: Sequence[Mount], backing_file: Callable[[str], str]) -> None:
        self._points = by_point(mounts)
        self._backing_file = backing_file
        self._numbers: set[str] = set()
        self._paths: set[str] = set()
        self._pools: set[str] = set()

    def add_mount(self, mount: Mount, depth: int = 0) -> None:
        if not mount.number.startswith("0:"):
            self._numbers.add(mount.number)
        if mount.driver == "zfs":
            self._pools.add(mount.source.partition("/")[0])
        for source in mount.source.split(":"):  # bcachefs names all its members
            self._add_path(source, depth)
        for option in mount.super_options:
            for layer in _LAYERS:
                if option.startswith(layer):
                    for folder in option.removeprefix(layer).split(":"):
                        self.add_file(folder, depth + 1)

    def add_file(self, path: str, depth: int = 0) -> None:
        """Something that the system uses lies there: a file, a folder, or a device."""
        self._add_path(path, depth)

    def add_node(self, node: Node) -> None:
        self._numbers.add(node.number)
        self._add_path(node.path, 0)

    def shared(self, nodes: Iterable[Node]) -> frozenset[str]:
        """The UUIDs of file systems on several devices of which one is in use."""
        family = (one for node in nodes for one in node.family())
        return frozenset(one.uuid for one in family if one.uuid and one.file_system in _SPREAD and self._is_used(one))

    def holds(self, disk: Node, shared: frozenset[str]) -> bool:
        return any(self._is_used(one) or (one.file_system in _SPREAD and one.uuid in shared) for one in disk.family())

    def _is_used(self, node: Node) -> bool:
        if node.number in self._numbers or {node.path, f"/dev/{node.name}"} & self._paths:
            return True
        return node.file_system == "zfs_member" and bool(self._pools) and (not node.label or node.label in self._pools)

    def _add_path(self, path: str, depth: int) -> None:
        if not path.startswith("/") or depth > _DEEPEST or path in self._paths:
            return
        self._paths.add(path)
        if not path.startswith("/dev/"):
            below = covering(PurePosixPath(path), self._points)
            if below is not None:
                self.add_mount(below, depth + 1)
            return
        file = self._backing_file(path.removeprefix("/dev/"))
        if file:
            self._add_path(file, depth + 1)
