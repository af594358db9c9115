"""What is to be said about a stick before or after it is written: what, how bad, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Remark", "Weight"]


class Weight(enum.Enum):
    """How bad it is.

    Attributes:
        ERROR: Nothing is written until it is put right.
        WARNING: It is written; the person should know.
        NOTE: Good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing to be said.

    Attributes:
        check: The id of the check that says so, in kebab-case; public and stable.
        weight: How bad it is.
        subject: What it is about: a mount, a file, a drive.
        message: One sentence: what is the matter.
        remedy: One sentence: what to do.
    """

    check: str
    weight: Weight
    subject: str
    message: str
    remedy: str
