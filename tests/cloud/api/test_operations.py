"""The operations as a program sees them, in both editions, and what each refuses before it is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cloud.ground import LOCKBOX
from lockstick.cloud.api import LockboxDefinition, PackageEdit, PackageFilter, Update, read_api_client
from lockstick.cloud.api.limits import MOST_LOCKBOXES, MOST_SNAPSHOT_BYTES, crowding
from lockstick.errors import NotFoundError, UsageError
from lockstick.metadata.canonical import canonical
from lockstick.sandbox import Fault, Sandbox, Status
from lockstick.sandbox.director import LOCKBOXES
from lockstick.sandbox.fleet import DEVICES

if TYPE_CHECKING:
    from pathlib import Path

    from cloud.api.conftest import Maker
    from lockstick.cloud.api import ApiClient

EDITIONS = ["v2beta", "v2"]
FIRMWARE, LOADER = "firmware-1.0.bin", "tdx-bootloader-7.3.0.bin"
CALM = DEVICES[0].uuid


@pytest.fixture(params=EDITIONS)
def each(request: pytest.FixtureRequest, make: Maker) -> ApiClient:
    """A client of each edition."""
    return make(edition=request.param)


def test_a_lockbox_lives_and_dies(each: ApiClient) -> None:
    until = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    each.lockboxes.define("kiosk", LockboxDefinition(package_ids=[FIRMWARE], expires=until))
    assert set(each.lockboxes.names()) == {"kiosk", LOCKBOX}
    each.lockboxes.revoke("kiosk")
    first, second = each.lockboxes.document("kiosk", 1).signed, each.lockboxes.document("kiosk").signed
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (list(first["targets"]), first["expires"]) == ([FIRMWARE], "2031-01-02T03:04:05Z")
    assert (second["targets"], second["version"]) == ({}, 2)
    assert set(each.lockboxes.details()) == {"kiosk", LOCKBOX}
    each.lockboxes.delete("kiosk")
    assert each.lockboxes.names() == (LOCKBOX,)
    with pytest.raises(NotFoundError, match="no lockbox 'kiosk'") as missing:
        each.lockboxes.document("kiosk")
    assert "lockboxes list" in missing.value.remedy
    with pytest.raises(NotFoundError) as missing:
        each.lockboxes.delete("kiosk")
    assert "lockboxes list" in missing.value.remedy
    with pytest.raises(NotFoundError, match="no version 99") as missing:
        each.lockboxes.document(LOCKBOX, 99)
    assert f"lockboxes show {LOCKBOX}" in missing.value.remedy


def test_an_account_without_any_lockbox_has_none(make: Maker, tmp_path: Path) -> None:
    with Sandbox.start(tmp_path / "new") as empty:
        api = make(url=empty.api_url, oauth=read_api_client(empty.api_client_path))
        assert (api.lockboxes.names(), dict(api.lockboxes.details())) == ((), {})


def test_a_lockbox_with_an_unknown_package_is_not_defined(api: ApiClient) -> None:
    with pytest.raises(NotFoundError, match="could not define the lockbox 'kiosk'") as missing:
        api.lockboxes.define("kiosk", LockboxDefinition(package_ids=[FIRMWARE, "nothing-1"]))
    assert "nothing-1" in missing.value.why
    assert "ids of the packages" in missing.value.remedy
    assert api.lockboxes.names() == (LOCKBOX,)


@pytest.mark.parametrize("name", ["", "with.dot", "with space", "a/b", "ä", "n" * 254, ".", ".."])
def test_what_cannot_be_a_lockboxs_name_is_not_sent(api: ApiClient, sandbox: Sandbox, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a lockbox's name"):
        api.lockboxes.define(name, LockboxDefinition(package_ids=()))
    assert not sandbox.requests.matching("/api/*")


@pytest.mark.parametrize("name", ["root", "Targets", "offline-updates"])
def test_a_name_that_devices_reserve_is_not_defined_and_can_be_revoked(
    api: ApiClient, sandbox: Sandbox, name: str
) -> None:
    with pytest.raises(UsageError, match="devices reserve it"):
        api.lockboxes.define(name, LockboxDefinition(package_ids=[FIRMWARE]))
    assert not sandbox.requests.matching("/api/*")
    api.lockboxes.revoke(name)
    assert name in api.lockboxes.names()


@pytest.mark.parametrize("version", [0, -1, 2**31])
def test_a_version_that_no_lockbox_can_have_is_not_asked_for(api: ApiClient, sandbox: Sandbox, version: int) -> None:
    with pytest.raises(UsageError, match=f"no version {version}"):
        api.lockboxes.document(LOCKBOX, version)
    assert not sandbox.requests.matching("/api/*")


def test_a_full_account_is_told_what_to_do(api: ApiClient, sandbox: Sandbox) -> None:
    document = sandbox.director.lockbox(LOCKBOX)
    for number in range(MOST_LOCKBOXES - 1):
        sandbox.state.put_document("director", f"{LOCKBOXES}box-{number}.json", 1, document)
    for name in ("another", LOCKBOX):  # the service lets none be changed either
        with pytest.raises(UsageError, match="too_many_offline_roles") as full:
            api.lockboxes.define(name, LockboxDefinition(package_ids=()))
        assert "300 lockboxes" in full.value.remedy
    assert crowding(api.lockboxes.names()).warnings
    api.lockboxes.delete("box-0")
    api.lockboxes.define(LOCKBOX, LockboxDefinition(package_ids=()))


def test_the_size_of_the_offline_snapshot_is_known_before_devices_refuse_it(sandbox: Sandbox) -> None:
    document = sandbox.director.lockbox(LOCKBOX)
    for count, expected in ((0, False), (200, False), (290, True)):
        for number in range(count):
            sandbox.state.put_document("director", f"{LOCKBOXES}{'n' * 80}-{number}.json", 1, document)
        real = len(canonical(sandbox.director.publish_snapshot()))
        told = crowding(sandbox.director.names())
        assert abs(told.snapshot_bytes - real) <= 8 + 5 * count  # digits of versions and lengths
        assert any(str(MOST_SNAPSHOT_BYTES) in warning for warning in told.warnings) is expected, (count, real)


def test_updates_go_to_devices_and_tell_when_nobody_takes_part(each: ApiClient) -> None:
    result = each.updates.launch(Update(package_ids=[FIRMWARE], devices=[DEVICES[2].uuid]))
    assert result.affected == ()
    assert result.not_affected[0].errors["verdin-imx8mp"].code == "ecu_does_not_support_target"
    assert each.updates.launch(Update(package_ids=[FIRMWARE], devices=[CALM])).affected[0].name == "Calm-Otter"


@pytest.mark.parametrize(
    "update", [Update(package_ids=(), devices=[CALM]), Update(package_ids=[FIRMWARE]), Update(package_ids=())]
)
def test_an_update_of_nothing_or_for_nobody_is_not_sent(api: ApiClient, sandbox: Sandbox, update: Update) -> None:
    with pytest.raises(UsageError, match="needs packages"):
        api.updates.launch(update)
    assert not sandbox.requests.matching("/api/*")


def test_cancelling_for_nobody_is_not_sent(api: ApiClient, sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="name the devices"):
        api.updates.cancel([])
    assert not sandbox.requests.matching("/api/*")


def test_what_the_newer_edition_lacks_is_said_before_anything_is_sent(
    make: Maker, sandbox: Sandbox, tmp_path: Path
) -> None:
    api = make(edition="v2")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(UsageError, match="no PATCH /updates"):
        api.updates.cancel([CALM])
    with pytest.raises(UsageError, match="takes 50 at most"):
        api.updates.launch(Update(package_ids=[FIRMWARE], devices=[CALM] * 51))
    with pytest.raises(UsageError, match="wants at least one"):
        api.packages.upload(tmp_path / "file", name="a", version="1", hardware_ids=[])
    assert not sandbox.requests.matching("/api/*")
    api.updates.launch(Update(package_ids=[FIRMWARE], devices=[CALM] * 50))


def test_what_the_older_edition_lacks_is_said_before_anything_is_sent(make: Maker, sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="v2beta of the interface does not know that filter"):
        make().packages.page(PackageFilter(has_sbom=True))
    assert not sandbox.requests.matching("/api/*")
    assert make(edition="v2").packages.page(PackageFilter(has_sbom=False)).total == 4


def test_a_package_is_found_edited_and_deleted(each: ApiClient) -> None:
    hub = each.packages.find("sensors/co2 hub-2.3.1.bin")
    assert (hub.name, hub.source, hub.hardware_ids) == ("sensors/co2 hub", "targets.json", ("co2-hub",))
    edited = each.packages.edit(hub.package_id, PackageEdit(comment="withdrawn"))
    assert (edited.comment, edited.hardware_ids) == ("withdrawn", ("co2-hub",))
    each.packages.delete(hub.package_id)
    for missing in (hub.package_id, "sensors"):
        with pytest.raises(NotFoundError, match="no package with the id") as unknown:
            each.packages.find(missing)
        assert "packages list" in unknown.value.remedy


def test_delegated_packages_are_listed_and_cannot_be_changed(each: ApiClient) -> None:
    assert each.packages.find(LOADER).source == "tdx-quarterly.json"
    with pytest.raises(NotFoundError) as refused:
        each.packages.delete(LOADER)
    assert "Only own packages" in refused.value.remedy


@pytest.mark.parametrize("package_id", ["", ".", ".."])
def test_a_package_whose_id_would_lead_elsewhere_is_not_asked_for(
    api: ApiClient, sandbox: Sandbox, package_id: str
) -> None:
    with pytest.raises(UsageError, match="cannot be asked for"):
        api.packages.delete(package_id)
    assert not sandbox.requests.matching("/api/*")


@pytest.mark.parametrize("name", ["tdx-quarterly", "tdx-quarterly.json"])
def test_a_source_is_refreshed_by_either_spelling_of_its_name(each: ApiClient, name: str) -> None:
    each.sources.refresh(name)
    assert each.sources.info()["tdx-quarterly"].last_fetched is not None
    with pytest.raises(NotFoundError, match="external source 'nothing'"):
        each.sources.refresh("nothing")


def test_external_packages_are_listed(each: ApiClient) -> None:
    assert [one.package.package_id for one in each.sources.all()] == [LOADER]
    assert list(each.sources.all(id_contains="firmware")) == []


def test_an_account_without_external_sources_has_none(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(kind=Status(status=404), match="*/info"))
    assert api.sources.info() == {}
