"""Taking leave of a stick: unmounted, so that every byte is on it, and without power where the system can do that."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.media.drives import drive_of, find_drives, finder_for
from lockstick.media.drives.loose import members, number, read_json, text
from lockstick.media.drives.windows import complaint, powershell
from lockstick.media.model import Drive
from lockstick.media.running import Run, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.media.running import Ran

__all__ = ["eject", "users_of"]

_BUSY = re.compile(r"busy|in use|dissent|could not be unmounted", re.IGNORECASE)
_GONE = re.compile(r"not mounted|no mount point|could not find|no such (file|disk)", re.IGNORECASE)
_FORBIDDEN = re.compile(r"not authorized|permission|must be superuser|not permitted", re.IGNORECASE)
_NO_DAEMON = re.compile(r"connecting to the udisks daemon", re.IGNORECASE)
_NUMBER = re.compile(r"PHYSICALDRIVE([0-9]{1,4})")
_MAC_DISK = re.compile(r"disk[0-9]{1,4}")
_MOST_NAMED = 3
_VETOED = 23  # CR_REMOVE_VETOED

_WINDOWS = r"""
$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
Add-Type -Namespace Lockstick -Name Config -MemberDefinition @'
[DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
public static extern int CM_Locate_DevNodeW(out uint node, string id, uint flags);
[DllImport("cfgmgr32.dll")]
public static extern int CM_Get_Parent(out uint parent, uint node, uint flags);
[DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
public static extern int CM_Request_Device_EjectW(
  uint node, out int veto, System.Text.StringBuilder name, int length, uint flags);
'@
$disk = Get-CimInstance Win32_DiskDrive -Filter 'Index=%d'
$node = [uint32]0; $parent = [uint32]0; $veto = 0; $name = New-Object System.Text.StringBuilder 260
$code = [Lockstick.Config]::CM_Locate_DevNodeW([ref]$node, $disk.PNPDeviceID, 0)
if ($code -eq 0 -and $disk.PNPDeviceID -like 'USBSTOR\*') {
  $code = [Lockstick.Config]::CM_Get_Parent([ref]$parent, $node, 0); $node = $parent
}
foreach ($attempt in 1..5) {
  if ($code -eq 0) {
    $code = [Lockstick.Config]::CM_Request_Device_EjectW($node, [ref]$veto, $name, $name.Capacity, 0)
    if ($code -eq 0) { break }
    if ($code -eq 23) { Start-Sleep -Milliseconds 500; if ($attempt -lt 5) { $code = 0 } }
  }
}
@{ code = $code; veto = $veto; name = $name.ToString() } | ConvertTo-Json -Compress
"""


def eject(
    what: Drive | Path,
    *,
    run: Run = run_program,
    platform: str = sys.platform,
    drives: Sequence[Drive] | None = None,
    sys_root: Path = Path("/sys"),
) -> bool:
    """Unmount all volumes of a drive, and switch its power off where the system can.

    A folder on a drive that cannot be taken out (an image behind a loop device) is only unmounted.

    Args:
        what: The drive, or a folder on it.
        run: The seam to programs.
        platform: As in ``sys.platform``.
        drives: All drives, if they are known; they are looked for otherwise.
        sys_root: Where sysfs is mounted, on Linux.

    Returns:
        True if it has no power any more; otherwise it is unmounted, and may be pulled just as well.

    Raises:
        MediaError: It is in use (by whom, if that can be told), is not there, is the system's own, or this user may
            not do that.
    """
    drive, name, mounts = _resolved(what, run, platform, drives)
    if drive.is_system:
        raise MediaError(f"{name} is not ejected", why="the running system lives on it", remedy="Name the stick.")
    if platform == "linux":
        for mount in sorted(mounts, key=lambda one: -len(one.parts)):
            _unmount(drive, mount, name, run)
        return drive.is_removable and _lock(drive, run, sys_root) and _power_off(drive, run, sys_root)
    if platform == "darwin":
        return _eject_mac(drive, mounts, name, run)
    if platform == "win32":
        return _eject_windows(drive, name, run)
    raise MediaError(f"{name} cannot be ejected on {platform}", remedy="Unmount it as the system's manual says.")


def users_of(mount: Path, run: Run = run_program) -> tuple[str, ...]:
    """Say which programs keep a volume busy, as far as this user may know.

    Args:
        mount: Where it is mounted.
        run: The seam to programs.

    Returns:
        Their names and numbers, as in ``bash (4711)``.
    """
    try:
        listed = run(("lsof", "-w", "-F", "pc", "--", str(mount)))
        if listed.is_missing:
            found = run(("fuser", "-m", str(mount)))
            return tuple(f"process {one}" for one in re.findall(r"\b[0-9]{1,9}\b", found.out))
    except MediaError:
        return ()
    users: list[str] = []
    process = ""
    for line in listed.out.split("\n"):
        if line.startswith("p"):
            process = line[1:]
        elif line.startswith("c") and process:
            users.append(f"{line[1:]} ({process})")
            process = ""
    return tuple(users)


def _resolved(
    what: Drive | Path, run: Run, platform: str, drives: Sequence[Drive] | None
) -> tuple[Drive, str, tuple[Path, ...]]:
    """The drive, what to call it, and what is to be unmounted."""
    if isinstance(what, Drive):
        return what, what.device, tuple(mount for volume in what.volumes for mount in volume.mounted_at)
    known = find_drives(finder_for(platform, run)) if drives is None else drives
    found = drive_of(what, known)
    if found is None:
        raise MediaError(
            f"{what} is on no drive that could be ejected",
            why="it is a share on the network, lies in memory, or is not mounted",
            remedy="Check with 'lockstick drives --all' where the stick is.",
        )
    drive, volume = found
    mounts = volume.mounted_at
    if drive.is_removable:
        mounts = tuple(mount for one in drive.volumes for mount in one.mounted_at)
    return drive, str(what), mounts


def _unmount(drive: Drive, mount: Path, name: str, run: Run) -> None:
    device = next((one.device for one in drive.volumes if mount in one.mounted_at), drive.device)
    # udisks knows what this user mounted with it; elsewhere it takes root, or for FUSE who mounted it.
    attempts = (
        ("udisksctl", "unmount", "--no-user-interaction", "--block-device", device),
        ("umount", str(mount)),
        ("fusermount3", "-u", str(mount)),
        ("fusermount", "-u", str(mount)),
    )
    said: list[Ran] = []
    for attempt in attempts:
        ran = run(attempt)
        if ran.is_fine:
            return
        if not ran.is_missing:
            said.append(ran)
            if _BUSY.search(ran.err):
                break
    raise _trouble(name, mount, said, run)


def _lock(drive: Drive, run: Run, sys_root: Path) -> bool:
    """Lock what was unlocked on the drive; False if something stays open, and with it the drive."""
    opened = [one.device for one in drive.volumes if one.is_encrypted and one.device.startswith("/dev/mapper/")]
    return all(_is_locked_again(device, run, sys_root) for device in opened)


def _is_locked_again(device: str, run: Run, sys_root: Path) -> bool:
    if run(("cryptsetup", "close", Path(device).name)).is_fine:
        return True
    slaves = sys_root / "block" / Path(device).resolve().name / "slaves"
    try:
        below = [entry.name for entry in slaves.iterdir()]
    except OSError:
        return False
    option = ("--no-user-interaction", "--block-device")
    return any(run(("udisksctl", "lock", *option, f"/dev/{name}")).is_fine for name in below)


def _power_off(drive: Drive, run: Run, sys_root: Path) -> bool:
    if drive.bus != "usb":
        return False
    ran = run(("udisksctl", "power-off", "--no-user-interaction", "--block-device", drive.device))
    if ran.is_fine:
        return True
    if not (ran.is_missing or _NO_DAEMON.search(ran.err)):
        return False  # it has a reason: somebody still has the drive open
    try:
        # The kernel lets go of the drive; whether the port keeps its power is up to the port.
        (sys_root / "block" / Path(drive.device).name / "device" / "delete").write_text("1")
    except OSError:
        return False
    return True


def _eject_mac(drive: Drive, mounts: Sequence[Path], name: str, run: Run) -> bool:
    if not _MAC_DISK.fullmatch(drive.device):
        raise MediaError(f"{name} cannot be ejected", why=f"{drive.device!r} is no name of a disk")
    ran = run(("diskutil", "eject", drive.device))
    if not ran.is_fine:
        raise _trouble(name, mounts[0] if mounts else None, [ran], run)
    return True


def _eject_windows(drive: Drive, name: str, run: Run) -> bool:
    index = _NUMBER.fullmatch(drive.device)
    if index is None:
        raise MediaError(f"{name} cannot be ejected", why=f"{drive.device!r} is no name of a disk")
    ran = run(powershell(_WINDOWS.replace("%d", index[1])))
    answer = members(read_json(ran.out))
    code = number(answer.get("code"))
    if code == 0:
        return True
    if code == _VETOED:
        by = text(answer.get("name"))
        why = f"it is in use{f' (Windows names {by})' if by else ''}"
        raise MediaError(f"{name} cannot be ejected", why=why, remedy=_CLOSE)
    why = f"Windows says {code}" if code is not None else complaint(ran) or "PowerShell says nothing"
    raise MediaError(f"{name} cannot be ejected", why=why, remedy="Use 'Safely Remove Hardware' in the task bar.")


_CLOSE = "Close what uses it (a window, a terminal in one of its folders), then try again."


def _trouble(name: str, mount: Path | None, said: Sequence[Ran], run: Run) -> MediaError:
    """What went wrong, in words."""
    complaints = " / ".join(line for ran in said for line in (ran.err or ran.out).strip().splitlines()[-1:])
    if _BUSY.search(complaints):
        users = users_of(mount, run) if mount is not None else ()
        by = f" by {', '.join(users[:_MOST_NAMED])}" if users else ""
        more = f" and {len(users) - _MOST_NAMED} more" if len(users) > _MOST_NAMED else ""
        return MediaError(f"{name} cannot be ejected", why=f"it is in use{by}{more}", remedy=_CLOSE)
    if _GONE.search(complaints):
        return MediaError(
            f"{name} cannot be ejected",
            why="it is not mounted any more",
            remedy="If it was not pulled, 'lockstick drives --all' shows where it is.",
        )
    if _FORBIDDEN.search(complaints):
        return MediaError(
            f"{name} cannot be ejected",
            why=f"this user may not do that: {complaints[:200]}",
            remedy="Eject it in the file manager, or unmount it as root.",
        )
    return MediaError(
        f"{name} cannot be ejected",
        why=complaints[:200] or "no program of this system can do that",
        remedy="Eject it in the file manager.",
    )
