"""``lockstick verify --online``: asks the cloud what is current, and believes it no more than a stick."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cloud.api import ApiClient, Endpoint, LockboxDefinition, read_api_client
from lockstick.sandbox import Drop, Fault, Replace, Sandbox, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Result, Runner


@pytest.fixture
def api(cloud: Sandbox) -> Iterator[ApiClient]:
    endpoint = Endpoint.of(f"{cloud.api_url}/api/v2beta")
    with ApiClient(read_api_client(cloud.api_client_path), endpoint=endpoint) as client:
        yield client


@pytest.fixture
def stick(build: Runner, lockstick: Runner, cloud: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lockbox ``kiosk``, built, on a machine that believes its roots."""
    monkeypatch.setenv("LOCKSTICK_TRUST_STORE", str(tmp_path / "trust"))
    assert lockstick("trust", "add", "plant", "--from", cloud.credentials_path).code == 0
    assert build().code == 0
    cloud.requests.clear()
    return tmp_path / "out"


@pytest.fixture
def online(lockstick: Runner, cloud: Sandbox, stick: Path) -> Runner:
    def invoke(*more: str | Path) -> Result:
        return lockstick("verify", stick, "--online", "--credentials", cloud.credentials_path, *more)

    return invoke


def answer(result: Result) -> Any:
    return result.json()["online"]


def test_a_stick_with_what_is_published_is_verified(online: Runner, cloud: Sandbox) -> None:
    told = online()
    assert told.code == 0
    assert told.out.startswith("VERIFIED")
    assert f"{cloud.api_url}/director publishes just this" in told.out
    document = online("--json").json()
    assert document["online"] == {
        "asked": f"{cloud.api_url}/director",
        "answer": "current",
        "lockbox_version": 1,
        "offline_snapshot_version": 1,
        "error": None,
    }
    assert document["verdict"] == "verified"


def test_only_the_director_is_asked_and_only_for_a_few_documents(online: Runner, cloud: Sandbox) -> None:
    assert online().code == 0
    asked = [entry.path for entry in cloud.requests.all() if "/director/" in entry.path]
    assert all("/repo/" not in entry.path.partition("/admin/")[0] for entry in cloud.requests.all())
    assert len(asked) <= 8, asked


def test_a_newer_version_of_the_lockbox_makes_it_superseded(online: Runner, api: ApiClient) -> None:
    api.lockboxes.define("kiosk", LockboxDefinition(package_ids=["firmware-1.0.bin"]))
    told = online("--json")
    assert told.code == 4
    document = told.json()
    assert document["verdict"] == "expired"
    assert document["online"]["answer"] == "superseded"
    assert document["online"]["lockbox_version"] == 2
    subjects = [one["subject"] for one in document["findings"] if one["rule"] == "superseded"]
    assert subjects == ["director/offline-snapshot.json", "director/kiosk.json"]


def test_a_newer_offline_snapshot_alone_makes_it_superseded(online: Runner, api: ApiClient) -> None:
    api.lockboxes.define("another", LockboxDefinition(package_ids=["firmware-1.0.bin"]))
    told = online()
    assert told.code == 4
    assert told.out.startswith("SUPERSEDED: genuine, but the cloud has a newer one")
    assert "and in it this lockbox as it is" in told.out


def test_a_revoked_lockbox_is_said_to_be(online: Runner, api: ApiClient) -> None:
    api.lockboxes.revoke("kiosk")
    told = online()
    assert told.code == 4
    assert told.out.startswith("SUPERSEDED: genuine, but it was revoked")
    assert "take this one out of use" in told.out
    assert answer(online("--json"))["answer"] == "revoked"


def test_a_deleted_lockbox_is_said_to_be(online: Runner, api: ApiClient) -> None:
    api.lockboxes.delete("kiosk")
    told = online()
    assert told.code == 4
    assert told.out.startswith("SUPERSEDED: genuine, but it was deleted in the cloud")
    assert "take this one out of use" in told.out
    found = answer(online("--json"))
    assert (found["answer"], found["lockbox_version"]) == ("deleted", None)


