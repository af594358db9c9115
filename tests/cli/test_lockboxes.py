"""Lockboxes from files in git: listed, compared, defined, revoked, deleted; from outside, against a real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cloud.api import ApiClient, Endpoint, read_api_client
from lockstick.sandbox import Drop, Fault, Meanwhile, Package, Replace, Status
from lockstick.sandbox.fleet import FLEETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Result, Runner
    from lockstick.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("logged_in")

TWO = "packages:\n  - firmware-1.0.bin\n  - name: maps\n    version: '2026.09'\n"
BOXES = "/api/v2beta/lockboxes/*"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lockbox.yaml"
    path.write_text(TWO)
    return path


@pytest.fixture
def define(lockstick: Runner, file: Path) -> Runner:
    """Define ``line-a`` by the file, with the answer given."""

    def invoke(*more: str | Path, name: str = "line-a") -> Result:
        return lockstick("lockboxes", "define", name, "--file", file, "--yes", *more)

    return invoke


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sit at a terminal and give an answer."""

    def give(text: str) -> None:
        class Keyboard:
            def isatty(self) -> bool:
                return True

            def readline(self, *_: Any) -> str:
                return f"{text}\n"

        monkeypatch.setattr("sys.stdin", Keyboard())

    return give


def sent(cloud: Sandbox) -> list[str]:
    """What was asked of the API that changes something."""
    return [f"{one.method} {one.path}" for one in cloud.requests.matching("/api/*") if one.method != "GET"]


def targets(cloud: Sandbox, name: str = "line-a") -> dict[str, Any]:
    signed = cloud.director.lockbox(name)["signed"]
    assert isinstance(signed, dict)
    found = signed["targets"]
    assert isinstance(found, dict)
    return found


def add(cloud: Sandbox, name: str, version: str, hardware_id: str | None = None) -> str:
    package = Package(
        name=name, version=version, hardware_ids=(hardware_id or name,), content=f"{name}{version}".encode() * 999
    )
    return cloud.add_package(package).target


# --- the story ---------------------------------------------------------------------------------


def test_a_lockbox_is_defined_built_changed_and_built_again_fetching_only_what_changed(
    define: Runner, file: Path, cloud: Sandbox, lockstick: Runner, tmp_path: Path
) -> None:
    add(cloud, "tool", "1")
    add(cloud, "tool", "2")
    out, pipeline = tmp_path / "out", ("--build", tmp_path / "out", "--credentials", cloud.credentials_path, "--json")
    file.write_text(TWO + "  - tool-1\nexpires: 90d\n")

    def fetched() -> int:
        found = {one.path for one in cloud.requests.matching(origin="store")}
        cloud.requests.clear()
        return len(found)

    first = define(*pipeline).json()
    assert (first["changes"], first["published"], first["before"], first["after"]["version"]) == (True, True, None, 1)
    assert first["build"]["verify"]["verdict"] == "verified"
    assert fetched() == 3

    file.write_text(TWO + "  - tool-2\nexpires: 90d\n")
    second = define(*pipeline).json()
    assert second["packages"]["replaced"] == [{"from": "tool-1", "to": "tool-2"}]
    assert second["packages"]["kept"] == ["firmware-1.0.bin", "maps-2026.09.bin"]
    assert (second["before"]["version"], second["after"]["version"]) == (1, 2)
    assert second["build"]["verify"]["lockbox"]["version"] == 2
    assert second["build"]["fetched"] == len(b"tool2" * 999)
    assert fetched() == 1

    third = define(*pipeline).json()
    assert (third["changes"], third["published"], third["after"]) == (False, False, None)
    assert (third["build"]["fetched"], third["build"]["verify"]["lockbox"]["version"]) == (0, 2)
    assert fetched() == 0

    revoked = lockstick("lockboxes", "revoke", "line-a", "--yes", *pipeline).json()
    assert sorted(revoked["packages"]["removed"]) == ["firmware-1.0.bin", "maps-2026.09.bin", "tool-2"]
    assert (revoked["build"]["verify"]["lockbox"]["version"], revoked["build"]["verify"]["packages"]) == (3, [])
    assert not list((out / "images").rglob("*.bin"))


# --- define ------------------------------------------------------------------------------------


