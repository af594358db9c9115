"""Lockboxes and updates over the public API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockstick.sandbox.fleet import DEVICES, FLEETS
from sandbox.caller import DIRECTOR, IMAGES, role_signed

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller

FIRMWARE, MAPS = "firmware-1.0.bin", "maps-2026.09.bin"
CALM, WRY, HUB = (device.uuid for device in DEVICES)


@pytest.mark.parametrize("base", ["v2beta", "v2"])
def test_a_definition_answers_nothing_and_is_signed_by_the_director(caller: Caller, base: str) -> None:
    answer = caller.v2beta("/lockboxes/kiosk", "POST", base=base, json={"packageIds": [FIRMWARE]})
    assert (answer.status_code, answer.content) == (200, b"")
    lockbox = caller.v2beta("/lockboxes/kiosk", base=base).json()
    assert role_signed(lockbox, caller.director("root.json"), "offline-updates")
    assert lockbox == caller.director("offline-updates/kiosk.json")


def test_a_definition_replaces_all_of_the_one_before(caller: Caller) -> None:
    caller.v2beta("/lockboxes/kiosk", "POST", json={"packageIds": [FIRMWARE], "expiresAt": "2027-04-01T00:00:00Z"})
    custom = {MAPS: {"uri": None, "metadata": {"ticket": "K-12"}}, "another": {}}
    caller.v2beta("/lockboxes/kiosk", "POST", json={"packageIds": [MAPS], "custom": custom})
    signed = caller.v2beta("/lockboxes/kiosk").json()["signed"]
    assert signed["version"] == 2
    assert signed["expires"].startswith("2028-02-29")  # a year from the test's today: the first date is gone
    assert list(signed["targets"]) == [MAPS]
    assert signed["targets"][MAPS]["custom"] == {"hardwareIds": ["map-unit"], "metadata": {"ticket": "K-12"}}
    first = caller.v2beta("/lockboxes/kiosk", params={"version": 1}).json()["signed"]
    assert list(first["targets"]) == [FIRMWARE]


def test_every_definition_and_deletion_bumps_the_one_offline_snapshot(caller: Caller) -> None:
    versions = []
    for name, method in (("a", "POST"), ("b", "POST"), ("a", "POST"), ("b", "DELETE")):
        caller.v2beta(f"/lockboxes/{name}", method, json={"packageIds": []})
        versions.append(caller.director("offline-snapshot.json")["signed"]["version"])
    assert versions == [1, 2, 3, 4]


def test_a_revoked_lockbox_is_listed_and_a_deleted_one_is_not(caller: Caller) -> None:
    assert caller.v2beta("/lockboxes").status_code == 404  # none was ever defined
    for name in ("a", "b"):
        caller.v2beta(f"/lockboxes/{name}", "POST", json={"packageIds": [FIRMWARE]})
    caller.v2beta("/lockboxes/a", "POST", json={})
    answer = caller.v2beta("/lockboxes/b", "DELETE")
    assert (answer.status_code, answer.content) == (200, b"")
    assert caller.v2beta("/lockboxes").json() == ["a"]
    details = caller.v2beta("/lockbox-details").json()
    assert {name: one["signed"]["targets"] for name, one in details.items()} == {"a": {}}
    assert caller.v2beta("/lockboxes/b").status_code == 404
    assert caller.v2beta("/lockboxes/b", "DELETE").json()["code"] == "missing_admin_role"


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("kiosk", {"packageIds": ["nothing-1"]}, 404, "missing_target"),
        ("with.dot", {"packageIds": []}, 400, "invalid_offline_target_name"),
        ("kiosk", {"packageIds": "x"}, 400, "invalid_entity"),
        ("kiosk", {"expiresAt": "tomorrow"}, 400, "invalid_entity"),
        ("kiosk", {"expiresAt": "2027-01-01T00:00:00"}, 400, "invalid_entity"),
        ("kiosk", [], 400, "invalid_entity"),
        ("kiosk", {"packageIds": [MAPS], "custom": {MAPS: {"metadata": 0.5}}}, 400, "invalid_entity"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused_and_changes_nothing(
    caller: Caller, name: str, body: object, status: int, code: str
) -> None:
    caller.v2beta("/lockboxes/kiosk", "POST", json={"packageIds": [FIRMWARE]})
    before = caller.v2beta("/lockbox-details").json()
    answer = caller.v2beta(f"/lockboxes/{name}", "POST", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "msg", "description", "cause", "errorId"}
    assert caller.v2beta("/lockbox-details").json() == before


@pytest.mark.parametrize("path", ["/lockboxes/kiosk?version=x", "/lockboxes/kiosk?version=-1"])
def test_a_version_that_is_no_number_is_refused(caller: Caller, path: str) -> None:
    assert caller.v2beta(path).status_code == 400


def test_a_body_that_is_not_json_is_refused(caller: Caller) -> None:
    for path, method in (("/lockboxes/kiosk", "POST"), ("/updates", "POST"), ("/updates", "PATCH")):
        assert caller.v2beta(path, method, content=b"{").status_code == 400


def test_an_update_for_a_fleet_that_is_not_known_is_refused(caller: Caller) -> None:
    update = {"packageIds": [FIRMWARE], "fleets": [CALM]}
    assert caller.v2beta("/updates", "POST", json=update).json()["code"] == "missing_fleet"


def test_an_update_says_who_takes_part_and_why_others_do_not(caller: Caller) -> None:
    answer = caller.v2beta("/updates", "POST", json={"packageIds": [FIRMWARE], "devices": [CALM, HUB]})
    assert answer.status_code == 201
    body = answer.json()
    assert body["affected"] == [{"deviceUuid": CALM, "deviceId": "verdin-0815", "name": "Calm-Otter"}]
    (other,) = body["notAffected"]
    assert other["deviceUuid"] == HUB
    assert other["ecuErrors"]["verdin-imx8mp"]["code"] == "ecu_does_not_support_target"


def test_an_update_that_nobody_takes_part_in_is_201_as_well(caller: Caller) -> None:
    answer = caller.v2beta("/updates", "POST", json={"packageIds": [FIRMWARE], "devices": [HUB]})
    assert (answer.status_code, answer.json()["affected"]) == (201, [])


def test_a_fleet_is_all_its_devices_and_one_update_at_a_time_goes_to_each(caller: Caller) -> None:
    update = {"packageIds": [FIRMWARE], "devices": None, "fleets": list(FLEETS)}
    first = caller.v2beta("/updates", "POST", json=update).json()
    assert [one["deviceUuid"] for one in first["affected"]] == [CALM, WRY]
    second = caller.v2beta("/updates", "POST", json=update).json()
    assert (second["affected"], len(second["notAffected"])) == ([], 2)


def test_only_what_a_device_has_not_picked_up_is_cancelled(caller: Caller, cloud: Sandbox) -> None:
    caller.v2beta("/updates", "POST", json={"packageIds": [FIRMWARE], "devices": [CALM, WRY]})
    cloud.fleet.pick_up(CALM)
    assert caller.v2beta("/updates", "PATCH", json=[CALM, WRY, HUB]).json() == [WRY]
    assert caller.v2beta("/updates", "PATCH", json=[WRY]).json() == []
    assert caller.v2beta("/updates", "PATCH").json() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"packageIds": [FIRMWARE]},
        {"packageIds": [], "devices": [CALM]},
        {"packageIds": [FIRMWARE], "devices": ["x"]},
    ],
)
def test_an_update_without_packages_or_known_devices_is_refused(caller: Caller, body: object) -> None:
    assert caller.v2beta("/updates", "POST", json=body).status_code == 400


def test_the_edition_v2_cancels_nothing_by_device_and_takes_fifty_devices(caller: Caller) -> None:
    assert caller.v2beta("/updates", "PATCH", base="v2", json=[CALM]).status_code == 405
    update = {"packageIds": [FIRMWARE], "devices": [CALM] * 51}
    assert caller.v2beta("/updates", "POST", base="v2", json=update).status_code == 400
    assert caller.v2beta("/updates", "POST", json=update).status_code == 201


def test_each_kind_of_client_is_refused_where_the_other_belongs(caller: Caller, cloud: Sandbox) -> None:
    api = json.loads(cloud.api_client_path.read_text())
    assert api["token_endpoint"] == f"{cloud.api_url}/auth/realms/ota-users/protocol/openid-connect/token"
    form = {"grant_type": "client_credentials", "client_id": api["client_id"], "client_secret": api["secret"]}
    token = caller.http.post(api["token_endpoint"], data=form).json()["access_token"]
    for path in (f"{DIRECTOR}/root.json", f"{IMAGES}/targets.json"):
        assert caller.api(path, headers={"Authorization": f"Bearer {token}"}).status_code == 403
    for base in ("v2beta", "v2"):
        answer = caller.api(f"/api/{base}/packages")  # with the client of credentials.zip
        assert answer.status_code == 403
        assert not answer.headers["content-type"].startswith("application/json")
    answer = caller.http.get(f"{cloud.api_url}/api/v2beta/packages")
    assert (answer.status_code, answer.content) == (401, b"")
