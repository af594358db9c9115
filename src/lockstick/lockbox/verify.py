"""Verification of a lockbox wherever it lies: no network, every finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.lockbox.litter import report_litter
from lockstick.lockbox.outcome import PackageOutcome, VerifyOutcome
from lockstick.lockbox.proof import measure, report_package
from lockstick.lockbox.reading import read_evidence
from lockstick.payloads.coverage import unchecked_part
from lockstick.payloads.kind import kind_of
from lockstick.progress import SILENT
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.judge import judge
from lockstick.trust.memory import compare, seen_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.proof import Measured
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.progress import Observer
    from lockstick.trust.expected import ExpectedPackage
    from lockstick.trust.judge import Judgement

__all__ = ["conclude", "verify"]


def verify(
    tree: Tree,
    *,
    anchors: AnchorChoice,
    at: datetime,
    clock: Callable[[], float],
    observer: Observer = SILENT,
    memory: SeenFiles | None = None,
) -> VerifyOutcome:
    """Verify a lockbox.

    Args:
        tree: Where it lies.
        anchors: What to believe.
        at: The time to judge by.
        clock: A monotonic clock in seconds, for the time that it took.
        observer: Told of the progress.
        memory: What this machine has verified before; None to go without.

    Returns:
        The outcome, with every finding. It does not raise for anything that lies there.
    """
    started = clock()
    observer.phase("metadata")
    evidence = read_evidence(tree)
    chosen = anchors.choose(evidence)
    judgement = judge(evidence, chosen, at)
    # Where the metadata is not to be trusted, nothing says what the bytes must be; an edited length could keep
    # the reader busy for days.
    is_rejected = verdict_of(judgement.findings) is Verdict.REJECTED
    measured = {} if is_rejected else measure(tree, judgement.packages, observer)
    ledger = Ledger()
    report_litter(tree, evidence, judgement, ledger)
    now = seen_in(judgement.trail)
    if memory is not None and (seen := memory.recall(chosen)) is not None:
        compare(seen, now, ledger)
    outcome = conclude(judgement, measured, at=at, extra=ledger, seconds=clock() - started)
    if memory is not None and outcome.verdict is Verdict.VERIFIED:
        memory.remember(chosen, now)
    return outcome


def conclude(
    judgement: Judgement, measured: Mapping[str, Measured], *, at: datetime, extra: Ledger, seconds: float
) -> VerifyOutcome:
    """Put metadata and bytes together: the one place where a verdict about a lockbox comes from.

    Args:
        judgement: What the metadata says.
        measured: What is known of the packages' bytes, by target name.
        at: The time that was judged by.
        extra: Further findings.
        seconds: How long it took.

    Returns:
        The outcome.
    """
    ledger = Ledger()
    packages = tuple(_conclude_package(package, measured.get(package.target), ledger) for package in judgement.packages)
    findings = (*judgement.findings, *ledger.findings, *extra.findings)
    return VerifyOutcome(
        lockbox=judgement.lockbox,
        verdict=verdict_of(findings),
        at=at,
        weakest=judgement.weakest,
        director_anchor=judgement.director_anchor,
        image_anchor=judgement.image_anchor,
        anchor_source=judgement.anchor_source,
        findings=findings,
        packages=packages,
        bytes_hashed=sum(one.parts.bytes_read + (one.length if one.digests else 0) for one in measured.values()),
        seconds=seconds,
        trail=judgement.trail,
        anchors=judgement.anchors,
    )


def _conclude_package(package: ExpectedPackage, measured: Measured | None, ledger: Ledger) -> PackageOutcome:
    good = report_package(package, measured, ledger)
    return PackageOutcome(
        target=package.target,
        name=package.name,
        version=package.version,
        kind=kind_of(package),
        hardware_ids=package.hardware_ids,
        length=package.length,
        digests=package.hashes,
        ok=good and package.agreed,
        unchecked=unchecked_part(kind_of(package)),
    )
