"""What is to be known of each stick now: its days, its health, and what is newer elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from lockstick.media.records.identity import KnownBy
from lockstick.media.records.receipt import Roots
from lockstick.media.records.standing import MEASURABLE, StickRecord, standings
from media.records.ground import DIRECTOR, GOOD_UNTIL, IMAGE, NOW, failed, lockbox, receipt, speeds

if TYPE_CHECKING:
    from lockstick.media.records.receipt import Receipt


def of(*receipts: Receipt, name: str = "one", known_by: KnownBy = KnownBy.SERIAL, unreadable: int = 0) -> StickRecord:
    return StickRecord(name=name, known_by=known_by, receipts=receipts, unreadable=unreadable)


def checks(*receipts: Receipt, known_by: KnownBy = KnownBy.SERIAL, unreadable: int = 0) -> set[str]:
    (one,) = standings([of(*receipts, known_by=known_by, unreadable=unreadable)], NOW)
    return {remark.check for remark in one.remarks}


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=30, hours=3), 30),
        (timedelta(days=1), 1),
        (timedelta(hours=23, minutes=59), 0),
        (timedelta(0), 0),
        (timedelta(seconds=-1), -1),
        (timedelta(days=-3), -3),
    ],
)
def test_days_are_whole_ones_from_now(left: timedelta, days: int) -> None:
    (one,) = standings([of(receipt(lockbox=lockbox(good_until=NOW + left)))], NOW)
    assert one.days_left == days
    assert ({remark.check for remark in one.remarks} == {"lockbox-expired"}) == (left < timedelta(0))


def test_the_most_urgent_comes_first_and_what_carries_nothing_last() -> None:
    soon, late = lockbox(good_until=NOW + timedelta(days=1)), lockbox(good_until=NOW + timedelta(days=90))
    past = lockbox(good_until=NOW - timedelta(days=9))
    found = standings(
        [
            of(failed(lockbox=None), name="nothing"),
            of(receipt(lockbox=late), name="late"),
            of(receipt(lockbox=past), name="past"),
            of(receipt(lockbox=soon), name="soon"),
        ],
        NOW,
    )
    assert [one.record.name for one in found] == ["past", "soon", "late", "nothing"]
    assert (found[3].lockbox, found[3].days_left, found[3].written) == (None, None, None)


def test_a_stick_carries_what_was_written_and_proven_last() -> None:
    (one,) = standings([of(receipt(), receipt(lockbox=lockbox(name="line-b")), failed())], NOW)
    assert one.lockbox is not None
    assert (one.lockbox.name, one.written) == ("line-b", NOW)
    assert {remark.check for remark in one.remarks} == {"stick-failed-last"}


def test_a_failure_is_told_for_ever_and_the_last_one_louder() -> None:
    assert checks(receipt(), failed()) == {"stick-failed-last"}
    assert checks(failed(), receipt()) == {"stick-failed-before"}
    assert checks(receipt(), receipt()) == set()


@pytest.mark.parametrize(
    ("write", "warned"),
    [
        ([20, 20, 10], True),
        ([20, 20, 11], False),
        ([20, 10], False),
        ([10], False),
        ([20, 22, 2, 21, 9], True),
        ([20, 20, 5, 20], False),
        ([20, 20, None], False),
    ],
)
def test_a_stick_that_is_half_as_fast_as_it_was_is_told_of(write: list[int | None], *, warned: bool) -> None:
    receipts = [receipt(speeds=speeds(None if one is None else one * 1_000_000)) for one in write]
    assert checks(*receipts) == ({"stick-slower-write"} if warned else set())
    slow_reader = [receipt(speeds=speeds(20_000_000, None if one is None else one * 1_000_000)) for one in write]
    assert checks(*slow_reader) == ({"stick-slower-read"} if warned else set())


def test_the_speed_of_a_few_bytes_says_nothing() -> None:
    def three(size: int) -> list[Receipt]:
        usual = [receipt(), receipt()]
        return [*usual, receipt(speeds=speeds(1_000_000, size=size))]

    assert checks(*three(MEASURABLE)) == {"stick-slower-write"}
    assert checks(*three(MEASURABLE - 1)) == set()
    little = receipt().checking
    assert little is not None
    for count, warned in ((MEASURABLE, {"stick-slower-read"}), (MEASURABLE - 1, set())):
        last = receipt(speeds=speeds(20_000_000, 1_000_000), checking=replace(little, bytes_hashed=count))
        assert checks(receipt(), receipt(), last) == warned


def superseded(*records: StickRecord) -> set[str]:
    return {
        one.record.name
        for one in standings(records, NOW)
        if any(remark.check == "lockbox-superseded" for remark in one.remarks)
    }


def test_a_newer_version_elsewhere_makes_older_ones_known() -> None:
    newer = receipt(lockbox=lockbox(version=4))
    assert superseded(of(receipt(), name="old"), of(newer, name="new")) == {"old"}
    assert superseded(of(receipt(), name="old"), of(newer, receipt(lockbox=lockbox(name="b")), name="new")) == {"old"}
    assert superseded(of(newer, receipt(), name="put back")) == {"put back"}


def test_what_is_another_lockbox_or_was_never_proven_supersedes_nothing() -> None:
    others = [
        receipt(lockbox=lockbox(version=4, name="line-b")),
        receipt(lockbox=lockbox(version=4), roots=Roots(director="1" * 64, image_repo="2" * 64, source="store")),
        receipt(lockbox=lockbox(version=4), roots=Roots(director=None, image_repo=None, source="none")),
        failed(lockbox=lockbox(version=4)),
        receipt(lockbox=lockbox(version=3)),
    ]
    for other in others:
        assert superseded(of(receipt(), name="old"), of(other, name="new")) == set()


@pytest.mark.parametrize("roots", [("1" * 64, IMAGE), (DIRECTOR, "2" * 64)])
def test_one_root_in_common_is_enough_as_roots_are_renewed_one_at_a_time(roots: tuple[str, str]) -> None:
    newer = receipt(lockbox=lockbox(version=4), roots=Roots(director=roots[0], image_repo=roots[1], source="file"))
    assert superseded(of(receipt(), name="old"), of(newer, name="new")) == {"old"}


def test_what_cannot_be_told_is_said() -> None:
    assert checks(receipt(), known_by=KnownBy.LOOKS) == {"stick-uncertain"}
    assert checks(receipt(), unreadable=2) == {"record-unreadable"}
    (one,) = standings([of(unreadable=1)], NOW)
    assert (one.lockbox, one.stick.serial) == (None, "")


def test_every_remark_says_what_to_do() -> None:
    worst = [receipt(lockbox=lockbox(good_until=NOW - timedelta(days=1))), receipt(), failed()]
    for one in standings([of(*worst, known_by=KnownBy.LOOKS, unreadable=1)], GOOD_UNTIL + timedelta(days=1)):
        assert one.remarks
        assert all(remark.message and remark.remedy.endswith(".") for remark in one.remarks)
