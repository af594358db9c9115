"""What was found out about a stick beforehand, for a person and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lockstick.media.preflight.filesystems import traits_of
from lockstick.media.remarks import Weight
from lockstick.report.plain import printable
from lockstick.report.sizes import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.media.preflight import Medium
    from lockstick.media.remarks import Remark

__all__ = ["preflight_head", "preflight_json", "preflight_text", "remark_json", "remarks_text"]

_VERDICTS = {
    Weight.ERROR: "NOT FIT: nothing is written until this is put right",
    Weight.WARNING: "FIT, with warnings",
    Weight.NOTE: "FIT",
}


def preflight_json(medium: Medium, remarks: Sequence[Remark]) -> dict[str, object]:
    """Write what was found out about one stick as a JSON object.

    Args:
        medium: What is known of it.
        remarks: What the checks said.

    Returns:
        A value that ``json`` can encode; what is not known is null.
    """
    drive = medium.drive
    return {
        "mount": str(medium.mount),
        "fit": not any(remark.weight is Weight.ERROR for remark in remarks),
        "file_system": medium.file_system or None,
        "cluster": medium.cluster,
        "bytes_total": medium.total,
        "bytes_free": medium.free,
        "read_only": medium.is_read_only,
        "dirty": medium.is_dirty,
        "label": medium.label,
        "drive": None if drive is None else drive.device,
        "remarks": [remark_json(remark) for remark in remarks],
    }


def preflight_text(medium: Medium, remarks: Sequence[Remark]) -> Iterator[str]:
    """Write what was found out about one stick for a person.

    Args:
        medium: What is known of it.
        remarks: What the checks said, the worst first.

    Yields:
        Lines without line ends.
    """
    yield from preflight_head(medium, remarks)
    yield from remarks_text(remarks)


def preflight_head(medium: Medium, remarks: Sequence[Remark], *, may_write: bool = True) -> Iterator[str]:
    """Write whether a stick will do, and what it is, without the remarks.

    Args:
        medium: What is known of it.
        remarks: What the checks said.
        may_write: False if something that is no remark keeps it from being written.

    Yields:
        Lines without line ends.
    """
    worst = next((weight for weight in Weight if any(remark.weight is weight for remark in remarks)), Weight.NOTE)
    yield f"{printable(str(medium.mount))}: {_VERDICTS[worst if may_write else Weight.ERROR]}"
    known = ", ".join(_known(medium))
    if known:
        yield f"  {known}"


def remarks_text(remarks: Sequence[Remark]) -> Iterator[str]:
    """Write remarks for a person: what is the matter, about what, and what to do.

    Args:
        remarks: What the checks said.

    Yields:
        Lines without line ends.
    """
    for remark in remarks:
        yield f"  {remark.weight.value:<7} {remark.check}: {printable(remark.subject)}"
        yield f"          {printable(remark.message)}"
        yield f"          -> {printable(remark.remedy)}"
    counts = Counter(remark.weight for remark in remarks)
    if remarks:
        yield "  " + ", ".join(f"{counts[weight]} {weight.value}(s)" for weight in Weight if counts[weight])


def remark_json(remark: Remark) -> dict[str, object]:
    """Write one remark as a JSON object.

    Args:
        remark: The remark.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "check": remark.check,
        "weight": remark.weight.value,
        "subject": remark.subject,
        "message": remark.message,
        "remedy": remark.remedy,
    }


def _known(medium: Medium) -> Iterator[str]:
    if medium.file_system:
        yield traits_of(medium.file_system).shown
    if medium.total is not None:
        yield size(medium.total)
    if medium.free is not None:
        yield f"{size(medium.free)} free"
    if medium.cluster is not None:
        yield f"clusters of {medium.cluster} bytes"
    if medium.label:
        yield f"label {printable(medium.label)}"
    if medium.drive is not None:
        yield " ".join(filter(None, (medium.drive.vendor, medium.drive.model))) or medium.drive.device
