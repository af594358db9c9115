"""The one layout of an image archive that devices take, and that leaves no byte uncovered (lockbox-format 6.5)."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lockstick.payloads.container_json import UnclearJsonError, parse_json, sha256_digest
from lockstick.payloads.tar_reader import TarKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.payloads.image_archive import ArchiveMember, ArchiveTable

__all__ = ["judge_archive"]

_LIST = "manifest.json"
# What 'docker save' adds for engines of long ago, and what other tools add; no engine reads it beside manifest.json.
_HARMLESS = re.compile(r"repositories|oci-layout|index\.json|[0-9a-f]{64}/(?:VERSION|json)")
_MAX_HARMLESS = 262_144


def judge_archive(table: ArchiveTable, *, tag: str, config: str) -> Iterator[tuple[str, str]]:
    """Hold an archive against the manifest that it was made for.

    Args:
        table: The archive's members.
        tag: The tag that it must give the image.
        config: The digest of the image's configuration.

    Yields:
        Rule id and message of everything that is wrong with it.
    """
    if table.error:
        yield "image-archive-layout", table.error
        return
    if table.unclear:
        yield "image-archive-layout", table.unclear
    if table.trailing:
        yield "image-archive-trailing-data", table.trailing
    files: dict[str, ArchiveMember] = {}
    for member in table.members:
        if member.place in files:
            yield "image-archive-layout", f"it holds {member.place!r} twice"
            return
        files[member.place] = member
    used: set[str] = set()
    try:
        yield from _judge_image(table, files, used, tag=tag, config=config)
    except _LayoutError as error:
        yield "image-archive-layout", str(error)
        return
    yield from _judge_rest(files, used)


class _LayoutError(Exception):
    """The archive is not laid out as devices want it."""


def _judge_image(
    table: ArchiveTable, files: Mapping[str, ArchiveMember], used: set[str], *, tag: str, config: str
) -> Iterator[tuple[str, str]]:
    """Judge what the list says, and note in ``used`` what belongs to the image."""
    entry = _entry(table)
    used.add(_LIST)
    if entry.get("RepoTags") != [tag]:
        yield "image-archive-layout", f"its tags are not the only one that devices take, {tag}"
    place = entry.get("Config")
    if not isinstance(place, str) or place not in table.documents:
        raise _LayoutError("the image's configuration is not in it under the name that its list gives")
    used.add(place)
    if posixpath.basename(place) != f"{config}.json":
        raise _LayoutError("its configuration is not called <digest>.json after the manifest's configuration")
    diff_ids = _diff_ids(table.documents[place])
    layers = entry.get("Layers")
    if not isinstance(layers, list) or len(layers) != len(diff_ids):
        raise _LayoutError("it does not list as many layers as the image has")
    if files[place].digest != config:
        yield "image-archive-hash", "its configuration is not the one that the image's manifest names"
    for number, (layer, diff_id) in enumerate(zip(layers, diff_ids, strict=True), start=1):
        if _layer(layer, files, used, number).digest != diff_id:
            yield "image-archive-hash", f"layer {number} is not the one that the image's configuration names"


def _layer(layer: JsonValue, files: Mapping[str, ArchiveMember], used: set[str], number: int) -> ArchiveMember:
    member = files.get(layer) if isinstance(layer, str) else None
    if member is not None and member.kind is TarKind.SYMLINK:
        used.add(member.place)  # 'docker save' writes a layer once, and links to it from others
        member = files.get(member.target)
    if member is None or member.kind is not TarKind.FILE:
        raise _LayoutError(f"layer {number} is not in it")
    used.add(member.place)
    return member


def _entry(table: ArchiveTable) -> JsonObject:
    if _LIST not in table.documents:
        raise _LayoutError(f"it holds no {_LIST}, or one that is too large for devices")
    try:
        value = parse_json(table.documents[_LIST])
    except UnclearJsonError as error:
        raise _LayoutError(f"its {_LIST} is not clear: {error}") from None
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise _LayoutError(f"its {_LIST} does not describe one image")
    # Some engines do not tell cases apart, and this document is the one that no digest covers.
    if len({key.casefold() for key in value[0]}) != len(value[0]):
        raise _LayoutError(f"its {_LIST} names a member in two cases")
    return value[0]


def _diff_ids(configuration: bytes) -> list[str]:
    try:
        value: JsonValue = parse_json(configuration)
    except UnclearJsonError as error:
        raise _LayoutError(f"the image's configuration is not clear: {error}") from None
    rootfs = value.get("rootfs") if isinstance(value, dict) else None
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    digests = [sha256_digest(one) for one in diff_ids] if isinstance(diff_ids, list) else [""]
    if not all(digests):
        raise _LayoutError("the image's configuration does not name its layers by digest")
    return digests


def _judge_rest(files: Mapping[str, ArchiveMember], used: set[str]) -> Iterator[tuple[str, str]]:
    """Everything in the archive goes to the container engine, so everything must be accounted for."""
    for place, member in files.items():
        if member.kind is TarKind.FOLDER and place:
            continue
        if place in used and member.kind in (TarKind.FILE, TarKind.SYMLINK):
            continue
        if member.kind is TarKind.FILE and _HARMLESS.fullmatch(place) and member.size <= _MAX_HARMLESS:
            continue
        yield (
            "image-archive-foreign-member",
            f"nothing in the image speaks of the {member.kind.value} {member.name[:200]!r}",
        )
