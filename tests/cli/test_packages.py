"""Packages of an account: listed, uploaded once, edited, deleted; from outside, against a real server."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud import read_credentials
from lockstick.sandbox import Drop, Fault, Meanwhile, Package, Replace, Status
from lockstick.sandbox.publisher import API_CLIENT_ID

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Result, Runner
    from lockstick.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("logged_in")

PACKAGES = "/api/v2beta/packages"
DATA = b"the tool" * 9999


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tool.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def upload(lockstick: Runner, file: Path) -> Runner:
    def invoke(*more: str | Path, hardware_id: str = "tool-unit") -> Result:
        named = ("--name", "my tool", "--version", "1.0+a/b", "--hardware-id", hardware_id)
        return lockstick("packages", "upload", file, *named, *more)

    return invoke


def sent(cloud: Sandbox) -> list[str]:
    return [f"{one.method} {one.path}" for one in cloud.requests.matching("/api/*") if one.method != "GET"]


def ids(result: Result) -> list[str]:
    return [one["id"] for one in result.json()["packages"]]


def test_the_list_can_be_narrowed_down_and_sorted(lockstick: Runner) -> None:
    def listed(*more: str) -> list[str]:
        return ids(lockstick("packages", "list", "--json", *more))

    every = listed("--sort", "name")
    assert every == ["firmware-1.0.bin", "maps-2026.09.bin", "sensors/co2 hub-2.3.1.bin", "tdx-bootloader-7.3.0.bin"]
    assert listed("--sort", "name", "--descending") == every[::-1]
    assert listed("--name", "maps") == ["maps-2026.09.bin"]
    assert listed("--version", "2.3.1") == ["sensors/co2 hub-2.3.1.bin"]
    assert listed("--name-contains", "boot") == listed("--source", "tdx-quarterly") == [every[3]]
    assert listed("--source", "own", "--sort", "name") == every[:3]
    assert listed("--hardware-id", "map-unit", "--hardware-id", "co2-hub", "--sort", "name") == every[1:3]
    assert listed("--id", "firmware-1.0.bin") == listed("--id-contains", "firmware") == [every[0]]
    digest = lockstick("packages", "show", every[0], "--json").json()["hashes"]["sha256"]
    assert listed("--hash", digest) == [every[0]]
    assert listed("--name", "nothing") == []
    assert "No package fits" in lockstick("packages", "list", "--name", "nothing").err
    assert lockstick("packages", "list", "--has-sbom").code == 2  # the edition v2beta does not know it


def test_a_long_list_comes_in_parts_and_a_token_may_end_in_between(lockstick: Runner, cloud: Sandbox) -> None:
    cloud.add_packages([Package(name=f"p{n:03}", version="1", hardware_ids=("x",), content=b"x") for n in range(120)])
    cloud.faults.add(Fault(kind=Meanwhile(cloud.forget_tokens), match=PACKAGES, skip=1))
    assert len(ids(lockstick("packages", "list", "--json"))) == 124
    assert len(cloud.requests.matching(PACKAGES)) > 3


def test_one_package_is_shown(lockstick: Runner) -> None:
    shown = lockstick("packages", "show", "sensors/co2 hub-2.3.1.bin")
    assert shown.code == 0
    assert "for      co2-hub" in shown.out
    assert lockstick("packages", "show", "nothing").code == 8


# --- upload --------------------------------------------------------------------------------------


def test_a_package_is_uploaded_once_and_the_same_bytes_again_are_fine(
    upload: Runner, file: Path, cloud: Sandbox
) -> None:
    first = upload("--json").json()
    assert (first["uploaded"], first["package"]["id"]) == (True, "my tool-1.0+a/b")
    assert first["package"]["hashes"] == {"sha256": hashlib.sha256(DATA).hexdigest()}
    assert sent(cloud) == [f"POST {PACKAGES}"]
    again = upload("--json")
    assert (again.code, again.json()["uploaded"]) == (0, False)
    assert sent(cloud) == [f"POST {PACKAGES}"]
    assert "nothing was sent" in upload().err
    file.write_bytes(DATA + b"!")
    other = upload()
    assert other.code == 2
    assert "with other bytes" in other.err
    assert "another version" in other.err
    file.write_bytes(DATA[::-1])
    assert upload().code == 2
    file.write_bytes(DATA)
    elsewhere = upload(hardware_id="other-unit")
    assert elsewhere.code == 2
    assert "packages edit" in elsewhere.err
    assert sent(cloud) == [f"POST {PACKAGES}"]


@pytest.mark.parametrize(("content", "code"), [(DATA, 0), (b"other", 2)])
def test_somebody_who_was_faster_is_no_mistake_if_the_bytes_are_the_same(
    upload: Runner, cloud: Sandbox, content: bytes, code: int
) -> None:
    package = Package(
        name="my tool", version="1.0+a/b", hardware_ids=("tool-unit",), content=content, target="my tool-1.0+a/b"
    )
    cloud.faults.add(Fault(kind=Meanwhile(lambda: cloud.add_package(package)), match=PACKAGES, method="POST"))
    assert upload().code == code


def test_a_file_that_the_interface_cannot_take_is_refused_before_anything_is_asked(
    upload: Runner, file: Path, cloud: Sandbox
) -> None:
    with file.open("r+b") as sparse:
        sparse.truncate(3 << 30)
    result = upload()
    assert result.code == 2
    assert "uptane-sign" in result.err
    assert cloud.requests.matching("/api/*") == []


def test_what_is_no_file_is_refused(lockstick: Runner, tmp_path: Path, cloud: Sandbox) -> None:
    named = ("--name", "a", "--version", "1", "--hardware-id", "x")
    for path in (tmp_path, tmp_path / "nothing"):
        assert lockstick("packages", "upload", path, *named).code == 2
    assert lockstick("packages", "upload", tmp_path / "x", "--name", "a").code == 2
    assert cloud.requests.matching("/api/*") == []


def test_an_upload_whose_answer_is_lost_says_that_nobody_knows(upload: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(kind=Drop(after=None), match=PACKAGES, method="POST"))
    result = upload()
    assert result.code == 5
    assert "not known whether" in result.err
    # Run again, it finds out.
    assert upload().code == 0


def test_progress_of_an_upload_is_told_as_json_lines(upload: Runner) -> None:
    events = [json.loads(line) for line in upload("--progress", "json").err.splitlines() if line.startswith("{")]
    assert {"event": "phase", "phase": "uploading", "total_bytes": len(DATA), "files": 1} in events
    assert sum(one["count"] for one in events if one["event"] == "bytes") == len(DATA)


# --- edit and delete -----------------------------------------------------------------------------


def test_what_is_said_of_a_package_is_changed(lockstick: Runner, upload: Runner, tmp_path: Path) -> None:
    package = upload("--json").json()["package"]["id"]
    (tmp_path / "said.json").write_text('{"ticket": "K-12"}')
    changes = ("--comment", "good", "--hardware-id", "a", "--hardware-id", "b", "--metadata", tmp_path / "said.json")
    found = lockstick("packages", "edit", package, *changes, "--json").json()
    assert (found["comment"], found["hardware_ids"], found["metadata"]) == ("good", ["a", "b"], {"ticket": "K-12"})
    assert "comment  good" in lockstick("packages", "edit", package, "--comment", "good").out
    assert lockstick("packages", "edit", package).code == 2
    assert lockstick("packages", "edit", "nothing", "--comment", "x").code == 8
    assert lockstick("packages", "edit", "tdx-bootloader-7.3.0.bin", "--comment", "x").code == 8  # somebody else's
    for text in ("{", '{"a": NaN}', '{"a": 1e999}', "[1]", "[" * 100_000, "{}" + " " * (1 << 20)):
        (tmp_path / "said.json").write_text(text)
        assert lockstick("packages", "edit", package, "--metadata", tmp_path / "said.json").code == 2


def test_a_package_that_a_lockbox_names_is_not_deleted_without_force(
    lockstick: Runner, upload: Runner, cloud: Sandbox
) -> None:
    package = upload("--json").json()["package"]["id"]
    cloud.requests.clear()
    asked = lockstick("packages", "delete", package)
    assert asked.code == 2
    assert "--yes" in asked.err
    used = lockstick("packages", "delete", "firmware-1.0.bin", "--yes")
    assert (used.code, sent(cloud)) == (2, [])
    assert "kiosk" in used.err
    assert lockstick("packages", "delete", package, "--yes").code == 0
    assert lockstick("packages", "delete", package, "--yes").code == 8
    forced = lockstick("packages", "delete", "firmware-1.0.bin", "--yes", "--force", "--json").json()
    assert (forced["deleted"]["id"], forced["lockboxes"]) == ("firmware-1.0.bin", ["kiosk"])
    assert lockstick("packages", "delete", "nothing", "--yes").code == 8


# --- sources -------------------------------------------------------------------------------------


def test_sources_are_listed_looked_into_and_refreshed(lockstick: Runner, cloud: Sandbox) -> None:
    (source,) = lockstick("packages", "sources", "--json").json()["sources"]
    assert (source["name"], source["last_fetched"]) == ("tdx-quarterly", None)
    assert "tdx-quarterly" in lockstick("packages", "sources").out
    for name in ("tdx-quarterly", "tdx-quarterly.json"):
        assert ids(lockstick("packages", "sources", name, "--json")) == ["tdx-bootloader-7.3.0.bin"]
        assert lockstick("packages", "refresh", name, "--json").json() == {"refreshed": name}
    (source,) = lockstick("packages", "sources", "--json").json()["sources"]
    assert source["last_fetched"] is not None
    assert "tdx-bootloader" in lockstick("packages", "sources", "tdx-quarterly").out
    unknown = lockstick("packages", "sources", "nothing")
    assert unknown.code == 8
    assert "tdx-quarterly" in unknown.err
    assert lockstick("packages", "refresh", "nothing").code == 8
    cloud.faults.add(Fault(kind=Status(status=404), match=f"{PACKAGES}_external/info", times=None))
    assert "no packages of others" in lockstick("packages", "sources").err


# --- bad luck and bad words ------------------------------------------------------------------------


def test_a_wrong_secret_is_not_allowed_and_not_repeated(lockstick: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", "wrong-secret-canary")
    result = lockstick("packages", "list", "--verbose")
    assert result.code == 7
    assert "wrong-secret-canary" not in result.out + result.err
    monkeypatch.delenv("LOCKSTICK_CLIENT_SECRET")
    assert lockstick("packages", "list").code == 7


def test_a_revoked_client_is_not_allowed_even_in_the_middle_of_a_list(lockstick: Runner, cloud: Sandbox) -> None:
    cloud.add_packages([Package(name=f"p{n:03}", version="1", hardware_ids=("x",), content=b"x") for n in range(60)])
    revoking = Meanwhile(lambda: cloud.revoke_client(API_CLIENT_ID))
    cloud.faults.add(Fault(kind=revoking, match=PACKAGES, skip=1))
    result = lockstick("packages", "list")
    assert (result.code, result.out) == (7, "")
    assert lockstick("packages", "list").code == 7


def test_the_credentials_for_fetching_open_nothing_here(
    lockstick: Runner, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = read_credentials(cloud.credentials_path)
    assert account.oauth is not None
    monkeypatch.setenv("LOCKSTICK_TOKEN_URL", account.oauth.token_url)
    monkeypatch.setenv("LOCKSTICK_CLIENT_ID", account.oauth.client_id)
    monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", account.oauth.client_secret.reveal())
    device = ("--device", "00000000-0000-0000-0000-000000000000")
    for words in (("packages", "list"), ("lockboxes", "show", "kiosk"), ("updates", "cancel", *device)):
        result = lockstick(*words)
        assert result.code == 7
        assert "two kinds of credentials" in result.err


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Status(status=420, retry_after=1), 0),
        (Status(status=420, retry_after=100_000), 5),
        (Status(status=418), 5),
        (Replace(body=b"[]"), 5),
        (Replace(body=b"<html>", content_type="text/html"), 5),
    ],
)
def test_what_a_server_does_wrong_ends_in_the_code_of_the_contract(
    lockstick: Runner, cloud: Sandbox, fault: Status | Replace, code: int
) -> None:
    cloud.faults.add(Fault(kind=fault, match=PACKAGES))
    assert lockstick("packages", "list").code == code


def test_words_of_the_service_with_control_characters_do_not_reach_the_terminal(
    lockstick: Runner, cloud: Sandbox
) -> None:
    evil = "evil\x1b[2J\r\n\u202e\x9b"
    package = {
        "name": evil,
        "version": evil,
        "packageId": "evil",
        "size": 1,
        "hashes": {evil: evil},
        "packageSource": evil,
        "hardwareIds": [evil],
        "comment": evil,
        "uri": evil,
        "pkgType": evil,
        "proprietaryMeta": {evil: evil},
    }
    page = {"values": [package], "total": 1, "offset": 0, "limit": 50}
    source = {evil: {"remoteUri": evil, "friendlyName": evil}}
    cloud.faults.add(
        Fault(kind=Replace(body=json.dumps(page).encode()), match=PACKAGES, times=None),
        Fault(kind=Replace(body=json.dumps(source).encode()), match=f"{PACKAGES}_external/info", times=None),
    )
    for words in (("list",), ("show", "evil"), ("sources",)):
        result = lockstick("packages", *words)
        assert result.code == 0
        assert "evil\\x1b" in result.out
        assert not set("\x1b\r\u202e\x9b") & set(result.out + result.err)


def test_a_number_that_is_too_large_for_json_is_not_passed_on_as_none(lockstick: Runner, cloud: Sandbox) -> None:
    """The largest number there is takes its place, as in other programs; ``Infinity`` is no JSON."""
    one = b'{"name":"n","version":"1","packageId":"n-1","size":1,"hashes":{},"proprietaryMeta":[1e999,-1e999,0.5]}'
    page = b'{"values":[' + one + b'],"total":1,"offset":0,"limit":50}'
    cloud.faults.add(Fault(kind=Replace(body=page), match=PACKAGES))
    shown = lockstick("packages", "list", "--json")
    assert "Infinity" not in shown.out
    largest = sys.float_info.max
    assert shown.json()["packages"][0]["metadata"] == [largest, -largest, 0.5]


def test_what_to_run_next_can_be_pasted_whatever_a_package_is_called(
    lockstick: Runner, cloud: Sandbox, tmp_path: Path
) -> None:
    """A package's id comes from whoever made it, and a shell does what stands in double quotes."""
    (tmp_path / "a.bin").write_bytes(b"a")
    name = "it's $(touch here)"
    words = ("packages", "upload", tmp_path / "a.bin", "--name", name, "--version", "1", "--hardware-id")
    uploaded = lockstick(*words, "a", "--json").json()["package"]["id"]
    refused = lockstick(*words, "b")
    assert refused.code == 2
    command = refused.err.partition("Change that: ")[2].partition(" ...")[0]
    assert shlex.split(command) == ["lockstick", "packages", "edit", uploaded, "--hardware-id"]
    assert f'"{uploaded}"' not in command