def test_what_a_definition_would_change_is_shown_and_a_dry_run_sends_nothing(define: Runner, cloud: Sandbox) -> None:
    shown = define("--dry-run")
    assert shown.code == 0
    assert "line-a: new" in shown.out
    assert "+       firmware-1.0.bin" in shown.out
    assert "its one lockbox" in shown.out
    assert sent(cloud) == []
    document = define("--dry-run", "--json").json()
    assert (document["changes"], document["published"], document["lockboxes"]) == (True, False, 1)
    assert document["packages"]["added"] == ["firmware-1.0.bin", "maps-2026.09.bin"]
    assert sent(cloud) == []


def test_the_first_lockbox_of_an_account_ages_no_stick(define: Runner, cloud: Sandbox) -> None:
    cloud.director.delete("kiosk")
    assert "ages every stick" not in define("--dry-run").out


def test_nothing_is_sent_where_nothing_would_change_unless_it_is_to_be_renewed(define: Runner, cloud: Sandbox) -> None:
    assert define().code == 0
    cloud.requests.clear()
    again = define()
    assert (again.code, sent(cloud)) == (0, [])
    assert "Nothing would change" in again.out
    assert define("--json").json()["changes"] is False
    assert define("--dry-run", "--json").json()["changes"] is False
    renewed = define("--renew")
    assert "Published line-a version 2" in renewed.out
    assert sent(cloud) == ["POST /api/v2beta/lockboxes/line-a"]


def test_metadata_goes_into_the_signed_lockbox_and_a_change_of_it_is_one(
    define: Runner, file: Path, cloud: Sandbox
) -> None:
    said = "packages:\n- id: firmware-1.0.bin\n  hardware-ids: [verdin-imx8mp]\n  metadata: {ticket: K-12, tries: 3}\n"
    file.write_text(said)
    assert define().code == 0
    assert targets(cloud)["firmware-1.0.bin"]["custom"]["metadata"] == {"ticket": "K-12", "tries": 3}
    assert define("--json").json()["changes"] is False
    file.write_text(said.replace("K-12", "K-13"))
    shown = define("--json").json()
    assert (shown["published"], shown["packages"]["restated"]) == (True, ["firmware-1.0.bin"])


def test_a_package_that_is_for_other_hardware_by_now_is_a_change(
    define: Runner, cloud: Sandbox, lockstick: Runner
) -> None:
    assert define().code == 0
    edited = lockstick("packages", "edit", "maps-2026.09.bin", "--hardware-id", "map-unit", "--hardware-id", "other")
    assert edited.code == 0
    assert define("--json").json()["packages"]["restated"] == ["maps-2026.09.bin"]
    assert targets(cloud)["maps-2026.09.bin"]["custom"]["hardwareIds"] == ["map-unit", "other"]
    assert define("--json").json()["changes"] is False
    versions = lockstick("lockboxes", "diff", "line-a@1", "line-a@2", "--json").json()
    assert versions["packages"]["restated"] == ["maps-2026.09.bin"]


def test_the_end_is_a_date_or_counts_from_publishing(define: Runner, file: Path, cloud: Sandbox) -> None:
    file.write_text(TWO + "expires: 2031-03-01\n")
    assert define("--json").json()["after"]["expires"] == "2031-03-01T00:00:00Z"
    file.write_text(TWO + "expires: 2 weeks\n")
    result = define("--json").json()
    ends = datetime.fromisoformat(result["after"]["expires"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=14)) < timedelta(minutes=5)
    file.write_text(TWO + "expires: 2020-01-01\n")
    cloud.requests.clear()
    late = define()
    assert (late.code, sent(cloud)) == (2, [])
    assert "over before it is published" in late.err


def test_nobody_is_asked_where_nobody_sits(lockstick: Runner, file: Path, cloud: Sandbox) -> None:
    for words in (("define", "line-a", "--file", file), ("revoke", "kiosk"), ("delete", "kiosk")):
        result = lockstick("lockboxes", *words)
        assert result.code == 2
        assert "--yes" in result.err
    assert sent(cloud) == []


