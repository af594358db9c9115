"""Which of an image's platforms a device takes (lockbox-format 6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEVICE_PLATFORMS", "grade", "select"]

DEVICE_PLATFORMS = ("linux/arm/v7", "linux/arm64", "linux/amd64")
"""What devices ask for by themselves; a service or a setting of the device can ask for something else."""

T = TypeVar("T")


def grade(requested: str, offered: str) -> int:
    """Say how well an offered platform fits.

    Args:
        requested: What the device asks for, as in ``linux/arm/v7``.
        offered: What an entry of the image offers.

    Returns:
        How many parts agree; 0 if any part that both have differs.
    """
    pairs = list(zip(requested.split("/"), offered.split("/"), strict=False))
    return len(pairs) if all(left == right for left, right in pairs) else 0


def select(requested: str, offered: Sequence[tuple[str, T]]) -> tuple[T | None, str]:
    """Select the entry for a platform as the device does: exactly one must fit best.

    Args:
        requested: What the device asks for.
        offered: Platform and value of each entry.

    Returns:
        The value of the best entry and an empty text, or None and in words why there is none.
    """
    grades = [(grade(requested, platform), value) for platform, value in offered]
    best = max((one for one, _ in grades), default=0)
    fitting = [value for one, value in grades if one == best]
    if not best:
        return None, f"there is no image for the platform {requested}"
    if len(fitting) > 1:
        return None, f"there are several images for the platform {requested}, and the device does not choose"
    return fitting[0], ""
