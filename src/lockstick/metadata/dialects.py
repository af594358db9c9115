"""The dialects by name, as the record of a trust anchor gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.metadata.tuf import TUF
from lockstick.metadata.uptane import UPTANE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.dialect import Dialect

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (UPTANE, TUF)}
"""Name to dialect."""
