"""A compose file as the device reads it: by the shape of its lines (lockbox-format 6.2, device-client 2.4).

The device does not parse YAML. Whatever has another shape than these lines is silently passed over: its image is
neither loaded nor mapped, and the application would look for it in a network that is not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_COMPOSE", "MAX_LINE", "LinesReading", "ServiceImage", "read_lines"]

MAX_COMPOSE = 4 * 1024 * 1024
"""The largest compose file in bytes that a device reads (lockbox-format 1.3)."""

MAX_LINE = 4096
"""The longest line in bytes, its end included (lockbox-format 1.3)."""

_NAME = rb"([-._a-zA-Z0-9]+)"
_TOP = re.compile(rb"^" + _NAME + rb":\s*$")
_SERVICE = re.compile(rb"^  " + _NAME + rb":\s*$")
_MEMBER = re.compile(rb"^    (image|platform):\s*(\"?)(\S+)\2\s*$")


@dataclass(frozen=True, kw_only=True)
class ServiceImage:
    """What one service runs.

    Attributes:
        image: The image, as it is written; empty if the service names none.
        platform: The platform that it asks for, or None.
    """

    image: str
    platform: str | None


@dataclass(frozen=True, kw_only=True)
class LinesReading:
    """What a device makes of a compose file.

    Attributes:
        services: Service name to what it runs; only services whose image the device has recognised.
        ends_open: True if the last line gives an image and has no line end: the file that the device writes
            from it is broken.
        refused: Why the device refuses the file at once, or empty.
    """

    services: Mapping[str, ServiceImage]
    ends_open: bool = False
    refused: str = ""


def read_lines(data: bytes) -> LinesReading:
    """Read a compose file as a device does.

    Args:
        data: Its bytes.

    Returns:
        What the device makes of it.
    """
    if len(data) > MAX_COMPOSE:
        return LinesReading(services={}, refused=f"it is larger than {MAX_COMPOSE} bytes")
    lines = data.split(b"\n")
    images: dict[str, str] = {}
    platforms: dict[str, str] = {}
    inside = False
    service = ""
    for number, line in enumerate(lines, start=1):
        if len(line) + 1 > MAX_LINE:
            return LinesReading(services={}, refused=f"line {number} is longer than {MAX_LINE - 1} bytes")
        if (top := _TOP.match(line)) is not None:
            inside = top[1] == b"services"
            service = ""
            if inside:
                images, platforms = {}, {}  # a second section takes the place of the first
        elif inside and (named := _SERVICE.match(line)) is not None:
            service = named[1].decode("ascii")
        elif inside and service and (member := _MEMBER.match(line)) is not None:
            kept = images if member[1] == b"image" else platforms
            kept[service] = member[3].decode("utf-8", "surrogateescape")
    services = {name: ServiceImage(image=image, platform=platforms.get(name)) for name, image in images.items()}
    last = _MEMBER.match(lines[-1])
    return LinesReading(services=services, ends_open=last is not None and last[1] == b"image")
