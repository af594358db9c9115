"""Going on with verified lockboxes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import DistrustError, LockstickError, NotCurrentError
from lockstick.trust.findings import Verdict, worst_first
from lockstick.trust.rules import Severity

if TYPE_CHECKING:
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.trust.director import LockboxFacts

__all__ = ["demand_verified"]

_SHOWN_FINDINGS = 3


def demand_verified(outcome: VerifyOutcome, shown: str, *, refusal: str) -> LockboxFacts:
    """Return what the lockbox says of itself if it is verified.

    Args:
        outcome: What was found.
        shown: What to call the lockbox.
        refusal: What does not happen, as in "the lockbox in ... is not packed".

    Raises:
        NotCurrentError: It is genuine, but expired or superseded.
        DistrustError: It is not to be trusted, or could not be judged.
    """
    if outcome.verdict is Verdict.VERIFIED and outcome.lockbox is not None:
        return outcome.lockbox
    errors = list(worst_first(one for one in outcome.findings if one.severity is Severity.ERROR))
    told = [f"{one.rule}: {one.subject}: {one.message}" for one in errors[:_SHOWN_FINDINGS]]
    if len(errors) > _SHOWN_FINDINGS:
        told.append(f"and {len(errors) - _SHOWN_FINDINGS} more")
    kind: type[LockstickError] = NotCurrentError if outcome.verdict is Verdict.EXPIRED else DistrustError
    raise kind(
        f"the lockbox in {shown} {refusal}: it is {outcome.verdict.value}",
        why="; ".join(told),
        remedy=errors[0].remedy if errors else "",
    )
