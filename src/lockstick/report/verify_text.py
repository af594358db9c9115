"""The outcome of a verification for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from lockstick.report.plain import printable
from lockstick.report.sizes import day, size
from lockstick.trust.currency import Answer
from lockstick.trust.findings import Verdict
from lockstick.trust.rules import RULES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lockstick.lockbox.outcome import Online, PackageOutcome, VerifyOutcome
    from lockstick.trust.findings import Finding

_CAUSES = ("Reading a document", "Keys, signatures, thresholds", "Roots")
"""Groups of rules whose errors make others follow: what cannot be read or believed is not as listed, either."""

_FEW = 8
"""So many warnings and notes are shown without being asked for."""

__all__ = ["headline", "verify_text"]

_NEWER = {
    Answer.SUPERSEDED: "the cloud has a newer one",
    Answer.REVOKED: "it was revoked",
    Answer.DELETED: "it was deleted in the cloud",
}

_SOURCES = {
    "file": "the roots that were given",
    "store": "this machine's trust store",
    "first-use": "the medium's own roots (first use)",
    "none": "no trusted root",
}


def headline(
    verdict: Verdict, findings: Iterable[Finding] = (), *, newer: str = "a newer one was verified here before"
) -> str:
    """The verdict in a few words.

    Args:
        verdict: The verdict.
        findings: What it was come to by; they tell what ran out from what was replaced.
        newer: What is known of a newer one.

    Returns:
        The words.
    """
    match verdict:
        case Verdict.VERIFIED:
            return "VERIFIED: genuine, complete and current"
        case Verdict.REJECTED:
            return "REJECTED: not to be trusted"
        case Verdict.EXPIRED:
            if {one.rule for one in findings if one.severity is Severity.ERROR} == {"superseded"}:
                return f"SUPERSEDED: genuine, but {newer}"
            return "EXPIRED: genuine, but no longer current"
        case Verdict.UNANCHORED:
            return "UNANCHORED: there is no trusted root to judge it by"
        case Verdict.UNCHECKED:
            return "NOT VERIFIED: parts of it could not be checked"
        case _:
            assert_never(verdict)


def verify_text(outcome: VerifyOutcome, *, verbose: bool = False) -> Iterator[str]:
    """Write an outcome for a person.

    Args:
        outcome: The outcome.
        verbose: True to show notes and warnings in full even where nothing is wrong.

    Yields:
        Lines without line ends.
    """
    yield _opening(outcome)
    yield from _lifetime(outcome)
    yield f"  judged at {day(outcome.at)} by {_SOURCES.get(outcome.anchor_source, outcome.anchor_source)}"
    if outcome.online is not None:
        yield f"  {_asked(outcome.online)}"
    if verbose or outcome.anchor_source == "first-use":
        yield f"    director root   {outcome.director_anchor or 'none'}"
        yield f"    image-repo root {outcome.image_anchor or 'none'}"
    if outcome.packages:
        hashed = f"{size(outcome.bytes_hashed)} read and hashed in {outcome.seconds:.1f} s"
        yield f"  {len(outcome.packages)} package(s), {hashed}"
        for package in outcome.packages:
            yield f"    {_mark(package, outcome):11} {_package(package)}"
    errors = [finding for finding in outcome.findings if finding.severity is Severity.ERROR]
    others = [finding for finding in outcome.findings if finding.severity is not Severity.ERROR]
    causes = [finding for finding in errors if RULES[finding.rule].group in _CAUSES]
    shown = causes if causes and not verbose else errors
    for finding in shown:
        yield from _finding(finding)
    if len(shown) < len(errors):
        yield f"  {len(errors) - len(shown)} more error(s) may follow from this; --verbose shows them"
    if verbose or len(others) <= _FEW:
        for finding in others:
            yield from _finding(finding)
    else:
        yield f"  {len(others)} warnings and notes; --verbose shows them"


def _opening(outcome: VerifyOutcome) -> str:
    told = headline(outcome.verdict, outcome.findings)
    if outcome.online is not None and outcome.online.answer in _NEWER:
        told = headline(outcome.verdict, outcome.findings, newer=_NEWER[outcome.online.answer])
    box = outcome.lockbox
    return told if box is None else f"{told}   lockbox {printable(box.name)}, version {box.version}"


def _asked(online: Online) -> str:
    match online.answer:
        case None:
            if online.error is None:
                return "the cloud was not asked: what is not believed has nothing to compare"
            return f"what is current is not known: {printable(online.error.what)}"
        case Answer.CURRENT:
            return f"{printable(online.asked)} publishes just this"
        case Answer.SUPERSEDED | Answer.REVOKED:
            return f"{printable(online.asked)} publishes version {online.lockbox_version}"
        case Answer.DELETED:
            return f"{printable(online.asked)} no longer publishes it"
        case Answer.DISAGREES:
            return f"{printable(online.asked)} publishes something else, which is not newer"
        case _:
            assert_never(online.answer)


def _lifetime(outcome: VerifyOutcome) -> Iterator[str]:
    """How long it is good; said only where "good" is true, so that nobody in a hurry reads it on a bad medium."""
    if outcome.weakest is None:
        return
    role, last = printable(outcome.weakest.role), day(outcome.weakest.expires)
    if outcome.verdict is Verdict.VERIFIED:
        yield f"  good until {last}: {role} expires first"
    elif outcome.verdict is Verdict.EXPIRED and outcome.weakest.expires < outcome.at:
        yield f"  ran out on {last}: {role} was the first to expire"


def _mark(package: PackageOutcome, outcome: VerifyOutcome) -> str:
    if package.ok:
        # Where the list itself is not believed, the bytes are only those that it names.
        return "as listed" if outcome.verdict is Verdict.UNANCHORED else "ok"
    if package.unchecked:
        return "NOT CHECKED"
    is_accused = any(finding.subject == package.target for finding in outcome.findings)
    return "BAD" if is_accused or outcome.bytes_hashed else "not read"


def _package(package: PackageOutcome) -> str:
    label = f"{package.name} {package.version}".strip()
    parts = [printable(package.target)]
    if label and label != package.target:
        parts.append(printable(label))
    parts.extend((package.kind.value, size(package.length), printable(", ".join(package.hardware_ids))))
    return " · ".join(parts)


def _finding(finding: Finding) -> Iterator[str]:
    yield f"  {finding.severity.value} {finding.rule}: {printable(finding.subject)}"
    yield f"    {printable(finding.message)}"
    yield f"    -> {finding.remedy}"
