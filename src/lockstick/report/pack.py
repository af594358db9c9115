"""What packing did, or would do, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable
from lockstick.report.sizes import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.images.packing import PackOutcome, PackPlan

__all__ = ["pack_json", "pack_text", "plan_json", "plan_text"]

_FOR_WHAT = {
    "squashfs": "Copy it onto a stick of whatever label, beside nothing else that is called so.",
    "tar": "Unpack it onto a stick: tar --zstd -x -f FILE -C STICK. Then verify the stick.",
    "img": "Write it over a whole stick, or mount it. What was on that stick is gone then.",
}


def _common(plan: PackPlan, form: str) -> dict[str, object]:
    return {
        "output": str(plan.output),
        "format": form,
        "lockbox": {"name": plan.lockbox.name, "version": plan.lockbox.version},
        "files": plan.files,
        "bytes": plan.bytes,
        "replaces": plan.replaces,
    }


def plan_json(plan: PackPlan, form: str) -> dict[str, object]:
    """Write a plan as ``pack --dry-run --json`` has it (docs/cli.md).

    Args:
        plan: The plan.
        form: The format's name.

    Returns:
        A value that ``json`` can encode.
    """
    return _common(plan, form) | {"room": plan.room}


def pack_json(outcome: PackOutcome, form: str) -> dict[str, object]:
    """Write an outcome as ``pack --json`` has it (docs/cli.md).

    Args:
        outcome: The outcome.
        form: The format's name.

    Returns:
        A value that ``json`` can encode.
    """
    return _common(outcome.plan, form) | {
        "size": outcome.size,
        "sha256": outcome.sha256,
        "signature": None if outcome.signature is None else str(outcome.signature),
    }


def plan_text(plan: PackPlan) -> Iterator[str]:
    """Write a plan for a person.

    Args:
        plan: The plan.

    Yields:
        Lines without line ends.
    """
    yield f"WOULD PACK lockbox {printable(plan.lockbox.name)}, version {plan.lockbox.version}"
    yield f"  {plan.files} file(s), {size(plan.bytes)}, into {printable(str(plan.output))} of at most {size(plan.room)}"
    if plan.replaces:
        yield "  what has that name now would be replaced"


def pack_text(outcome: PackOutcome, form: str) -> Iterator[str]:
    """Write an outcome for a person.

    Args:
        outcome: The outcome.
        form: The format's name.

    Yields:
        Lines without line ends.
    """
    plan = outcome.plan
    box = plan.lockbox
    yield f"PACKED: verified again from the file alone   lockbox {printable(box.name)}, version {box.version}"
    yield f"  {plan.files} file(s), {size(plan.bytes)}, in {printable(str(plan.output))} ({size(outcome.size)})"
    yield f"  sha256 {outcome.sha256}"
    if outcome.signature is not None:
        yield f"  signature in {printable(str(outcome.signature))}; both belong onto the stick"
    yield f"  {_FOR_WHAT[form]}"