def test_a_404_alone_proves_no_deletion(online: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(match="*/offline-updates/kiosk.json", kind=Status(status=404), times=None))
    told = online("--json")
    assert told.code == 5
    document = told.json()
    assert document["verdict"] == "verified"
    assert document["online"]["answer"] == "unknown"
    assert "the offline-snapshot lists version 1" in document["online"]["error"]["why"]


def test_what_was_learnt_is_remembered_without_the_cloud(
    online: Runner, lockstick: Runner, api: ApiClient, stick: Path, tmp_path: Path
) -> None:
    api.lockboxes.revoke("kiosk")
    assert online("--no-remember").code == 4
    assert lockstick("verify", stick).code == 0
    assert online().code == 4
    told = lockstick("verify", stick)
    assert told.code == 4
    assert "a newer one was verified here before" in told.out
    assert json.loads((tmp_path / "trust" / "plant.seen.json").read_text())["lockboxes"] == {"kiosk.json": 2}


def test_without_an_answer_the_verdict_stays_and_the_exit_code_says_that_nobody_knows(
    online: Runner, cloud: Sandbox
) -> None:
    cloud.faults.add(Fault(match="*", kind=Drop(after=None), times=None))
    told = online()
    assert told.code == 5
    assert told.out.startswith("VERIFIED")
    assert "what is current is not known" in told.out
    assert told.err.startswith("error: ")
    document = online("--json").json()
    assert document["verdict"] == "verified"
    assert document["online"]["answer"] == "unknown"
    assert document["online"]["error"]["exit_code"] == 5


def test_what_was_verified_is_remembered_with_and_without_an_answer(
    online: Runner, cloud: Sandbox, tmp_path: Path
) -> None:
    memory = tmp_path / "trust" / "plant.seen.json"
    assert online().code == 0
    assert json.loads(memory.read_text())["documents"]["image-repo/snapshot.json"] > 0
    memory.unlink()
    cloud.faults.add(Fault(match="*/director/*", kind=Status(status=403), times=None))
    assert online().code == 7
    assert json.loads(memory.read_text())["lockboxes"] == {"kiosk.json": 1}


def test_refused_credentials_leave_the_verdict_as_it_is(online: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(match="*/director/*", kind=Status(status=403), times=None))
    told = online("--json")
    assert told.code == 7
    assert told.json()["verdict"] == "verified"
    assert answer(told)["error"]["exit_code"] == 7


def test_the_cloud_of_another_account_is_not_believed(lockstick: Runner, stick: Path, tmp_path: Path) -> None:
    with Sandbox.start(tmp_path / "foreign") as foreign:
        for _ in range(3):
            foreign.define_lockbox("kiosk")
        told = lockstick("verify", stick, "--online", "--credentials", foreign.credentials_path)
    assert told.code == 3
    assert told.out.startswith("VERIFIED")
    assert "what the cloud says of this lockbox is not to be trusted" in told.err
    assert "account" in told.err


def test_a_forged_answer_does_not_make_a_stick_superseded(online: Runner, cloud: Sandbox, stick: Path) -> None:
    snapshot = json.loads((stick / "metadata" / "director" / "offline-snapshot.json").read_bytes())
    snapshot["signed"]["version"] += 1
    cloud.faults.add(
        Fault(match="*/offline-snapshot.json", kind=Replace(body=json.dumps(snapshot).encode()), times=None),
    )
    told = online("--json")
    assert told.code == 3
    assert answer(told)["answer"] == "unknown"
    assert "signature" in answer(told)["error"]["why"]


