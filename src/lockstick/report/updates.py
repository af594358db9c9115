"""What became of an update over the network, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable
from lockstick.report.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.cloud.api import Device, LaunchResult

__all__ = ["cancel_json", "cancel_text", "launch_json", "launch_text"]


def launch_json(packages: Sequence[str], result: LaunchResult | None) -> dict[str, object]:
    """Write a launch as ``updates launch --json`` has it (docs/cli.md).

    Args:
        packages: Ids of what was to go out.
        result: What became of it; None if nothing was sent.
    """
    return {
        "packages": list(packages),
        "launched": result is not None and bool(result.affected),
        "affected": [] if result is None else [_device(one) for one in result.affected],
        "not_affected": []
        if result is None
        else [
            {
                **_device(one.device),
                "errors": {ecu: {"code": e.code, "description": e.description} for ecu, e in one.errors.items()},
            }
            for one in result.not_affected
        ],
    }


def launch_text(result: LaunchResult) -> Iterator[str]:
    """Write a launch for a person.

    Yields:
        Lines without line ends.
    """
    rows = [(one.name, one.device_id, one.uuid, "on its way") for one in result.affected]
    for other in result.not_affected:
        why = "; ".join(f"{ecu}: {one.description or one.code}" for ecu, one in other.errors.items())
        rows.append((other.device.name, other.device.device_id, other.device.uuid, f"no: {why or 'nobody says why'}"))
    yield from table(("device", "id", "uuid", "update"), rows)
    yield f"{len(result.affected)} device(s) take part, {len(result.not_affected)} do not."


def cancel_json(asked: Sequence[str], cancelled: Sequence[str]) -> dict[str, object]:
    """Write a cancellation as ``updates cancel --json`` has it (docs/cli.md)."""
    return {"cancelled": list(cancelled), "not_cancelled": [one for one in asked if one not in cancelled]}


def cancel_text(asked: Sequence[str], cancelled: Sequence[str]) -> Iterator[str]:
    """Write a cancellation for a person.

    Yields:
        Lines without line ends.
    """
    for one in asked:
        state = "cancelled" if one in cancelled else "nothing to cancel: none was on its way, or it was picked up"
        yield f"{printable(one)}  {state}"


def _device(device: Device) -> dict[str, str]:
    return {"uuid": device.uuid, "id": device.device_id, "name": device.name}
