"""Updates over the network: launched, and cancelled as long as that is possible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud.api.updates import Updates
from lockstick.sandbox import Drop, Fault, Replace
from lockstick.sandbox.fleet import DEVICES, FLEETS

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Result, Runner
    from lockstick.cloud.api import LaunchResult, Update
    from lockstick.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("logged_in")

OTTER, FOX, HERON = (one.uuid for one in DEVICES)
(NORTH,) = FLEETS
UPDATES = "/api/v2beta/updates"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def launch(lockstick: Runner) -> Runner:
    def invoke(*more: str | Path, package: str = "firmware-1.0.bin") -> Result:
        return lockstick("updates", "launch", "--package", package, "--yes", *more)

    return invoke


def sent(cloud: Sandbox) -> list[str]:
    return [f"{one.method} {one.path}" for one in cloud.requests.matching("/api/*") if one.method != "GET"]


def test_an_update_goes_to_devices_and_fleets_and_the_others_are_told_why(launch: Runner) -> None:
    document = launch("--fleet", NORTH, "--device", HERON.upper(), "--json").json()
    assert document["launched"] is True
    assert [one["uuid"] for one in document["affected"]] == [OTTER, FOX]
    (other,) = document["not_affected"]
    assert (other["name"], other["errors"]["verdin-imx8mp"]["code"]) == ("Old-Heron", "ecu_does_not_support_target")
    shown = launch("--device", FOX)
    assert shown.code == 8
    assert "an update is on its way to it" in shown.out
    assert "nothing was launched" in shown.err


def test_nobody_affected_is_exit_code_8_in_json_too(launch: Runner) -> None:
    result = launch("--device", HERON, "--json")
    assert (result.code, result.json()["launched"], result.json()["affected"]) == (8, False, [])


def test_a_dry_run_and_a_missing_answer_send_nothing(launch: Runner, lockstick: Runner, cloud: Sandbox) -> None:
    dry = launch("--device", OTTER, "--dry-run")
    assert (dry.code, sent(cloud)) == (0, [])
    assert "for 1 device(s) and 0 fleet(s)" in dry.out
    assert launch("--device", OTTER, "--dry-run", "--json").json()["launched"] is False
    unasked = lockstick("updates", "launch", "--package", "firmware-1.0.bin", "--device", OTTER)
    assert (unasked.code, sent(cloud)) == (2, [])


def test_variables_that_were_set_for_something_else_send_nothing_to_anybody(
    lockstick: Runner, cloud: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``rehearse --fleet`` and others have variables of these names; an update would go to all of them at once."""
    (tmp_path / "lockbox.yaml").write_text("packages: [maps-2026.09.bin]\n")
    others = {"FLEET": NORTH, "DEVICE": FOX, "PACKAGE": "maps-2026.09.bin", "FILE": str(tmp_path / "lockbox.yaml")}
    for name, value in others.items():
        monkeypatch.setenv(f"LOCKSTICK_{name}", value)
    shown = lockstick("updates", "launch", "--package", "firmware-1.0.bin", "--device", OTTER, "--yes", "--json").json()
    assert (shown["packages"], [one["uuid"] for one in shown["affected"]]) == (["firmware-1.0.bin"], [OTTER])
    cloud.requests.clear()
    assert lockstick("updates", "launch", "--yes").code == 2
    assert sent(cloud) == []


def test_the_packages_of_a_definition_go_with_what_it_says_of_them(
    lockstick: Runner, tmp_path: Path, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Update] = []
    original = Updates.launch

    def watched(self: Updates, update: Update) -> LaunchResult:
        seen.append(update)
        return original(self, update)

    monkeypatch.setattr(Updates, "launch", watched)
    file = tmp_path / "lockbox.yaml"
    file.write_text("expires: 90d\npackages:\n- {name: firmware, version: '1.0', metadata: {ticket: K-12}}\n")
    assert lockstick("updates", "launch", "-f", file, "--device", OTTER, "--yes").code == 0
    (update,) = seen
    assert update.wire()["packageIds"] == ["firmware-1.0.bin"]
    assert update.wire()["custom"] == {"firmware-1.0.bin": {"metadata": {"ticket": "K-12"}}}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--device", OTTER, "--package", "nothing-1"), 8),
        (("--device", OTTER), 2),
        (("--package", "firmware-1.0.bin"), 2),
        (("--package", "firmware-1.0.bin", "--device", "verdin-0815"), 2),
        (("--package", "firmware-1.0.bin", "--fleet", "north"), 2),
        (("--package", "firmware-1.0.bin", "--device", NOBODY), 8),
        (("--package", "firmware-1.0.bin", "--fleet", NOBODY), 8),
    ],
)
def test_what_cannot_be_launched_is_refused(lockstick: Runner, words: tuple[str, ...], code: int) -> None:
    assert lockstick("updates", "launch", "--yes", *words).code == code


@pytest.mark.parametrize("option", ["--device", "--fleet"])
def test_who_is_not_known_is_to_be_named_by_a_uuid(launch: Runner, option: str) -> None:
    result = launch(option, NOBODY)
    assert NOBODY in result.err
    assert f"Nothing was launched. A {option[2:]} is named by its UUID" in result.err
    assert "on its way" not in result.err  # nothing is


def test_a_launch_whose_answer_is_lost_says_that_nobody_knows(launch: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(kind=Drop(after=None), match=UPDATES, method="POST"))
    result = launch("--device", OTTER)
    assert result.code == 5
    assert "not known whether" in result.err


def test_what_was_not_picked_up_is_cancelled(lockstick: Runner, launch: Runner, cloud: Sandbox) -> None:
    assert launch("--fleet", NORTH).code == 0
    cloud.fleet.pick_up(FOX)
    result = lockstick("updates", "cancel", "--device", OTTER.upper(), "--device", FOX, "--json")
    assert (result.code, result.json()) == (0, {"cancelled": [OTTER], "not_cancelled": [FOX]})
    again = lockstick("updates", "cancel", "--device", OTTER)
    assert again.code == 8
    assert "nothing to cancel" in again.out
    assert lockstick("updates", "cancel").code == 2
    assert lockstick("updates", "cancel", "--device", "otter").code == 2


def test_the_edition_without_cancelling_says_so(
    lockstick: Runner, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTICK_API_URL", f"{cloud.api_url}/api/v2")
    result = lockstick("updates", "cancel", "--device", OTTER)
    assert (result.code, sent(cloud)) == (2, [])
    assert "v2beta" in result.err


def test_names_of_devices_with_control_characters_do_not_reach_the_terminal(launch: Runner, cloud: Sandbox) -> None:
    evil = "evil\x1b[2J\r\n\u202e\x9b"
    device = {"deviceUuid": OTTER, "deviceId": evil, "name": evil}
    error = {evil: {"code": evil, "description": evil}}
    body = {"affected": [device], "notAffected": [{**device, "ecuErrors": error}]}
    cloud.faults.add(Fault(kind=Replace(body=json.dumps(body).encode()), match=UPDATES))
    result = launch("--device", OTTER)
    assert result.code == 0
    assert "evil\\x1b" in result.out
    assert not set("\x1b\r\u202e\x9b") & set(result.out + result.err)
