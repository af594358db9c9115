"""What Windows says of a folder and the volume that it is in, by calls of its kernel32."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lockstick.media.preflight.facts import Facts, Platform, ReadOnlyBy

__all__ = ["Kernel32", "Volume", "WindowsCalls", "WindowsProbe", "windows_probe"]

_READ_ONLY_VOLUME = 0x0008_0000  # FILE_READ_ONLY_VOLUME
_NAMES = {"cdfs": "iso9660", "csvfs": "ntfs"}
_DRIVERS = {4: "remote", 6: "ramdisk"}  # DRIVE_REMOTE, DRIVE_RAMDISK
_LONGEST = 32_768
_IS_DIRTY = 0x0009_0078  # FSCTL_IS_VOLUME_DIRTY
_GENERIC_READ, _SHARE_ALL, _OPEN_EXISTING = 0x8000_0000, 7, 3


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What GetVolumeInformationW says.

    Attributes:
        label: The label.
        file_system: The file system's name, as in ``FAT32``.
        flags: What it can do.
    """

    label: str
    file_system: str
    flags: int


class WindowsCalls(Protocol):
    """The calls; each gives None where the system refuses."""

    def volume_path(self, folder: str) -> str | None:
        """GetVolumePathNameW: where the volume of a folder is mounted, with a backslash at the end."""
        ...

    def volume(self, root: str) -> Volume | None:
        """GetVolumeInformationW."""
        ...

    def cluster(self, root: str) -> int | None:
        """GetDiskFreeSpaceW: bytes in a cluster."""
        ...

    def room(self, root: str) -> tuple[int, int] | None:
        """GetDiskFreeSpaceExW: bytes free for this user, and bytes in all."""
        ...

    def drive_type(self, root: str) -> int:
        """GetDriveTypeW."""
        ...

    def is_dirty(self, root: str) -> bool | None:
        """FSCTL_IS_VOLUME_DIRTY; only an administrator may ask."""
        ...


@dataclass(frozen=True, kw_only=True)
class WindowsProbe:
    """Asks Windows.

    Attributes:
        calls: The seam to its calls.
    """

    calls: WindowsCalls

    def facts(self, folder: Path) -> Facts:
        """Say what is known of a folder; see :class:`lockstick.media.preflight.probes.seam.Probe`."""
        known: dict[str, Any] = {"mount": folder, "platform": Platform.WINDOWS}
        root = self.calls.volume_path(str(folder))
        if root is None:
            return Facts(**known)
        # The one that was named if it is the same place, so that the two can be compared.
        point = folder if _tidy(str(folder)) == _tidy(root) else Path(root)
        known |= {"mount_point": point, "device": root.rstrip("\\"), "cluster": self.calls.cluster(root) or None}
        known["driver"] = _DRIVERS.get(self.calls.drive_type(root), "")
        room = self.calls.room(root)
        if room is not None:
            known |= {"free": room[0], "total": room[1]}
        volume = self.calls.volume(root)
        if volume is not None:
            name = volume.file_system.lower()
            is_read_only = bool(volume.flags & _READ_ONLY_VOLUME)
            known |= {
                "label": volume.label,
                "file_system": _NAMES.get(name, name),
                "is_read_only": is_read_only,
                "read_only_by": ReadOnlyBy.UNKNOWN,
            }
        return Facts(**known, is_dirty=self.calls.is_dirty(root))


def _tidy(path: str) -> str:
    return path.replace("/", "\\").rstrip("\\").lower()


class Kernel32:
    """The calls of the running system.

    Args:
        library: ``kernel32``, as ctypes gives it.
    """

    def __init__(self, library: Any) -> None:  # noqa: ANN401 - a library of the system has no type
        self._library = library
        self._library.CreateFileW.restype = ctypes.c_void_p

    def volume_path(self, folder: str) -> str | None:
        """See :class:`WindowsCalls`."""
        buffer = ctypes.create_unicode_buffer(_LONGEST)
        return buffer.value if self._library.GetVolumePathNameW(folder, buffer, _LONGEST) else None

    def volume(self, root: str) -> Volume | None:
        """See :class:`WindowsCalls`."""
        label, name = ctypes.create_unicode_buffer(261), ctypes.create_unicode_buffer(261)
        flags = ctypes.c_uint32()
        done = self._library.GetVolumeInformationW(root, label, 261, None, None, ctypes.byref(flags), name, 261)
        return Volume(label=label.value, file_system=name.value, flags=flags.value) if done else None

    def cluster(self, root: str) -> int | None:
        """See :class:`WindowsCalls`."""
        numbers = [ctypes.c_uint32() for _ in range(4)]
        done = self._library.GetDiskFreeSpaceW(root, *(ctypes.byref(number) for number in numbers))
        return numbers[0].value * numbers[1].value if done else None

    def room(self, root: str) -> tuple[int, int] | None:
        """See :class:`WindowsCalls`."""
        free, total = ctypes.c_uint64(), ctypes.c_uint64()
        done = self._library.GetDiskFreeSpaceExW(root, ctypes.byref(free), ctypes.byref(total), None)
        return (free.value, total.value) if done else None

    def drive_type(self, root: str) -> int:
        """See :class:`WindowsCalls`."""
        return int(self._library.GetDriveTypeW(root))

    def is_dirty(self, root: str) -> bool | None:
        """See :class:`WindowsCalls`."""
        name = "\\\\.\\" + root.rstrip("\\")
        handle = self._library.CreateFileW(name, _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, 0, None)
        if handle in {None, ctypes.c_void_p(-1).value}:
            return None
        said, length = ctypes.c_uint32(), ctypes.c_uint32()
        try:
            done = self._library.DeviceIoControl(
                ctypes.c_void_p(handle), _IS_DIRTY, None, 0, ctypes.byref(said), 4, ctypes.byref(length), None
            )
        finally:
            self._library.CloseHandle(ctypes.c_void_p(handle))
        return bool(said.value & 1) if done else None


def windows_probe() -> WindowsProbe:
    """Ask the running system."""
    library = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - only Windows has it
    return WindowsProbe(calls=Kernel32(library))
