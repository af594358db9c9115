"""Packing: from a verified lockbox to one file that is as verified, or to none.

1. The lockbox is proven, and whether the format can hold it, and the disk the image, before a byte is written.
2. The image grows in a hidden folder beside its place. Whatever ends the run, a kill excepted, removes that folder.
3. What was written is opened as an image and proven by the same judge, from the file alone.
4. Signature first, then the image, each flushed and then renamed. An older image's signature goes before.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lockstick.disk.durable import flush, flush_folders, publish, write_new
from lockstick.disk.hashing import hash_file
from lockstick.disk.space import Room, check_space
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError, UsageError
from lockstick.lockbox.layout import find_lockbox
from lockstick.media.images.contents import gather
from lockstick.media.images.opening import open_lockbox
from lockstick.media.images.signing import SUFFIX
from lockstick.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.disk.tree import Tree
    from lockstick.media.images.forms import Form
    from lockstick.media.images.signing import Signer
    from lockstick.progress import Observer

__all__ = ["LockboxName", "PackOutcome", "PackPlan", "pack", "plan_pack"]

_HIDDEN = ".lockstick-pack-"
_WORKING_NAME = "image"  # whatever the user calls it, the programs that write it are given no odd name
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class LockboxName(Protocol):
    """What a judge gives of a lockbox that it has verified."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def version(self) -> int:
        """Its version."""
        ...


@dataclass(frozen=True, kw_only=True)
class PackPlan:
    """What packing will do.

    Attributes:
        lockbox: Which lockbox it is.
        root: The folder that holds the lockbox.
        output: The image.
        files: How many files go into it.
        bytes: How many bytes they have.
        room: The most bytes that the image may take.
        replaces: True if there is something under its name, or under its signature's.
    """

    lockbox: LockboxName
    root: Path
    output: Path
    files: int
    bytes: int
    room: int
    replaces: bool


@dataclass(frozen=True, kw_only=True)
class PackOutcome:
    """What packing did.

    Attributes:
        plan: What it was to do.
        size: The bytes of the image.
        sha256: Its digest.
        signature: Where its signature lies, if it was signed.
    """

    plan: PackPlan
    size: int
    sha256: str
    signature: Path | None


def plan_pack(
    folder: Path,
    form: Form,
    *,
    output: Path | None,
    force: bool,
    prove: Callable[[Tree], LockboxName],
    free_bytes: Callable[[Path], int],
) -> PackPlan:
    """Prove the lockbox, and say what packing it would do. Nothing is written.

    Args:
        folder: What the user named: a lockbox, or a stick with one.
        form: The format.
        output: The image, or a folder for it; None for the present folder.
        force: True to replace what has its name.
        prove: Judges a lockbox and says which it is; raises unless it is verified.
        free_bytes: How many bytes can still be written below an existing folder.

    Returns:
        The plan.

    Raises:
        LockstickError: The lockbox is not verified, does not fit the format, or the image its place.
    """
    tree = find_lockbox(folder).tree
    lockbox = prove(tree)
    contents = gather(tree)
    form.check(contents)
    target = _target(output, form.file_name(_file_name(lockbox.name)))
    if any(target.resolve().is_relative_to((tree.root / top).resolve()) for top in ("metadata", "images")):
        raise UsageError(f"{target} lies in the lockbox itself", remedy="Name another place with --output.")
    there = [one for one in (target, _signature_of(target)) if one.exists() or one.is_symlink()]
    if there and (not force or there[0].is_dir()):
        raise UsageError(
            f"{there[0]} is there already", remedy="Name another one with --output, or replace it with --force."
        )
    room = form.room(contents)
    check_space([Room(partial=target.parent / _HIDDEN, length=room)], free_bytes, shown=target.parent)
    return PackPlan(
        lockbox=lockbox,
        root=tree.root,
        output=target,
        files=len(contents.files),
        bytes=contents.size,
        room=room,
        replaces=bool(there),
    )


def pack(
    plan: PackPlan,
    form: Form,
    *,
    prove: Callable[[Tree], LockboxName],
    signer: Signer | None = None,
    observer: Observer = SILENT,
) -> PackOutcome:
    """Write the image, prove it, sign it, and give it its name.

    Args:
        plan: What to do.
        form: The format that was planned for.
        prove: As for :func:`plan_pack`.
        signer: Signs the image; None for no signature.
        observer: Told of the progress.

    Returns:
        What was written.

    Raises:
        LockstickError: It failed; nothing has the image's name that was not there before.
    """
    output = plan.output
    try:
        work = Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=output.parent))
    except OSError as error:
        raise media_error(error, output.parent, "written") from error
    try:
        image = work / _WORKING_NAME
        _write(plan, form, image, observer)
        with open_lockbox(image) as tree:
            prove(tree)
        digest = hash_file(image)["sha256"]
        signature = _signature_of(output)
        size = image.stat().st_size
        _publish(image, output, signature, None if signer is None else signer.sign(digest), observer)
    except OSError as error:
        raise media_error(error, output, "written") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return PackOutcome(plan=plan, size=size, sha256=digest, signature=None if signer is None else signature)


def _file_name(lockbox: str) -> str:
    """A lockbox's name as a part of a file's: whatever it holds, it leads nowhere else."""
    return _NOT_IN_NAMES.sub("-", lockbox).strip("-.") or "lockbox"


def _signature_of(image: Path) -> Path:
    return image.with_name(image.name + SUFFIX)


def _target(output: Path | None, name: str) -> Path:
    target = Path(name) if output is None else output / name if output.is_dir() else output
    if not target.parent.is_dir():
        raise MediaError(f"there is no folder {target.parent}", remedy="Make it, or name another place with --output.")
    return target


def _write(plan: PackPlan, form: Form, image: Path, observer: Observer) -> None:
    """Let the format write, and see to it that the bytes are on the disk."""
    contents = gather(find_lockbox(plan.root).tree)
    name = plan.output.name
    observer.phase("writing", total_bytes=contents.size, files=1)
    observer.file_started(name, length=contents.size)
    form.write(contents, plan.root, image, lambda count: observer.advanced(name, count))
    observer.file_finished(name)
    observer.phase("flushing")
    with image.open("rb+") as file:
        flush(file.fileno())


def _publish(image: Path, output: Path, signature: Path, signed: bytes | None, observer: Observer) -> None:
    observer.phase("publishing")
    # An older image with a newer signature, or the other way round, is refused by whoever checks; never believed.
    if signed is None:
        with suppress(FileNotFoundError):
            signature.unlink()
    else:
        beside = _signature_of(image)
        write_new(beside, signed)
        publish(beside, signature)
    publish(image, output)
    flush_folders([output.parent])
