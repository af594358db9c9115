"""Checks of whether the folder that was named is a stick, and not something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.preflight.checks.words import listed
from lockstick.media.preflight.facts import Platform
from lockstick.media.remarks import Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import Medium, Wishes
    from lockstick.media.remarks import Remark

__all__ = ["NETWORK", "NO_MEDIUM", "check_place"]

NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs", "davfs", "afpfs"),
        *("webdav", "ncpfs", "remote", "fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse", "fuse.davfs2", "fuse.s3fs"),
        *("fuse.glusterfs", "fuse.curlftpfs", "fuse.smbnetfs", "fuse.cephfs"),
    }
)
NO_MEDIUM = frozenset(
    {
        *("tmpfs", "ramfs", "devtmpfs", "proc", "sysfs", "overlay", "cgroup", "cgroup2", "devpts", "mqueue", "autofs"),
        *("hugetlbfs", "debugfs", "tracefs", "configfs", "securityfs", "efivarfs", "rootfs", "ramdisk", "aufs"),
        *("fuse.portal", "fuse.lxcfs", "fuse.snapfuse", "devfs", "fdesc"),
    }
)
# Folders that belong to the system, with all below them. Nobody means them, whatever else is said.
_SYSTEM_FOLDERS = {
    Platform.LINUX: frozenset(
        {"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr"}
    ),
    Platform.MACOS: frozenset({"applications", "bin", "dev", "etc", "library", "sbin", "system", "usr"}),
    Platform.WINDOWS: frozenset({"windows", "program files", "program files (x86)", "programdata", "recovery"}),
}
_NAME_IT = "Name the folder where the stick is mounted."
_I_KNOW = "If it is meant all the same, say so with --i-know."


def check_place(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    """Say what speaks against the place that was named.

    Args:
        medium: What is known of it.
        load: What is to lie on it.
        wishes: What the user wants.

    Yields:
        Remarks.
    """
    # Whoever has said to know what they do is told all the same, but not stopped.
    weight = Weight.WARNING if wishes.i_know else Weight.ERROR
    yield from _check_drive(medium, wishes, weight)
    if medium.driver in NETWORK:
        yield CHECKS["network-share"].says(
            medium.mount,
            f"it is a share on a network ({medium.driver}), not a stick",
            _remedy(_NAME_IT, wishes),
            weight,
        )
    elif medium.driver in NO_MEDIUM and medium.is_mount_point:
        yield CHECKS["no-medium"].says(
            medium.mount,
            f"there is no medium behind it ({medium.driver}): what is written there is gone after the next start",
            _remedy(_NAME_IT, wishes),
            weight,
        )
    yield from _check_nesting(medium, load)


def _remedy(text: str, wishes: Wishes) -> str:
    if not wishes.i_know:
        return f"{text} {_I_KNOW}"
    return f"Nothing, if this is the place that you mean (--i-know). If not: {text[0].lower()}{text[1:]}"


def _check_drive(medium: Medium, wishes: Wishes, weight: Weight) -> Iterator[Remark]:
    drive = medium.drive
    if _is_system(medium):
        yield CHECKS["system-disk"].says(medium.mount, "the running system lives on this disk", _NAME_IT)
        return
    if medium.is_mount_point is False:
        if _is_of_the_system(medium):
            yield CHECKS["system-disk"].says(medium.mount, "it is a folder of the running system", _NAME_IT)
            return
        yield _no_mount_point(medium, wishes, weight)
        return
    if medium.driver in NETWORK | NO_MEDIUM:
        return
    if drive is None:
        yield CHECKS["drive-unknown"].says(
            medium.mount,
            "it is not known which drive it is on, so nobody can say whether it can be taken out",
            "See to it that it is the right one ('lockstick drives').",
        )
    elif not drive.is_removable:
        shown = " ".join(filter(None, (drive.vendor, drive.model))) or drive.device
        what = "an image in a file, which nobody can take out" if drive.bus == "loop" else "a drive that is built in"
        yield CHECKS["not-removable"].says(
            medium.mount,
            f"it is on {what} ({shown})",
            _remedy(_NAME_IT, wishes),
            weight,
        )


def _is_system(medium: Medium) -> bool:
    # A folder on the system's disk can be meant (--i-know); a file system of it never is.
    is_top = medium.mount == medium.mount.parent and medium.mount_point == medium.mount and medium.mount.drive == ""
    return is_top or bool(medium.is_mount_point and medium.drive is not None and medium.drive.is_system)


def _is_of_the_system(medium: Medium) -> bool:
    if medium.drive is not None and not medium.drive.is_system:
        return False
    parts = [part.lower() for part in medium.mount.parts[1:]]
    if medium.platform is Platform.MACOS and parts[:1] == ["private"]:
        parts = parts[1:]  # /etc is a link to /private/etc
    return bool(parts) and parts[0] in _SYSTEM_FOLDERS[medium.platform]


def _no_mount_point(medium: Medium, wishes: Wishes, weight: Weight) -> Remark:
    check = CHECKS["no-mount-point"]
    if any(not box.place for box in medium.contents.lockboxes):
        # Nobody means that either: the stick would have a lockbox in its lockbox, where no device looks.
        return check.says(
            medium.mount,
            "it is the folder of a lockbox, and the lockbox would lie inside it as another one",
            f"Name the folder above it: {medium.mount.parent}",
        )
    if medium.drive is not None and medium.drive.is_removable and not medium.drive.is_system:
        return check.says(
            medium.mount,
            f"it is a folder on a stick, and devices look at the top of it ({medium.mount_point})",
            _remedy(f"Did you mean {medium.mount_point}?", wishes),
            weight,
        )
    # The folder of a stick that was pulled out often stays, and the stick comes back beside it under another name.
    meant = f"Did you mean {listed(map(str, medium.sticks))}?" if medium.sticks else "Put the stick in and mount it."
    return check.says(
        medium.mount,
        f"nothing is mounted there: it is a folder of {medium.mount_point}, and no stick",
        _remedy(f"{meant} 'lockstick drives' says where sticks are.", wishes),
        weight,
    )


def _check_nesting(medium: Medium, load: Load) -> Iterator[Remark]:
    check = CHECKS["nested-mount"]
    inside = [point for point in medium.mounted_inside if point != medium.mount]
    # It concerns a file if the file would go through what is mounted there.
    tops = {file.place[0] for file in load.files if file.place} | {".lockstick"}
    crossing = [str(point) for point in inside if point.relative_to(medium.mount).parts[0] in tops]
    if crossing:
        yield check.says(
            medium.mount,
            f"other file systems are mounted where the lockbox is to go: {listed(crossing)}",
            "Unmount them first.",
        )
    if medium.outer_drive is not None and medium.outer_drive.is_removable and medium.is_mount_point:
        yield check.says(
            medium.mount,
            f"it is mounted inside another stick ({medium.outer})",
            "See to it that this is the one you mean.",
            Weight.WARNING,
        )
    if medium.hidden and medium.is_mount_point:
        yield check.says(
            medium.mount,
            f"it is mounted over {medium.hidden} other file system(s), which cannot be seen now",
            "See to it that this is the one you mean ('findmnt' lists them).",
            Weight.WARNING,
        )
