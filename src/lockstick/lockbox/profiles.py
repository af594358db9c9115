"""Device profiles and fleet lists, as docs/rehearse.md describes them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from lockstick.errors import UsageError
from lockstick.lockbox.jsonfile import Fields, read_json_file, read_text_file
from lockstick.trust.device.limits import CLIENTS, DEFAULT_CLIENT, Client
from lockstick.trust.device.profile import DeviceProfile, Secondary, SecondaryKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["check_distinct", "read_fleet", "read_profile"]

_MAX_PROFILE = 262_144
_MAX_FLEET = 16 * 1024 * 1024
_MAX_DEVICES = 10_000
_TRUTHS = {"": None, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SECONDARY_PARTS = 4


def read_profile(path: Path) -> DeviceProfile:
    """Read a device profile.

    Args:
        path: A JSON file; members that are not known are ignored.

    Returns:
        The profile, named by its member ``name`` or after the file.

    Raises:
        NotFoundError: If it is missing.
        UsageError: If it does not describe a device.
    """
    fields = read_json_file(path, _MAX_PROFILE)
    primary = Fields(f"{path}: 'primary'", fields.members.get("primary"))
    profile = DeviceProfile(
        name=fields.get("name", str, path.stem),
        hardware_id=_filled(primary, "hardware_id"),
        serial=_filled(primary, "serial"),
        secondaries=tuple(
            _secondary(Fields(f"{path}: secondary {number}", value))
            for number, value in enumerate(fields.get("secondaries", list, []), start=1)
        ),
        registered=fields.get("registered", bool, default=True),
        docker_platform=fields.get("docker_platform", str, ""),
        ostree=fields.get("ostree", bool, default=False),
        client=_client(fields.get("client", str, DEFAULT_CLIENT.name), str(path)),
    )
    _check_serials(profile, str(path))
    return profile


def read_fleet(path: Path) -> tuple[DeviceProfile, ...]:
    """Read a fleet list.

    Args:
        path: A CSV file with a head line. Needed are the columns ``name``, ``hardware_id`` and ``serial``; others
            are ``secondaries`` (``hardware-id:serial[:kind[:roots]]``, several separated by blanks), ``registered``,
            ``docker_platform``, ``ostree`` and ``client``. Further columns are ignored.

    Returns:
        One profile per line.

    Raises:
        NotFoundError: If it is missing.
        UsageError: If a line does not describe a device.
    """
    text = read_text_file(path, _MAX_FLEET)
    rows = csv.DictReader(io.StringIO(text, newline=""), restval="")
    missing = {"name", "hardware_id", "serial"}.difference(rows.fieldnames or ())
    if missing:
        raise UsageError(
            f"{path} has no column {', '.join(sorted(missing))}",
            remedy="Begin it with a head line: name,hardware_id,serial,secondaries,registered,docker_platform,ostree",
        )
    profiles: list[DeviceProfile] = []
    try:
        for row in rows:
            if len(profiles) == _MAX_DEVICES:
                raise UsageError(f"{path} lists more than {_MAX_DEVICES} devices", remedy="Split it.")
            profiles.append(_row(row, f"{path}: line {rows.line_num}"))
    except csv.Error as error:
        raise UsageError(f"{path}: line {rows.line_num} is not CSV", why=str(error)) from error
    if not profiles:
        raise UsageError(f"{path} lists no device", remedy="Add a line per device below the head line.")
    return tuple(profiles)


def check_distinct(profiles: tuple[DeviceProfile, ...]) -> None:
    """Check that no two devices have one primary serial: their memories would be mixed up.

    Raises:
        UsageError: If two have.
    """
    seen: dict[str, str] = {}
    for profile in profiles:
        if profile.serial in seen:
            raise UsageError(
                f"the devices {seen[profile.serial]!r} and {profile.name!r} have the same serial {profile.serial!r}",
                remedy="Give each device its own serial.",
            )
        seen[profile.serial] = profile.name


def _row(row: dict[str, str], where: str) -> DeviceProfile:
    if None in row:
        raise UsageError(f"{where} has more fields than the head line", remedy="Put texts with commas in quotes.")

    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    def truth(name: str, *, default: bool) -> bool:
        word = text(name).lower()
        if word not in _TRUTHS:
            raise UsageError(f"{where}: {name} is {word!r}", remedy="Write true or false.")
        known = _TRUTHS[word]
        return default if known is None else known

    for name in ("name", "hardware_id", "serial"):
        if not text(name):
            raise UsageError(f"{where} has no {name}", remedy="Fill it in, or remove the line.")
    profile = DeviceProfile(
        name=text("name"),
        hardware_id=text("hardware_id"),
        serial=text("serial"),
        secondaries=tuple(_listed_secondaries(text("secondaries"), where)),
        registered=truth("registered", default=True),
        docker_platform=text("docker_platform"),
        ostree=truth("ostree", default=False),
        client=_client(text("client") or DEFAULT_CLIENT.name, where),
    )
    _check_serials(profile, where)
    return profile


def _listed_secondaries(text: str, where: str) -> Iterator[Secondary]:
    for one in text.replace(";", " ").split():
        parts = one.split(":")
        if not 2 <= len(parts) <= _SECONDARY_PARTS or not all(parts) or parts[3:] not in ([], ["roots"]):  # noqa: PLR2004 - two parts are needed
            raise UsageError(
                f"{where}: {one!r} is not a secondary",
                remedy="Write hardware-id:serial, hardware-id:serial:kind or hardware-id:serial:kind:roots.",
            )
        hardware_id, serial, *more = parts
        kind = more[0] if more else _usual_kind(hardware_id)
        yield Secondary(
            hardware_id=hardware_id,
            serial=serial,
            kind=_kind(kind, where),
            has_provisioned_roots=len(parts) == _SECONDARY_PARTS,
        )


def _secondary(fields: Fields) -> Secondary:
    hardware_id = _filled(fields, "hardware_id")
    return Secondary(
        hardware_id=hardware_id,
        serial=_filled(fields, "serial"),
        kind=_kind(fields.get("kind", str, _usual_kind(hardware_id)), fields.where),
        has_provisioned_roots=fields.get("has_provisioned_roots", bool, default=False),
    )


def _usual_kind(hardware_id: str) -> str:
    return hardware_id if hardware_id == SecondaryKind.COMPOSE else SecondaryKind.GENERIC


def _filled(fields: Fields, name: str) -> str:
    text = fields.get(name, str)
    if not text:
        raise UsageError(f"{fields.where}: {name!r} is empty", remedy="Fill it in.")
    return text


def _kind(text: str, where: str) -> SecondaryKind:
    try:
        return SecondaryKind(text)
    except ValueError:
        known = ", ".join(SecondaryKind)
        raise UsageError(f"{where}: there is no kind {text!r}", remedy=f"The kinds are {known}.") from None


def _client(name: str, where: str) -> Client:
    if name not in CLIENTS:
        raise UsageError(f"{where}: there is no client {name!r}", remedy=f"Known are {', '.join(CLIENTS)}.")
    return CLIENTS[name]


def _check_serials(profile: DeviceProfile, where: str) -> None:
    if len(profile.ecus) != 1 + len(profile.secondaries):
        raise UsageError(f"{where}: two ECUs have the same serial", remedy="Give each its own.")
