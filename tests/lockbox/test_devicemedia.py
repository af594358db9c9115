"""A folder as a device sees it: names are followed, but never out of the folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from lockstick.lockbox.devicemedia import PayloadJudges, TreeMedia, TreePayloads
from lockstick.lockbox.layout import Layout
from lockstick.trust.device.targets import DeviceTarget

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = PayloadJudges(compose=lambda *_: None, ostree=lambda *_: None)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "secret.json").write_bytes(b"secret")
    root = tmp_path / "update"
    (root / "metadata" / "director").mkdir(parents=True)
    (root / "images" / "app").mkdir(parents=True)
    (root / "metadata" / "director" / "box.json").write_bytes(b"{}")
    (root / "images" / "app" / "fw.bin").write_bytes(b"firmware")
    return Layout(root)


def test_documents_are_read_up_to_their_limit(layout: Layout) -> None:
    media = TreeMedia(layout.tree)
    assert media.read("director", "box.json", 2) == b"{}"
    assert media.read("director", "box.json", 1) is None
    assert media.read("image-repo", "box.json", 2) is None
    assert media.read("image-repo", "../director/box.json", 2) == b"{}"


@pytest.mark.parametrize("name", ["../../../secret.json", "../../../../x", "a\0b"])
def test_nothing_outside_the_folder_is_touched(layout: Layout, name: str) -> None:
    assert TreeMedia(layout.tree).read("director", name, 100) is None
    assert not TreeMedia(layout.tree).exists("director", name)
    assert TreePayloads(layout.tree, NOBODY).size(f"../{name}") is None


def test_a_folder_in_place_of_a_document_exists_and_cannot_be_read(layout: Layout) -> None:
    (layout.director / "folder.json").mkdir()
    assert TreeMedia(layout.tree).exists("director", "folder.json")
    assert TreeMedia(layout.tree).read("director", "folder.json", 100) is None


@pytest.mark.parametrize("name", ["app/fw.bin", "/app/fw.bin", "app//fw.bin", "app/./fw.bin", "x/../app/fw.bin"])
def test_packages_are_found_as_the_device_joins_their_names(layout: Layout, name: str) -> None:
    payloads = TreePayloads(layout.tree, NOBODY)
    assert payloads.size(name) == len(b"firmware")
    assert payloads.digest(name, "sha512") == hashlib.sha512(b"firmware").hexdigest()


def test_a_missing_package_has_no_size_and_no_digest(layout: Layout) -> None:
    payloads = TreePayloads(layout.tree, NOBODY)
    assert payloads.size("absent") is None
    assert payloads.digest("absent", "sha256") == ""
    assert payloads.compose_problem(DeviceTarget(name="absent", length=1), "") is not None


def test_a_compose_file_beyond_4_mib_is_refused_unread(layout: Layout) -> None:
    (layout.images / "big.yml").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    problem = TreePayloads(layout.tree, NOBODY).compose_problem(DeviceTarget(name="big.yml", length=1), "")
    assert problem is not None
    assert "larger" in problem.text
