"""The main road from outside: build, verify, build again, and what happens in between."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.lockbox.layout import Layout
from lockstick.sandbox import CANARY, Drop, Fault, Package, Sandbox, Status, served

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Runner


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_build_is_verified_and_holds_every_package(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    result = build()
    assert result.code == 0, result.err
    assert "VERIFIED" in result.out
    out = tmp_path / "out"
    assert {path for path in files_below(out) if path.startswith("images/")} == {
        f"images/{record.target}" for record in cloud.packages()
    }
    assert sorted(path.name for path in out.iterdir()) == ["images", "metadata"]


def test_metadata_is_written_byte_for_byte_as_served(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    assert build().code == 0
    layout = Layout(tmp_path / "out")
    images, director = cloud.images, cloud.director
    for place, document in {
        layout.image_repo / "targets.json": images.document("targets.json"),
        layout.image_repo / "snapshot.json": images.document("snapshot.json"),
        layout.image_repo / "tdx-quarterly.json": images.document("delegations/tdx-quarterly.json"),
        layout.image_repo / "1.root.json": images.document("root.json", 1),
        layout.director / "kiosk.json": director.lockbox("kiosk"),
        layout.director / "2.root.json": director.repository.document("root.json", 2),
    }.items():
        assert document is not None
        raw = place.read_bytes()
        assert raw == served(document), place.name
        # The service does not serve the canonical form, so writing that would have been noticed.
        assert raw != json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def test_verify_by_given_roots(build: Runner, lockstick: Runner, roots: Path, tmp_path: Path) -> None:
    assert build().code == 0
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert result.code == 0
    verdict = result.json()
    assert verdict["verdict"] == "verified"
    assert verdict["lockbox"]["name"] == "kiosk"
    assert verdict["anchor"]["source"] == "file"
    assert {package["ok"] for package in verdict["packages"]} == {True}
    assert verdict["bytes_hashed"] == sum(package["length"] for package in verdict["packages"])
    assert result.err == ""


def test_verify_without_any_anchor_is_unanchored(build: Runner, lockstick: Runner, tmp_path: Path) -> None:
    assert build().code == 0
    result = lockstick("verify", tmp_path / "out", "--json")
    assert result.code == 3
    assert result.json()["verdict"] == "unanchored"


def test_first_use_only_when_asked_for_and_then_said_so(build: Runner, lockstick: Runner, tmp_path: Path) -> None:
    assert build().code == 0
    result = lockstick("verify", tmp_path / "out", "--tofu")
    assert result.code == 0
    assert "anchor-first-use" in result.out
    assert "first use" in result.out


def test_the_trust_store_is_used_for_the_repository_it_belongs_to(
    build: Runner, lockstick: Runner, roots: Path, cloud: Sandbox, tmp_path: Path
) -> None:
    assert build().code == 0
    with Sandbox.start(tmp_path / "another") as another:
        assert lockstick("trust", "add", "another", "--from", another.credentials_path).code == 0
    assert lockstick("verify", tmp_path / "out").code == 3
    assert lockstick("trust", "add", "ours", "--from", roots).code == 0
    listed = lockstick("trust", "list", "--json").json()["anchors"]
    assert [entry["name"] for entry in listed] == ["another", "ours"]
    result = lockstick("verify", tmp_path / "out", "--json")
    assert result.code == 0
    assert result.json()["anchor"]["source"] == "store"
    assert result.json()["anchor"]["director"] == listed[1]["director"]
    assert lockstick("trust", "remove", "ours", "--yes").code == 0
    assert lockstick("trust", "show", "ours").code == 8
    assert lockstick("verify", tmp_path / "out").code == 3


def test_first_use_does_not_override_a_stored_anchor(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    """An attacker's lockbox that copies the stored account's first root cannot be blessed by --tofu."""
    assert build().code == 0
    assert lockstick("trust", "add", "ours", "--from", roots).code == 0
    victim = tmp_path / "out" / "metadata" / "director" / "2.root.json"
    victim.write_bytes(victim.read_bytes().replace(b'"version": 2', b'"version": 2 '))
    assert lockstick("verify", tmp_path / "out", "--tofu", "--json").json()["anchor"]["source"] == "store"


@pytest.mark.parametrize("where", ["DIR", "DIR/update", "the folder above update"])
def test_a_mounted_stick_is_accepted(build: Runner, lockstick: Runner, roots: Path, tmp_path: Path, where: str) -> None:
    assert build().code == 0
    stick = tmp_path / "stick"
    stick.mkdir()
    shutil.copytree(tmp_path / "out", stick / "update")
    named = {"DIR": tmp_path / "out", "DIR/update": stick / "update", "the folder above update": stick}[where]
    assert lockstick("verify", named, "--trust", roots).code == 0


def test_a_stick_with_two_lockboxes_is_not_guessed_at(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    assert build().code == 0
    shutil.copytree(tmp_path / "out", tmp_path / "out" / "update")
    result = lockstick("verify", tmp_path / "out", "--trust", roots)
    assert result.code == 2
    assert "two lockboxes" in result.err


def test_bytes_are_not_read_where_the_metadata_is_not_to_be_trusted(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    assert build().code == 0
    place = tmp_path / "out" / "metadata" / "director" / "kiosk.json"
    place.write_bytes(place.read_bytes().replace(b'"version": 1', b'"version": 2'))
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert result.code == 3
    assert result.json()["bytes_hashed"] == 0
    assert {package["ok"] for package in result.json()["packages"]} == {False}


def test_a_folder_without_a_lockbox(lockstick: Runner, tmp_path: Path) -> None:
    assert lockstick("verify", tmp_path).code == 8


def test_the_time_to_judge_by(build: Runner, lockstick: Runner, roots: Path, tmp_path: Path) -> None:
    assert build().code == 0
    later = (datetime.now(UTC) + timedelta(days=5000)).strftime("%Y-%m-%dT%H:%M:%SZ")
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--at", later, "--json")
    assert result.code == 4
    assert result.json()["verdict"] == "expired"
    assert {finding["rule"] for finding in result.json()["findings"]} == {"expired", "timestamp-stale"}
    assert lockstick("verify", tmp_path / "out", "--at", "2027-01-01T00:00:00").code == 2


def test_options_are_read_from_the_environment(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build().code == 0
    monkeypatch.setenv("LOCKSTICK_TRUST", str(roots))
    monkeypatch.setenv("LOCKSTICK_JSON", "1")
    assert lockstick("verify", tmp_path / "out").json()["verdict"] == "verified"


def test_every_finding_is_given_not_only_the_first(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    assert build().code == 0
    images = tmp_path / "out" / "images"
    (images / "firmware-1.0.bin").write_bytes(b"short")
    (images / "maps-2026.09.bin").unlink()
    with (images / "tdx-bootloader-7.3.0.bin").open("r+b") as file:
        file.write(b"\xff\xff\xff\xff")
    (images / "._firmware-1.0.bin").write_bytes(b"litter")
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert result.code == 3
    assert {(finding["rule"], finding["subject"]) for finding in result.json()["findings"]} == {
        ("package-length", "firmware-1.0.bin"),
        ("package-missing", "maps-2026.09.bin"),
        ("package-hash", "tdx-bootloader-7.3.0.bin"),
        ("file-unlisted", "images/._firmware-1.0.bin"),
    }
    assert {package["target"]: package["ok"] for package in result.json()["packages"]} == {
        "firmware-1.0.bin": False,
        "maps-2026.09.bin": False,
        "tdx-bootloader-7.3.0.bin": False,
        "sensors/co2 hub-2.3.1.bin": True,
    }


@pytest.mark.parametrize(
    ("lost", "kept"),
    [("director/offline-snapshot.json", "director"), ("image-repo/snapshot.json", "image-repo")],
)
@pytest.mark.parametrize("is_there", [True, False], ids=["unreadable", "missing"])
def test_nobody_is_told_to_delete_what_a_lost_document_listed(
    build: Runner,
    lockstick: Runner,
    roots: Path,
    tmp_path: Path,
    *,
    lost: str,
    kept: str,
    is_there: bool,
) -> None:
    assert build().code == 0
    metadata = tmp_path / "out" / "metadata"
    stray = {"director", "image-repo"}
    for repository in stray:
        (metadata / repository / "stray.txt").touch()
    (metadata / lost).unlink()
    if is_there:
        (metadata / lost).write_bytes(b"x")
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert result.code == 3
    unlisted = {one["subject"] for one in result.json()["findings"] if one["rule"] == "file-unlisted"}
    assert unlisted == {f"metadata/{repository}/stray.txt" for repository in stray - {kept}}


@pytest.mark.parametrize(
    ("place", "finding"),
    [
        ("images/firmware-1.0.bin", ("package-unreadable", "firmware-1.0.bin")),
        ("images/sensors", ("package-unreadable", "sensors/co2 hub-2.3.1.bin")),
        ("metadata/image-repo/targets.json", ("document-unreadable", "image-repo/targets.json")),
    ],
)
def test_a_link_in_place_of_a_package_or_document_is_refused(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path, *, place: str, finding: tuple[str, str]
) -> None:
    assert build().code == 0
    original = tmp_path / "out" / place
    aside = tmp_path / original.name
    original.rename(aside)
    original.symlink_to(aside)
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert result.code == 3
    assert finding in {(one["rule"], one["subject"]) for one in result.json()["findings"]}


def test_a_document_larger_than_devices_read(build: Runner, lockstick: Runner, roots: Path, tmp_path: Path) -> None:
    assert build().code == 0
    place = tmp_path / "out" / "metadata" / "director" / "kiosk.json"
    place.write_bytes(place.read_bytes() + b" " * 65_536)
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert result.code == 3
    assert ("document-too-large", "director/kiosk.json") in {
        (finding["rule"], finding["subject"]) for finding in result.json()["findings"]
    }


def test_a_linked_folder_among_the_packages_is_named(
    build: Runner, lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    assert build().code == 0
    (tmp_path / "out" / "images" / "extra").symlink_to(tmp_path, target_is_directory=True)
    result = lockstick("verify", tmp_path / "out", "--trust", roots, "--json")
    assert ("file-unlisted", "images/extra") in {
        (finding["rule"], finding["subject"]) for finding in result.json()["findings"]
    }


# --- again -------------------------------------------------------------------------------------


def fetched(cloud: Sandbox) -> list[str]:
    return [request.path for request in cloud.requests.matching(origin="store") if request.method == "GET"]


def test_a_second_build_fetches_no_package(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    assert build().code == 0
    before = files_below(tmp_path / "out")
    cloud.requests.clear()
    result = build("--json")
    assert result.code == 0
    assert result.json()["fetched"] == 0
    assert result.json()["reused"] == sum(package["length"] for package in result.json()["verify"]["packages"])
    assert fetched(cloud) == []
    assert files_below(tmp_path / "out") == before


def test_a_damaged_package_is_noticed_and_fetched_again_alone(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    assert build().code == 0
    before = files_below(tmp_path / "out")
    (tmp_path / "out" / "images" / "firmware-1.0.bin").write_bytes(b"x" * 1024 * 1024)
    cloud.requests.clear()
    assert build().code == 0
    assert len(fetched(cloud)) == 1
    assert files_below(tmp_path / "out") == before


def test_a_changed_lockbox_fetches_only_what_changed_and_drops_what_left(
    build: Runner, cloud: Sandbox, tmp_path: Path, lockstick: Runner, roots: Path
) -> None:
    assert build().code == 0
    cloud.add_package(Package(name="firmware", version="2.0", hardware_ids=("verdin-imx8mp",)))
    cloud.define_lockbox("kiosk", ["firmware-2.0", "sensors/co2 hub-2.3.1.bin"])
    cloud.requests.clear()
    assert build().code == 0
    assert len(fetched(cloud)) == 1
    images = {path for path in files_below(tmp_path / "out") if path.startswith("images/")}
    assert images == {"images/firmware-2.0", "images/sensors/co2 hub-2.3.1.bin"}
    assert lockstick("verify", tmp_path / "out", "--trust", roots).code == 0


def test_the_older_lockbox_stays_whole_until_its_successor_is_ready(
    build: Runner, cloud: Sandbox, tmp_path: Path, lockstick: Runner, roots: Path
) -> None:
    assert build().code == 0
    before = files_below(tmp_path / "out")
    cloud.add_package(
        Package(
            name="firmware",
            version="1.0",
            target="firmware-1.0.bin",
            hardware_ids=("verdin-imx8mp",),
            content=b"new content under the old name" * 1000,
        )
    )
    cloud.define_lockbox("kiosk")
    cloud.faults.add(Fault(kind=Drop(after=0), origin="store", times=None))
    assert build().code == 5
    after = {path: data for path, data in files_below(tmp_path / "out").items() if not path.startswith(".lockstick")}
    assert after == before
    assert lockstick("verify", tmp_path / "out", "--trust", roots, "--json").json()["lockbox"]["version"] == 1
    cloud.faults.clear()
    assert build().code == 0
    assert lockstick("verify", tmp_path / "out", "--trust", roots, "--json").json()["lockbox"]["version"] == 2


def test_a_package_that_another_build_left_behind_is_removed(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    cloud.define_lockbox("half", ["firmware-1.0.bin", "maps-2026.09.bin"])
    cloud.faults.add(Fault(kind=Status(status=404), match="*maps*", times=None))
    assert build(lockbox="half").code == 8
    cloud.faults.clear()
    cloud.define_lockbox("kiosk", ["sensors/co2 hub-2.3.1.bin"])
    assert build().code == 0
    assert {path for path in files_below(tmp_path / "out") if path.startswith("images/")} == {
        "images/sensors/co2 hub-2.3.1.bin"
    }


def test_a_rotated_root_is_followed(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    cloud.rotate_root("director")
    cloud.rotate_root("image-repo")
    cloud.define_lockbox("kiosk")
    assert build().code == 0
    assert (tmp_path / "out" / "metadata" / "image-repo" / "3.root.json").is_file()


def test_an_address_that_ran_out_is_asked_for_afresh(build: Runner, cloud: Sandbox) -> None:
    """A pre-signed address of the object store answers 403 when its time is over."""
    cloud.faults.add(Fault(kind=Status(status=403), match="/objects/*", origin="store", times=1))
    assert build().code == 0


def test_a_foreign_address_that_refuses_is_named(build: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(kind=Status(status=403), match="*maps*", origin="store", times=None))
    result = build()
    assert result.code == 7
    assert "uri" in result.err


def test_a_dry_run_writes_nothing(build: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    result = build("--dry-run", "--json")
    assert result.code == 0
    assert result.json()["bytes_present"] == 0
    assert result.json()["bytes_missing"] == sum(package["length"] for package in result.json()["packages"])
    assert not (tmp_path / "out").exists()
    assert fetched(cloud) == []


def test_a_revoked_lockbox_builds_into_one_without_packages(build: Runner, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk", [])
    result = build()
    assert result.code == 0
    assert "lockbox-empty" in result.out


# --- secrets -----------------------------------------------------------------------------------


def test_no_secret_in_any_output_or_in_the_bundle(
    build: Runner, cloud: Sandbox, tmp_path: Path, lockstick: Runner
) -> None:
    secret = cloud.client_secret()
    assert secret
    results = [build("--verbose", "--progress", "json"), build("--json"), build(lockbox="nobody")]
    cloud.faults.add(Fault(kind=Status(status=500, body=b"oops"), origin="store", times=None))
    (tmp_path / "out" / "images" / "firmware-1.0.bin").unlink()
    results.append(build("--verbose"))
    cloud.faults.clear()
    cloud.revoke_client()
    results.append(build("--verbose", "--json"))
    said = "".join(result.out + result.err for result in results).encode()
    said += b"".join(files_below(tmp_path / "out").values())
    for canary in (secret.encode(), CANARY.encode(), b"Bearer", b"X-Sig"):
        assert canary not in said


def test_the_token_never_reaches_the_object_store(build: Runner, cloud: Sandbox) -> None:
    assert build().code == 0
    assert cloud.requests.matching(origin="store")
    assert not [request for request in cloud.requests.matching(origin="store") if request.had_authorization]


# --- demo, inspect, help -----------------------------------------------------------------------


def test_the_demo_ends_with_a_refused_lockbox(lockstick: Runner) -> None:
    result = lockstick("demo")
    assert result.code == 0
    story = result.out
    assert story.index("VERIFIED") < story.index("REJECTED") < story.index("exit code 3")


def test_the_demo_as_one_document(lockstick: Runner, tmp_path: Path) -> None:
    result = lockstick("demo", "--json", "--dir", tmp_path / "stage")
    verdicts: dict[str, Any] = {name: part["verdict"] for name, part in result.json().items()}
    assert verdicts == {"built": "verified", "sound": "verified", "tampered": "rejected"}
    assert lockstick("demo", "--dir", tmp_path / "stage").code == 2


def test_inspect_says_what_is_there_without_a_verdict(build: Runner, lockstick: Runner, tmp_path: Path) -> None:
    assert build().code == 0
    (tmp_path / "out" / "images" / "maps-2026.09.bin").unlink()
    (tmp_path / "out" / "metadata" / "image-repo" / "snapshot.json").write_bytes(b"{")
    result = lockstick("inspect", tmp_path / "out", "--json")
    assert result.code == 0
    present = {package["target"]: package["present"] for package in result.json()["packages"]}
    assert present["maps-2026.09.bin"] is False
    assert present["firmware-1.0.bin"] is True
    problems = {document["path"]: document["problem"] for document in result.json()["documents"]}
    assert problems["image-repo/snapshot.json"]
    assert problems["director/kiosk.json"] is None
    assert "verdict" not in result.out
    assert "MISSING" in lockstick("inspect", tmp_path / "out").out


def test_terminal_escapes_in_names_are_shown_not_obeyed(build: Runner, cloud: Sandbox) -> None:
    name = "fw\x1b]0;owned\x07.bin"
    entry: dict[str, Any] = {"length": 5, "hashes": {"sha256": "0" * 64}, "custom": {"hardwareIds": ["b"]}}
    cloud.define_lockbox("kiosk", [], values={name: entry})
    result = build()
    assert result.code == 3
    assert "\x1b" not in result.err + result.out
