"""Asking the cloud whether a verified lockbox is current. Nothing of this is needed to verify one.

The steps:

1. Only what was found genuine is asked about: anything else has no name, and no versions, to go by.
2. What the cloud publishes is judged by the anchors that the lockbox was verified by. Where it is not to be trusted,
   nothing is known; the verdict stays what it was, and the error says so.
3. The comparison adds its findings to those of the verification, and the verdict is computed anew from all of them.
4. What is remembered waits for the answer: a lockbox that the cloud disagrees with may be forged, and would make every
   genuine one look old. What was published, and is genuine and in force, is remembered as if it had been verified here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from lockstick.errors import DistrustError, LockstickError, NotCurrentError
from lockstick.lockbox.demanding import errors_of, in_words
from lockstick.lockbox.outcome import Online
from lockstick.progress import SILENT, Observer
from lockstick.trust.currency import Answer, compare_published, judge_published
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.memory import seen_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.trust.currency import Published

__all__ = ["Cloud", "ask_online"]


class Cloud(Protocol):
    """Whoever publishes lockboxes."""

    @property
    def name(self) -> str:
        """Its address, for people."""

    def published(self, lockbox: str, observer: Observer) -> Mapping[str, bytes]:
        """Fetch what is published of a lockbox now, unjudged; without the lockbox itself, if it was deleted."""


def ask_online(
    outcome: VerifyOutcome,
    *,
    cloud: Cloud,
    at: datetime,
    observer: Observer = SILENT,
    memory: SeenFiles | None = None,
) -> VerifyOutcome:
    """Ask the cloud whether a lockbox is current.

    Args:
        outcome: Its verification.
        cloud: Who is asked.
        at: The time to judge by.
        observer: Told of the progress.
        memory: Where what was verified is remembered; None to remember nothing. The verification itself should not
            have remembered anything yet.

    Returns:
        The same outcome with what was learnt. What keeps the cloud from answering is in it and not raised, so that
        the verification is not lost.
    """
    if outcome.lockbox is None or outcome.verdict not in (Verdict.VERIFIED, Verdict.EXPIRED):
        return replace(outcome, online=Online(asked=cloud.name))
    name, ledger = outcome.lockbox.name, Ledger()
    try:
        published = judge_published(cloud.published(name, observer), name, outcome.anchors, at)
        verdict = verdict_of(published.findings)
        if verdict not in (Verdict.VERIFIED, Verdict.EXPIRED):
            raise _distrusted(published)
        answer = compare_published(outcome.trail, published.trail, name, ledger)
        # Expired documents still show that there is something newer, but not that there is nothing.
        if answer is Answer.CURRENT and verdict is Verdict.EXPIRED and outcome.verdict is Verdict.VERIFIED:
            raise _ran_out(published)
    except LockstickError as error:
        if memory is not None and outcome.verdict is Verdict.VERIFIED:
            memory.remember(outcome.anchors, seen_in(outcome.trail))
        return replace(outcome, online=Online(asked=cloud.name, error=error))
    findings = (*outcome.findings, *ledger.findings)
    if memory is not None and verdict_of(findings) is Verdict.VERIFIED:
        memory.remember(outcome.anchors, seen_in(outcome.trail))
    if memory is not None and verdict is Verdict.VERIFIED and answer is not Answer.DISAGREES:
        memory.remember(outcome.anchors, seen_in(published.trail))
    box, snapshot = published.trail.lockbox, published.trail.offline_snapshot
    online = Online(
        asked=cloud.name,
        answer=answer,
        lockbox_version=None if box is None else box.document.version,
        snapshot_version=None if snapshot is None else snapshot.version,
    )
    return replace(outcome, findings=findings, verdict=verdict_of(findings), online=online)


def _distrusted(published: Published) -> DistrustError:
    return DistrustError(
        "what the cloud says of this lockbox is not to be trusted",
        why=in_words(errors_of(published.findings)),
        remedy="Check that the credentials.zip is of the account that the lockbox is from. If it is, treat this as an "
        "attack on the repository or on the way to it.",
    )


def _ran_out(published: Published) -> NotCurrentError:
    return NotCurrentError(
        "what the cloud publishes has itself expired, so nobody knows what is current",
        why=in_words(errors_of(published.findings)),
        remedy="Ask whoever runs the repository to renew its documents.",
    )
