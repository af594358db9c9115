"""Everything that can be wrong with what a build is given: a clear message, the right exit code, no lockbox."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.sandbox import (
    Alter,
    Drop,
    Fault,
    Hang,
    Overpromise,
    Package,
    Redirect,
    Replace,
    Resize,
    Sandbox,
    Status,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Runner

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
NEXT_YEAR = datetime.now(UTC) + timedelta(days=400)


@pytest.fixture(autouse=True)
def _nothing_that_looks_like_a_lockbox(tmp_path: Path) -> Any:
    """Whatever a test of this module does wrong to a build, no lockbox may be there in the end."""
    yield
    assert not (tmp_path / "out" / "metadata").exists()


# --- lockbox and credentials -------------------------------------------------------------------


def test_no_such_lockbox(build: Runner) -> None:
    result = build(lockbox="nobody-defined-this")
    assert result.code == 8
    assert "nobody-defined-this" in result.err
    assert "to do:" in result.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            ("build", "kiosk", "--output", "out"),
            "Missing option '--credentials'. Download credentials.zip from the account's settings page.",
        ),
        (("trust", "add", "plant"), "Missing option '--from'. The account's credentials.zip will do."),
        (
            ("rehearse", "."),
            "Missing option '--provisioned'. If the devices have its roots, the account's credentials.zip will do.",
        ),
        (("verify", "nowhere"), "Path 'nowhere' does not exist. Is the stick mounted?"),
        (
            ("write", "line-a", "--to", "."),
            "Path 'line-a' does not exist. Name the folder that 'lockstick build --output' wrote, not the lockbox.",
        ),
        (
            ("write", "."),
            "Missing option '--to'. Name the folder where the stick is mounted; 'lockstick drives' says where it is.",
        ),
        (("rehearse", "nowhere"), "Path 'nowhere' does not exist. Is the stick mounted?"),
        (
            ("verify", "a-file"),
            "Name the folder that 'lockstick build --output' wrote, a mounted stick, or what 'lockstick pack' wrote.",
        ),
        (("pack", "a-file", "--format", "tar"), "Directory 'a-file' is a file."),
    ],
    ids=["credentials", "from", "provisioned", "verify", "write", "to", "rehearse", "a file", "a file to pack"],
)
def test_what_is_not_given_or_not_there_is_told_with_a_hint(
    lockstick: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").touch()
    result = lockstick(*command)
    assert result.code == 2
    assert result.err.rstrip().endswith(told)


def test_a_name_that_no_lockbox_can_have(build: Runner) -> None:
    assert build(lockbox="../targets").code == 2
    assert build(lockbox="Root").code == 2


def test_a_wrong_secret(build: Runner, cloud: Sandbox) -> None:
    rewrite_member(cloud.credentials_path, "treehub.json", wrong_secret)
    result = build()
    assert result.code == 7
    assert "wrong-secret-canary" not in result.err + result.out


def test_a_revoked_secret(build: Runner, cloud: Sandbox) -> None:
    cloud.revoke_client()
    result = build()
    assert result.code == 7
    assert "credentials.zip" in result.err


def test_credentials_that_are_not_there(lockstick: Runner, tmp_path: Path) -> None:
    result = lockstick("build", "kiosk", "--credentials", tmp_path / "no.zip", "--output", tmp_path / "out")
    assert result.code == 7
    assert "no.zip" in result.err


def test_credentials_that_are_not_a_zip(build: Runner, cloud: Sandbox) -> None:
    cloud.credentials_path.write_bytes(b"not a zip at all")
    result = build()
    assert result.code == 7
    assert "zip" in result.err


@pytest.mark.parametrize("member", ["treehub.json", "tufrepo.url"])
def test_credentials_that_lack_a_member(build: Runner, cloud: Sandbox, member: str) -> None:
    rewrite_member(cloud.credentials_path, member, None)
    result = build()
    assert result.code == 7
    assert member in result.err


def test_credentials_of_the_old_certificate_kind(build: Runner, cloud: Sandbox) -> None:
    with zipfile.ZipFile(cloud.credentials_path, "w") as archive:
        archive.writestr("autoprov_credentials.p12", b"\x30\x82")
        archive.writestr("autoprov.url", "https://example.invalid")
        archive.writestr("client_auth.p12", b"\x30\x82")
    result = build()
    assert result.code == 7
    assert "certificate" in result.err


def rewrite_member(path: Path, member: str, change: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if change is None:
        del members[member]
    else:
        members[member] = change(members[member])
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def wrong_secret(raw: bytes) -> bytes:
    content = json.loads(raw)
    content["oauth2"]["client_secret"] = "wrong-secret-canary"
    return json.dumps(content).encode()


# --- expired -----------------------------------------------------------------------------------


def test_an_expired_lockbox(build: Runner, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk", expires=YESTERDAY)
    # The offline-snapshot lives as long as its longest-lived lockbox.
    cloud.define_lockbox("other", expires=NEXT_YEAR)
    result = build()
    assert result.code == 4
    assert "expired: director/kiosk.json" in result.err
    assert "to do:   Define the lockbox again, or have the repository renew its documents; then build it" in result.err


@pytest.mark.parametrize(
    ("repository", "path", "subject"),
    [
        ("director", "offline-snapshot.json", "director/offline-snapshot.json"),
        ("director", "root.json", "director/3.root.json"),
        ("image-repo", "root.json", "image-repo/3.root.json"),
        ("image-repo", "snapshot.json", "image-repo/snapshot.json"),
        ("image-repo", "targets.json", "image-repo/targets.json"),
        ("image-repo", "delegations/tdx-quarterly.json", "image-repo/tdx-quarterly.json"),
    ],
)
def test_an_expired_document(build: Runner, cloud: Sandbox, repository: Any, path: str, subject: str) -> None:
    cloud.resign(repository, path, expires=YESTERDAY)
    result = build()
    assert result.code == 4, result.err
    assert f"expired: {subject}" in result.err


# --- targets -----------------------------------------------------------------------------------


def entry(**changes: Any) -> dict[str, Any]:
    return {"length": 5, "hashes": {"sha256": "0" * 64}, "custom": {"hardwareIds": ["some-board"]}} | changes


def test_a_target_that_the_image_repository_does_not_know(build: Runner, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk", values={"unknown.bin": entry()})
    result = build()
    assert result.code == 3
    assert "target-unknown: unknown.bin" in result.err


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../outside.bin", "target-name-unsafe"),
        ("app/../../outside.bin", "target-name-unsafe"),
        ("/etc/outside.bin", "target-name-unsafe"),
        ("C:/outside.bin", "target-name-unsafe"),
        ("C:outside.bin", "target-name-unsafe"),
        ("\\\\host\\share", "target-name-unsafe"),
        ("ostree/config", "target-name-unsafe"),
        ("abc.images/x.tar", "target-name-unsafe"),
        ("a//b", "target-name-unsafe"),
        ("", "target-name-unsafe"),
        ("app/CON", "target-name-unportable"),
        ("nul.bin", "target-name-unportable"),
        ("COM1.tar.gz", "target-name-unportable"),
        ("firmware.", "target-name-unportable"),
        ("app /firmware", "target-name-unportable"),
        ("what?.bin", "target-name-unportable"),
        ("line\nbreak", "target-name-unportable"),
    ],
)
def test_a_target_name_that_cannot_be_a_path(build: Runner, cloud: Sandbox, name: str, rule: str) -> None:
    cloud.images.list_targets({"targets": {name: entry()}})
    cloud.define_lockbox("kiosk", [], values={name: entry()})
    result = build()
    assert result.code == 3
    assert rule in result.err


@pytest.mark.parametrize("names", [("App.bin", "app.BIN"), ("tools", "Tools/readme")])
def test_target_names_that_are_one_where_case_does_not_count(
    build: Runner, cloud: Sandbox, names: tuple[str, ...]
) -> None:
    values = {name: entry(custom={"hardwareIds": [f"board-{index}"]}) for index, name in enumerate(names)}
    cloud.images.list_targets({"targets": values})
    cloud.define_lockbox("kiosk", [], values=values)
    result = build()
    assert result.code == 3
    assert "target-name-collision" in result.err


def test_a_compose_package_is_refused_before_a_byte_is_fetched(build: Runner, cloud: Sandbox) -> None:
    cloud.add_package(Package(name="app", version="1", hardware_ids=("docker-compose",)))
    cloud.define_lockbox("kiosk")
    result = build()
    assert result.code == 2
    assert "container images" in result.err
    assert not cloud.requests.matching(origin="store")


# --- bytes -------------------------------------------------------------------------------------


def objects(kind: Any, **more: Any) -> Fault:
    return Fault(kind=kind, origin="store", method="GET", **({"times": None} | more))


@pytest.mark.parametrize("kind", [Resize(by=-1), Resize(by=1), Overpromise(by=10), Alter(offset=1000)])
def test_bytes_that_are_not_the_signed_ones(build: Runner, cloud: Sandbox, kind: Any) -> None:
    cloud.faults.add(objects(kind))
    result = build()
    assert result.code == 3
    assert "127.0.0.1" in result.err


@pytest.mark.parametrize("kind", [Hang(), Drop(after=0), Drop(after=None), Status(status=500), Status(status=503)])
def test_a_server_that_never_recovers(build: Runner, cloud: Sandbox, kind: Any) -> None:
    cloud.faults.add(objects(kind))
    result = build()
    assert result.code == 5, result.err
    assert "Run the same command again" in result.err


@pytest.mark.parametrize(
    "location", [None, "http://example.invalid/file", "ftp://127.0.0.1/file", "https://user:secret@example.invalid/"]
)
def test_redirects_that_are_not_followed(build: Runner, cloud: Sandbox, location: str | None) -> None:
    cloud.faults.add(Fault(kind=Redirect(location=location), match="*/targets/*", times=None))
    result = build()
    assert result.code == 5, result.err
    assert "user:secret" not in result.err


# --- metadata ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"this is not JSON", 3),
        (b'{"a":1,"a":2}', 3),
        (b"\xef\xbb\xbf{}", 3),
        ('{"ä":1}'.encode(), 3),
        (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 3),
        (b"{}" + b" " * 20_000_000, 3),
        (b"[]", 3),
        (b"{}", 3),
    ],
    ids=["not-json", "duplicate", "bom", "non-ascii", "deep", "over-its-cap", "list", "empty"],
)
@pytest.mark.parametrize("path", ["*/offline-updates/kiosk.json", "*/user_repo/targets.json", "*/1.root.json"])
def test_a_document_that_cannot_be_read(build: Runner, cloud: Sandbox, path: str, body: bytes, code: int) -> None:
    cloud.faults.add(Fault(kind=Replace(body=body), match=path, times=None))
    result = build()
    assert result.code == code, result.err
    assert not cloud.requests.matching(origin="store")


def test_a_document_larger_than_devices_read(build: Runner, cloud: Sandbox) -> None:
    raw = json.dumps(cloud.director.lockbox("kiosk")).encode()
    cloud.faults.add(Fault(kind=Replace(body=raw + b" " * 70_000), match="*/offline-updates/kiosk.json", times=None))
    result = build()
    assert result.code == 3
    assert "document-too-large: director/kiosk.json" in result.err


@pytest.mark.parametrize("tail", [b"{}", b"x", b"\x00"])
def test_a_document_with_something_behind_it(build: Runner, cloud: Sandbox, tail: bytes) -> None:
    assert build("--dry-run").code == 0
    raw = json.dumps(cloud.images.document("targets.json")).encode()
    cloud.faults.add(Fault(kind=Replace(body=raw + tail), match="*/user_repo/targets.json", times=None))
    result = build()
    assert result.code == 3, result.err


# --- output ------------------------------------------------------------------------------------


def test_an_output_folder_that_holds_something_else(build: Runner, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    result = build()
    assert result.code == 2
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"


def test_an_output_that_is_a_file(build: Runner, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    assert build().code == 2


@pytest.mark.parametrize("place", ["images", "images/sensors", ".lockstick"])
def test_a_link_planted_in_the_output_is_not_followed(build: Runner, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "out" / place
    link.parent.mkdir(parents=True)
    if place != "images":
        (tmp_path / "out" / "images").mkdir(exist_ok=True, parents=True)
    link.symlink_to(elsewhere, target_is_directory=True)
    result = build()
    assert result.code == 6, result.err
    assert list(elsewhere.iterdir()) == []
