"""The outcome of a verification for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from lockstick.report.plain import printable
from lockstick.report.sizes import day, size
from lockstick.trust.findings import Verdict
from lockstick.trust.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.lockbox.outcome import PackageOutcome, VerifyOutcome
    from lockstick.trust.findings import Finding

_FEW = 8
"""So many warnings and notes are shown without being asked for."""

__all__ = ["headline", "verify_text"]

_SOURCES = {
    "file": "the roots that were given",
    "store": "this machine's trust store",
    "first-use": "the medium's own roots (first use)",
    "none": "no trusted root",
}


def headline(verdict: Verdict) -> str:
    """The verdict in a few words.

    Args:
        verdict: The verdict.

    Returns:
        The words.
    """
    match verdict:
        case Verdict.VERIFIED:
            return "VERIFIED: genuine, complete and current"
        case Verdict.REJECTED:
            return "REJECTED: not to be trusted"
        case Verdict.EXPIRED:
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
    if outcome.lockbox is None:
        yield headline(outcome.verdict)
    else:
        box = outcome.lockbox
        yield f"{headline(outcome.verdict)}   lockbox {printable(box.name)}, version {box.version}"
    if outcome.weakest is not None:
        verb = "good until" if outcome.weakest.expires >= outcome.at else "ran out on"
        yield f"  {verb} {day(outcome.weakest.expires)}: {printable(outcome.weakest.role)} expires first"
    yield f"  judged at {day(outcome.at)} by {_SOURCES.get(outcome.anchor_source, outcome.anchor_source)}"
    if verbose or outcome.anchor_source == "first-use":
        yield f"    director root   {outcome.director_anchor or 'none'}"
        yield f"    image-repo root {outcome.image_anchor or 'none'}"
    if outcome.packages:
        hashed = f"{size(outcome.bytes_hashed)} read and hashed in {outcome.seconds:.1f} s"
        yield f"  {len(outcome.packages)} package(s), {hashed}"
        for package in outcome.packages:
            yield f"    {_mark(package):11} {_package(package)}"
    errors = [finding for finding in outcome.findings if finding.severity is Severity.ERROR]
    others = [finding for finding in outcome.findings if finding.severity is not Severity.ERROR]
    for finding in errors:
        yield from _finding(finding)
    if verbose or len(others) <= _FEW:
        for finding in others:
            yield from _finding(finding)
    else:
        yield f"  {len(others)} warnings and notes; --verbose shows them"


def _mark(package: PackageOutcome) -> str:
    if package.ok:
        return "ok"
    return "NOT CHECKED" if package.unchecked else "BAD"


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
