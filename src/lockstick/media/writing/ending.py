"""What followed the writing of one stick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.errors import LockstickError
    from lockstick.media.remarks import Remark

__all__ = ["Ending"]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What followed the writing of one stick.

    Attributes:
        mount: Where it was mounted.
        remarks: What is to be said about it.
        receipt: Where its receipt lies, or None.
        name: What the register calls it, or None if it is not recorded.
        is_ejected: True if it may be pulled.
        trouble: Why it could not be ejected, or None.
    """

    mount: Path
    remarks: tuple[Remark, ...] = ()
    receipt: Path | None = None
    name: str | None = None
    is_ejected: bool = False
    trouble: LockstickError | None = None
