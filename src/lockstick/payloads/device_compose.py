"""An application as the device installs it, from the media alone (lockbox-format 6, device-client 2.4).

This is what a rehearsal asks. It is neither stricter nor more lenient than the recorded client: for whether an
application is what was signed, ask :mod:`lockstick.payloads.compose_app`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.plainfile import find_plain
from lockstick.payloads.compose_lines import read_lines
from lockstick.payloads.compose_place import ComposePlace
from lockstick.payloads.compose_yaml import AmbiguousComposeError, read_yaml
from lockstick.payloads.device_archive import DeviceArchiveError, device_judges_archive
from lockstick.payloads.device_problem import DeviceProblem
from lockstick.payloads.image_archive import read_archive
from lockstick.payloads.image_reference import device_reference, expected_tag
from lockstick.payloads.manifest import ImageIndex, ImageManifest, ManifestError, read_manifest
from lockstick.payloads.platforms import select

if TYPE_CHECKING:
    from lockstick.disk.tree import Tree
    from lockstick.payloads.compose_lines import LinesReading

__all__ = ["INTERNAL_ERROR", "LOADING_FAILED", "NOT_ALL_MAPPED", "device_compose_problem"]

LOADING_FAILED = "INSTALL_FAILED Loading offline docker images failed"
"""What the client says to whatever keeps it from loading the images."""

INTERNAL_ERROR = "INTERNAL_ERROR"
"""How the client's words begin where it meets a document that it cannot read."""

NOT_ALL_MAPPED = (
    "the client accepted the compose file but did not load/mapped all its images (not in canonical form: services at "
    "2 spaces, image/platform at 4 spaces, double quotes or none, no trailing comment, last line ends with a newline)"
)
"""What was recorded where the client believes to have succeeded."""


def device_compose_problem(lockbox: Tree, compose: bytes, compose_sha256: str, platform: str) -> DeviceProblem | None:
    """Say what a device would say to an application whose compose file it has already found to be the signed one.

    Args:
        lockbox: What holds ``metadata/`` and ``images/``.
        compose: The bytes of the compose file.
        compose_sha256: Its digest as the device knows it from the metadata, in lower case.
        platform: What the device asks for where a service does not, as in ``linux/arm64``.

    Returns:
        The problem, or None if it installs.
    """
    place = ComposePlace(lockbox, compose_sha256)
    reading = read_lines(compose)
    try:
        unmapped = _load(place, reading, platform)
    except (_LoadError, ManifestError) as error:
        return DeviceProblem(stage="install", reason=LOADING_FAILED, detail=str(error))
    except DeviceArchiveError as error:
        reason = INTERNAL_ERROR if error.internal else LOADING_FAILED
        return DeviceProblem(stage="install", reason=reason, crash=error.crash, detail=str(error))
    detail = unmapped or _passed_over(compose, reading)
    return DeviceProblem(stage="compose", reason=NOT_ALL_MAPPED, detail=detail) if detail else None


class _LoadError(Exception):
    """The device cannot load the images of an application."""


def _load(place: ComposePlace, reading: LinesReading, platform: str) -> str:
    """Load all images; what is loaded for one name is not loaded for another, which is returned in words."""
    if reading.refused:
        raise _LoadError(reading.refused)
    loaded: dict[str, str] = {}
    unmapped = ""
    for service, wanted in sorted(reading.services.items()):
        reference = device_reference(wanted.image)
        if reference is None:
            raise _LoadError(f"the image of {service!r} is not given by a digest that the device can read")
        manifest = _select(place, reference.digest, wanted.platform or platform)
        if manifest.digest not in loaded:
            archive = place.archive(manifest.digest)
            size, problem = find_plain(place.tree, archive)
            if problem:
                raise _LoadError(f"{place.shown(archive)}: {problem}")
            table = read_archive(place.tree, archive, size)
            tag = expected_tag(reference.name, manifest.digest)
            device_judges_archive(table, tag=tag, config=manifest.config)
            loaded[manifest.digest] = reference.name
        elif loaded[manifest.digest] != reference.name:
            unmapped = f"the image of {service!r} is loaded under another name only"
    return unmapped


def _select(place: ComposePlace, digest: str, platform: str) -> ImageManifest:
    manifest = read_manifest(place.tree, place.manifests, digest)
    if isinstance(manifest, ImageIndex):
        child, problem = select(platform, manifest.entries)
        if child is None:
            raise _LoadError(problem)
        manifest = read_manifest(place.tree, place.manifests, child)
    if isinstance(manifest, ImageIndex):
        raise _LoadError("getConfigDigest: single-platform manifest expected")
    return manifest


def _passed_over(compose: bytes, reading: LinesReading) -> str:
    """What the device has not noticed, as everybody else reads the file."""
    if reading.ends_open:
        return "the last line gives an image and has no line end"
    try:
        meant = read_yaml(compose)
    except AmbiguousComposeError as error:
        return f"what the container engine reads in the file is not clear: {error}"
    for service, wanted in meant.items():
        if reading.services.get(service) != wanted:
            return f"the device has not recognised the service {service!r}"
    return ""
