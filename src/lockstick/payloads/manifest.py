"""Manifests of container images: single-platform manifests, and indexes of them (lockbox-format 6.4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import MISSING, read_capped
from lockstick.payloads.container_json import MAX_JSON, UnclearJsonError, parse_json, sha256_digest

if TYPE_CHECKING:
    from lockstick.disk.tree import Place, Tree
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["ImageIndex", "ImageManifest", "ManifestError", "read_manifest"]

_SINGLE = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
    }
)
_INDEX = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
_MAX_ENTRIES = 256


class ManifestError(Exception):
    """A manifest is not there or not usable.

    Args:
        rule: The id of the rule that it breaks.
        message: What is wrong.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class ImageManifest:
    """The manifest of an image for one platform.

    Attributes:
        digest: Its own digest.
        config: The digest of the image's configuration.
    """

    digest: str
    config: str


@dataclass(frozen=True, kw_only=True)
class ImageIndex:
    """The list of an image's manifests.

    Attributes:
        digest: Its own digest.
        entries: Platform, as ``os/architecture[/variant][/os.version]``, and digest of each manifest.
    """

    digest: str
    entries: tuple[tuple[str, str], ...]


def read_manifest(tree: Tree, folder: Place, digest: str) -> ImageManifest | ImageIndex:
    """Read a manifest from a medium.

    Args:
        tree: What lies on the medium.
        folder: The folder of the application's manifests.
        digest: The manifest's digest.

    Returns:
        What it says, proven by its digest.

    Raises:
        ManifestError: It is not there, is another one, or is not one that a device understands.
    """
    data, problem = read_capped(tree, (*folder, f"{digest}.json"), MAX_JSON)
    if problem == MISSING:
        raise ManifestError("manifest-missing", "the image needs this manifest, and it is not in the lockbox")
    if problem:
        raise ManifestError("manifest-invalid", problem)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ManifestError("manifest-hash", "its bytes have another digest than its name says")
    try:
        document = parse_json(data)
    except UnclearJsonError as error:
        raise ManifestError("manifest-invalid", str(error)) from None
    return _read(document, digest)


def _read(document: JsonValue, digest: str) -> ImageManifest | ImageIndex:
    if not isinstance(document, dict):
        raise ManifestError("manifest-invalid", "it is not a JSON object")
    kind = document.get("mediaType")
    if kind is None:
        raise ManifestError("manifest-invalid", "it has no mediaType, which devices insist on")
    if kind in _SINGLE:
        return ImageManifest(digest=digest, config=_config(document))
    if kind in _INDEX:
        return ImageIndex(digest=digest, entries=_entries(document))
    raise ManifestError("manifest-invalid", "its mediaType is not one that devices know")


def _config(document: JsonObject) -> str:
    config = document.get("config")
    digest = sha256_digest(config.get("digest")) if isinstance(config, dict) else ""
    if not digest:
        raise ManifestError("manifest-invalid", "it does not name the image's configuration by digest")
    return digest


def _entries(document: JsonObject) -> tuple[tuple[str, str], ...]:
    manifests = document.get("manifests")
    if not isinstance(manifests, list):
        raise ManifestError("manifest-invalid", "it lists no manifests")
    if len(manifests) > _MAX_ENTRIES:
        raise ManifestError("manifest-invalid", f"it lists more than {_MAX_ENTRIES} manifests")
    return tuple(_entry(one) for one in manifests)


def _entry(one: JsonValue) -> tuple[str, str]:
    if isinstance(one, dict):
        digest = sha256_digest(one.get("digest"))
        platform = one.get("platform")
        if digest and isinstance(platform, dict):
            parts = [platform.get(key, "") for key in ("os", "architecture", "variant", "os.version")]
            texts = [part for part in parts if isinstance(part, str)]
            if len(texts) == len(parts) and parts[0] and parts[1] and not any("/" in text for text in texts):
                return "/".join(text for text in texts if text), digest
    raise ManifestError("manifest-invalid", "an entry of it lacks a digest or the platform (os and architecture)")
