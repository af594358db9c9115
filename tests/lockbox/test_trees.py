"""A proof means the same wherever the bytes lie, and a medium that fails is told of, never believed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from forge import AT, Forge, lay_documents, target
from lockstick.cli.lockboxes import lockbox_in
from lockstick.disk.plainfile import LINKED
from lockstick.disk.tree import FolderTree
from lockstick.errors import UsageError
from lockstick.lockbox import litter
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.explain import explain
from lockstick.lockbox.inspect import inspect
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.rehearse import rehearse
from lockstick.lockbox.verify import verify
from lockstick.trust.device.client import Provisioned
from lockstick.trust.device.memory import DeviceMemory
from lockstick.trust.device.profile import DeviceProfile
from lockstick.trust.findings import Verdict
from payload_maker import App, Image, Repository
from trees import DictTree, FailingTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.disk.tree import Place, Tree
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.trust.evidence import Anchors

FIRMWARE = b"firmware " * 1000
BOARD = DeviceProfile(name="board", hardware_id="board", serial="p1")

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


def lockbox(root: Path) -> Anchors:
    """Write a lockbox of a file, an application and an operating system."""
    app = App.of(Image())
    app.write(root)
    system = {"hashes": {"sha256": Repository(root).sound()}, "length": 0}
    targets = {
        "fw.bin": target(FIRMWARE, ("sensor",), targetFormat="BINARY"),
        "app.yml": target(app.compose, ("docker-compose",), targetFormat="BINARY"),
        "os-1": system | {"custom": {"hardwareIds": ["board"], "targetFormat": "OSTREE"}},
    }
    (root / "images" / "fw.bin").write_bytes(FIRMWARE)
    forge = Forge(lockbox_targets=targets, image_targets=targets)
    evidence = forge.evidence()
    for folder, files in (("director", evidence.director.files), ("image-repo", evidence.image_repo.files)):
        (root / "metadata" / folder).mkdir(parents=True)
        for name, data in files.items():
            (root / "metadata" / folder / name).write_bytes(data)
    return forge.anchors()


def verified(tree: Tree, anchors: Anchors) -> VerifyOutcome:
    return verify(tree, anchors=AnchorChoice(given=anchors), at=AT, clock=lambda: 0.0)


def told(tree: Tree, anchors: Anchors, place: Path) -> tuple[VerifyOutcome, list[object]]:
    """Everything that anybody says of a lockbox."""
    assert anchors.director is not None
    assert anchors.image_repo is not None
    given = AnchorChoice(given=anchors)
    others: list[object] = [
        *(explain(tree, name, anchors=given, at=AT) for name in ("fw.bin", "app.yml", "os-1")),
        inspect(tree),
        rehearse(
            [(place, tree)],
            [BOARD],
            provisioned=Provisioned(director=anchors.director, image_repo=anchors.image_repo),
            memory=lambda _: DeviceMemory(),
            at=AT,
        ),
    ]
    return verified(tree, anchors), others


def _the(root: Path, pattern: str) -> Path:
    return min(root.rglob(pattern))


def _flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def _link(path: Path) -> None:
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    path.symlink_to(aside.name)


def _fold(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _bare(root: Path) -> None:
    """The repository keeps files as they are, links among them, and the commit in it is none of it."""
    (root / "images/ostree/config").write_text("[core]\nrepo_version=1\nmode=bare\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "sound": lambda _: None,
    "another firmware": lambda root: _flip(root / "images/fw.bin"),
    "a short firmware": lambda root: (root / "images/fw.bin").write_bytes(b"x"),
    "no firmware": lambda root: (root / "images/fw.bin").unlink(),
    "a folder for a firmware": lambda root: _fold(root / "images/fw.bin"),
    "no compose file": lambda root: (root / "images/app.yml").unlink(),
    "no manifest": lambda root: _the(root, "metadata/docker/*/*").unlink(),
    "another archive": lambda root: _flip(_the(root, "*.tar")),
    "a cut archive": lambda root: os.truncate(_the(root, "*.tar"), 3000),
    "no archive": lambda root: _the(root, "*.tar").unlink(),
    "a stranger among the archives": lambda root: (_the(root, "*.images") / "z.tar").write_bytes(b"z"),
    "no repository": lambda root: (root / "images/ostree/config").unlink(),
    "a repository of another mode": _bare,
    "another object": lambda root: _flip(_the(root, "*.filez")),
    "no object": lambda root: _the(root, "*.dirtree").unlink(),
    "strangers": lambda root: [
        path.write_bytes(b"?") for path in (root / "images/z", root / "metadata/a", root / "metadata/director/z.txt")
    ],
    "a document less": lambda root: (root / "metadata/image-repo/snapshot.json").unlink(),
    "another document": lambda root: _flip(root / "metadata/director/box.json"),
    "a folder for a document": lambda root: _fold(root / "metadata/image-repo/targets.json"),
    "a large document": lambda root: (root / "metadata/director/box.json").write_bytes(b" " * 200_000),
    "nothing": lambda root: [(root / name).rename(root / f"{name}.gone") for name in ("metadata", "images")],
    "files for folders": lambda root: [
        ((root / name).rename(root / f"{name}.gone"), (root / name).write_bytes(b"")) for name in ("metadata", "images")
    ],
}
LINKS: dict[str, Callable[[Path], object]] = {
    "a link to the firmware": lambda root: _link(root / "images/fw.bin"),
    "a link to the images": lambda root: _link(root / "images"),
    "a link to the documents": lambda root: _link(root / "metadata"),
    "a link to the Director's documents": lambda root: _link(root / "metadata/director"),
    "a link to a document": lambda root: _link(root / "metadata/director/box.json"),
    "a link to an archive": lambda root: _link(_the(root, "*.tar")),
    "a link to the manifests": lambda root: _link(_the(root, "*.manifests")),
    "a link to the repository": lambda root: _link(root / "images/ostree"),
    "a link to an object": lambda root: _link(_the(root, "*.filez")),
    "a link among the strangers": lambda root: (root / "images/z").symlink_to("/"),
}


@pytest.mark.parametrize("change", [*CHANGES, *(pytest.param(one, marks=needs_links) for one in LINKS)])
def test_the_same_is_said_of_a_folder_and_of_any_other_tree_with_the_same_in_it(tmp_path: Path, change: str) -> None:
    anchors = lockbox(tmp_path)
    (CHANGES | LINKS)[change](tmp_path)
    folder = told(FolderTree(tmp_path), anchors, tmp_path)
    assert told(DictTree.of(tmp_path), anchors, tmp_path) == folder
    outcome = verified(FolderTree(tmp_path), anchors)
    assert (outcome.findings == ()) == (change == "sound")
    if change == "sound":
        assert outcome.verdict is Verdict.VERIFIED
    if change in LINKS and "strangers" not in change:
        assert LINKED in {finding.message for finding in outcome.findings}


@needs_links
@pytest.mark.parametrize("top", ["images", "metadata"])
def test_a_link_for_a_whole_part_of_a_lockbox_is_named_and_not_gone_through(tmp_path: Path, top: str) -> None:
    anchors = lockbox(tmp_path)
    (tmp_path / "images" / "stranger").write_bytes(b"?")
    _link(tmp_path / top)
    outcome = verified(FolderTree(tmp_path), anchors)
    unlisted = {finding.subject for finding in outcome.findings if finding.rule == "file-unlisted"}
    assert top in unlisted
    assert "images/stranger" not in unlisted


@needs_links
def test_a_stick_whose_update_is_a_link_is_not_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    """Found by attack: such a stick was verified by a lockbox on the laptop, and a device found another one."""
    (tmp_path / "laptop" / "metadata").mkdir(parents=True)
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "update").symlink_to(tmp_path / "laptop")
    with pytest.raises(UsageError, match="is a link"):
        find_lockbox(tmp_path / "stick")
    mine = tmp_path / "mine"
    mine.symlink_to(tmp_path / "laptop")
    assert find_lockbox(mine).root == mine  # what the user names is his own affair


def test_a_chain_of_folders_without_end_is_not_gone_through(tmp_path: Path) -> None:
    """Found by attack: 1,700 empty folders, most of them in each other, held verify for a minute."""
    anchors = lockbox(tmp_path)
    folder = tmp_path.joinpath("images", *["d"] * 70)
    folder.mkdir(parents=True)
    for depth in (62, 63, 64):
        tmp_path.joinpath("images", *["d"] * depth, "stranger").write_bytes(b"?")
    outcome = verified(FolderTree(tmp_path), anchors)
    assert outcome.verdict is Verdict.VERIFIED
    # What lies in the 64th folder is the last that is seen.
    assert {one.subject.count("/d") for one in outcome.findings if one.rule == "file-unlisted"} == {62, 63}


def test_names_without_end_are_not_all_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anchors = lockbox(tmp_path)
    monkeypatch.setattr(litter, "_MAX_NAMES", 20)
    for number in range(30):
        (tmp_path / "images" / "z" / f"empty{number}").mkdir(parents=True)
    outcome = verified(FolderTree(tmp_path), anchors)
    assert outcome.verdict is Verdict.VERIFIED
    assert [one.message for one in outcome.findings] == ["there are more than 20 names; not all were looked at"]


@needs_links
@pytest.mark.parametrize("mode", ["bare", "bare-user", "bare-user-only"])
def test_a_repository_of_plain_files_is_held_alike_in_any_tree(tmp_path: Path, mode: str) -> None:
    repository = Repository(tmp_path)
    (repository.path / "config").write_text(f"[core]\nmode={mode}\n")
    script = Repository.file_digest(b"run me", mode=0o100755)
    link = Repository.file_digest(b"", mode=0o120777, target=b"../a//b")
    written = Repository.file_digest(b"", mode=0o120777, target=b"elsewhere")
    repository.put(script, "file", b"run me")
    repository.put(written, "file", b"elsewhere")
    repository.place(link, "file").parent.mkdir(parents=True, exist_ok=True)
    repository.place(link, "file").symlink_to("../a//b")
    tree = repository.dirtree({"script": script, "link": link, "written": written})
    commit = repository.commit(tree, repository.dirmeta())
    system = {"hashes": {"sha256": commit}, "length": 0}
    targets = {"os-1": system | {"custom": {"hardwareIds": ["board"], "targetFormat": "OSTREE"}}}
    forge = Forge(lockbox_targets=targets, image_targets=targets)
    lay_documents(tmp_path, forge.evidence())
    outcome = verified(FolderTree(tmp_path), forge.anchors())
    assert {finding.rule for finding in outcome.findings} == {"ostree-not-archive"}
    assert verified(DictTree.of(tmp_path), forge.anchors()) == outcome


def _places(root: Path) -> list[Place]:
    return sorted(path.relative_to(root).parts for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("way", ["look", "open", "read"])
def test_no_file_of_a_lockbox_may_fail_to_be_read(tmp_path: Path, way: str) -> None:
    anchors = lockbox(tmp_path)
    places = _places(tmp_path)
    assert len(places) == 20
    for place in places:
        outcome = verified(FailingTree(FolderTree(tmp_path), way, lambda at, place=place: at == place), anchors)  # type: ignore[misc]
        assert outcome.verdict is not Verdict.VERIFIED, place
        messages = " ".join(finding.message for finding in outcome.findings).casefold()
        assert "input/output error" in messages, place


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        (("images", "fw.bin"), "package-unreadable"),
        (("images", "app.yml"), "package-unreadable"),
        (("metadata", "director", "box.json"), "document-unreadable"),
        (("metadata", "image-repo", "targets.json"), "document-unreadable"),
    ],
)
@pytest.mark.parametrize("way", ["look", "open", "read"])
def test_what_the_medium_does_not_give_is_called_unreadable(tmp_path: Path, place: Place, rule: str, way: str) -> None:
    anchors = lockbox(tmp_path)
    outcome = verified(FailingTree(FolderTree(tmp_path), way, lambda at: at == place), anchors)
    subject = "/".join(place[1:])
    assert (rule, subject) in {(finding.rule, finding.subject) for finding in outcome.findings}


@pytest.mark.parametrize("repository", ["director", "image-repo"])
def test_documents_that_cannot_be_listed_are_unreadable(tmp_path: Path, repository: str) -> None:
    anchors = lockbox(tmp_path)
    outcome = verified(FailingTree(FolderTree(tmp_path), "entries", lambda at: at == ("metadata", repository)), anchors)
    assert "document-unreadable" in {finding.rule for finding in outcome.findings}
    assert outcome.verdict is Verdict.REJECTED


@pytest.mark.parametrize("way", ["look", "entries", "open", "read"])
def test_a_medium_that_gives_nothing_makes_nobody_raise(tmp_path: Path, way: str) -> None:
    anchors = lockbox(tmp_path)
    outcome, _ = told(FailingTree(FolderTree(tmp_path), way), anchors, tmp_path)
    assert outcome.verdict is Verdict.REJECTED
    below_images = FailingTree(FolderTree(tmp_path), way, lambda at: at[:1] == ("images",))
    outcome, _ = told(below_images, anchors, tmp_path)
    assert (outcome.verdict is Verdict.VERIFIED) == (way == "entries")  # every signed byte was read all the same


def test_what_is_found_in_a_folder_is_read_as_a_tree(tmp_path: Path) -> None:
    lockbox(tmp_path / "stick" / "update")
    assert find_lockbox(tmp_path / "stick").tree == FolderTree(tmp_path / "stick" / "update")
    assert lockbox_in(tmp_path / "stick") == FolderTree(tmp_path / "stick" / "update")
