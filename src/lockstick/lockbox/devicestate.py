"""What devices remember, as a file that a technician can carry home or write by hand (docs/rehearse.md).

``{"format": "lockstick-device-state", "version": 1, "devices": {"<serial of the primary>": {…}}}``. A file without
``devices`` speaks of every device of the call: ``{"offline_snapshot_version": 41}``. Documents are base64 of the bytes
as received, or ``sha256:`` and the name of one under ``blobs``: a fleet has seen the same documents, and they are
written once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush, publish
from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError
from lockstick.lockbox.jsonfile import Fields, read_json_file
from lockstick.trust.device.memory import DeviceMemory, EcuMemory, RepositoryMemory, SeenSnapshot
from lockstick.trust.device.targets import DeviceTarget

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["StateFile", "read_state", "write_state"]

_FORMAT = "lockstick-device-state"
_VERSION = 1
_BLOB = "sha256:"
_MAX_STATE = 256 * 1024 * 1024
_REMEDY = "Correct it as docs/rehearse.md shows, or move it away and begin anew."
_REMEMBERED = (
    "offline_snapshot_version",
    "director",
    "image_repo",
    "secondaries",
    "delegations",
    "installed",
    "fetched",
    "commits",
)
_DOCUMENTS = {"director": ("offline-snapshot", "offline-updates"), "image_repo": ("snapshot", "targets")}


class StateFile:
    """The memories of devices, by the serial of the primary.

    Args:
        fields: The file's members; None for an empty story.

    Raises:
        UsageError: If they are not as described.
    """

    def __init__(self, fields: Fields | None = None) -> None:
        self._devices: dict[str, DeviceMemory] = {}
        self._everybody: Fields | None = None
        if fields is None:
            return
        if fields.get("format", str, _FORMAT) != _FORMAT or fields.get("version", int, _VERSION) != _VERSION:
            raise UsageError(
                f"{fields.where} is not a device state of version {_VERSION}",
                remedy="Use the program that wrote it, or begin anew.",
            )
        if "devices" not in fields.members:
            _check_speaks(fields)
            self._everybody = fields
            # Read once now, so that an error is told before anything is rehearsed.
            _memory(fields, {})
            return
        blobs = _raw_members(fields.below("blobs"), {})
        devices = fields.below("devices")
        self._devices = {serial: _memory(devices.below(serial), blobs) for serial in devices.members}

    def memory(self, serial: str) -> DeviceMemory:
        """The memory of a device; an empty one if it is not in the file."""
        if serial not in self._devices:
            self._devices[serial] = DeviceMemory() if self._everybody is None else _memory(self._everybody, {})
        return self._devices[serial]

    def document(self) -> dict[str, object]:
        """The file's content, for every device that was asked for or was in the file."""
        writer = _Writer()
        devices = {serial: writer.memory(memory) for serial, memory in sorted(self._devices.items())}
        return {"format": _FORMAT, "version": _VERSION, "blobs": writer.blobs, "devices": devices}


def read_state(path: Path) -> StateFile:
    """Read a state file.

    Args:
        path: The file; it may be missing: then nothing was seen yet.

    Returns:
        The memories.

    Raises:
        UsageError: If it is not a state file.
        MediaError: If it cannot be read.
    """
    return StateFile(read_json_file(path, _MAX_STATE) if path.exists() else None)


def write_state(path: Path, state: StateFile) -> None:
    """Write a state file, whole or not at all.

    Args:
        path: The file.
        state: The memories.

    Raises:
        MediaError: If it cannot be written.
    """
    data = json.dumps(state.document(), indent=1, sort_keys=True).encode("ascii") + b"\n"
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            flush(file.fileno())
        publish(temporary, path)
    except OSError as error:
        raise media_error(error, path, "written") from error


def _check_speaks(fields: Fields) -> None:
    """Refuse a file that says nothing of what a device has seen.

    It is another file, and would be overwritten; or a member is misspelt, and an older stick would pass.
    """
    is_story = not fields.members or "format" in fields.members or any(name in fields.members for name in _REMEMBERED)
    # A profile may have secondaries, too.
    if "primary" in fields.members or not is_story:
        raise UsageError(
            f"{fields.where} is not a device state",
            why="it is a device profile"
            if "primary" in fields.members
            else "no member of it says what a device has seen",
            remedy="Name a new file, which is then made, or correct this one as docs/rehearse.md shows.",
        )


