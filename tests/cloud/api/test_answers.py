"""Answers against the schema: what may be missing, what may be new, and what is no answer."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.cloud.api import Custom, LockboxDefinition, PackageEdit, Update, content_of
from lockstick.cloud.api.model import Package, Signature, SignedDocument
from lockstick.cloud.api.paging import all_of
from lockstick.cloud.api.reading import (
    read_external_package,
    read_launch_result,
    read_package,
    read_page,
    read_signed_document,
    read_source,
)
from lockstick.cloud.api.shapes import ShapeError
from lockstick.errors import TransferError
from lockstick.sandbox import Fault, Replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.cloud.api import ApiClient, Page
    from lockstick.sandbox import Sandbox

UUID = "7c0a2f6e-50a0-4d3e-8d5b-6a4c2a3f9e01"
PACKAGE: dict[str, Any] = {"name": "n", "version": "v", "packageId": "n-v", "size": 3, "hashes": {"sha256": "ab"}}
OPTIONAL = ["packageSource", "pkgType", "hardwareIds", "createdAt", "uri", "proprietaryMeta", "comment"]
DEVICE = {"deviceUuid": UUID, "deviceId": "d", "name": "n"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
READERS: list[Callable[[Any], Any]] = [
    read_package,
    read_external_package,
    read_launch_result,
    read_signed_document,
    read_source,
    lambda value: read_page(value, read_package),
]


@pytest.mark.parametrize("name", OPTIONAL)
def test_null_and_absent_are_the_same(name: str) -> None:
    assert read_package({**PACKAGE, name: None}) == read_package(PACKAGE)


def test_all_members_of_a_package_are_read_and_unknown_ones_kept() -> None:
    full = {
        **PACKAGE,
        "packageSource": "targets.json",
        "pkgType": "BINARY",
        "hardwareIds": ["a", "b"],
        "createdAt": "2026-09-01T10:00:00.123+02:00",
        "uri": "https://a.test",
        "proprietaryMeta": [1, {"a": 0.5}],
        "comment": "c",
        "sbom": {"format": "spdx"},
    }
    assert read_package(full) == Package(
        name="n",
        version="v",
        package_id="n-v",
        size=3,
        hashes={"sha256": "ab"},
        source="targets.json",
        kind="BINARY",
        hardware_ids=("a", "b"),
        created_at=datetime(2026, 9, 1, 8, 0, 0, 123000, tzinfo=UTC),
        uri="https://a.test",
        proprietary=[1, {"a": 0.5}],
        comment="c",
        extra={"sbom": {"format": "spdx"}},
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": None}, "name is not a text"),
        ({"size": "3"}, "size is not a 64-bit number"),
        ({"size": True}, "size is not a 64-bit number"),
        ({"size": 3.0}, "size is not a 64-bit number"),
        ({"size": 2**63}, "size is not a 64-bit number"),
        ({"hashes": []}, "hashes is not an object"),
        ({"hashes": {"sha256": 1}}, "hashes.'sha256' is not a text"),
        ({"hardwareIds": "x"}, "hardwareIds is not a list"),
        ({"hardwareIds": ["x", 1]}, r"hardwareIds\[1\] is not a text"),
        ({"createdAt": "yesterday"}, "createdAt is not a time"),
        ({"createdAt": "0001-01-01T00:00:00+23:59"}, "createdAt is not a time"),
        ({"createdAt": "9999-12-31T23:59:59-00:01"}, "createdAt is not a time"),
        ({"createdAt": "2026-09-01T10:00:00"}, "createdAt is not a time"),
        ({"packageSource": ""}, "packageSource is empty"),
        ({"comment": "\ud800"}, "comment holds half a character"),
    ],
)
def test_a_member_of_another_shape_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ShapeError, match=problem):
        read_package({**PACKAGE, **changes})


@pytest.mark.parametrize("name", PACKAGE)
def test_a_member_that_must_be_there_is_missed(name: str) -> None:
    page = {"values": [{k: v for k, v in PACKAGE.items() if k != name}], "total": 1, "offset": 0, "limit": 1}
    with pytest.raises(ShapeError, match=f"values\\[0\\].{name} is missing"):
        read_page(page, read_package)


def test_the_newer_edition_always_names_the_source() -> None:
    with pytest.raises(ShapeError, match="packageSource"):
        read_package(PACKAGE, needs_source=True)


def test_a_signed_document_keeps_what_is_signed_as_it_is() -> None:
    signed = {"_type": "Offline-Updates", "targets": {"é": None}, "version": 1}
    signature = {"keyid": "k", "method": "one-of-2031", "sig": "s"}
    found = read_signed_document({"signatures": [signature], "signed": signed, "new": 1})
    assert found.signed == signed
    assert found.signatures == (Signature(keyid="k", method="one-of-2031", sig="s"),)
    assert found.extra == {"new": 1}
    assert json.loads(found.raw)["signed"] == signed
    assert read_signed_document({"signed": None}).signatures == ()
    with pytest.raises(ShapeError, match="signed is missing"):
        read_signed_document({"signatures": []})


def test_a_lockbox_that_came_alone_is_kept_byte_for_byte(api: ApiClient, sandbox: Sandbox) -> None:
    raw = b'{ "signed" : {"a":1,"\\u0061":2}, "signatures":null}\n'
    sandbox.faults.add(Fault(kind=Replace(body=raw), match="/api/*"))
    assert api.lockboxes.document("x").raw == raw


def test_what_became_of_an_update_is_read_with_the_reasons() -> None:
    error = {"code": "c", "description": "d", "cause": None, "errorId": UUID}
    found = read_launch_result(
        {"affected": [DEVICE], "notAffected": [{**DEVICE, "ecuErrors": {"e": error}, "tag": 1}], "updateId": "u"}
    )
    assert [one.device_id for one in found.affected] == ["d"]
    (other,) = found.not_affected
    assert (other.errors["e"].code, other.errors["e"].extra["errorId"]) == ("c", UUID)
    assert (other.device.extra, found.extra) == ({"tag": 1}, {"updateId": "u"})
    assert read_launch_result({}).affected == ()
    with pytest.raises(ShapeError, match=r"affected\[0\].deviceUuid is not a UUID"):
        read_launch_result({"affected": [{**DEVICE, "deviceUuid": "7"}]})


def test_sources_may_say_nothing_and_external_packages_name_their_origin() -> None:
    assert read_source({}) == read_source(
        {"lastFetched": None, "remoteUri": None, "friendlyName": None, "expires": None}
    )
    found = read_external_package({**PACKAGE, "delegationOrigin": "x.json"})
    assert (found.origin, found.package.source) == ("x.json", "x.json")
    with pytest.raises(ShapeError, match="delegationOrigin is missing"):
        read_external_package(PACKAGE)


@given(JSON)
def test_any_json_is_read_or_refused_by_its_shape(value: Any) -> None:
    for read in READERS:
        with suppress(ShapeError):
            read(value)
            assert isinstance(value, dict)  # all answers of these are objects


def test_an_answer_of_another_shape_is_an_error_that_names_the_place(api: ApiClient, sandbox: Sandbox) -> None:
    body = json.dumps({"values": [PACKAGE, {**PACKAGE, "size": "canary"}], "total": 2, "offset": 0, "limit": 50})
    sandbox.faults.add(Fault(kind=Replace(body=body.encode()), match="/api/*"))
    with pytest.raises(TransferError, match=r"values\[1\].size is not a 64-bit number") as refused:
        list(api.packages.all())
    assert "canary" not in f"{refused.value} {refused.value.remedy}"


# --- requests -----------------------------------------------------------------------------------------


def test_what_is_not_said_is_not_sent() -> None:
    assert LockboxDefinition(package_ids=()).wire() == {"packageIds": []}
    assert Update(package_ids=["p"], devices=["d"]).wire() == {"packageIds": ["p"], "devices": ["d"]}
    assert PackageEdit().wire() == {}
    assert Custom().wire() == {}


def test_times_are_sent_in_utc_and_never_guessed() -> None:
    berlin = datetime.fromisoformat("2026-12-31T01:00:00.9+01:00")
    assert LockboxDefinition(package_ids=(), expires=berlin).wire()["expiresAt"] == "2026-12-31T00:00:00Z"
    with pytest.raises(ValueError, match="zone"):
        LockboxDefinition(package_ids=(), expires=datetime(2026, 12, 31))  # noqa: DTZ001 - that is the point


# --- pages --------------------------------------------------------------------------------------------


def listing(names: list[str], most: int = 50, total: int | None = None) -> Callable[[int, int], Page[str]]:
    def fetch(offset: int, limit: int) -> Page[str]:
        values = names[offset : offset + min(limit, most)]
        promised = len(names) if total is None else total
        return read_page(
            {"values": values, "total": promised, "offset": offset, "limit": limit}, lambda value, _: str(value)
        )

    return fetch


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 101])
@pytest.mark.parametrize("most", [1, 7, 50])
def test_all_pages_are_gone_through_also_where_the_service_gives_fewer_than_asked(count: int, most: int) -> None:
    names = [str(n) for n in range(count)]
    assert list(all_of(listing(names, most), str)) == names


def test_a_value_that_slips_onto_the_next_page_is_given_once() -> None:
    names = [str(n) for n in range(60)]

    def fetch(offset: int, limit: int) -> Page[str]:
        page = listing(names)(offset, limit)
        names.insert(0, "new")
        return page

    assert list(all_of(fetch, str)) == [str(n) for n in range(60)]


def test_an_empty_page_ends_a_listing_that_promises_more() -> None:
    assert list(all_of(listing(["a"], total=10**9), str)) == ["a"]


def test_a_listing_without_end_is_left() -> None:
    page = read_page({"values": ["x"] * 10_000, "total": 10**12, "offset": 0, "limit": 1}, lambda value, _: str(value))
    with pytest.raises(TransferError, match="no end"):
        list(all_of(lambda _offset, _limit: page, str))


def test_a_service_that_gives_the_same_part_again_and_again_is_left_soon() -> None:
    page = read_page({"values": ["x"], "total": 10**12, "offset": 0, "limit": 1}, lambda value, _: str(value))
    asked = []

    def fetch(offset: int, _limit: int) -> Page[str]:
        asked.append(offset)
        return page

    with pytest.raises(TransferError, match="no end") as left:
        list(all_of(fetch, str))
    assert "again and again" in left.value.why
    assert len(asked) < 10


def test_a_listing_in_parts_of_one_is_left_as_well() -> None:
    asked = []

    def fetch(offset: int, limit: int) -> Page[str]:
        asked.append(offset)
        return read_page(
            {"values": [offset], "total": 10**12, "offset": offset, "limit": limit}, lambda value, _: str(value)
        )

    with pytest.raises(TransferError, match="no end"):
        list(all_of(fetch, str))
    assert len(asked) == 20_000


@pytest.mark.parametrize("length", [10**400, -(10**40), True, "3", None])
def test_a_length_that_is_none_is_not_shown_as_one(length: object) -> None:
    entry = {"hashes": {"sha256": "aa"}, "length": length}
    signed = {"version": 1, "targets": {"a": entry}}
    content = content_of(SignedDocument(signatures=(), signed=signed, raw=b""))
    assert (content.lengths, list(content.hashes)) == ({}, ["a"])
