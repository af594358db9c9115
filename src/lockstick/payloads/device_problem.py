"""Why a device would not install a payload."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DeviceProblem"]


@dataclass(frozen=True, kw_only=True)
class DeviceProblem:
    """What a device would say to a payload, as it was recorded from the real client.

    Attributes:
        stage: Where it fails: ``fetch``, ``install`` or ``compose``.
        reason: The client's own words.
        crash: True if the client's process dies of it.
        detail: What is really wrong, in words for a person; the client does not say it.
    """

    stage: str
    reason: str
    crash: bool = False
    detail: str = ""
