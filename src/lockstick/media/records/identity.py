"""Telling sticks apart.

A stick is known by its serial number with vendor, model and size; else by its volume's id and size; else only by its
looks: label and sizes. Two sticks alike are then one too many to tell apart, and are never taken for one
(:meth:`~lockstick.media.records.register.Register.record`).

Many cheap sticks share one serial number that means nothing, and a card reader tells its own number for every card in
it. Neither counts as a serial number here.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.media.records.receipt import Stick

__all__ = ["Identity", "KnownBy", "identity_of"]

_SHORTEST_SERIAL = 4
_MEANINGLESS = ("0123456789", "1234567890", "123456789abcdef", "0123456789abcdef")
_READER = re.compile(r"\b(card|reader|multi[- ]?card|sd[/ -]?mmc|mass-?storage reader|compact ?flash)\b", re.IGNORECASE)


class KnownBy(enum.Enum):
    """By what a stick is known, the surest first.

    Attributes:
        SERIAL: Its serial number.
        VOLUME: Its volume's id. It is another one after it was formatted.
        LOOKS: Label and size; others may look the same.
    """

    SERIAL = "serial"
    VOLUME = "volume"
    LOOKS = "looks"


@dataclass(frozen=True)
class Identity:
    """Which stick it is.

    Attributes:
        known_by: By what.
        digest: 32 hexadecimal digits that stand for it.
    """

    known_by: KnownBy
    digest: str


def identity_of(stick: Stick) -> Identity:
    """Say which stick it is.

    Args:
        stick: What it says of itself.

    Returns:
        Its identity. By its looks alone, that of every stick that looks the same.
    """
    if _is_telling(stick.serial) and _READER.search(f"{stick.vendor} {stick.model}") is None:
        return _identity(KnownBy.SERIAL, stick.serial, stick.vendor, stick.model, stick.size)
    if stick.uuid:
        return _identity(KnownBy.VOLUME, stick.uuid, stick.volume_size)
    return _identity(KnownBy.LOOKS, stick.label, stick.size, stick.volume_size)


def _is_telling(serial: str) -> bool:
    plain = serial.strip().lower()
    return len(plain) >= _SHORTEST_SERIAL and len(set(plain)) > 1 and plain not in _MEANINGLESS


def _identity(known_by: KnownBy, *facts: str | int) -> Identity:
    text = json.dumps([known_by.value, *facts])
    return Identity(known_by, hashlib.sha256(text.encode()).hexdigest()[:32])
