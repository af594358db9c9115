"""Drives, what is on them, and how they come and go, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.media.drives import is_locked, reason_against
from lockstick.report.cells import cut
from lockstick.report.plain import printable
from lockstick.report.sizes import day, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lockstick.media.drives.occupants import Occupant
    from lockstick.media.drives.watching import Change
    from lockstick.media.model import Drive, Volume

    Occupants = Mapping[Path, Sequence[Occupant]]

__all__ = ["change_json", "change_text", "drives_json", "drives_text"]

_ROOM = 60
_CARDS = "mmc"


def drives_json(drives: Sequence[Drive], occupants: Occupants) -> dict[str, object]:
    """Write drives as ``drives --json`` has them (docs/cli.md).

    Args:
        drives: The drives.
        occupants: Mount to the lockboxes on it.

    Returns:
        A value that ``json`` can encode.
    """
    return {"drives": [_drive_json(drive, occupants) for drive in drives]}


def change_json(change: Change, occupants: Occupants) -> dict[str, object]:
    """Write a change as ``drives --watch --json`` has it (docs/cli.md).

    Args:
        change: What happened.
        occupants: Mount to the lockboxes on it.

    Returns:
        A value that ``json`` can encode.
    """
    return {"event": change.event.value, "drive": _drive_json(change.drive, occupants)}


def drives_text(drives: Sequence[Drive], occupants: Occupants, *, hidden: Sequence[Drive] = ()) -> Iterator[str]:
    """Write drives for a person.

    Args:
        drives: The drives to show.
        occupants: Mount to the lockboxes on it.
        hidden: Those that are not shown.

    Yields:
        Lines without line ends.
    """
    for drive in drives:
        yield from _drive_text(drive, occupants, others=drives)
    if not drives:
        yield "There is no stick and no card that could be written to."
    empty = sum(not drive.has_medium for drive in hidden)
    others = len(hidden) - empty
    parts = [f"{empty} reader(s) without a card"] * bool(empty) + [f"{others} other drive(s)"] * bool(others)
    if parts:
        yield f"Not shown: {' and '.join(parts)}. 'lockstick drives --all' says why."


def change_text(change: Change, occupants: Occupants) -> Iterator[str]:
    """Write a change for a person.

    Args:
        change: What happened.
        occupants: Mount to the lockboxes on it.

    Yields:
        Lines without line ends.
    """
    if change.event.value == "went":
        yield f"went: {_headline(change.drive)}"
        return
    first, *rest = _drive_text(change.drive, occupants, others=())
    yield f"{change.event.value}: {first}"
    yield from rest


def _drive_text(drive: Drive, occupants: Occupants, *, others: Sequence[Drive]) -> Iterator[str]:
    yield _headline(drive)
    reason = reason_against(drive)
    if reason:
        yield f"  not offered: {reason}"
    twins = [other for other in others if other is not drive and _look(other) == _look(drive) and drive.model]
    if twins:
        by = "port" if drive.serial in {twin.serial for twin in twins} else "serial number and port"
        named = ", ".join(_said(twin.device) for twin in twins)
        yield f"  looks like {named}: told apart by {by}"
    if drive.is_read_only and drive.has_medium:
        yield "  read-only: is its switch set?"
    if not drive.volumes and drive.has_medium:
        yield "  nothing on it that this system can read"
    for volume in drive.volumes:
        yield f"  {_volume_line(volume)}"
        for mount in volume.mounted_at:
            for occupant in occupants.get(mount, ()):
                yield f"    {_occupant_line(occupant)}"


def _headline(drive: Drive) -> str:
    name = " ".join(part for part in (_said(drive.vendor), _said(drive.model)) if part) or "no name"
    kind = "card reader" if drive.bus == _CARDS else drive.bus
    where = ", ".join(part for part in (_said(kind), f"port {_said(drive.port)}" if drive.port else "") if part)
    serial = f"serial {_said(drive.serial)}" if drive.serial else "no serial number"
    amount = size(drive.size) if drive.has_medium else "empty"
    return " · ".join(part for part in (_said(drive.device), name, amount, where, serial) if part)


def _volume_line(volume: Volume) -> str:
    label = _said(volume.label) or "(no label)"
    kind = _said(volume.file_system) or "no known file system"
    state = "locked: unlock it first" if is_locked(volume) else ""
    if volume.is_encrypted and not state:
        state = "encrypted, unlocked"
    free = f", {size(volume.free)} free" if volume.free is not None else ""
    places = ", ".join(printable(str(place)) for place in volume.mounted_at)
    mounted = f"mounted at {places}" if places else "not mounted"
    if places and volume.is_read_only:
        mounted += " (read-only)"
    parts = (label, kind, f"{size(volume.size)}{free}", state, mounted if not is_locked(volume) else "")
    return " · ".join(part for part in (*parts, _said(volume.device)) if part)


def _occupant_line(occupant: Occupant) -> str:
    if occupant.is_unfinished:
        return occupant.problem
    if not occupant.name:
        until = f", good until {day(occupant.good_until)}" if occupant.good_until is not None else ""
        return f"no telling which lockbox is on it{until}: {cut(occupant.problem, _ROOM * 2)}"
    until = f"good until {day(occupant.good_until)}" if occupant.good_until is not None else "no end can be read"
    trouble = f"; {cut(occupant.problem, _ROOM * 2)}" if occupant.problem else ""
    return f"lockbox {_said(occupant.name)}, version {occupant.version}, {until} (unproven){trouble}"


def _said(text: str) -> str:
    """Text that a stranger chose, fit for a line."""
    return cut(text, _ROOM)


def _look(drive: Drive) -> object:
    return drive.vendor, drive.model, drive.size


def _drive_json(drive: Drive, occupants: Occupants) -> dict[str, object]:
    reason = reason_against(drive)
    return {
        "device": drive.device,
        "offered": not reason,
        "reason": reason or None,
        "vendor": drive.vendor or None,
        "model": drive.model or None,
        "serial": drive.serial or None,
        "size": drive.size,
        "bus": drive.bus or None,
        "port": drive.port or None,
        "removable": drive.is_removable,
        "system": drive.is_system,
        "medium": drive.has_medium,
        "read_only": drive.is_read_only,
        "volumes": [_volume_json(volume, occupants) for volume in drive.volumes],
    }


def _volume_json(volume: Volume, occupants: Occupants) -> dict[str, object]:
    return {
        "device": volume.device,
        "mounted_at": [_path(mount) for mount in volume.mounted_at],
        "file_system": volume.file_system or None,
        "label": volume.label or None,
        "uuid": volume.uuid or None,
        "size": volume.size,
        "free": volume.free,
        "read_only": volume.is_read_only,
        "encrypted": volume.is_encrypted,
        "locked": is_locked(volume),
        "lockboxes": [_occupant_json(one) for mount in volume.mounted_at for one in occupants.get(mount, ())],
    }


def _occupant_json(occupant: Occupant) -> dict[str, object]:
    return {
        "folder": _path(occupant.folder),
        "name": occupant.name or None,
        "version": occupant.version or None,
        "good_until": None if occupant.good_until is None else format_instant(occupant.good_until),
        "proven": False,
        "problem": occupant.problem or None,
    }


def _path(path: Path) -> str:
    """A path as JSON can hold it: bytes that are no text are replaced."""
    return str(path).encode("utf-8", "replace").decode()
