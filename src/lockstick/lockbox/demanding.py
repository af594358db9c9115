"""Going on with verified lockboxes only: the error for any other, which is made from the worst of its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import DistrustError, LockstickError, NotCurrentError
from lockstick.trust.findings import Verdict, worst_first
from lockstick.trust.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.trust.director import LockboxFacts
    from lockstick.trust.findings import Finding

__all__ = ["demand_verified", "errors_of", "in_words", "require_verified", "what_it_is"]

_SHOWN = 3


def require_verified(verdict: Verdict, findings: Sequence[Finding], refusal: str, *, renewal: str = "") -> None:
    """Raise unless a lockbox is verified.

    Args:
        verdict: The verdict.
        findings: What it was made from.
        refusal: What does not happen, as in "the lockbox in /media/stick is not packed".
        renewal: What to do if something has expired; the rule's own remedy by default.

    Raises:
        NotCurrentError: It is genuine, but expired or superseded.
        DistrustError: It is not to be trusted, or could not be judged.
    """
    if verdict is Verdict.VERIFIED:
        return
    errors = errors_of(findings)
    remedy = errors[0].remedy if errors else ""
    if renewal and errors and errors[0].rule == "expired":
        remedy = renewal
    kind: type[LockstickError] = NotCurrentError if verdict is Verdict.EXPIRED else DistrustError
    raise kind(f"{refusal}: it is {what_it_is(verdict, findings)}", why=in_words(errors), remedy=remedy)


def demand_verified(outcome: VerifyOutcome, refusal: str) -> LockboxFacts:
    """Give what a lockbox says of itself if it is verified.

    Args:
        outcome: What was found.
        refusal: As of :func:`require_verified`.

    Raises:
        LockstickError: As :func:`require_verified`.
    """
    require_verified(outcome.verdict, outcome.findings, refusal)
    if outcome.lockbox is None:
        raise AssertionError("a verified lockbox has a name")
    return outcome.lockbox


def what_it_is(verdict: Verdict, findings: Iterable[Finding]) -> str:
    """Name what keeps a lockbox from being used, in one word.

    Args:
        verdict: The verdict.
        findings: What it rests on.

    Returns:
        The verdict's own word; ``superseded`` where that is all that is wrong, since nothing has expired then.
    """
    wrong = {one.rule for one in findings if one.severity is Severity.ERROR}
    return "superseded" if wrong == {"superseded"} else verdict.value


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are errors, the worst first."""
    return worst_first(one for one in findings if one.severity is Severity.ERROR)


def in_words(errors: tuple[Finding, ...]) -> str:
    """Say the first few in one line."""
    told = [f"{one.rule}: {one.subject}: {one.message}" for one in errors[:_SHOWN]]
    if len(errors) > _SHOWN:
        told.append(f"and {len(errors) - _SHOWN} more")
    return "; ".join(told)
