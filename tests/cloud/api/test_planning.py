"""What a definition would change, before it is published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cloud.ground import LOCKBOX
from lockstick.cloud.api import LockboxDefinition, Package
from lockstick.cloud.api.model import SignedDocument
from lockstick.cloud.api.planning import LockboxContent, content_of, plan_definition
from lockstick.errors import TransferError

if TYPE_CHECKING:
    from lockstick.cloud.api import ApiClient

UNTIL = datetime(2031, 1, 1, tzinfo=UTC)


def package(name: str, version: str, *hardware_ids: str, digest: str = "aa") -> Package:
    return Package(
        name=name,
        version=version,
        package_id=f"{name}-{version}",
        size=1,
        hashes={"sha256": digest},
        hardware_ids=hardware_ids or (name,),
    )


KNOWN = {
    one.package_id: one
    for one in (
        package("os", "1"),
        package("os", "2"),
        package("app", "1"),
        package("tool", "1"),
        package("tool", "2", "os", "tool"),
        package("map", "1", digest="BB"),
    )
}


def before(*ids: str) -> LockboxContent:
    return LockboxContent(version=3, expires=UNTIL, hashes={one: {"sha256": "aa"} for one in ids})


def test_a_new_lockbox_only_adds() -> None:
    plan = plan_definition(LockboxDefinition(package_ids=["app-1", "os-1"], expires=UNTIL), KNOWN, None)
    assert (plan.before, plan.expires, plan.added) == (None, UNTIL, ("app-1", "os-1"))
    assert plan.changes_packages
    assert (plan.removed, plan.replaced, plan.changed, plan.kept, plan.unknown) == ((), (), (), (), ())
    assert not plan.is_refused_by_devices


def test_what_comes_goes_stays_and_gets_another_version_is_told_apart() -> None:
    plan = plan_definition(
        LockboxDefinition(package_ids=["os-2", "app-1", "map-1"]), KNOWN, before("tool-1", "os-1", "app-1")
    )
    assert plan.replaced == (("os-1", "os-2"),)
    assert (plan.added, plan.removed, plan.kept) == (("map-1",), ("tool-1",), ("app-1",))
    assert plan.changes_packages


def test_other_bytes_under_the_same_id_are_a_change() -> None:
    plan = plan_definition(LockboxDefinition(package_ids=["map-1", "app-1"]), KNOWN, before("map-1", "app-1"))
    assert (plan.changed, plan.kept) == (("map-1",), ("app-1",))
    same = LockboxContent(version=1, expires=None, hashes={"map-1": {"sha256": "bb", "sha512": "cc"}})
    assert plan_definition(LockboxDefinition(package_ids=["map-1"]), KNOWN, same).kept == ("map-1",)


def test_the_same_packages_again_change_nothing_but_the_version() -> None:
    plan = plan_definition(LockboxDefinition(package_ids=["app-1", "os-1", "app-1"]), KNOWN, before("os-1", "app-1"))
    assert not plan.changes_packages
    assert plan.kept == ("app-1", "os-1")


def test_revoking_takes_everything_out_even_what_the_account_no_longer_has() -> None:
    plan = plan_definition(LockboxDefinition(package_ids=()), KNOWN, before("gone-1", "os-1"))
    assert (plan.removed, plan.changes_packages) == (("gone-1", "os-1"), True)


def test_two_packages_for_one_hardware_id_are_noticed_before_devices_refuse_everything() -> None:
    plan = plan_definition(LockboxDefinition(package_ids=["tool-2", "os-1", "app-1", "os-1"]), KNOWN, None)
    assert plan.crowded == {"os": ("tool-2", "os-1")}
    assert plan.is_refused_by_devices


def test_packages_that_are_not_known_or_for_nothing_are_noticed() -> None:
    known = {**KNOWN, "x-1": Package(name="x", version="1", package_id="x-1", size=1, hashes={})}
    plan = plan_definition(LockboxDefinition(package_ids=["x-1", "y-1"]), known, None)
    assert (plan.unknown, plan.homeless, plan.added) == (("y-1",), ("x-1",), ("x-1", "y-1"))


def test_each_old_version_is_paired_once() -> None:
    known = {**KNOWN, "os-3": package("os", "3")}
    plan = plan_definition(LockboxDefinition(package_ids=["os-2", "os-3"]), known, before("os-1"))
    assert (plan.replaced, plan.added) == ((("os-1", "os-2"),), ("os-3",))


def test_what_is_there_is_read_from_the_signed_lockbox(api: ApiClient) -> None:
    api.lockboxes.define(LOCKBOX, LockboxDefinition(package_ids=["firmware-1.0.bin"], expires=UNTIL))
    content = content_of(api.lockboxes.document(LOCKBOX))
    packages = {one.package_id: one for one in api.packages.all()}
    assert (content.version, content.expires, list(content.hashes)) == (2, UNTIL, ["firmware-1.0.bin"])
    plan = plan_definition(LockboxDefinition(package_ids=["firmware-1.0.bin"]), packages, content)
    assert plan.kept == ("firmware-1.0.bin",)


@pytest.mark.parametrize("signed", [None, [], {}, {"version": 1}, {"version": 1, "targets": {"a": 1}}])
def test_a_lockbox_that_says_nothing_of_the_kind_is_an_error(signed: object) -> None:
    with pytest.raises(TransferError, match="cannot be read"):
        content_of(SignedDocument(signatures=(), signed=signed, raw=b""))
