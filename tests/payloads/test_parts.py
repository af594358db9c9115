"""All parts of a payload count in the verdict, and what belongs to no part is named."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from conftest import SHARED
from forge import AT, Forge, target
from lockstick.disk.tree import FolderTree
from lockstick.lockbox import proof
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.verify import verify
from lockstick.payloads.parts import check_parts
from lockstick.payloads.tally import StoppedError
from lockstick.trust.expected import ExpectedPackage
from lockstick.trust.findings import Verdict
from payload_maker import App, Image, Repository

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.payloads.kind import Kind

IMAGE = Image()


def written(root: Path, app: App, commit: str) -> AnchorChoice:
    """Sign an application and a commit whose payloads lie below a folder already."""
    compose = target(app.compose, ("docker-compose",), targetFormat="BINARY")
    system = {"length": 0, "hashes": {"sha256": commit}, "custom": {"hardwareIds": ["board"], "targetFormat": "OSTREE"}}
    entries = {"app.yml": compose, "os-1": system}
    forge = Forge(lockbox_targets=entries, image_targets=entries)
    evidence = forge.evidence()
    for folder, files in (("director", evidence.director.files), ("image-repo", evidence.image_repo.files)):
        (root / "metadata" / folder).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (root / "metadata" / folder / name).write_bytes(data)
    return AnchorChoice(given=forge.anchors())


def sound(root: Path) -> AnchorChoice:
    app = App.of(IMAGE)
    app.write(root)
    return written(root, app, Repository(root).sound())


def verified(root: Path, anchors: AnchorChoice) -> VerifyOutcome:
    return verify(FolderTree(root), anchors=anchors, at=AT, clock=time.monotonic)


def found(outcome: VerifyOutcome) -> set[tuple[str, str]]:
    return {(finding.rule, finding.subject) for finding in outcome.findings}


def test_a_lockbox_with_an_application_and_a_commit_is_verified_and_every_byte_of_it_read(tmp_path: Path) -> None:
    outcome = verified(tmp_path, sound(tmp_path))
    assert outcome.findings == ()
    assert outcome.verdict is Verdict.VERIFIED
    assert all(package.ok for package in outcome.packages)
    archives = sum(path.stat().st_size for path in tmp_path.rglob("*.tar"))
    objects = sum(path.stat().st_size for path in (tmp_path / "images/ostree/objects").rglob("*") if path.is_file())
    assert outcome.bytes_hashed == archives + objects + (tmp_path / "images/app.yml").stat().st_size


def test_a_damaged_part_spoils_its_package_and_the_verdict(tmp_path: Path) -> None:
    anchors = sound(tmp_path)
    (archive,) = tmp_path.rglob("*.tar")
    archive.write_bytes(archive.read_bytes().replace(b"a layer", b"A layer"))
    outcome = verified(tmp_path, anchors)
    assert found(outcome) == {("image-archive-hash", archive.relative_to(tmp_path).as_posix())}
    assert outcome.verdict is Verdict.REJECTED
    assert {package.target: package.ok for package in outcome.packages} == {"app.yml": False, "os-1": True}
    (commit,) = tmp_path.rglob("*.commit")
    commit.unlink()
    outcome = verified(tmp_path, anchors)
    assert ("ostree-commit-missing", f"images/{commit.relative_to(tmp_path / 'images').as_posix()}") in found(outcome)
    assert not any(package.ok for package in outcome.packages)


def test_nothing_is_said_about_the_parts_of_a_compose_file_that_is_not_the_signed_one(tmp_path: Path) -> None:
    anchors = sound(tmp_path)
    compose = tmp_path / "images" / "app.yml"
    compose.write_bytes(compose.read_bytes().replace(b"app:", b"ape:"))
    assert found(verified(tmp_path, anchors)) == {("package-hash", "app.yml")}


def test_folders_of_another_application_are_named(tmp_path: Path) -> None:
    anchors = sound(tmp_path)
    folder = tmp_path / "images" / f"{'0' * 64}.images"
    folder.mkdir()
    (folder / "x.tar").write_bytes(b"x")
    assert found(verified(tmp_path, anchors)) == {("file-unlisted", f"images/{'0' * 64}.images/x.tar")}


def test_a_kind_that_cannot_be_checked_is_never_called_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(kind: Kind) -> str:
        return f"the inside of {kind.value}"

    anchors = sound(tmp_path)
    monkeypatch.setattr(proof, "unchecked_part", unchecked)
    outcome = verified(tmp_path, anchors)
    assert found(outcome) == {("payload-not-checked", "app.yml"), ("payload-not-checked", "os-1")}
    assert outcome.verdict is Verdict.UNCHECKED
    assert not any(package.ok for package in outcome.packages)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded facts are not beside this checkout")
def test_no_file_of_the_example_can_be_changed_or_taken_away(tmp_path: Path) -> None:
    """Every file below images/ and metadata/docker is covered by a digest."""
    example = tmp_path / "example"
    shutil.copytree(SHARED / "example-lockbox", example)
    tree, anchors = FolderTree(example), AnchorChoice(on_first_use=True)

    def verdict() -> Verdict:
        return verify(tree, anchors=anchors, at=AT, clock=time.monotonic).verdict

    assert verdict() is Verdict.VERIFIED
    files = [*(example / "images").rglob("*"), *(example / "metadata/docker").rglob("*")]
    checked = [path for path in files if path.is_file() and path.name not in ("config", ".lock")]
    assert len(checked) == 10
    for path in checked:
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data[:100][:-1] + bytes([data[:100][-1] ^ 0xFF]) + data[100:])
        assert verdict() is Verdict.REJECTED, path
        path.unlink()
        assert verdict() is Verdict.REJECTED, path
        path.write_bytes(data)
    assert verdict() is Verdict.VERIFIED


def test_the_work_can_be_stopped_in_the_middle_of_a_payload(tmp_path: Path) -> None:
    sound(tmp_path)
    (commit,) = [path.parent.name + path.stem for path in tmp_path.rglob("*.commit")]
    package = ExpectedPackage(
        target="os-1",
        path=("os-1",),
        name="",
        version="",
        target_format="OSTREE",
        hardware_ids=("board",),
        length=0,
        hashes={"sha256": commit},
        custom={},
        agreed=True,
    )
    assert check_parts(FolderTree(tmp_path), package).sound
    with pytest.raises(StoppedError):
        check_parts(FolderTree(tmp_path), package, stopped=lambda: True)