def test_a_variable_answers_no_question_and_forces_nothing(
    lockstick: Runner, file: Path, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTICK_YES", "1")
    monkeypatch.setenv("LOCKSTICK_FORCE", "1")
    for words in (("define", "line-a", "--file", file), ("revoke", "kiosk"), ("delete", "kiosk")):
        assert lockstick("lockboxes", *words).code == 2
    used = lockstick("packages", "delete", "firmware-1.0.bin", "--yes")
    assert (used.code, "--force" in used.err, sent(cloud)) == (2, True, [])
    monkeypatch.setattr("lockstick.cloud.definitions.assessing.MOST_LOCKBOXES", 1)
    full = lockstick("lockboxes", "define", "line-a", "--file", file, "--yes")
    assert (full.code, "was not defined" in full.err, sent(cloud)) == (2, True, [])


def test_somebody_who_sits_there_is_asked(
    lockstick: Runner, file: Path, cloud: Sandbox, answer: Callable[[str], None]
) -> None:
    answer("n")
    refused = lockstick("lockboxes", "define", "line-a", "--file", file)
    assert (refused.code, sent(cloud)) == (130, [])
    assert "Publish the lockbox line-a?" in refused.err
    in_json = lockstick("lockboxes", "define", "line-a", "--file", file, "--json")
    assert (in_json.code, sent(cloud)) == (130, [])
    assert "firmware-1.0.bin" in in_json.err  # what the question is about
    for words in (("delete", "kiosk"), ("revoke", "kiosk")):
        kept = lockstick("lockboxes", *words, "--json")
        assert (kept.code, sent(cloud)) == (130, [])
        assert "firmware-1.0.bin" in kept.err
    answer("y")
    assert lockstick("lockboxes", "define", "line-a", "--file", file).code == 0
    assert sent(cloud) == ["POST /api/v2beta/lockboxes/line-a"]
    assert lockstick("lockboxes", "delete", "line-a").code == 0


def test_whose_account_it_is_is_said_with_every_question(
    lockstick: Runner, file: Path, cloud: Sandbox, answer: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two accounts have lockboxes of the same names, and a variable chose the wrong one."""
    members = json.loads(cloud.api_client_path.read_bytes())
    for name in ("API_URL", "TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"LOCKSTICK_{name}")
    where = f"{cloud.api_url}/api/v2beta"
    logged = lockstick(
        "login", "--profile", "plant-2", "--keep-in", "file", "--api-client", cloud.api_client_path, "--api-url", where
    )
    assert logged.code == 0, logged
    monkeypatch.setenv("LOCKSTICK_PROFILE", "plant-2")
    account = f"This is the account of the API client {members['client_id']} at {where} (the profile plant-2).\n"
    answer("n")
    (north,) = FLEETS
    update = ("updates", "launch", "--package", "firmware-1.0.bin", "--fleet", north)
    for words, seen in (
        (("lockboxes", "define", "line-a", "--file", file), "line-a: new"),
        (("lockboxes", "revoke", "kiosk"), "firmware-1.0.bin"),
        (("lockboxes", "delete", "kiosk"), "firmware-1.0.bin"),
        (("packages", "delete", "maps-2026.09.bin", "--force"), "maps-2026.09.bin"),
        (update, f"every device of the fleet {north}"),
    ):
        asked = lockstick(*words)
        assert asked.code == 130, asked
        said, _, question = asked.err.partition(account)
        assert question.count("?") == 1, asked.err
        # Standard output may be a file that nobody looks into before the answer.
        assert seen in said


def test_a_lockbox_that_changed_while_somebody_read_is_not_replaced(
    lockstick: Runner, file: Path, cloud: Sandbox, answer: Callable[[str], None]
) -> None:
    answer("y")
    # The second look is the one after the answer.
    cloud.faults.add(
        Fault(kind=Meanwhile(lambda: cloud.define_lockbox("kiosk")), match=BOXES, method="GET", skip=1, times=1)
    )
    result = lockstick("lockboxes", "define", "kiosk", "--file", file)
    assert (result.code, sent(cloud)) == (2, [])
    assert "has changed meanwhile" in result.err


def test_somebody_who_defines_at_the_same_moment_is_noticed(define: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(
        Fault(
            kind=Meanwhile(lambda: cloud.define_lockbox("line-a", ["maps-2026.09.bin"])),
            match=BOXES,
            method="GET",
            skip=1,
        )
    )
    result = define()
    assert result.code == 5
    assert "is not what was defined" in result.err


def test_a_package_that_became_another_one_while_somebody_read_is_not_published(
    lockstick: Runner, tmp_path: Path, cloud: Sandbox, answer: Callable[[str], None]
) -> None:
    """Deleted, and uploaded again with other bytes: its id is the same, and so is the lockbox that is there."""
    answer("y")
    (tmp_path / "one.yaml").write_text("packages: [maps-2026.09.bin]\n")
    page = lockstick("packages", "show", "maps-2026.09.bin", "--json")
    assert page.code == 0
    shown = page.json()
    other = {
        "name": "maps",
        "version": "2026.09",
        "packageId": "maps-2026.09.bin",
        "size": shown["length"],
        "hashes": {"sha256": "0" * 64},
        "hardwareIds": ["map-unit"],
        "packageSource": "targets.json",
    }
    body = json.dumps({"values": [other], "total": 1, "offset": 0, "limit": 50}).encode()
    cloud.faults.add(Fault(kind=Replace(body=body), match="/api/v2beta/packages", method="GET", skip=1))
    result = lockstick("lockboxes", "define", "line-a", "--file", tmp_path / "one.yaml")
    assert (result.code, sent(cloud)) == (2, [])
    assert "has changed meanwhile" in result.err
    assert "'maps-2026.09.bin' is not the one any more" in result.err


@pytest.mark.parametrize(
    ("told", "change"),
    [
        ("other bytes as 'maps-2026.09.bin'", {"hashes": {"sha256": "0" * 64}}),
        ("other bytes as 'maps-2026.09.bin'", {"length": 1}),
        ("'maps-2026.09.bin' for other hardware ids", {"custom": {"hardwareIds": ["verdin-imx8mp"]}}),
        ("ends at another time", {"expires": "2041-03-01T00:00:00Z"}),
        ("is no newer than the one before", {"version": 1}),
    ],
)
def test_a_cloud_that_publishes_something_else_is_noticed(
    lockstick: Runner, tmp_path: Path, cloud: Sandbox, told: str, change: dict[str, Any]
) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("packages: [maps-2026.09.bin]\nexpires: 2031-03-01\n")
    words = ("lockboxes", "define", "line-a", "--file", file, "--renew", "--yes")
    assert lockstick(*words).code == 0
    with ApiClient(read_api_client(cloud.api_client_path), endpoint=Endpoint.of(f"{cloud.api_url}/api/v2beta")) as api:
        document = json.loads(api.lockboxes.document("line-a").raw)
    document["signed"]["version"] = 2
    entry = document["signed"]["targets"]["maps-2026.09.bin"]
    (entry if change.keys() <= entry.keys() else document["signed"]).update(change)
    body = json.dumps(document).encode()
    # The second look is the one after the publication.
    cloud.faults.add(Fault(kind=Replace(body=body), match=BOXES, method="GET", skip=1))
    result = lockstick(*words)
    assert result.code == 5
    assert "is not what was defined" in result.err
    assert told in result.err


def test_a_definition_whose_answer_is_lost_says_that_nobody_knows(define: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(kind=Drop(after=None), match=BOXES, method="POST"))
    result = define()
    assert result.code == 5
    assert "not known whether" in result.err


def test_a_cloud_that_hands_out_the_lockbox_of_before_for_the_build_is_noticed(
    define: Runner, file: Path, cloud: Sandbox, tmp_path: Path
) -> None:
    """Genuine, in force, and not what was just published: a release would carry the old software."""
    assert define().code == 0
    with ApiClient(read_api_client(cloud.api_client_path), endpoint=Endpoint.of(f"{cloud.api_url}/api/v2beta")) as api:
        old = api.lockboxes.document("line-a").raw
    snapshot = cloud.director.snapshot()
    for path, body in (("*line-a.json", old), ("*offline-snapshot.json", json.dumps(snapshot).encode())):
        cloud.faults.add(Fault(kind=Replace(body=body), match=path, times=None))
    file.write_text("packages: [maps-2026.09.bin]\n")
    result = define("--build", tmp_path / "out", "--credentials", cloud.credentials_path)
    assert result.code == 4, result
    assert "version 1 was built, and version 2 was published" in result.err


def test_a_build_that_fails_after_publishing_says_that_it_was_published(
    define: Runner, cloud: Sandbox, tmp_path: Path
) -> None:
    cloud.forget_bytes("firmware-1.0.bin")
    result = define("--build", tmp_path / "out", "--credentials", cloud.credentials_path)
    assert result.code != 0
    assert "The lockbox was published, as version 1; only the build failed." in result.err
    assert define("--build", tmp_path / "out").code == 2
    assert "credentials.zip" in define("--build", tmp_path / "out").err


# --- what is refused before it is published ------------------------------------------------------


def test_two_packages_for_one_hardware_id_are_refused_unless_it_is_forced(
    define: Runner, file: Path, cloud: Sandbox
) -> None:
    add(cloud, "other", "1", "verdin-imx8mp")
    file.write_text("packages: [firmware-1.0.bin, other-1]")
    for more in ((), ("--dry-run",)):
        result = define(*more)
        assert (result.code, sent(cloud)) == (2, [])
        assert "'verdin-imx8mp'" in result.err
        assert "refuse the whole lockbox" in result.err
    dry = define("--dry-run", "--json")
    assert (dry.code, len(dry.json()["obstacles"]), sent(cloud)) == (2, 1, [])
    assert define("--dry-run", "--force").code == 0
    assert define("--force").code == 0
    assert sorted(targets(cloud)) == ["firmware-1.0.bin", "other-1"]


@pytest.mark.parametrize("name", ["root", "Targets", "offline-snapshot", "line a", "a.b", "x" * 254, "ä"])
def test_a_name_that_devices_reserve_or_that_is_none_is_refused(define: Runner, cloud: Sandbox, name: str) -> None:
    assert (define("--force", name=name).code, sent(cloud)) == (2, [])


def test_a_full_account_is_told_before_the_service_refuses(define: Runner, cloud: Sandbox) -> None:
    names = [f"box{n}" for n in range(300)]
    cloud.faults.add(Fault(kind=Replace(body=json.dumps(names).encode()), match="/api/v2beta/lockboxes", times=None))
    result = define()
    assert (result.code, sent(cloud)) == (2, [])
    assert "300 lockboxes" in result.err


def test_an_offline_snapshot_that_grows_too_long_is_told(define: Runner, cloud: Sandbox) -> None:
    for count, code, channel in ((165, 0, "out"), (200, 2, "err")):
        names = json.dumps([f"{n:03}-{'x' * 230}" for n in range(count)]).encode()
        cloud.faults.clear()
        cloud.faults.add(Fault(kind=Replace(body=names), match="/api/v2beta/lockboxes", times=None))
        result = define("--dry-run")
        assert result.code == code
        assert "list of all lockboxes" in getattr(result, channel)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("packages: [firmware-1.1.bin]", "'firmware-1.0.bin'"),
        ("packages: [nothing-like-it]", "packages list"),
        ("packages: [{name: maps, version: '2026.10'}]", "2026.09"),
        ("packages: [{name: mapz, version: '2026.09'}]", "maps-2026.09.bin"),
        ("packages: [a, b, {name: c, version: '1'}]", "are others; also missing: 'b', 'c' 1\n"),
        ("packages: [a, b, c, d, e, f]", "also missing: 'b', 'c', 'd', 'e', 'f'\n"),
        ("packages: [a, b, c, d, e, f, g]", "also missing: 'b', 'c', 'd', 'e', 'f' and 1 more"),
        ("packages: [{name: maps, version: '2026.10'}, b]", "2026.09; also missing: 'b'"),
    ],
)
def test_a_package_that_is_not_there_is_told_with_what_may_be_meant(
    define: Runner, file: Path, cloud: Sandbox, text: str, says: str
) -> None:
    file.write_text(text)
    result = define()
    assert (result.code, sent(cloud)) == (8, [])
    assert says in result.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("packages: [{id: firmware-1.0.bin, hardware-ids: [apalis]}]", "'apalis'"),
        ("packages: [maps-2026.09.bin, {name: maps, version: '2026.09'}]", "named twice"),
        ("lockbox: line-b\npackages: [firmware-1.0.bin]", "line-b"),
        ("packages: [firmware-1.0.bin]\nexpire: 90d", "Did you mean 'expires'?"),
        ("packages: [{name: tool, version: 1.10}]", '"1.10"'),
        ("packages: [firmware-1.0.bin", "not YAML"),
    ],
)
def test_a_definition_that_makes_no_sense_is_a_usage_error(
    define: Runner, file: Path, cloud: Sandbox, text: str, says: str
) -> None:
    file.write_text(text)
    result = define()
    assert (result.code, sent(cloud)) == (2, [])
    assert says in result.err


def test_a_name_and_version_that_fit_two_packages_are_refused(define: Runner, file: Path, cloud: Sandbox) -> None:
    for role in ("targets", "tdx-quarterly"):
        target = f"tdx-twin-{role}"
        cloud.add_package(
            Package(name="twin", version="1", hardware_ids=("x",), content=b"x", role=role, target=target)
        )
    file.write_text("packages: [{name: twin, version: '1'}]")
    result = define()
    assert result.code == 2
    assert "Name it by its id" in result.err


def test_what_the_service_refuses_is_told_with_its_code(define: Runner, cloud: Sandbox) -> None:
    body = json.dumps({"code": "too_many_offline_roles", "msg": "no"}).encode()
    cloud.faults.add(Fault(kind=Status(status=400, body=body), match=BOXES, method="POST"))
    result = define()
    assert result.code == 2
    assert "300 lockboxes" in result.err


def test_the_wrong_kind_of_credentials_and_none_are_not_allowed(
    define: Runner, lockstick: Runner, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.faults.add(Fault(kind=Status(status=403), match="/api/*", times=None))
    for result in (define(), lockstick("lockboxes", "list"), lockstick("packages", "list")):
        assert result.code == 7
        assert "two kinds of credentials" in result.err
    monkeypatch.delenv("LOCKSTICK_CLIENT_ID")
    assert define().code == 7


# --- revoke and delete ---------------------------------------------------------------------------


def test_revoking_empties_a_lockbox_once(lockstick: Runner, cloud: Sandbox) -> None:
    dry = lockstick("lockboxes", "revoke", "kiosk", "--dry-run")
    assert (dry.code, sent(cloud)) == (0, [])
    assert "cannot be called back" in dry.out
    assert lockstick("lockboxes", "revoke", "kiosk", "--yes").code == 0
    assert targets(cloud, "kiosk") == {}
    cloud.requests.clear()
    again = lockstick("lockboxes", "revoke", "kiosk", "--yes")
    assert (again.code, sent(cloud)) == (0, [])
    assert "Nothing would change" in again.out
    assert lockstick("lockboxes", "revoke", "nothing", "--yes").code == 8


def test_deleting_says_that_sticks_stay_good(lockstick: Runner, cloud: Sandbox) -> None:
    result = lockstick("lockboxes", "delete", "kiosk", "--yes")
    assert result.code == 0
    assert "stay good until" in result.out
    assert lockstick("lockboxes", "delete", "kiosk", "--yes").code == 8
    cloud.define_lockbox("line-b")
    document = lockstick("lockboxes", "delete", "line-b", "--yes", "--json").json()
    assert document == {"deleted": {"name": "line-b", "version": 1}, "lockboxes": 0}


# --- list, show, diff ----------------------------------------------------------------------------


def test_the_list_tells_current_expired_revoked_and_unreadable_apart(lockstick: Runner, cloud: Sandbox) -> None:
    cloud.define_lockbox("old", expires=datetime(2020, 1, 1, tzinfo=UTC))
    cloud.director.define("empty", {})
    listed = lockstick("lockboxes", "list", "--json").json()["lockboxes"]
    assert {one["name"]: (one["state"], one["packages"]) for one in listed} == {
        "kiosk": ("current", 4),
        "old": ("expired", 4),
        "empty": ("revoked", 0),
    }
    lines = lockstick("lockboxes", "list").out.splitlines()
    assert lines[0].split() == ["name", "version", "good", "until", "packages", "state"]
    assert [line.split()[0] for line in lines[1:]] == ["empty", "kiosk", "old"]
    nonsense = json.dumps({"box": {"signatures": [], "signed": 7}}).encode()
    cloud.faults.add(Fault(kind=Replace(body=nonsense), match="/api/v2beta/lockbox-details"))
    assert lockstick("lockboxes", "list", "--json").json()["lockboxes"][0]["state"] == "unreadable"


def test_an_account_without_lockboxes_has_an_empty_list(lockstick: Runner, cloud: Sandbox) -> None:
    cloud.director.delete("kiosk")
    assert lockstick("lockboxes", "list", "--json").json()["lockboxes"] == []
    assert "no lockboxes yet" in lockstick("lockboxes", "list").err


def test_any_version_is_shown(lockstick: Runner, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk", ["firmware-1.0.bin"])
    newest = lockstick("lockboxes", "show", "kiosk", "--json").json()
    assert (newest["version"], newest["state"]) == (2, "current")
    assert [(one["id"], one["hardware_ids"]) for one in newest["packages"]] == [("firmware-1.0.bin", ["verdin-imx8mp"])]
    assert len(lockstick("lockboxes", "show", "kiosk", "--version", "1", "--json").json()["packages"]) == 4
    assert "firmware-1.0.bin  1.0 MB  verdin-imx8mp" in lockstick("lockboxes", "show", "kiosk").out
    assert lockstick("lockboxes", "show", "kiosk", "--version", "9").code == 8
    assert lockstick("lockboxes", "show", "kiosk", "--version", "0").code == 2
    assert lockstick("lockboxes", "show", "nothing").code == 8


def test_two_versions_and_a_file_are_compared(lockstick: Runner, define: Runner, file: Path, cloud: Sandbox) -> None:
    add(cloud, "tool", "1")
    new = add(cloud, "tool", "2")
    cloud.define_lockbox("line-a", ["firmware-1.0.bin", "tool-1"])
    cloud.define_lockbox("line-a", ["firmware-1.0.bin", new])
    versions = lockstick("lockboxes", "diff", "line-a@1", "line-a", "--json").json()
    assert versions["same"] is False
    assert versions["packages"]["replaced"] == [{"from": "tool-1", "to": "tool-2"}]
    assert versions["packages"]["kept"] == ["firmware-1.0.bin"]
    assert (versions["before"]["version"], versions["after"]["version"]) == (1, 2)
    published = lockstick("lockboxes", "diff", "line-a", file, "--json").json()
    assert published["after"]["version"] is None
    assert (published["packages"]["added"], published["packages"]["removed"]) == (["maps-2026.09.bin"], ["tool-2"])
    backwards = lockstick("lockboxes", "diff", file, "line-a")
    assert "-       maps-2026.09.bin" in backwards.out
    assert define().code == 0
    same = lockstick("lockboxes", "diff", "line-a", file)
    assert (same.code, "They are the same." in same.out) == (0, True)
    file.write_text("packages: [{id: firmware-1.0.bin, metadata: {a: 1}}]")
    assert define().code == 0
    assert lockstick("lockboxes", "diff", "line-a", file, "--json").json()["same"] is True
    assert lockstick("lockboxes", "diff", file, "line-a", "--json").json()["same"] is True
    said = lockstick("lockboxes", "diff", "line-a@3", "line-a@4", "--json").json()["packages"]
    assert (said["restated"], said["removed"]) == (["firmware-1.0.bin"], ["maps-2026.09.bin"])
    unsaid = lockstick("lockboxes", "diff", "line-a@4", "line-a@3")
    assert "says    firmware-1.0.bin: other metadata, or" in unsaid.out
    # What was deleted from the account meanwhile can still be compared.
    cloud.state.drop_package("tool-1")
    gone = lockstick("lockboxes", "diff", "line-a@1", "line-a@2", "--json").json()["packages"]
    assert (gone["removed"], gone["added"], gone["changed"]) == (["tool-1"], ["tool-2"], [])


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("nothing", "kiosk", 8),
        ("kiosk@9", "kiosk", 8),
        ("kiosk", "a b", 2),
        ("kiosk", "none.yaml", 2),
        ("k@x", "kiosk", 2),
    ],
)
def test_what_cannot_be_compared_is_told(lockstick: Runner, one: str, other: str, code: int) -> None:
    assert lockstick("lockboxes", "diff", one, other).code == code


# --- hostile words -------------------------------------------------------------------------------


def test_names_with_control_characters_do_not_reach_the_terminal(lockstick: Runner, cloud: Sandbox) -> None:
    evil = "evil\x1b[2J\r\n\u202e\x9b"
    entry = {"hashes": {"sha256": evil}, "length": 1, "custom": {"hardwareIds": [evil]}}
    document = {"signatures": [], "signed": {"version": 1, "expires": None, "targets": {evil: entry}}}
    answers = {
        "/api/v2beta/lockbox-details": {evil: document},
        "/api/v2beta/lockboxes/*": document,
    }
    for match, body in answers.items():
        cloud.faults.add(Fault(kind=Replace(body=json.dumps(body).encode()), match=match, times=None))
    for words in (("list",), ("show", "kiosk"), ("diff", "kiosk@1", "kiosk"), ("revoke", "kiosk", "--dry-run")):
        result = lockstick("lockboxes", *words)
        assert result.code == 0
        assert not set("\x1b\r\u202e\x9b") & set(result.out + result.err)
        assert words == ("diff", "kiosk@1", "kiosk") or "evil\\x1b" in result.out
