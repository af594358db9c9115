"""Writing FAT32 disk images by mkfs.fat and mtools, which need no rights: one partition with ``update`` in it."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind
from lockstick.errors import UsageError
from lockstick.lockbox.layout import MEDIA_FOLDER
from lockstick.media.images.fat_fitting import SECTOR, check_fits, geometry
from lockstick.media.images.programs import find_program, run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lockstick.disk.tree import Place
    from lockstick.media.images.contents import Contents
    from lockstick.media.images.forms import Wishes

__all__ = ["FatForm"]

_PARTITION_AT = 1 << 20
_FAT32_LBA = 0x0C
_NO_CYLINDERS = b"\xfe\xff\xff"  # what stands for "count sectors instead"
_LABEL = re.compile(r"[A-Z0-9_-]{1,11}", re.IGNORECASE)
_MOST_WORDS = 50_000  # of one command, in characters: some systems take no more than 128 KiB in all
_MOST_FILES = 500


class FatForm:
    """A disk image with a partition table and one FAT32, as a stick has it.

    Args:
        wishes: Its label and size.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def file_name(self, lockbox: str) -> str:
        """After the lockbox."""
        return f"{lockbox}.img"

    def check(self, contents: Contents) -> None:
        """Return if FAT32 can hold the files, and the programs are there."""
        if not _LABEL.fullmatch(self._wishes.label):
            raise UsageError(
                f"{self._wishes.label!r} cannot be the label of a FAT32 image",
                why="such a label has at most 11 letters, digits, - and _",
                remedy="Name another one with --label; a device that looks for a longer one needs a stick with exFAT.",
            )
        check_fits(contents)
        geometry(contents, self._wanted())
        find_program("mkfs.fat", "dosfstools")
        find_program("mmd", "mtools")
        find_program("mcopy", "mtools")

    def room(self, contents: Contents) -> int:
        """What is not written takes no room where the file system knows holes; elsewhere the whole image."""
        return geometry(contents, self._wanted()).size + _PARTITION_AT

    def write(self, contents: Contents, root: Path, target: Path, tick: Callable[[int], None]) -> None:
        """Write the image; see :class:`~lockstick.media.images.forms.Form`."""
        fitting = geometry(contents, self._wanted())
        serial = _serial(contents)
        with target.open("xb") as file:
            file.write(_partition_table(fitting.size, serial))
            file.truncate(_PARTITION_AT + fitting.size)
        make = [find_program("mkfs.fat", "dosfstools"), "-F", "32", "-S", str(SECTOR), "-s", str(fitting.per_cluster)]
        # The serial number after --invariant, which sets one, too.
        make += ["--invariant", "-i", f"{serial:08x}", "-n", self._wishes.label.upper(), "-a"]
        hidden = _PARTITION_AT // SECTOR
        make += ["-h", str(hidden), f"--offset={hidden}", os.fspath(target.absolute())]
        run_program(make, growing=target, tick=tick)
        # Run beside the image: in a path, mtools take the first @@ for the end of the file's name, and write into that.
        if "@@" in target.name:
            raise UsageError(f"{target.name!r} is no name that mtools can write to", remedy="Name it without @@.")
        image = f"{target.name}@@{_PARTITION_AT}"
        folders = [(), *(one.place for one in contents.names if one.kind is EntryKind.FOLDER)]
        make_folder = [find_program("mmd", "mtools"), "-i", image]
        for some in _handfuls([_inside(folder) for folder in folders]):
            run_program([*make_folder, *some], growing=target, tick=tick, folder=target.parent)
        copy = [find_program("mcopy", "mtools"), "-Q", "-i", image]
        for folder, files in _by_folder(contents).items():
            for some in _handfuls([os.fspath(root.absolute().joinpath(*file)) for file in files]):
                run_program([*copy, *some, f"{_inside(folder)}/"], growing=target, tick=tick, folder=target.parent)

    def _wanted(self) -> int | None:
        size = self._wishes.size
        return None if size is None else size - _PARTITION_AT


def _by_folder(contents: Contents) -> dict[Place, list[Place]]:
    found: defaultdict[Place, list[Place]] = defaultdict(list)
    for one in contents.files:
        found[one.place[:-1]].append(one.place)
    return found


def _handfuls(words: Sequence[str]) -> Iterator[list[str]]:
    """Groups of words that fit into one command, in their order."""
    some: list[str] = []
    length = 0
    for word in words:
        if some and (length + len(word) > _MOST_WORDS or len(some) == _MOST_FILES):
            yield some
            some, length = [], 0
        some.append(word)
        length += len(word)
    if some:
        yield some


def _inside(place: Place) -> str:
    return "::/" + "/".join((MEDIA_FOLDER, *place))


def _serial(contents: Contents) -> int:
    """A serial number that tells images of different contents apart, and is the same for the same ones."""
    listed = "\n".join(f"{one.size} {'/'.join(one.place)}" for one in contents.names)
    digest = hashlib.sha256(listed.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4], "big") or 1


def _partition_table(size: int, serial: int) -> bytes:
    """A first sector with one partition and nothing to boot from."""
    entry = b"\x00" + _NO_CYLINDERS + bytes([_FAT32_LBA]) + _NO_CYLINDERS
    entry += (_PARTITION_AT // SECTOR).to_bytes(4, "little") + (size // SECTOR).to_bytes(4, "little")
    return bytes(440) + serial.to_bytes(4, "little") + bytes(2) + entry + bytes(48) + b"\x55\xaa"
