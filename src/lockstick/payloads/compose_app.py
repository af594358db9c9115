"""Whether an application is complete and exactly what was signed (lockbox-format 6, every "MUST (verifier)").

The signature covers the compose file; it names manifests by digest; they name configurations by digest; those name
layers by digest. Which platforms a lockbox is for is written nowhere, so at least one must be complete for all
images together, and whatever is there for another one must be right as well.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import MISSING, find_plain
from lockstick.payloads.archive_layout import judge_archive
from lockstick.payloads.compose_lines import read_lines
from lockstick.payloads.compose_yaml import AmbiguousComposeError, read_yaml
from lockstick.payloads.image_archive import read_archive
from lockstick.payloads.image_reference import ImageReference, expected_tag, strict_reference
from lockstick.payloads.manifest import ImageIndex, ManifestError, read_manifest
from lockstick.payloads.platforms import DEVICE_PLATFORMS, select
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockstick.payloads.compose_lines import ServiceImage
    from lockstick.payloads.compose_place import ComposePlace
    from lockstick.payloads.manifest import ImageManifest
    from lockstick.trust.findings import Ledger

__all__ = ["check_compose"]

_ANY = "*"
"""Stands for every platform: an image without a list of platforms."""

_MAX_LISTED = 10_000
_MAX_REPORTED = 50

_MARKS = re.compile(rb"\A#.*mode=offline|x-old-image")


def check_compose(
    place: ComposePlace,
    compose: bytes,
    subject: str,
    ledger: Ledger,
    *,
    observer: Observer = SILENT,
    platforms: Sequence[str] = (),
) -> tuple[str, ...]:
    """Check everything behind a compose file whose bytes are proven to be the signed ones.

    Args:
        place: Where the application lies.
        compose: The bytes of the compose file.
        subject: What to call the compose file in findings.
        ledger: Where findings go.
        observer: Told of the progress.
        platforms: Platforms that must be complete; empty if any one will do.

    Returns:
        The platforms that are complete; ``*`` alone if all images are for whatever platform asks.
    """
    services = _services(compose, subject, ledger)
    references = _references(services, subject, ledger)
    images = _Images(place, ledger, observer)
    covered: set[str] | None = None
    missing: list[_Gap] = []
    for service, reference in references.items():
        requested = services[service].platform
        found, gaps = images.cover(reference, (requested,) if requested else platforms or DEVICE_PLATFORMS)
        if requested:
            found = {_ANY} if found else set()
        if _ANY not in found:
            covered = found if covered is None else covered & found
        missing.extend(gaps)
    lacking = set(platforms) - covered if covered is not None else set()
    if (covered is not None and not covered) or lacking:
        gaps = [gap for gap in missing if not lacking or gap.platform in lacking]
        # That an image is not made for some platform is news only if nothing is merely missing for another.
        for gap in [gap for gap in gaps if gap.rule != "manifest-platform"] or gaps:
            ledger.report(gap.rule, gap.subject, gap.message)
        if not gaps:
            ledger.report("manifest-platform", subject, "no platform has all images")
    if len(references) == len(services):
        images.report_litter()
    return tuple(sorted({_ANY} if covered is None else covered)) if references else ()


def _services(compose: bytes, subject: str, ledger: Ledger) -> Mapping[str, ServiceImage]:
    """The services, if a device and everybody else read the same in the file."""
    reading = read_lines(compose)
    problem = reading.refused
    meant: dict[str, ServiceImage] = {}
    if not problem:
        try:
            meant = read_yaml(compose)
        except AmbiguousComposeError as error:
            problem = str(error)
    if not problem and _MARKS.search(compose):
        problem = "it holds marks that a device writes into its own copy"
    if not problem and reading.ends_open:
        problem = "its last line gives an image and has no line end, so the file that the device makes of it is broken"
    if problem:
        ledger.report("compose-not-canonical", subject, problem)
        return reading.services if not reading.refused else {}
    for service in sorted(meant.keys() | reading.services.keys()):
        if meant.get(service) != reading.services.get(service):
            ledger.report(
                "compose-not-canonical",
                subject,
                f"a device reads something else than what the service {service!r} means, or passes it over",
            )
    if not meant:
        ledger.report("compose-not-canonical", subject, "it has no services")
    return meant


def _references(services: Mapping[str, ServiceImage], subject: str, ledger: Ledger) -> dict[str, ImageReference]:
    found: dict[str, ImageReference] = {}
    names: dict[str, str] = {}
    for service, wanted in sorted(services.items()):
        if not wanted.image:
            continue  # reported already: a device passes such a service over
        reference = strict_reference(wanted.image)
        if isinstance(reference, str):
            ledger.report("compose-image-reference", subject, f"service {service!r}: {reference}")
        elif names.setdefault(reference.digest, reference.name) != reference.name:
            ledger.report(
                "compose-image-reference",
                subject,
                f"service {service!r}: an image of this digest has another name elsewhere; devices load only one",
            )
        else:
            found[service] = reference
    return found


@dataclass(frozen=True)
class _Gap:
    """What keeps an image from being complete for a platform; an error only if no other platform is."""

    platform: str
    rule: str
    subject: str
    message: str


class _Images:
    """Checks images, each archive once."""

    def __init__(self, place: ComposePlace, ledger: Ledger, observer: Observer) -> None:
        self._place = place
        self._ledger = ledger
        self._observer = observer
        self._judged: set[tuple[str, str]] = set()
        self._known: set[str] = set()
        self._covered: dict[tuple[ImageReference, tuple[str, ...]], tuple[set[str], list[_Gap]]] = {}

    def cover(self, reference: ImageReference, requested: Sequence[str]) -> tuple[set[str], list[_Gap]]:
        """Check an image for every platform, once; what was there and wrong is in the ledger afterwards.

        Returns:
            The platforms for which it is complete (wrong bytes count: they are reported already), and what
            keeps it from being complete for the others.
        """
        key = (reference, tuple(requested))
        if key not in self._covered:
            self._covered[key] = self._cover(reference, requested)
        return self._covered[key]

    def _cover(self, reference: ImageReference, requested: Sequence[str]) -> tuple[set[str], list[_Gap]]:
        subject = self._manifest_subject(reference.digest)
        self._known.add(reference.digest)
        try:
            manifest = read_manifest(self._place.tree, self._place.manifests, reference.digest)
        except ManifestError as error:
            self._ledger.report(error.rule, subject, str(error))
            return {_ANY}, []
        if not isinstance(manifest, ImageIndex):
            gap = self._archive(manifest, reference, _ANY)
            if gap is not None:
                self._ledger.report(gap.rule, gap.subject, gap.message)
            return {_ANY}, []
        self._known.update(digest for _, digest in manifest.entries)
        covered: set[str] = set()
        gaps: list[_Gap] = []
        self._children(manifest, reference)
        for platform in dict.fromkeys((*requested, *self._offered(manifest, requested))):
            child, problem = select(platform, manifest.entries)
            gap = (
                _Gap(platform, "manifest-platform", subject, problem)
                if child is None
                else self._child(child, reference, platform)
            )
            if gap is None:
                covered.add(platform)
            elif platform in requested:
                gaps.append(gap)
        return covered, gaps

    def report_litter(self) -> None:
        """Report files beside the manifests and archives that no image of the application speaks of."""
        for folder, suffix in ((self._place.manifests, ".json"), (self._place.archives, ".tar")):
            known = {digest + suffix for digest in self._known}
            with suppress(OSError):
                names = sorted(entry.name for entry in islice(self._place.tree.entries(folder), _MAX_LISTED))
                for name in [name for name in names if name not in known][:_MAX_REPORTED]:
                    shown = self._place.shown((*folder, name))
                    self._ledger.report("file-unlisted", shown, "no image of the application speaks of this file")

    @staticmethod
    def _offered(index: ImageIndex, requested: Sequence[str]) -> list[str]:
        """Platforms that only a device with a setting of its own asks for."""
        return [platform for platform, _ in index.entries] if requested == DEVICE_PLATFORMS else []

    def _children(self, index: ImageIndex, reference: ImageReference) -> None:
        """Whatever lies there for any platform of the image must be right, whether it is asked for or not."""
        for platform, digest in index.entries:
            gap = self._child(digest, reference, platform)
            present = find_plain(self._place.tree, self._place.archive(digest))[1] != MISSING
            if gap is not None and (present or gap.rule == "manifest-hash"):
                self._ledger.report(gap.rule, gap.subject, gap.message)

    def _child(self, digest: str, reference: ImageReference, platform: str) -> _Gap | None:
        try:
            manifest = read_manifest(self._place.tree, self._place.manifests, digest)
        except ManifestError as error:
            return _Gap(platform, error.rule, self._manifest_subject(digest), str(error))
        if isinstance(manifest, ImageIndex):
            return _Gap(platform, "manifest-invalid", self._manifest_subject(digest), "it is a list within a list")
        return self._archive(manifest, reference, platform)

    def _archive(self, manifest: ImageManifest, reference: ImageReference, platform: str) -> _Gap | None:
        archive = self._place.archive(manifest.digest)
        shown = self._place.shown(archive)
        size, problem = find_plain(self._place.tree, archive)
        if problem == MISSING:
            return _Gap(platform, "image-archive-missing", shown, f"the image {reference.name} is not in the lockbox")
        tag = expected_tag(reference.name, manifest.digest)
        if problem:
            self._ledger.report("image-archive-layout", shown, problem)
        elif (manifest.digest, tag) not in self._judged:
            table = read_archive(self._place.tree, archive, size, observer=self._observer, name=shown)
            for rule, message in judge_archive(table, tag=tag, config=manifest.config):
                self._ledger.report(rule, shown, message)
        self._judged.add((manifest.digest, tag))
        return None

    def _manifest_subject(self, digest: str) -> str:
        return self._place.shown((*self._place.manifests, f"{digest}.json"))
