"""Names from metadata that are to become names on a disk: one function decides, for every reader and writer.

A target's name may hold slashes and becomes a path below ``images/``. The device joins it without a look
(lockbox-format 4), so a name must be harmless there, on every file system a stick may have, and on the
technician's laptop.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from lockstick.metadata.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "RESERVED_LOCKBOX_NAMES",
    "check_listed_name",
    "check_lockbox_name",
    "collisions",
    "segment_problem",
    "target_path",
]

RESERVED_LOCKBOX_NAMES = frozenset({"root", "targets", "snapshot", "timestamp", "offline-snapshot", "offline-updates"})
"""Lockbox names that devices refuse, in any case (lockbox-format 1.7)."""

_LOCKBOX_NAME = re.compile(r"[A-Za-z0-9_-]{1,253}")
_MAX_NAME = 253
_MAX_SEGMENT = 120
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789"}
)


def check_lockbox_name(name: str) -> None:
    """Check the name of a lockbox (lockbox-format 1.7).

    Args:
        name: The name without ``.json``.

    Raises:
        MalformedError: If the server could not have given it, or devices reserve it.
    """
    if name.lower() in RESERVED_LOCKBOX_NAMES:
        raise MalformedError("lockbox-name-reserved", f"the lockbox name {name!r} is reserved; devices refuse it")
    if _LOCKBOX_NAME.fullmatch(name) is None:
        raise MalformedError(
            "lockbox-name",
            f"the lockbox name {name[:60]!r} holds other characters than letters, digits, - and _",
        )


def check_listed_name(key: str) -> None:
    """Check a key of an offline-snapshot, which a device turns into a file name by cutting its last extension.

    Args:
        key: The key, which must be a lockbox name and ``.json``.

    Raises:
        MalformedError: If it is anything else: the device would look for another file than the one judged.
    """
    if not key.endswith(".json"):
        raise MalformedError("lockbox-name", f"the offline-snapshot lists {key[:60]!r}, which does not end in .json")
    check_lockbox_name(key.removesuffix(".json"))


def target_path(name: str) -> tuple[str, ...]:
    """Turn the name of a target into the segments of its path below ``images/``.

    This is the only way from a name in metadata to a path; whoever opens or writes a package comes through
    here.

    Args:
        name: The target's name, as signed.

    Returns:
        The segments, each safe as a file name on Linux, macOS, Windows, FAT and exFAT.

    Raises:
        MalformedError: ``target-name-unsafe`` if the name could lead outside ``images/`` or over something
            else in it; ``target-name-unportable`` if some file system or Windows cannot hold it.
    """
    segments = tuple(name.split("/"))
    shown = repr(name[:80])
    if not name or len(name) > _MAX_NAME:
        raise MalformedError(
            "target-name-unsafe", f"the target name {shown} is empty or longer than {_MAX_NAME} characters"
        )
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        raise MalformedError("target-name-unsafe", f"the target name {shown} is an absolute path")
    if any(segment in ("", ".", "..") for segment in segments) or ".." in name.replace("\\", "/").split("/"):
        raise MalformedError("target-name-unsafe", f"the target name {shown} has an empty, '.' or '..' part")
    first = segments[0].lower()
    if first == "ostree" or first.endswith(".images"):
        raise MalformedError(
            "target-name-unsafe", f"the target name {shown} would lie in a folder with a meaning of its own"
        )
    for segment in segments:
        _check_segment(segment, shown)
    return segments


def _check_segment(segment: str, shown: str) -> None:
    problem = segment_problem(segment)
    if problem:
        raise MalformedError("target-name-unportable", f"the target name {shown} {problem}")


def segment_problem(segment: str) -> str:
    """Say why a text cannot be the name of one file everywhere.

    Args:
        segment: The text, without separators.

    Returns:
        The reason, to stand behind a subject, or an empty text.
    """
    problem = ""
    if (found := _FORBIDDEN.search(segment)) is not None:
        problem = f"holds the character {found[0]!r}"
    elif not segment.isascii():
        problem = "holds a character outside ASCII"
    elif segment.endswith((".", " ")) or segment.startswith(" "):
        problem = "has a part that begins with a blank or ends with a dot or a blank"
    elif segment.split(".", 1)[0].rstrip().lower() in _DEVICE_NAMES:
        problem = f"has the part {segment[:40]!r}, which Windows reserves for a device"
    elif len(segment) > _MAX_SEGMENT:
        problem = f"has a part of more than {_MAX_SEGMENT} characters"
    return problem


def collisions(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Find names that would be one name, or file and folder at once, where case does not count.

    Args:
        names: Target names that are each fine alone.

    Returns:
        Groups of names that cannot lie side by side, each sorted.
    """
    by_file: dict[str, set[str]] = defaultdict(set)
    by_folder: dict[str, set[str]] = defaultdict(set)
    for name in names:
        folded = name.casefold()
        by_file[folded].add(name)
        parts = folded.split("/")
        for depth in range(1, len(parts)):
            by_folder["/".join(parts[:depth])].add(name)
    groups: list[tuple[str, ...]] = []
    for folded, group in by_file.items():
        together = group | by_folder.get(folded, set())
        if len(together) > 1:
            groups.append(tuple(sorted(together)))
    return tuple(sorted(groups))
