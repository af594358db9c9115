"""Packages and external sources over the public API."""

from __future__ import annotations

import hashlib
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from lockstick.sandbox import Package
from sandbox.caller import CONTENT, IMAGES

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller
    from sandbox.conftest import Clock

FIRMWARE, HUB, LOADER = "firmware-1.0.bin", "sensors/co2 hub-2.3.1.bin", "tdx-bootloader-7.3.0.bin"


def upload(caller: Caller, *, base: str = "v2beta", content: Any = CONTENT, **query: Any) -> Any:
    wanted = {"name": "my tool", "version": "1.0+a/b", "targetFormat": "BINARY", "hardwareId": ["x", "y"], **query}
    params = {name: value for name, value in wanted.items() if value is not None}
    return caller.v2beta("/packages", "POST", base=base, params=params, content=content)


def ids(caller: Caller, **params: Any) -> list[str]:
    answer = caller.v2beta("/packages", params=params)
    assert answer.status_code == 200, answer.text
    return [one["packageId"] for one in answer.json()["values"]]


def test_an_uploaded_package_is_a_signed_target_whose_bytes_can_be_fetched(caller: Caller) -> None:
    answer = upload(caller)
    assert answer.status_code == 200
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert answer.json() == {
        "name": "my tool",
        "version": "1.0+a/b",
        "packageId": "my tool-1.0+a/b",
        "size": len(CONTENT),
        "hashes": {"sha256": digest},
        "packageSource": "targets.json",
        "pkgType": "BINARY",
        "hardwareIds": ["x", "y"],
        "createdAt": "2027-03-01T12:00:00Z",
        "uri": None,
        "proprietaryMeta": None,
        "comment": None,
    }
    entry = caller.images("targets.json")["signed"]["targets"]["my tool-1.0+a/b"]
    assert (entry["hashes"]["sha256"], entry["length"]) == (digest, len(CONTENT))
    assert caller.object("my tool-1.0+a/b").content == CONTENT


def test_the_same_name_and_version_again_is_a_conflict(caller: Caller) -> None:
    upload(caller)
    answer = upload(caller, content=b"other")
    assert (answer.status_code, answer.json()["code"]) == (409, "entity_already_exists")
    assert caller.object("my tool-1.0+a/b").content == CONTENT


@pytest.mark.parametrize(
    "query",
    [
        {"name": None},
        {"version": ""},
        {"targetFormat": "ZIP"},
        {"name": "a..b"},
        {"name": "n" * 250},
        {"hardwareId": ["h" * 201]},
    ],
)
def test_an_upload_without_a_usable_name_version_format_or_hardware_id_is_refused(
    caller: Caller, query: dict[str, Any]
) -> None:
    assert upload(caller, **query).status_code == 400


def test_only_the_edition_v2_insists_on_a_hardware_id(caller: Caller) -> None:
    assert upload(caller, base="v2", hardwareId=None).status_code == 400
    assert upload(caller, base="v2beta", hardwareId=None).json()["hardwareIds"] == []


