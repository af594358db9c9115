"""The vendor's own client, ``torizon-io-api`` 0.0.7, against the rehearsal cloud and beside ours.

Each operation is done by both, over a wire that is written down. What the two send must be the same: method, path,
query, type of the body, and the body. Its own ways, which are no fault of ours:

* Its models made by ``from_dict`` write ``null`` for what is absent; made by their constructors, as here, they do not.
* It writes a time as ``+00:00``, which is the same moment as our ``Z``.
* It writes ``User-Agent`` and ``Accept-Encoding`` of its own.
* To upload, it reads the whole file into memory and leaves the length to the caller, who may be wrong.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import torizon_io_api as vendor

from cloud.api.wire import Request, Wire
from cloud.ground import LOCKBOX
from lockstick.cloud.api import Custom, LockboxDefinition, PackageEdit, PackageFilter, Update
from lockstick.sandbox import Fault, Status
from lockstick.sandbox.fleet import DEVICES, FLEETS
from lockstick.sandbox.publisher import API_CLIENT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cloud.api.conftest import Maker
    from lockstick.cloud.api import ApiClient
    from lockstick.sandbox import Sandbox

FIRMWARE, HUB = "firmware-1.0.bin", "sensors/co2 hub-2.3.1.bin"
CALM, WRY, OTHER = (device.uuid for device in DEVICES)
UNTIL = datetime(2031, 12, 31, 12, 30, tzinfo=UTC)
CONTENT = bytes(range(256)) * 300


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    with Wire(sandbox.api_url) as running:
        yield running


@pytest.fixture
def ours(make: Maker, wire: Wire) -> ApiClient:
    return make(url=wire.url)


@pytest.fixture
def theirs(sandbox: Sandbox, wire: Wire) -> vendor.ApiClient:
    secret = sandbox.client_secret(API_CLIENT_ID)
    form = f"grant_type=client_credentials&client_id={API_CLIENT_ID}&client_secret={secret}"
    token = str(sandbox.tokens.grant("", form.encode()).body["access_token"])
    return vendor.ApiClient(vendor.Configuration(host=f"{wire.url}/api/v2beta", access_token=token))


@pytest.fixture
def updates(theirs: vendor.ApiClient) -> vendor.UpdatesApi:
    return vendor.UpdatesApi(theirs)


@pytest.fixture
def packages(theirs: vendor.ApiClient) -> vendor.PackagesApi:
    return vendor.PackagesApi(theirs)


def essence(request: Request) -> tuple[str, dict[str, str], object]:
    """What must be the same: times in a JSON body are compared as moments."""
    kept = ("content-type", "accept", "transfer-encoding", "expect")
    headers = {name: value for name, value in request.headers.items() if name in kept}
    if headers.get("content-type") != "application/json":
        headers["content-length"] = request.headers.get("content-length", "")
        return request.line, headers, request.body
    body = json.loads(request.body)
    if isinstance(body, dict) and "expiresAt" in body:
        body["expiresAt"] = datetime.fromisoformat(body["expiresAt"])
    return request.line, headers, body


def same(wire: Wire, one: Callable[[], Any], other: Callable[[], Any]) -> tuple[Any, Any, Request]:
    """Let both do the same, see that they sent the same, and give what both got and what the first sent."""
    wire.take()
    first = one()
    sent = [request for request in wire.take() if "/auth/" not in request.line]
    second = other()
    sent_by_other = [request for request in wire.take() if "/auth/" not in request.line]
    assert [essence(request) for request in sent] == [essence(request) for request in sent_by_other]
    assert all(request.headers["authorization"].startswith("Bearer ") for request in [*sent, *sent_by_other])
    assert len(sent) == 1
    return first, second, sent[0]


# --- L1 to L5 -----------------------------------------------------------------------------------------


def test_lockboxes_are_listed(wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi) -> None:
    mine, vendors, sent = same(wire, ours.lockboxes.names, updates.get_lockboxes)
    assert list(mine) == vendors == [LOCKBOX]
    assert sent.line == "GET /api/v2beta/lockboxes"


def test_lockboxes_are_shown_in_full(wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi) -> None:
    mine, vendors, _ = same(wire, ours.lockboxes.details, updates.get_lockbox_details)
    assert {name: one.signed for name, one in mine.items()} == {name: one.signed for name, one in vendors.items()}
    assert mine[LOCKBOX].signatures[0].sig == vendors[LOCKBOX].signatures[0].sig


@pytest.mark.parametrize("version", [None, 1])
def test_a_lockbox_is_shown(
    wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi, sandbox: Sandbox, version: int | None
) -> None:
    sandbox.define_lockbox(LOCKBOX, [])
    mine, vendors, sent = same(
        wire,
        lambda: ours.lockboxes.document(LOCKBOX, version),
        lambda: updates.get_lockboxes_lockbox_name(lockbox_name=LOCKBOX, version=version),
    )
    assert mine.signed == vendors.signed
    assert mine.signed["version"] == version or 2
    assert sent.line == f"GET /api/v2beta/lockboxes/{LOCKBOX}" + ("" if version is None else "?version=1")


@pytest.mark.parametrize(
    ("definition", "request_"),
    [
        (
            LockboxDefinition(
                package_ids=[FIRMWARE, HUB],
                custom={HUB: Custom(uri="https://a.test/b", metadata={"ticket": ["K-12", 1, None]})},
                expires=UNTIL,
            ),
            vendor.CreateLockboxRequest(
                packageIds=[FIRMWARE, HUB],
                custom={HUB: vendor.CustomUpdateData(uri="https://a.test/b", metadata={"ticket": ["K-12", 1, None]})},
                expiresAt=UNTIL,
            ),
        ),
        (LockboxDefinition(package_ids=[FIRMWARE]), vendor.CreateLockboxRequest(packageIds=[FIRMWARE])),
        (LockboxDefinition(package_ids=[]), vendor.CreateLockboxRequest(packageIds=[])),
    ],
)
def test_a_lockbox_is_defined_replaced_and_revoked(
    wire: Wire,
    ours: ApiClient,
    updates: vendor.UpdatesApi,
    sandbox: Sandbox,
    definition: LockboxDefinition,
    request_: vendor.CreateLockboxRequest,
) -> None:
    same(
        wire,
        lambda: ours.lockboxes.define("kiosk", definition),
        lambda: updates.post_lockboxes_lockbox_name("kiosk", request_),
    )
    first, second = (sandbox.director.lockbox("kiosk", version)["signed"] for version in (1, 2))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["targets"] == second["targets"]
    if definition.expires is not None:
        assert first["expires"] == second["expires"] == "2031-12-31T12:30:00Z"


def test_a_lockbox_is_deleted(wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi, sandbox: Sandbox) -> None:
    def again() -> None:
        sandbox.define_lockbox(LOCKBOX)
        updates.delete_lockboxes_lockbox_name(LOCKBOX)

    same(wire, lambda: ours.lockboxes.delete(LOCKBOX), again)
    assert sandbox.director.names() == []


# --- U1 and U2 ----------------------------------------------------------------------------------------


def test_an_update_is_launched(wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi, sandbox: Sandbox) -> None:
    update = Update(package_ids=[FIRMWARE], devices=[CALM, OTHER], custom={FIRMWARE: Custom(metadata="x")})
    described = vendor.UpdateRequest(
        packageIds=[FIRMWARE],
        devices=[UUID(CALM), UUID(OTHER)],
        custom={FIRMWARE: vendor.CustomUpdateData(metadata="x")},
    )

    def theirs() -> Any:
        sandbox.fleet.cancel([CALM])  # a device takes one update at a time
        return updates.post_updates(described)

    mine, vendors, sent = same(wire, lambda: ours.updates.launch(update), theirs)
    assert sent.line == "POST /api/v2beta/updates"
    assert [one.uuid for one in mine.affected] == [str(one.device_uuid) for one in vendors.affected] == [CALM]
    (one,), (other,) = mine.not_affected, vendors.not_affected
    assert one.device.uuid == str(other.device_uuid) == OTHER
    assert {k: v.code for k, v in one.errors.items()} == {k: v.code for k, v in other.ecu_errors.items()}


def test_an_update_is_launched_for_a_fleet(
    wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi, sandbox: Sandbox
) -> None:
    def theirs() -> Any:
        sandbox.fleet.cancel([CALM, WRY])
        return updates.post_updates(vendor.UpdateRequest(packageIds=[FIRMWARE], fleets=[UUID(one) for one in FLEETS]))

    mine, vendors, _ = same(wire, lambda: ours.updates.launch(Update(package_ids=[FIRMWARE], fleets=[*FLEETS])), theirs)
    assert [one.device_id for one in mine.affected] == [one.device_id for one in vendors.affected]
    assert len(mine.affected) == 2


def test_updates_are_cancelled(wire: Wire, ours: ApiClient, updates: vendor.UpdatesApi, sandbox: Sandbox) -> None:
    record = sandbox.state.package(FIRMWARE)
    assert record is not None
    sandbox.fleet.launch([record], [CALM], [])

    def theirs() -> Any:
        sandbox.fleet.launch([record], [CALM], [])
        return json.loads(updates.patch_updates_without_preload_content(devices).data)

    devices = [UUID(CALM), UUID(WRY)]
    mine, vendors, sent = same(wire, lambda: ours.updates.cancel([CALM, WRY]), theirs)
    assert list(mine) == vendors == [CALM]
    assert sent.line == "PATCH /api/v2beta/updates"


def test_the_vendors_client_cancels_and_then_cannot_read_what_it_cancelled(
    updates: vendor.UpdatesApi, sandbox: Sandbox
) -> None:
    """A fault of 0.0.7: its reader of answers looks for a model named UUID.

    ``ApiClient.NATIVE_TYPES_MAPPING`` has no entry for the ``List[UUID]`` that ``patch_updates`` declares for its
    answer. So it raises AttributeError whenever something was cancelled, after the fact. Who uses it must take the raw
    answer, as the test above does.
    """
    record = sandbox.state.package(FIRMWARE)
    assert record is not None
    sandbox.fleet.launch([record], [CALM], [])
    with pytest.raises(AttributeError, match="UUID"):
        updates.patch_updates([UUID(CALM)])
    assert updates.patch_updates([UUID(CALM)]) == []  # it was cancelled all the same


# --- P1 to P4 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "arguments"),
    [
        ({}, {}),
        ({"name": "sensors/co2 hub", "version": "2.3.1"}, {"name": "sensors/co2 hub", "version": "2.3.1"}),
        ({"id_contains": "a+b&c=d %2B;ü"}, {"id_contains": "a+b&c=d %2B;ü"}),
        (
            {"name_contains": "o", "sources": ["targets.json", "x"], "hardware_ids": ["co2-hub", "verdin-imx8mp"]},
            {
                "name_contains": "o",
                "package_source": ["targets.json", "x"],
                "hardware_ids": ["co2-hub", "verdin-imx8mp"],
            },
        ),
        (
            {"package_ids": [FIRMWARE, HUB], "sort_by": "CreatedAt", "direction": "Desc"},
            {
                "package_ids": [FIRMWARE, HUB],
                "sort_by": vendor.TargetItemsSort.CREATEDAT,
                "sort_direction": vendor.SortDirection.DESC,
            },
        ),
        (
            {"sort_by": "Filename", "direction": "Asc"},
            {"sort_by": vendor.TargetItemsSort.FILENAME, "sort_direction": vendor.SortDirection.ASC},
        ),
    ],
)
def test_packages_are_listed(
    wire: Wire, ours: ApiClient, packages: vendor.PackagesApi, wanted: dict[str, Any], arguments: dict[str, Any]
) -> None:
    mine, vendors, _ = same(
        wire,
        lambda: ours.packages.page(PackageFilter(**wanted), offset=0, limit=7),
        lambda: packages.get_packages(offset=0, limit=7, **arguments),
    )
    assert [one.package_id for one in mine.values] == [one.package_id for one in vendors.values]
    assert (mine.total, mine.offset, mine.limit) == (vendors.total, vendors.offset, vendors.limit)
    for one, other in zip(mine.values, vendors.values, strict=True):
        assert (one.size, one.hashes, one.source, one.kind) == (
            other.size,
            other.hashes,
            other.package_source,
            other.pkg_type,
        )
        assert (one.created_at, list(one.hardware_ids)) == (other.created_at, other.hardware_ids)


def test_packages_are_listed_by_their_digests(
    wire: Wire, ours: ApiClient, packages: vendor.PackagesApi, sandbox: Sandbox
) -> None:
    record = sandbox.state.package(HUB)
    assert record is not None
    mine, vendors, _ = same(
        wire,
        lambda: ours.packages.page(PackageFilter(hashes=[record.sha256])),
        lambda: packages.get_packages(hashes=[record.sha256]),
    )
    assert [one.package_id for one in mine.values] == [one.package_id for one in vendors.values] == [HUB]


@pytest.mark.parametrize("hardware_ids", [["one"], ["verdin/1 a", "b+c"]])
def test_a_package_is_uploaded(
    wire: Wire,
    ours: ApiClient,
    packages: vendor.PackagesApi,
    sandbox: Sandbox,
    tmp_path: Path,
    hardware_ids: list[str],
) -> None:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)

    def theirs() -> Any:
        packages.delete_packages_packageid("my tool/x-1.0+b")
        wire.requests.pop()
        return packages.post_packages(
            name="my tool/x",
            version="1.0+b",
            target_format="BINARY",
            content_length=len(CONTENT),
            body=str(file),
            hardware_id=hardware_ids,
        )

    mine, vendors, sent = same(
        wire,
        lambda: ours.packages.upload(file, name="my tool/x", version="1.0+b", hardware_ids=hardware_ids),
        theirs,
    )
    assert mine.package_id == vendors.package_id == "my tool/x-1.0+b"
    assert sent.body == CONTENT
    assert sent.headers["content-type"] == "application/octet-stream"
    record = sandbox.state.package("my tool/x-1.0+b")
    assert record is not None
    assert (record.hardware_ids, record.length) == (tuple(hardware_ids), len(CONTENT))


def test_the_vendors_upload_of_a_length_that_is_not_the_bodys_goes_out_as_it_was_said(
    wire: Wire, packages: vendor.PackagesApi
) -> None:
    """Noticed for users: the length is an argument, and nobody compares it with the body."""
    packages.post_packages(
        name="a", version="1", target_format="BINARY", content_length=3, body=b"longer", hardware_id=["x"]
    )
    assert wire.take()[0].body == b"lon"


def test_a_package_is_edited(wire: Wire, ours: ApiClient, packages: vendor.PackagesApi) -> None:
    edit = PackageEdit(hardware_ids=["x", "y"], uri="https://a.test/b", proprietary={"a": [1]}, comment="withdrawn")
    described = vendor.EditPackage.from_dict(
        {"hardwareIds": ["x", "y"], "uri": "https://a.test/b", "proprietaryMeta": {"a": [1]}, "comment": "withdrawn"}
    )
    assert described is not None
    mine, vendors, sent = same(
        wire,
        lambda: ours.packages.edit(HUB, edit),
        lambda: packages.patch_packages_packageid(HUB, described),
    )
    assert (mine.comment, mine.proprietary, mine.uri) == (vendors.comment, vendors.proprietary_meta, vendors.uri)
    assert sent.line == "PATCH /api/v2beta/packages/sensors%2Fco2%20hub-2.3.1.bin"


def test_a_package_is_deleted(wire: Wire, ours: ApiClient, packages: vendor.PackagesApi, sandbox: Sandbox) -> None:
    from lockstick.sandbox import SEEDS  # noqa: PLC0415

    def theirs() -> None:
        sandbox.add_package(next(seed for seed in SEEDS if seed.target == HUB))
        packages.delete_packages_packageid(HUB)

    _, _, sent = same(wire, lambda: ours.packages.delete(HUB), theirs)
    assert sent.line == "DELETE /api/v2beta/packages/sensors%2Fco2%20hub-2.3.1.bin"
    assert sandbox.state.package(HUB) is None


# --- X1 to X3 -----------------------------------------------------------------------------------------


def test_external_packages_are_listed(wire: Wire, ours: ApiClient, packages: vendor.PackagesApi) -> None:
    def theirs() -> Any:
        with pytest.warns(DeprecationWarning, match="packages_external"):
            return packages.get_packages_external(offset=0, limit=3, id_contains="tdx-")

    mine, vendors, _ = same(wire, lambda: ours.sources.page(id_contains="tdx-", offset=0, limit=3), theirs)
    (one,), (other,) = mine.values, vendors.values
    assert (one.origin, one.package.package_id) == (other.delegation_origin, other.package_id)


def test_external_sources_are_described(wire: Wire, ours: ApiClient, packages: vendor.PackagesApi) -> None:
    mine, vendors, _ = same(wire, ours.sources.info, packages.get_packages_external_info)
    assert list(mine) == list(vendors) == ["tdx-quarterly"]
    assert mine["tdx-quarterly"].expires == vendors["tdx-quarterly"].expires
    assert mine["tdx-quarterly"].last_fetched is vendors["tdx-quarterly"].last_fetched is None


def test_external_sources_are_refreshed(wire: Wire, ours: ApiClient, packages: vendor.PackagesApi) -> None:
    same(
        wire,
        lambda: ours.sources.refresh("tdx-quarterly.json"),
        lambda: packages.get_packages_external_refresh_source_file_name("tdx-quarterly.json"),
    )
    assert ours.sources.info()["tdx-quarterly"].last_fetched is not None


# --- what the vendor's client makes of refusals -----------------------------------------------------


def test_refusals_reach_the_vendors_users_with_what_the_service_says(
    updates: vendor.UpdatesApi, packages: vendor.PackagesApi
) -> None:
    with pytest.raises(vendor.exceptions.NotFoundException) as missing:
        updates.get_lockboxes_lockbox_name("nothing")
    assert json.loads(str(missing.value.body))["code"] == "missing_admin_role"
    packages.post_packages("a", "1", "BINARY", 1, b"x", ["x"])
    with pytest.raises(vendor.exceptions.ConflictException):
        packages.post_packages("a", "1", "BINARY", 1, b"x", ["x"])


def test_the_vendors_client_does_not_wait_when_it_is_told_to(sandbox: Sandbox, updates: vendor.UpdatesApi) -> None:
    """It knows neither 420 nor 429 and hands them on at once."""
    sandbox.faults.add(Fault(match="*/lockboxes", kind=Status(status=420, retry_after=1)))
    with pytest.raises(vendor.exceptions.ApiException) as crowded:
        updates.get_lockboxes()
    assert crowded.value.status == 420
