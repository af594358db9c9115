"""Bins: one delegation that deals all target names out evenly to many roles (TUF 1.0, 4.5, ``succinct_roles``)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.shape import as_count, as_object, as_string

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonValue

__all__ = ["Bins", "read_bins"]

_MOST_BITS = 32
_BITS_OF_DIGIT = 4


@dataclass(frozen=True, kw_only=True)
class Bins:
    """How target names are dealt out.

    Attributes:
        prefix: What the names of all the roles begin with.
        bits: How many bits of a target name's SHA-256, from the left, say which role it falls to.
    """

    prefix: str
    bits: int

    def role_for(self, name: str) -> str:
        """The one role that may speak of a target.

        Args:
            name: The target's name.

        Returns:
            The role's name: the prefix, a hyphen, and the bin's number in hex with as many digits as the last
            bin's has.
        """
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        number = int.from_bytes(digest) >> (8 * len(digest) - self.bits)
        digits = -(-self.bits // _BITS_OF_DIGIT)
        return f"{self.prefix}-{number:0{digits}x}"


def read_bins(value: JsonValue, where: str) -> Bins:
    """Read ``succinct_roles``, but for who signs.

    Args:
        value: The member.
        where: What to call it in messages.

    Returns:
        The bins.

    Raises:
        MalformedError: It cannot be read, or the number of bits is none from 1 to 32.
    """
    members = as_object(value, where)
    bits = as_count(members.get("bit_length"), f"bit_length of {where}")
    if not 1 <= bits <= _MOST_BITS:
        raise MalformedError("shape", f"bit_length of {where} is not a number from 1 to {_MOST_BITS}")
    return Bins(prefix=as_string(members.get("name_prefix"), f"name_prefix of {where}"), bits=bits)
