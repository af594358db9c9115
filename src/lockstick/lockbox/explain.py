"""The chain from a trust anchor to the bytes of one package of a lockbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import NotFoundError, UsageError
from lockstick.lockbox.proof import measure, report_package
from lockstick.lockbox.reading import read_evidence
from lockstick.progress import SILENT
from lockstick.trust.explain import explain as explain_chain
from lockstick.trust.findings import Ledger, Verdict
from lockstick.trust.judge import judge
from lockstick.trust.memory import compare, seen_in

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.progress import Observer
    from lockstick.trust.explain import Explanation
    from lockstick.trust.judge import Judgement

__all__ = ["explain"]


def explain(
    tree: Tree,
    package: str,
    *,
    anchors: AnchorChoice,
    at: datetime,
    observer: Observer = SILENT,
    memory: SeenFiles | None = None,
) -> Explanation:
    """Lay out the chain of one package.

    Args:
        tree: Where the lockbox lies.
        package: The name of a target, or of a package if one target alone has it.
        anchors: What to believe.
        at: The time to judge by.
        observer: Told of the progress.
        memory: What this machine has verified before; it is only read.

    Returns:
        The chain.

    Raises:
        NotFoundError: If the lockbox can be read and has no such package.
        UsageError: If several targets are of a package of that name.
    """
    observer.phase("metadata")
    evidence = read_evidence(tree)
    chosen = anchors.choose(evidence)
    judgement = judge(evidence, chosen, at)
    extra = Ledger()
    if memory is not None and (seen := memory.recall(chosen)) is not None:
        compare(seen, seen_in(judgement.trail), extra)
    target = _target(judgement, package)
    unread = explain_chain(judgement, target, extra=extra.findings)
    expected = [one for one in judgement.packages if one.target == target]
    # As in a verification: where the metadata does not hold, nothing says what the bytes must be.
    if not expected or any(not link.says for link in unread.links[:-1]) or _is_rejected(unread):
        return unread
    found = measure(tree, expected, observer).get(target)
    payload = Ledger()
    good = report_package(expected[0], found, payload)
    says = "" if found is None else f"{found.length} bytes are there, " + ("as signed" if good else "not as signed")
    return explain_chain(judgement, target, extra=extra.findings, payload=payload.findings, bytes_say=says)


def _is_rejected(chain: Explanation) -> bool:
    return any(link.fails for link in chain.links) and chain.verdict is Verdict.REJECTED


def _target(judgement: Judgement, package: str) -> str:
    targets = [one.target for one in judgement.packages]
    if package in targets or judgement.trail.lockbox is None:
        return package
    named = [one.target for one in judgement.packages if one.name == package]
    if not named:
        raise NotFoundError(
            f"the lockbox has no package {package!r}", remedy=f"It has: {', '.join(targets) or 'none'}."
        )
    if len(named) > 1:
        raise UsageError(f"several targets are of the package {package!r}", remedy=f"Name one: {', '.join(named)}.")
    return named[0]
