"""What a stick's first bytes and this machine's tables say about it; anybody may have made the stick."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from families.target import Target, emptied
from lockstick.lockbox.consignment import Piece
from lockstick.media.mounttable import parse_mountinfo
from lockstick.media.preflight.contents import order_of_choice
from lockstick.media.preflight.probes.bootsector import fat_says_dirty, parse_boot_sector
from lockstick.media.preflight.probes.macos import parse_info, parse_mounts
from lockstick.media.preflight.probes.mountplace import place_of
from lockstick.media.preflight.probes.superblock import parse_superblock
from lockstick.media.writing.journal import read_journal
from lockstick.media.writing.planning import NEXT, Lying, make_plan
from media.preflight.sectors import exfat_sector, ext_superblock, fat_sector, fat_table, ntfs_sector

__all__ = ["TARGETS"]

_SAMPLES = Path(__file__).parents[2] / "media" / "preflight" / "samples"


def mountinfo(data: bytes) -> None:
    """The table of mounts: names in it are those that somebody gave a stick."""
    mounts = parse_mountinfo(data)
    for folder in (PurePosixPath("/"), PurePosixPath("/media/kim/STICK")):
        place = place_of(folder, mounts)
        if place is not None and not folder.is_relative_to(place.mount.point):
            raise AssertionError("a folder is said to be where it is not")


def boot_sector(data: bytes) -> None:
    """The first sector: its numbers are anybody's."""
    found = parse_boot_sector(data)
    if found is not None:
        if not 0 <= found.cluster <= 1 << 28:
            raise AssertionError(f"a cluster of {found.cluster} bytes")
        fat_says_dirty(found.file_system, data)


def superblock(data: bytes) -> None:
    """The superblock of ext4."""
    found = parse_superblock(data)
    if found is not None and not 1024 <= found.block <= 65_536:
        raise AssertionError(f"a block of {found.block} bytes")


def mac_mounts(data: bytes) -> None:
    """What mount and diskutil print: the label is anybody's."""
    text = data.decode("utf-8", "replace")
    parse_mounts(text)
    parse_info(text)


def choice_of_lockbox(data: bytes) -> None:
    """A list of lockboxes on a stick that nobody has verified yet."""
    files = frozenset({"box.json", "a.json", "1.root.json"})
    if not set(order_of_choice(files, data)) <= {"box", "a", "1.root"}:
        raise AssertionError("a lockbox that is not there")


def stick_journal(data: bytes) -> None:
    """The journal of an interrupted run: what it claims decides what is planned, and nothing else."""
    path = emptied("journal") / "journal.json"
    path.write_bytes(data)
    journal = read_journal(path)
    if journal is not None:
        lying = [Lying(pool=NEXT, place=place, size=5, claim=claim) for place, claim in journal.claims.items()]
        piece = Piece(place=("images", "a"), size=5, digests={"sha256": "1" * 64})
        plan = make_plan([piece], lying)
        if len(plan.ready) + len(plan.writes) != 1:
            raise AssertionError("a file is neither there nor written")


def _journal_seeds() -> list[bytes]:
    sound = {"format": 1, "identity": "x", "files": {"images/a": {"sha256": "1" * 64}, "images/b/c": {}}}
    return [json.dumps(sound).encode(), b"", b"{}"]


TARGETS = {
    "stick_journal": Target(stick_journal, _journal_seeds),
    "mountinfo": Target(mountinfo, lambda: [(_SAMPLES / "linux-desktop.mountinfo").read_bytes()]),
    "boot_sector": Target(
        boot_sector,
        lambda: [
            fat_sector("fat16"),
            fat_sector("fat32"),
            exfat_sector(),
            ntfs_sector(),
            fat_table("fat32", clean=True),
        ],
    ),
    "superblock": Target(superblock, lambda: [ext_superblock("STICK", errors=2)]),
    "mac_mounts": Target(
        mac_mounts, lambda: [(_SAMPLES / "macos.mount").read_bytes(), (_SAMPLES / "macos-fat32.plist").read_bytes()]
    ),
    "choice_of_lockbox": Target(choice_of_lockbox, lambda: [b'{"signed":{"meta":{"box.json":{},"x.json":{}}}}']),
}
