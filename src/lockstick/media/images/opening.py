"""From a path to the lockbox in it: a folder, a stick, or an image, told by what it holds and not by its name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind
from lockstick.disk.trouble import media_error
from lockstick.errors import NotFoundError, UsageError
from lockstick.lockbox.layout import MEDIA_FOLDER, find_lockbox
from lockstick.media.images import fat_layout, squashfs_layout, tarball, zstdframes
from lockstick.media.images.below import Below
from lockstick.media.images.fat import FatTree
from lockstick.media.images.source import ImageFile, exactly
from lockstick.media.images.squashfs import SquashfsTree
from lockstick.media.images.tarball import TarTree
from lockstick.media.images.zstdframes import open_zstd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.media.images.source import Source

__all__ = ["open_image", "open_lockbox"]

_LOOKED_AT = 512
_OTHERS = {
    b"\x1f\x8b": ("it is compressed by gzip", "Unpack it and name what comes out: gzip -d -k FILE."),
    b"\xfd7zXZ\x00": ("it is compressed by xz", "Unpack it and name what comes out: xz -d -k FILE."),
    b"PK\x03\x04": ("it is a zip archive", "Unpack it and name the folder."),
    b"LUKS\xba\xbe": ("it is encrypted (LUKS)", "Open it with cryptsetup, mount it, and name the folder."),
}


@contextmanager
def open_lockbox(path: Path) -> Iterator[Tree]:
    """Find the lockbox in what a user named, and keep it open.

    Args:
        path: A folder that is a lockbox, a mounted stick with one in ``update``, or an image: squashfs, tar (also with
            zstd), or a FAT disk image, holding a lockbox at its top or in ``update``.

    Yields:
        The lockbox, to be read.

    Raises:
        UsageError: There are two lockboxes, or the file is no image that is read.
        NotFoundError: There is none.
        MediaError: It cannot be read, or is damaged.
    """
    if not path.is_file():
        yield find_lockbox(path).tree
        return
    with open_image(path) as tree:
        try:
            found = _lockbox_in(tree, path)
        except OSError as error:
            raise media_error(error, path, "read") from error
        yield found


@contextmanager
def open_image(path: Path) -> Iterator[Tree]:
    """Open an image as a tree.

    Args:
        path: The file.

    Yields:
        All that lies in it.

    Raises:
        UsageError: It is no image that is read.
        MediaError: It cannot be read, or is damaged.
    """
    source: Source | None = None
    try:
        try:
            source = ImageFile(path)
            _refuse_two_in_one(source, path)
            if exactly(source, 0, min(4, source.size)) in (zstdframes.FRAME_MAGIC, *zstdframes.SKIPPED_MAGICS):
                source = open_zstd(source)
            tree = _tree_of(source, path)
        except OSError as error:
            raise media_error(error, path, "read") from error
        yield tree
    finally:
        if source is not None:
            source.close()


def _refuse_two_in_one(source: Source, path: Path) -> None:
    """Refuse what is an image to whoever reads the file, and a disk with partitions once it is written onto a stick."""
    head = exactly(source, 0, min(_LOOKED_AT, source.size))
    magics = (squashfs_layout.MAGIC, zstdframes.FRAME_MAGIC, *zstdframes.SKIPPED_MAGICS)
    if head.startswith(magics) and fat_layout.has_partitions(head):
        raise UsageError(
            f"{path} is two things at once",
            why="it is an archive or a squashfs image, and has a table of partitions",
            remedy="Do not use it: somebody made it so. Ask for the lockbox again.",
        )


def _tree_of(source: Source, path: Path) -> Tree:
    head = exactly(source, 0, min(_LOOKED_AT, source.size))
    if head.startswith(squashfs_layout.MAGIC):
        return SquashfsTree(source, str(path))
    if head[tarball.MAGIC_AT :].startswith(tarball.MAGIC):
        return TarTree(source, str(path))
    if head.endswith(fat_layout.BOOT_MARK) and len(head) == _LOOKED_AT:
        return FatTree(source, str(path))
    why, remedy = next(
        (words for magic, words in _OTHERS.items() if head.startswith(magic)),
        (
            "it is neither a squashfs image, nor a tar archive, nor a FAT disk image",
            "Name the folder that 'lockstick build --output' wrote, a mounted stick, or what 'lockstick pack' wrote.",
        ),
    )
    raise UsageError(f"{path} is no lockbox", why=why, remedy=remedy)


def _lockbox_in(tree: Tree, path: Path) -> Tree:
    found = [
        folder
        for folder in ((), (MEDIA_FOLDER,))
        if (entry := tree.look((*folder, "metadata"))) is not None
        and entry.kind in (EntryKind.FOLDER, EntryKind.LINK)  # devices follow links
    ]
    beside = tree.look((MEDIA_FOLDER,))
    if found and beside is not None and beside.kind is EntryKind.LINK:
        raise UsageError(
            f"{MEDIA_FOLDER!r} in {path} is a link",
            why="a device that looks there finds whatever it leads to",
            remedy="Pack the lockbox again; Lockstick packs no such link.",
        )
    if len(found) > 1:
        raise UsageError(
            f"there are two lockboxes in {path}: at its top and in {MEDIA_FOLDER!r}",
            why="a device looks at one of them only",
            remedy="Pack the one that you mean again.",
        )
    if not found:
        raise NotFoundError(
            f"there is no lockbox in {path}",
            why="neither its top nor a folder 'update' in it holds a folder 'metadata'",
            remedy="Check that it is the file that 'lockstick pack' wrote.",
        )
    return Below(tree, found[0]) if found[0] else tree