def _memory(fields: Fields, blobs: Mapping[str, bytes]) -> DeviceMemory:
    memory = DeviceMemory(
        primary=_ecu(fields, blobs),
        delegations=_raw_members(fields.below("delegations"), blobs),
        installed={serial: _target(one) for serial, one in _objects(fields.below("installed"))},
        commits={_text(one, fields.where) for one in fields.get("commits", list, [])},
    )
    for serial, one in _objects(fields.below("secondaries")):
        memory.secondaries[serial] = _ecu(one, blobs)
    for name, one in _objects(fields.below("fetched")):
        memory.fetched[name] = (one.get("length", int), _hashes(one.below("hashes")))
    if "offline_snapshot_version" in fields.members:
        listed = fields.below("lockboxes")
        memory.seen = SeenSnapshot(
            fields.get("offline_snapshot_version", int), {name: listed.get(name, int) for name in listed.members}
        )
    return memory


def _objects(fields: Fields) -> Iterable[tuple[str, Fields]]:
    return ((name, Fields(f"{fields.where}: {name!r}", value)) for name, value in fields.members.items())


def _ecu(fields: Fields, blobs: Mapping[str, bytes]) -> EcuMemory:
    return EcuMemory(
        director=_repository(fields.below("director"), "director", blobs),
        image_repo=_repository(fields.below("image_repo"), "image_repo", blobs),
    )


def _repository(fields: Fields, name: str, blobs: Mapping[str, bytes]) -> RepositoryMemory:
    roots: dict[int, bytes] = {}
    for version, raw in _raw_members(fields.below("roots"), blobs).items():
        if not (version.isascii() and version.lstrip("-").isdigit()):
            raise UsageError(f"{fields.where}: {version!r} is not the version of a root", remedy=_REMEDY)
        roots[int(version)] = raw
    documents = _raw_members(fields.below("documents"), blobs)
    if unknown := documents.keys() - set(_DOCUMENTS[name]):
        raise UsageError(f"{fields.where}: no device stores {min(unknown)!r}", remedy=_REMEDY)
    return RepositoryMemory(roots, documents)


def _raw_members(fields: Fields, blobs: Mapping[str, bytes]) -> dict[str, bytes]:
    result: dict[str, bytes] = {}
    for name in fields.members:
        text = fields.get(name, str)
        if text.startswith(_BLOB):
            if text.removeprefix(_BLOB) not in blobs:
                raise UsageError(f"{fields.where}: {name!r} names a document that is not there", remedy=_REMEDY)
            result[name] = blobs[text.removeprefix(_BLOB)]
            continue
        try:
            result[name] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UsageError(f"{fields.where}: {name!r} is not base64", remedy=_REMEDY) from error
    return result


def _target(fields: Fields) -> DeviceTarget:
    ecus = fields.below("ecus")
    return DeviceTarget(
        name=fields.get("name", str),
        length=fields.get("length", int),
        hashes=_hashes(fields.below("hashes")),
        hardware_ids=tuple(_text(one, fields.where) for one in fields.get("hardware_ids", list, [])),
        ecus={serial: ecus.get(serial, str) for serial in ecus.members},
        format=fields.get("format", str, ""),
    )


def _hashes(fields: Fields) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name.lower(), fields.get(name, str).lower()) for name in fields.members))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{where}: {value!r} is not a text", remedy=_REMEDY)
    return value


class _Writer:
    """Writes memories, each document once."""

    def __init__(self) -> None:
        self.blobs: dict[str, str] = {}

    def memory(self, memory: DeviceMemory) -> dict[str, object]:
        written: dict[str, object] = {
            **self._ecu(memory.primary),
            "secondaries": {serial: self._ecu(ecu) for serial, ecu in memory.secondaries.items()},
            "delegations": self._documents(memory.delegations),
            "installed": {serial: _written_target(target) for serial, target in memory.installed.items()},
            "fetched": {
                name: {"length": length, "hashes": dict(hashes)} for name, (length, hashes) in memory.fetched.items()
            },
            "commits": sorted(memory.commits),
        }
        if memory.seen is not None:
            written["offline_snapshot_version"] = memory.seen.version
            written["lockboxes"] = dict(memory.seen.lockboxes)
        return written

    def _ecu(self, ecu: EcuMemory) -> dict[str, object]:
        return {"director": self._repository(ecu.director), "image_repo": self._repository(ecu.image_repo)}

    def _repository(self, memory: RepositoryMemory) -> dict[str, object]:
        roots = {str(version): raw for version, raw in memory.roots.items()}
        return {"roots": self._documents(roots), "documents": self._documents(memory.documents)}

    def _documents(self, documents: Mapping[str, bytes]) -> dict[str, str]:
        return {name: self._blob(raw) for name, raw in documents.items()}

    def _blob(self, raw: bytes) -> str:
        digest = hashlib.sha256(raw).hexdigest()
        self.blobs.setdefault(digest, base64.b64encode(raw).decode("ascii"))
        return _BLOB + digest


def _written_target(target: DeviceTarget) -> dict[str, object]:
    return {
        "name": target.name,
        "length": target.length,
        "hashes": dict(target.hashes),
        "hardware_ids": list(target.hardware_ids),
        "ecus": dict(target.ecus),
        "format": target.format,
    }