@pytest.mark.parametrize(("length", "status"), [(2**31, 400), (2**31 - 1, 413), (512 * 10**6 + 1, 413)])
def test_a_body_that_is_too_long_is_refused_before_it_comes(
    caller: Caller, cloud: Sandbox, length: int, status: int
) -> None:
    port = int(cloud.api_url.rpartition(":")[2])
    head = (
        "POST /api/v2beta/packages?name=a&version=1&targetFormat=BINARY HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {caller.api_token()}\r\nContent-Length: {length}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_body_without_an_announced_length_is_refused(caller: Caller) -> None:
    assert upload(caller, content=iter([b"in chunks"])).status_code == 400


def test_packages_are_found_by_each_filter(caller: Caller) -> None:
    upload(caller)
    tool = "my tool-1.0+a/b"
    assert ids(caller) == [FIRMWARE, "maps-2026.09.bin", tool, HUB, LOADER]
    assert ids(caller, idContains="-1.0") == [FIRMWARE, tool]
    assert ids(caller, nameContains="co2 h") == [HUB]
    assert ids(caller, packageSource="tdx-quarterly.json") == [LOADER]
    assert ids(caller, packageSource=["tdx-quarterly.json", "targets.json"], name="firmware") == [FIRMWARE]
    assert ids(caller, version="1.0+a/b") == [tool]
    assert ids(caller, hardwareIds=["y", "co2-hub"]) == [tool, HUB]
    assert ids(caller, hashes=[hashlib.sha256(CONTENT).hexdigest()]) == [tool]
    assert ids(caller, packageIds=[FIRMWARE, HUB]) == [FIRMWARE, HUB]


def test_packages_are_sorted_and_come_in_pages(caller: Caller, clock: Clock) -> None:
    clock.advance(hours=1)
    upload(caller, name="aaa", version="1")
    everything = ids(caller)
    assert ids(caller, sortDirection="Desc") == everything[::-1]
    assert ids(caller, sortBy="CreatedAt")[-1] == ids(caller, sortBy="CreatedAt", sortDirection="Desc")[0] == "aaa-1"
    page = caller.v2beta("/packages", params={"offset": 2, "limit": 2}).json()
    assert ([one["packageId"] for one in page["values"]], page["total"]) == (everything[2:4], 5)
    assert (page["offset"], page["limit"]) == (2, 2)
    assert caller.v2beta("/packages").json()["limit"] == 50


@pytest.mark.parametrize("query", ["offset=-1", "limit=-1", "limit=x", "sortBy=Size", "sortDirection=asc"])
def test_a_listing_with_a_parameter_that_makes_no_sense_is_refused(caller: Caller, query: str) -> None:
    assert caller.v2beta(f"/packages?{query}").status_code == 400


def test_delegated_packages_lack_what_own_ones_have_as_null(caller: Caller) -> None:
    (one,) = caller.v2beta("/packages", params={"packageIds": LOADER}).json()["values"]
    assert "uri" not in one
    assert "comment" not in one


def test_an_edit_changes_what_it_names_in_the_signed_list_too(caller: Caller) -> None:
    path = f"/packages/{quote(HUB, safe='')}"
    changes = {"comment": "withdrawn", "hardwareIds": ["co3"], "proprietaryMeta": {"a": 1}, "uri": None}
    answer = caller.v2beta(path, "PATCH", json=changes)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["comment"], body["hardwareIds"], body["proprietaryMeta"]) == ("withdrawn", ["co3"], {"a": 1})
    custom = caller.images("targets.json")["signed"]["targets"][HUB]["custom"]
    assert (custom["hardwareIds"], custom["a"], custom["name"]) == (["co3"], 1, "sensors/co2 hub")
    assert caller.v2beta(path, "PATCH", json={"comment": None}).json()["comment"] == "withdrawn"
    assert caller.object(HUB).status_code == 200


def test_a_deleted_package_is_gone_from_the_list_and_the_signed_one(caller: Caller) -> None:
    answer = caller.v2beta(f"/packages/{quote(HUB, safe='')}", "DELETE")
    assert (answer.status_code, answer.content) == (200, b"")
    assert HUB not in ids(caller)
    assert HUB not in caller.images("targets.json")["signed"]["targets"]
    assert caller.v2beta(f"/packages/{quote(HUB, safe='')}", "DELETE").status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_delegated_and_unknown_packages_cannot_be_changed(caller: Caller, method: str) -> None:
    for target in (LOADER, "nothing-1"):
        assert caller.v2beta(f"/packages/{target}", method, json={}).json()["code"] == "missing_target"


@pytest.mark.parametrize("body", [[], {"hardwareIds": "x"}, {"proprietaryMeta": "x"}, {"comment": 1}, {"uri": 1}])
def test_an_edit_that_makes_no_sense_is_refused(caller: Caller, body: object) -> None:
    assert caller.v2beta(f"/packages/{FIRMWARE}", "PATCH", json=body).status_code == 400


def test_external_packages_name_their_origin(caller: Caller, cloud: Sandbox) -> None:
    cloud.add_package(Package(name="tdx-os", version="1", hardware_ids=("x",), role="tdx-quarterly", size=1))
    page = caller.v2beta("/packages_external", params={"idContains": "tdx-", "limit": 1}).json()
    assert page["total"] == 2
    (one,) = page["values"]
    assert one["delegationOrigin"] == "tdx-quarterly.json"
    assert "packageSource" not in one


def test_sources_are_refreshed_by_their_name_which_each_edition_spells_in_its_own_way(
    caller: Caller, clock: Clock
) -> None:
    info = caller.v2beta("/packages_external/info").json()
    assert set(info) == {"tdx-quarterly"}
    assert info["tdx-quarterly"]["lastFetched"] is None
    refresh = "/packages_external/refresh/tdx-quarterly"
    assert caller.v2beta(refresh).status_code == 404
    assert caller.v2beta(f"{refresh}.json", base="v2").status_code == 404
    answer = caller.v2beta(f"{refresh}.json")
    assert (answer.status_code, answer.content) == (200, b"")
    clock.advance(minutes=1)
    caller.v2beta(refresh, base="v2")
    assert caller.v2beta("/packages_external/info").json()["tdx-quarterly"]["lastFetched"] == "2027-03-01T12:01:00Z"


def test_the_image_repository_still_serves_what_was_uploaded_after_an_edit(caller: Caller) -> None:
    upload(caller)
    name = quote("my tool-1.0+a/b", safe="")
    caller.v2beta(f"/packages/{name}", "PATCH", json={"hardwareIds": ["z"]})
    assert caller.api(f"{IMAGES}/targets/{name}").status_code == 302