def test_a_cloud_that_replays_an_older_state_does_not_make_a_stick_current(
    online: Runner, build: Runner, cloud: Sandbox, stick: Path, lockstick: Runner, tmp_path: Path
) -> None:
    shutil.copytree(stick, tmp_path / "first")
    director = stick / "metadata" / "director"
    old = {name: (director / name).read_bytes() for name in ("offline-snapshot.json", "kiosk.json")}
    cloud.define_lockbox("kiosk")
    assert build().code == 0
    cloud.faults.add(*(Fault(match=f"*/{name}", kind=Replace(body=body), times=None) for name, body in old.items()))
    told = online("--json")
    assert told.code == 3
    document = told.json()
    assert document["verdict"] == "unchecked"
    assert document["online"]["answer"] == "disagrees"
    assert "cloud-behind" in {one["rule"] for one in document["findings"]}
    # What the cloud disagrees with is not remembered: it might be forged, and would make the genuine one look old.
    assert lockstick("verify", tmp_path / "first").code == 0
    assert lockstick("verify", stick).code == 0
    assert lockstick("verify", tmp_path / "first").code == 4


def test_a_damaged_stick_is_refused_and_nobody_is_asked(online: Runner, cloud: Sandbox, stick: Path) -> None:
    (stick / "images" / "firmware-1.0.bin").write_bytes(b"!")
    told = online("--json")
    assert told.code == 3
    assert answer(told) == {
        "asked": f"{cloud.api_url}/director",
        "answer": "not-asked",
        "lockbox_version": None,
        "offline_snapshot_version": None,
        "error": None,
    }
    assert cloud.requests.all() == []
    assert "the cloud was not asked" in online().out


def test_one_that_has_expired_and_cannot_be_asked_about_stays_expired(online: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(match="*", kind=Drop(after=None), times=None))
    told = online("--at", "2040-01-01T00:00:00Z")
    assert told.code == 4
    assert "what is current is not known" in told.out


def test_roots_that_were_given_judge_the_cloud_as_well(
    online: Runner, roots: Path, api: ApiClient, tmp_path: Path
) -> None:
    assert online("--trust", roots).code == 0
    api.lockboxes.revoke("kiosk")
    assert online("--trust", roots).code == 4
    assert not (tmp_path / "trust" / "plant.seen.json").exists()


def test_credentials_are_needed_for_it_and_for_nothing_else(lockstick: Runner, cloud: Sandbox, stick: Path) -> None:
    told = lockstick("verify", stick, "--online")
    assert told.code == 2
    assert "--online needs the account's credentials.zip" in told.err
    told = lockstick("verify", stick, "--credentials", cloud.credentials_path)
    assert told.code == 2
    assert "--trust" in told.err
    assert cloud.requests.all() == []


def test_the_variable_for_credentials_alone_asks_nobody(
    lockstick: Runner, cloud: Sandbox, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTICK_CREDENTIALS", str(cloud.credentials_path))
    told = lockstick("verify", stick, "--json")
    assert told.code == 0
    assert answer(told) is None
    assert cloud.requests.all() == []
    assert lockstick("verify", stick, "--online").code == 0


PROGRAM = """
import sys
from lockstick.cli import {program}
sys.argv[1:] = {arguments!r}
try:
    {program}()
finally:
    network = [name for name in sys.modules if name.startswith(("lockstick.cloud", "lockstick.transfer", "httpx"))]
    print(network, file=sys.stderr)
"""


def outside(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    text = PROGRAM.format(program=program, arguments=[str(one) for one in arguments])
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=120, env=dict(os.environ)
    )


def test_lockstick_verify_asks_as_well_and_loads_the_network_only_then(cloud: Sandbox, stick: Path) -> None:
    done = outside("verify_main", stick)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]"), done.stderr
    asking = ("--online", "--credentials", cloud.credentials_path)
    done = outside("verify_main", stick, *asking)
    assert done.returncode == 0, done.stderr
    assert "publishes just this" in done.stdout
    assert "lockstick.cloud" in done.stderr
    cloud.define_lockbox("kiosk")
    done = outside("verify_main", stick, *asking)
    assert done.returncode == 4
    assert done.stdout.startswith("SUPERSEDED: genuine, but the cloud has a newer one")


def test_a_copy_elsewhere_is_asked_about_like_the_stick(
    lockstick: Runner, cloud: Sandbox, stick: Path, tmp_path: Path
) -> None:
    shutil.copytree(stick, tmp_path / "copy")
    cloud.define_lockbox("kiosk")
    assert lockstick("verify", tmp_path / "copy", "--online", "--credentials", cloud.credentials_path).code == 4
