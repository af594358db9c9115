"""How much of each kind of payload this version can check, and how much it can gather."""

from __future__ import annotations

from typing import assert_never

from lockstick.payloads.kind import Kind

__all__ = ["unchecked_part", "ungathered_part"]


def unchecked_part(kind: Kind) -> str:
    """What is left unchecked of a kind of payload.

    Args:
        kind: The kind.

    Returns:
        The unchecked part in words, or an empty text if everything is checked.
    """
    match kind:
        case Kind.BINARY | Kind.COMPOSE | Kind.OSTREE:
            return ""
        case _:
            assert_never(kind)


def ungathered_part(kind: Kind) -> str:
    """What a build cannot gather of a kind of payload.

    Args:
        kind: The kind.

    Returns:
        The part in words, or an empty text if everything is gathered.
    """
    match kind:
        case Kind.BINARY:
            return ""
        case Kind.COMPOSE:
            return "the container images behind the compose file"
        case Kind.OSTREE:
            return "the objects of the operating-system commit"
        case _:
            assert_never(kind)
