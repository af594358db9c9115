"""What a compose file may call an image (lockbox-format 6.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ImageReference", "device_reference", "expected_tag", "strict_reference"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]+(?=/))?(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_DIGEST_LENGTH = 64


@dataclass(frozen=True)
class ImageReference:
    """An image, by its content.

    Attributes:
        name: Everything before the ``@``, literally.
        digest: The digest of its manifest: 64 hexadecimal digits.
    """

    name: str
    digest: str


def strict_reference(image: str) -> ImageReference | str:
    """Read a reference as only ``name@sha256:digest`` can be read.

    Args:
        image: What the compose file says.

    Returns:
        The reference, or what is wrong with it in words.
    """
    name, separator, digest = image.partition("@sha256:")
    if not separator:
        return "it does not give the image by digest (name@sha256:...)"
    if not _DIGEST.fullmatch(digest):
        return "its digest is not 64 lower-case hexadecimal digits"
    if ":" in name.rpartition("/")[2]:
        return "it gives a tag beside the digest, which makes the device look for a tag that cannot exist"
    if not _NAME.fullmatch(name):
        return "its name is not one that a registry gives"
    return ImageReference(name, digest)


def device_reference(image: str) -> ImageReference | None:
    """Read a reference as the device does: what follows ``sha256:``, and what stands before it less one character.

    Args:
        image: What the device's line rules made of the compose file.

    Returns:
        The reference, or None where the device refuses it.
    """
    name, separator, digest = image.partition("sha256:")
    if not separator or not name.endswith("@") or len(digest) != _DIGEST_LENGTH:
        return None
    return ImageReference(name[:-1], digest)


def expected_tag(name: str, manifest: str) -> str:
    """The tag under which the device wants an image in its archive.

    Args:
        name: The image's name.
        manifest: The digest of the single-platform manifest that was selected.

    Returns:
        The tag.
    """
    return f"{name}:digest_sha256_{manifest}"
