"""An image archive as the device sees it: what it checks, what it overlooks, what it dies of (lockbox-format 6.5)."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

from lockstick.payloads.container_json import is_json_for_a_device
from lockstick.payloads.tar_reader import TarKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.payloads.image_archive import ArchiveTable

__all__ = ["DEVICE_EXCEPTION", "DeviceArchiveError", "device_judges_archive"]

DEVICE_EXCEPTION = "a JSON document in it cannot be read"
"""The one cause that the device does not take for a failed load, but for an error of its own."""

_ALIAS_PASSES = 3
_DIFF_ID = "sha256:"


class DeviceArchiveError(Exception):
    """The device does not load an archive.

    Args:
        detail: Why.
        crash: True if its process dies.
        internal: True if it reports an internal error instead of a failed load.
    """

    def __init__(self, detail: str, *, crash: bool = False, internal: bool = False) -> None:
        super().__init__(detail)
        self.crash = crash
        self.internal = internal


def device_judges_archive(table: ArchiveTable, *, tag: str, config: str) -> None:
    """Hold an archive against its manifest as the device does. Trailing and foreign bytes it overlooks.

    Args:
        table: The archive's members.
        tag: The tag that the device expects.
        config: The digest of the image's configuration.

    Raises:
        DeviceArchiveError: The device does not load it.
    """
    for document in table.documents.values():
        if not is_json_for_a_device(document):
            raise DeviceArchiveError(DEVICE_EXCEPTION, internal=True)
    if table.error:
        raise DeviceArchiveError(table.error, crash=table.truncated)
    digests = _digests(table)
    if "manifest.json" not in table.documents:
        raise DeviceArchiveError("it holds no manifest.json")
    images = json.loads(table.documents["manifest.json"].decode("utf-8", "replace"))
    if not isinstance(images, list):
        raise DeviceArchiveError("its manifest.json is not a list")
    configs: set[str] = set()
    tags: set[str] = set()
    for image in images:
        if not isinstance(image, dict) or not isinstance(image.get("RepoTags"), list):
            raise DeviceArchiveError("an image of its manifest.json has no list of tags")
        configs.add(_judge_image(image, digests, table.documents, configs))
        tags |= {str(one) for one in image["RepoTags"]}
    if configs != {config}:
        raise DeviceArchiveError("its configurations are not the one of the manifest")
    if tags != {tag}:
        raise DeviceArchiveError(f"it does not have the expected tags, which are only {tag}")


def _digests(table: ArchiveTable) -> dict[str, str]:
    """Place to digest, links to files resolved as far as the device resolves them."""
    digests: dict[str, str] = {}
    links: dict[str, str] = {}
    for member in table.members:
        if not member.place or member.kind not in (TarKind.FILE, TarKind.SYMLINK):
            continue
        if member.place in digests or member.place in links:
            raise DeviceArchiveError(f"it holds {member.place!r} twice")
        if member.kind is TarKind.FILE:
            digests[member.place] = member.digest
        elif member.target:
            links[member.place] = member.target
    for _ in range(_ALIAS_PASSES):
        digests |= {place: digests[target] for place, target in links.items() if target in digests}
    return digests


def _judge_image(
    image: Mapping[str, Any], digests: Mapping[str, str], documents: Mapping[str, bytes], seen: set[str]
) -> str:
    place = image.get("Config")
    stem, extension = posixpath.splitext(posixpath.basename(place)) if isinstance(place, str) else ("", "")
    if extension != ".json":
        raise DeviceArchiveError("bad config file extension")
    place = posixpath.normpath(str(place))
    if digests.get(place) != stem or place not in documents:
        raise DeviceArchiveError("config. file name does not match its own checksum")
    if stem in seen:
        raise DeviceArchiveError("it names a configuration twice")
    configuration = json.loads(documents[place].decode("utf-8", "replace"))
    rootfs = configuration.get("rootfs") if isinstance(configuration, dict) else None
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    layers = image.get("Layers")
    if not isinstance(diff_ids, list) or not isinstance(layers, list) or len(diff_ids) != len(layers):
        raise DeviceArchiveError("it does not list as many layers as the image has")
    for layer, diff_id in zip(layers, diff_ids, strict=True):
        digest = digests.get(posixpath.normpath(layer)) if isinstance(layer, str) else None
        if digest is None or diff_id != _DIFF_ID + digest:
            raise DeviceArchiveError("a layer is not the one that the image's configuration names")
    return stem
