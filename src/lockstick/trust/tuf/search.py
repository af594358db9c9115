"""Looking for a target: the top-level targets, then delegations in pre-order (TUF 1.0, 5.6.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lockstick.trust.patterns import speaks_of

if TYPE_CHECKING:
    from lockstick.metadata.targets import Delegation, Target, Targets

__all__ = ["LoadRole", "find_target"]

LoadRole = Callable[["Delegation", "Targets"], "Targets"]
"""Gives a delegated role, judged by the word of the delegator, or raises."""


def find_target(top: Targets, name: str, load: LoadRole, *, most_roles: int) -> Target | None:
    """Find the final entry of a target.

    No role is visited twice, so that cycles end. The first role that has an entry decides. A terminating
    delegation that speaks of the name is the last that is looked into, with what lies below it. A role that may
    not be believed ends the search with its error: a later role must not speak in its place.

    Args:
        top: The top-level targets.
        name: The target's name.
        load: Gives delegated roles.
        most_roles: After so many roles without an entry the search is given up.

    Returns:
        The entry, or None if there is none.

    Raises:
        MalformedError: The entry is there but cannot be read.
        LockstickError: Whatever ``load`` raises.
    """
    if name in top.entries:
        return top.find(name)
    waiting = _below(top, name)[0]
    visited: set[str] = set()
    while waiting and len(visited) < most_roles:
        delegation, delegator = waiting.pop()
        if delegation.name in visited:
            continue
        visited.add(delegation.name)
        role = load(delegation, delegator)
        if name in role.entries:
            return role.find(name)
        found, is_final = _below(role, name)
        waiting = found if is_final else waiting + found
    return None


def _below(role: Targets, name: str) -> tuple[list[tuple[Delegation, Targets]], bool]:
    """The delegations to look into, last one first, and whether they are the only ones left to look into."""
    if role.bins is not None:
        return [(role.bins.delegation_for(name), role)], True
    found: list[tuple[Delegation, Targets]] = []
    for delegation in role.delegations:
        if speaks_of(delegation, name, role.document.dialect):
            found.insert(0, (delegation, role))
            if delegation.terminating:
                return found, True
    return found, False
