"""What stays the same during one iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.trust.device.limits import Client
    from lockstick.trust.device.media import Media

__all__ = ["Situation"]


@dataclass(frozen=True)
class Situation:
    """One iteration.

    Attributes:
        media: The medium's documents.
        client: The revision of the client.
        ecus: Serial to hardware id of all ECUs of the device.
        now: The time as the client writes it: ``YYYY-MM-DDTHH:MM:SSZ``.
    """

    media: Media
    client: Client
    ecus: Mapping[str, str]
    now: str
