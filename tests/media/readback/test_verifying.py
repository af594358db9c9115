"""The very same verification judges what a stick gives, past the computer's memory of it."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from forge import AT, Forge, target
from lockstick.disk.tree import FolderTree
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.verify import verify
from lockstick.media.readback import Culprit, How, Look, PastCacheTree, find_damage, rewrite_bad
from lockstick.trust.findings import Verdict
from payload_maker import App, Image, Repository

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.outcome import VerifyOutcome
    from media.ground import BadStick, Stick

_FIRMWARE = random.Random(9).randbytes(3_000_000)
_FILE = ("images", "fw.bin")


class Lockbox:
    """A lockbox of a file, an application and an operating system, on this computer's disk."""

    def __init__(self, root: Path) -> None:
        self.tree = FolderTree(root)
        app = App.of(Image())
        app.write(root)
        system = {"hashes": {"sha256": Repository(root).sound()}, "length": 0}
        targets = {
            "fw.bin": target(_FIRMWARE, ("sensor",), targetFormat="BINARY"),
            "app.yml": target(app.compose, ("docker-compose",), targetFormat="BINARY"),
            "os-1": system | {"custom": {"hardwareIds": ["board"], "targetFormat": "OSTREE"}},
        }
        root.joinpath(*_FILE).write_bytes(_FIRMWARE)
        forge = Forge(lockbox_targets=targets, image_targets=targets)
        evidence = forge.evidence()
        for folder, files in (("director", evidence.director.files), ("image-repo", evidence.image_repo.files)):
            (root / "metadata" / folder).mkdir(parents=True)
            for name, data in files.items():
                (root / "metadata" / folder / name).write_bytes(data)
        self._anchors = AnchorChoice(given=forge.anchors())

    def judge(self, tree: Tree) -> VerifyOutcome:
        return verify(tree, anchors=self._anchors, at=AT, clock=lambda: 0.0)

    def onto(self, mount: Path) -> Path:
        update = mount / "update"
        for path in (self.tree.root, *sorted(self.tree.root.rglob("*"))):
            there = update / path.relative_to(self.tree.root)
            if path.is_dir():
                there.mkdir()
            else:
                there.write_bytes(path.read_bytes())
        return update


@pytest.fixture
def lockbox(tmp_path: Path) -> Lockbox:
    return Lockbox(tmp_path / "lockbox")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("ext4_stick", How.CHECKED),
        ("exfat_stick", How.CHECKED),
        ("fat32_stick", How.DROPPED),
        ("fuse_stick", How.DROPPED),
    ],
)
def test_a_lockbox_is_proven_as_on_the_disk(
    name: str, how: How, lockbox: Lockbox, request: pytest.FixtureRequest
) -> None:
    stick: Stick | BadStick = request.getfixturevalue(name)
    on_disk = lockbox.judge(lockbox.tree)
    tree = PastCacheTree(lockbox.onto(stick.mount))
    on_stick = lockbox.judge(tree)
    assert on_disk.verdict is on_stick.verdict is Verdict.VERIFIED
    assert on_stick.packages == on_disk.packages
    assert tree.exclusion.how is how
    assert sum(tree.exclusion.files.values()) >= 20  # documents and objects too


def test_a_flipped_bit_that_the_computer_does_not_see_is_refused_found_and_mended(
    lockbox: Lockbox, ext4_stick: Stick
) -> None:
    update = lockbox.onto(ext4_stick.mount)
    os.sync()
    at = ext4_stick.image.read_bytes().index(_FIRMWARE[2_600_960 : 2_600_960 + 4096])
    with ext4_stick.image.open("r+b") as image:
        image.seek(at + 77)
        image.write(bytes([_FIRMWARE[2_600_960 + 77] ^ 0x10]))
    assert lockbox.judge(FolderTree(update)).verdict is Verdict.VERIFIED  # out of the computer's memory
    tree = PastCacheTree(update)
    assert lockbox.judge(tree).verdict is Verdict.REJECTED
    (found,) = find_damage(lockbox.tree, tree, [_FILE])
    assert (found.offset, found.length, found.detail) == (2_600_960, 4096, "1 bit")
    assert found.culprit is Culprit.MEDIUM
    assert rewrite_bad(lockbox.tree, tree, [found]).is_whole
    assert lockbox.judge(PastCacheTree(update)).verdict is Verdict.VERIFIED


def test_a_reader_that_is_wrong_once_is_refused_once(lockbox: Lockbox, fuse_stick: BadStick) -> None:
    update = lockbox.onto(fuse_stick.mount)
    fuse_stick.flip("update/images/fw.bin", 2_000_000, times=1)
    tree = PastCacheTree(update)
    assert lockbox.judge(tree).verdict is Verdict.REJECTED
    (found,) = find_damage(lockbox.tree, tree, [_FILE])
    assert (found.culprit, found.look) == (Culprit.READER, Look.RIGHT_NOW)
    assert lockbox.judge(tree).verdict is Verdict.VERIFIED


def test_a_damaged_document_and_a_part_that_cannot_be_read_are_refused(lockbox: Lockbox, fuse_stick: BadStick) -> None:
    update = lockbox.onto(fuse_stick.mount)
    fuse_stick.flip("update/metadata/*", 100)
    assert lockbox.judge(PastCacheTree(update)).verdict is Verdict.REJECTED
    fuse_stick.heal()
    fuse_stick.fail("update/images/fw.bin", 2_000_000, length=1)
    assert lockbox.judge(PastCacheTree(update)).verdict is Verdict.REJECTED
    fuse_stick.heal()
    assert lockbox.judge(PastCacheTree(update)).verdict is Verdict.VERIFIED
