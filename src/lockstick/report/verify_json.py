"""The outcome of a verification as the JSON document of the command line contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant

if TYPE_CHECKING:
    from lockstick.lockbox.outcome import Online, PackageOutcome, VerifyOutcome

__all__ = ["answer_in_words", "verify_json"]


def verify_json(outcome: VerifyOutcome) -> dict[str, object]:
    """Write an outcome as ``verify --json`` has it (docs/cli.md).

    Args:
        outcome: The outcome.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "lockbox": None
        if outcome.lockbox is None
        else {
            "name": outcome.lockbox.name,
            "version": outcome.lockbox.version,
            "expires": format_instant(outcome.lockbox.expires),
        },
        "verdict": outcome.verdict.value,
        "at": format_instant(outcome.at),
        "weakest": None
        if outcome.weakest is None
        else {"role": outcome.weakest.role, "expires": format_instant(outcome.weakest.expires)},
        "anchor": {
            "director": outcome.director_anchor,
            "image_repo": outcome.image_anchor,
            "source": outcome.anchor_source,
        },
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "subject": finding.subject,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in outcome.findings
        ],
        "packages": [_package(package) for package in outcome.packages],
        "online": None if outcome.online is None else _online(outcome.online),
        "bytes_hashed": outcome.bytes_hashed,
        "seconds": round(outcome.seconds, 3),
    }


def _online(online: Online) -> dict[str, object]:
    error = online.error
    return {
        "asked": online.asked,
        "answer": answer_in_words(online),
        "lockbox_version": online.lockbox_version,
        "offline_snapshot_version": online.snapshot_version,
        "error": None
        if error is None
        else {"what": error.what, "why": error.why, "remedy": error.remedy, "exit_code": error.exit_code},
    }


def answer_in_words(online: Online) -> str:
    """The answer as the contract has it.

    Args:
        online: What came of asking.

    Returns:
        The answer; ``unknown`` after an error, and ``not-asked`` for a lockbox that is not believed.
    """
    if online.answer is not None:
        return online.answer.value
    return "not-asked" if online.error is None else "unknown"


def _package(package: PackageOutcome) -> dict[str, object]:
    # The strongest digest that everybody has; a package without one never is ok.
    digest = package.digests.get("sha256") or package.digests.get("sha512") or ""
    return {
        "target": package.target,
        "name": package.name,
        "version": package.version,
        "kind": package.kind.value,
        "hardware_ids": list(package.hardware_ids),
        "length": package.length,
        "digest": digest,
        "ok": package.ok,
        "unchecked": package.unchecked,
    }
