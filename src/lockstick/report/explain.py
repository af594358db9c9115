"""The chain of one package, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable
from lockstick.trust.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.trust.explain import Explanation, Link

__all__ = ["explain_json", "explain_text"]

_MEANINGS = {
    Shape.STALE: "It is old: expired, superseded, or defined again since.",
    Shape.DAMAGED: "It is damaged or incomplete: a bad copy, a bad medium, an interrupted write.",
    Shape.ATTACK: "It looks like an attack: nothing that breaks by itself looks like this. Keep the medium.",
    Shape.MISTAKE: "Somebody made a mistake, here or in the repository: nothing looks forged.",
}


def _state(link: Link) -> str:
    return "fails" if link.fails else "holds" if link.says else "unreached"


def explain_json(chain: Explanation) -> dict[str, object]:
    """Write a chain as ``explain --json`` has it (docs/cli.md).

    Args:
        chain: The chain.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "target": chain.target,
        "verdict": chain.verdict.value,
        "broken": None if chain.broken is None else chain.broken.name,
        "shape": None if chain.shape is None else chain.shape.value,
        "links": [
            {
                "name": link.name,
                "state": _state(link),
                "says": link.says,
                "findings": [
                    {
                        "rule": finding.rule,
                        "severity": finding.severity.value,
                        "subject": finding.subject,
                        "message": finding.message,
                        "remedy": finding.remedy,
                    }
                    for finding in link.findings
                ],
            }
            for link in chain.links
        ],
    }


def explain_text(chain: Explanation) -> Iterator[str]:
    """Write a chain for a person, up to its first link that fails.

    Args:
        chain: The chain.

    Yields:
        Lines without line ends.
    """
    broken = chain.broken
    for link in chain.links:
        yield f"{_state(link):9} {printable(link.name)}: {printable(link.says) or 'not there'}"
        for finding in link.findings:
            yield f"            {finding.severity.value} {finding.rule}: {printable(finding.message)}"
            yield f"            -> {finding.remedy}"
        if link is broken:
            break
    if broken is None:
        yield f"Every link holds, from the trust anchor to the bytes of {printable(chain.target)}."
        return
    yield f"The chain breaks at {printable(broken.name)}."
    if chain.shape is not None:
        yield f"Usually this means ({chain.shape.value}): {_MEANINGS[chain.shape]}"
