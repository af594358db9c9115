"""Where lockbox and image repository disagree about a package, and what dates say about the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from forge import AT, Forge, target
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from lockstick.trust.findings import Finding


def found(forge: Forge, at: datetime = AT) -> list[Finding]:
    return [one for one in judge(forge.evidence(), forge.anchors(), at).findings if one.subject == "fw.bin"]


def listing(**custom: Any) -> Forge:
    return Forge(image_targets={"fw.bin": target(**custom)})


def test_sixteen_digits_of_both_hashes_are_told() -> None:
    forge = listing()
    forge.image_targets["fw.bin"]["hashes"]["sha256"] = "0123456789abcdef" * 4
    (finding,) = found(forge)
    wanted = forge.lockbox_targets["fw.bin"]["hashes"]["sha256"]
    assert finding.message == (f"the lockbox wants sha256 {wanted[:16]}…, the image repository lists 0123456789abcdef…")


@pytest.mark.parametrize("member", ["createdAt", "updatedAt"])
def test_ten_minutes_of_a_clock_behind_are_passed_over(member: str) -> None:
    for late, rules in ((timedelta(minutes=10), []), (timedelta(minutes=10, seconds=1), ["clock-behind"])):
        forge = listing(**{member: (AT + late).isoformat()})
        assert [finding.rule for finding in found(forge)] == rules


def test_a_date_that_is_none_does_not_hide_the_next_one() -> None:
    later = "2026-07-01T12:34:56Z"
    for other in ("yesterday", 7, None, "2026-07-01T12:34:56"):
        (finding,) = found(listing(createdAt=other, updatedAt=later))
        assert finding.rule == "clock-behind"
        assert finding.message == "judged by 2026-06-01 00:00 UTC, but this was signed with the date 2026-07-01 12:34"
    assert found(listing(createdAt=later, updatedAt=later), datetime(2026, 7, 2, tzinfo=UTC)) == []
    assert len(found(listing(createdAt=later, updatedAt=later))) == 1
