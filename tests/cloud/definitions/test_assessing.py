"""What a definition would do, and what devices or the service would refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud.api import Custom, LockboxDefinition, Package, content_of, plan_definition
from lockstick.cloud.api.limits import MOST_LOCKBOXES, crowding
from lockstick.cloud.api.model import SignedDocument
from lockstick.cloud.api.planning import LockboxContent
from lockstick.cloud.definitions import Assessment, Date, Expiry, Span, assess
from lockstick.cloud.definitions.assessing import MOST_LOCKBOX_BYTES, lockbox_bytes
from lockstick.errors import UsageError
from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonObject

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def package(name: str, *hardware_ids: str, size: int = 1) -> Package:
    return Package(
        name=name, version="1", package_id=f"{name}-1", size=size, hashes={"sha256": "aa"}, hardware_ids=hardware_ids
    )


KNOWN = {one.package_id: one for one in (package("os", "board"), package("app", "docker"), package("os2", "board"))}


@dataclass
class Case:
    """A definition and what is there; each test changes what it is about."""

    ids: tuple[str, ...] = ("os-1",)
    there: tuple[str, ...] | None = ("os-1",)
    ends: datetime | None = NOW + 90 * DAY
    expiry: Expiry | None = None
    names: tuple[str, ...] = ("box",)
    known: dict[str, Package] = field(default_factory=lambda: dict(KNOWN))
    custom: dict[str, Custom] = field(default_factory=dict)
    renew: bool = False

    def assess(self) -> Assessment:
        expires = None if self.expiry is None else self.expiry.after(NOW)
        definition = LockboxDefinition(package_ids=self.ids, custom=self.custom, expires=expires)
        before = None
        if self.there is not None:
            hashes = {one: {"sha256": "aa"} for one in self.there}
            before = LockboxContent(version=3, expires=self.ends, hashes=hashes)
        return assess(
            "box",
            definition,
            plan_definition(definition, self.known, before),
            expiry=self.expiry,
            packages=self.known,
            names=self.names,
            now=NOW,
            renew=self.renew,
        )


# --- is there anything to do? --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        (Case(), False),
        (Case(there=None), True),
        (Case(ids=("app-1",)), True),
        (Case(custom={"os-1": Custom(metadata={"a": 1})}), True),
        (Case(renew=True), True),
        (Case(ends=NOW), True),
        (Case(ends=NOW + timedelta(seconds=1)), False),
        (Case(ends=None), False),
        (Case(ends=None, expiry=Span(1, "days")), True),
        (Case(expiry=Span(90, "days")), False),
        (Case(expiry=Span(91, "days")), False),
        (Case(expiry=Span(89, "days")), True),
        (Case(expiry=Span(90, "days"), ends=NOW + 90 * DAY + timedelta(minutes=5)), False),
        (Case(expiry=Span(90, "days"), ends=NOW + 90 * DAY + timedelta(minutes=6)), True),
        (Case(expiry=Date(NOW + 90 * DAY)), False),
        (Case(expiry=Date(NOW + 91 * DAY)), True),
        (Case(expiry=Date(NOW + 89 * DAY)), True),
    ],
)
def test_only_what_changes_something_is_sent(case: Case, changes: bool) -> None:  # noqa: FBT001 - pytest hands it over
    assert case.assess().changes is changes


def test_a_span_that_has_nearly_run_out_is_told_while_nothing_changes() -> None:
    assert Case(expiry=Span(90, "days"), ends=NOW + 9 * DAY).assess().warnings == ()
    (warning,) = Case(expiry=Span(90, "days"), ends=NOW + 8 * DAY).assess().warnings
    assert "--renew" in warning
    assert Case(ends=NOW + timedelta(hours=1)).assess().warnings == ()


@pytest.mark.parametrize("expiry", [Date(NOW), Date(NOW - DAY)])
def test_an_end_that_is_over_is_refused(expiry: Date) -> None:
    with pytest.raises(UsageError, match="over before"):
        Case(expiry=expiry).assess()


# --- what would be refused -----------------------------------------------------------------------


def test_two_packages_for_one_hardware_id_are_an_obstacle() -> None:
    (obstacle,) = Case(ids=("os-1", "os2-1", "app-1")).assess().obstacles
    assert "'os-1' and 'os2-1'" in obstacle
    assert "'board'" in obstacle
    assert Case(ids=("os-1", "app-1")).assess().obstacles == ()


def test_a_full_account_is_an_obstacle_and_one_that_is_nearly_full_a_warning() -> None:
    names = tuple(f"box{n}" for n in range(MOST_LOCKBOXES))
    (obstacle,) = Case(there=None, names=names).assess().obstacles
    assert f"{MOST_LOCKBOXES} lockboxes" in obstacle
    nearly = Case(there=None, names=names[:-1]).assess()
    assert nearly.obstacles == ()
    assert any("300 of 300" in one for one in nearly.warnings)


def test_a_list_of_all_lockboxes_that_devices_would_not_read_is_an_obstacle() -> None:
    long = [f"{n:03}-{'x' * 249}" for n in range(250)]
    fitting = max(n for n in range(250) if crowding([*long[:n], "box"]).snapshot_bytes <= 64 << 10)
    near = Case(there=None, names=tuple(long[:fitting])).assess()
    assert near.obstacles == ()
    assert any("65536 bytes" in one for one in near.warnings)
    (obstacle,) = Case(there=None, names=tuple(long[: fitting + 1])).assess().obstacles
    assert "every stick of the account" in obstacle
    # A lockbox that is in the list already does not make it longer.
    there = Case(ids=("app-1",), names=("box", *long[: fitting + 5])).assess()
    assert (there.changes, there.obstacles) == (True, ())


def test_a_lockbox_of_more_bytes_than_devices_read_is_an_obstacle() -> None:
    known = {one.package_id: one for one in (package(f"p{n:03}{'x' * 200}", f"h{n}") for n in range(300))}
    ids = tuple(known)

    def length(count: int) -> int:
        return lockbox_bytes(LockboxDefinition(package_ids=ids[:count]), known)

    most = max(n for n in range(300) if length(n) <= MOST_LOCKBOX_BYTES)
    near = Case(ids=ids[:most], known=known).assess()
    assert near.obstacles == ()
    assert any("Its signed list has about" in one for one in near.warnings)
    (obstacle,) = Case(ids=ids[: most + 1], known=known).assess().obstacles
    assert "Its signed list would have" in obstacle
    assert Case(ids=ids[: most // 2], known=known).assess().warnings == ()


def test_the_estimate_is_that_of_a_list_as_it_is_signed() -> None:
    known = {"os-1": package("os", "board", "b2", size=12345)}
    targets: JsonObject = {
        "os-1": {"custom": {"hardwareIds": ["board", "b2"]}, "hashes": {"sha256": "a" * 64}, "length": 12345}
    }
    whole: JsonObject = {
        "signatures": [{"keyid": "b" * 64, "method": "rsassa-pss-sha256", "sig": "c" * 344}],
        "signed": {"_type": "Offline-Updates", "expires": "2028-01-01T00:00:00Z", "targets": targets, "version": 123},
    }
    assert lockbox_bytes(LockboxDefinition(package_ids=["os-1"]), known) == len(canonical(whole))


def test_metadata_counts_as_part_of_the_signed_list() -> None:
    plain = LockboxDefinition(package_ids=["os-1"])
    said = LockboxDefinition(package_ids=["os-1"], custom={"os-1": Custom(metadata={"k": "v" * 100})})
    assert (
        lockbox_bytes(said, KNOWN) - lockbox_bytes(plain, KNOWN) == len(canonical({"metadata": {"k": "v" * 100}})) - 1
    )


def test_what_may_surprise_is_a_warning() -> None:
    known = {**KNOWN, "big-1": package("big", "b", size=2**32), "lost-1": package("lost")}
    case = Case(ids=("big-1", "lost-1"), known=known, expiry=Span(23, "hours"))
    texts = " ".join(case.assess().warnings)
    assert "FAT32" in texts
    assert "'lost-1' is for no hardware id" in texts
    assert "less than a day" in texts
    sized = {**KNOWN, "big-1": package("big", "b", size=2**32 - 1)}
    assert Case(ids=("big-1",), known=sized, expiry=Span(24, "hours")).assess().warnings == ()


def test_nothing_stands_in_the_way_of_what_is_not_sent() -> None:
    twice = Case(ids=("os-1", "os2-1"), there=("os-1", "os2-1")).assess()
    assert (twice.changes, twice.obstacles) == (False, ())


# --- what is there, wherever the service put it --------------------------------------------------


def content(custom: object) -> LockboxContent:
    entry = {"hashes": {"sha256": "aa"}, "length": 1, "custom": custom}
    signed = {"version": 3, "expires": "2028-01-01T00:00:00Z", "targets": {"os-1": entry}}
    return content_of(SignedDocument(signatures=(), signed=signed, raw=b""))


@pytest.mark.parametrize(
    ("wanted", "custom", "is_same"),
    [
        ({"a": 1}, {"hardwareIds": ["board"], "metadata": {"a": 1}}, True),
        ({"a": 1}, {"userDefinedCustom": {"a": 1}}, True),
        ({"a": 1}, {"a": 1, "hardwareIds": ["board"], "updatedAt": "then"}, True),
        ({"a": 1}, {"metadata": {"a": 2}}, False),
        ({"a": 1}, {"metadata": {"a": True}}, False),
        ({"a": 1}, {"metadata": {"a": 1, "b": 2}}, False),
        ({"a": 1}, {}, False),
        ({"a": 1}, None, False),
        ("text", {"metadata": "text"}, True),
        ("text", {"metadata": ["text"]}, False),
        (None, {"hardwareIds": ["board"], "uri": None, "updatedAt": "then"}, True),
        (None, {"hardwareIds": ["board", "board"]}, True),
        (None, {"hardwareIds": ["board", "x"]}, False),
        (None, {"hardwareIds": []}, False),
        (None, {"hardwareIds": None}, True),
        (None, {"metadata": None}, True),
        (None, {"metadata": {}}, True),
        (None, None, True),
        (None, {"metadata": {"a": 1}}, False),
        (None, {"userDefinedCustom": 0}, False),
        ({}, {"metadata": {}}, True),
        ({}, {"metadata": {"a": 1}}, False),
    ],
)
def test_metadata_is_found_wherever_the_service_may_have_put_it(
    wanted: object, custom: object, *, is_same: bool
) -> None:
    definition = LockboxDefinition(package_ids=["os-1"], custom={"os-1": Custom(metadata=wanted)})
    assert (plan_definition(definition, KNOWN, content(custom)).restated == ()) is is_same
