"""A folder as a tree: what has a name is told as it is, and nothing is followed."""

from __future__ import annotations

import errno
import os
import stat
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.disk import tree as tree_module
from lockstick.disk.hashing import hash_file, hash_place
from lockstick.disk.plainfile import LINKED, MISSING, find_plain, is_linked, read_capped
from lockstick.disk.tree import Entry, EntryKind, FolderTree, shown_in
from lockstick.errors import MediaError
from trees import DictTree, FailingTree

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Place, Tree

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights or are none on Windows")
OTHER_THING = "something else than a file lies in its place"


@pytest.fixture
def folder(tmp_path: Path) -> FolderTree:
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "sub" / "file").write_bytes(b"12345")
    if sys.platform != "win32":
        (root / "sub" / "file").chmod(0o640)
        (root / "to-file").symlink_to("sub/file")
        (root / "to-sub").symlink_to("sub")
        (root / "sub" / "nowhere").symlink_to("../a//b")
        os.mkfifo(root / "sub" / "pipe")
    return FolderTree(root)


@needs_links
def test_what_has_a_name_is_told_and_no_link_is_followed(folder: FolderTree) -> None:
    assert folder.look(("sub", "file")) == Entry(name="file", kind=EntryKind.FILE, size=5, mode=0o640)
    kinds: dict[Place, EntryKind | None] = {
        (): EntryKind.FOLDER,
        ("sub",): EntryKind.FOLDER,
        ("sub", "pipe"): EntryKind.OTHER,
        ("to-file",): EntryKind.LINK,
        ("to-sub",): EntryKind.LINK,
        ("sub", "nowhere"): EntryKind.LINK,
        ("to-sub", "file"): None,
        ("sub", "absent"): None,
        ("absent", "file"): None,
        ("sub", "file", "below"): None,
    }
    for place, kind in kinds.items():
        found = folder.look(place)
        assert (found and (found.kind, found.name)) == (kind and (kind, place[-1] if place else "")), place
    assert folder.link(("sub", "nowhere")) == b"../a//b"


@needs_links
def test_the_root_itself_may_be_reached_by_a_link(folder: FolderTree, tmp_path: Path) -> None:
    (tmp_path / "stick").symlink_to(folder.root)
    stick = FolderTree(tmp_path / "stick")
    assert stick.look(()) == Entry(name="", kind=EntryKind.FOLDER, mode=stat.S_IMODE(folder.root.stat().st_mode))
    assert stick.look(("sub", "file")) == folder.look(("sub", "file"))
    assert {entry.name for entry in stick.entries(())} == {"sub", "to-file", "to-sub"}


@needs_links
def test_a_folder_is_listed_with_what_its_names_are(folder: FolderTree) -> None:
    assert {(entry.name, entry.kind, entry.size) for entry in folder.entries(("sub",))} == {
        ("deep", EntryKind.FOLDER, 0),
        ("file", EntryKind.FILE, 5),
        ("nowhere", EntryKind.LINK, 0),
        ("pipe", EntryKind.OTHER, 0),
    }


@pytest.mark.parametrize("kind", [FolderTree, DictTree.of])
@needs_links
def test_what_is_no_folder_cannot_be_listed(folder: FolderTree, kind: Any) -> None:
    tree: Tree = kind(folder.root)
    absent: list[Place] = [("absent",), ("sub", "absent"), ("absent", "deep")]
    for place in absent:
        with pytest.raises(FileNotFoundError):
            list(tree.entries(place))
    no_folders: list[Place] = [
        ("sub", "file"),
        ("sub", "file", "below"),
        ("to-sub",),
        ("to-sub", "deep"),
        ("sub", "pipe"),
    ]
    for place in no_folders:
        with pytest.raises(NotADirectoryError):
            list(tree.entries(place))


def test_one_name_that_cannot_be_looked_at_does_not_hide_the_others(
    folder: FolderTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.lstat

    def failing(path: str) -> os.stat_result:
        if path.endswith("file"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if path.endswith("deep"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return real(path)

    monkeypatch.setattr(os, "lstat", failing)
    entries = {entry.name: entry.kind for entry in folder.entries(("sub",))}
    assert entries["file"] is EntryKind.OTHER
    assert "deep" not in entries
    assert find_plain(folder, ("sub", "file")) == (0, "it cannot be read: Input/output error")


def test_a_file_is_opened_unbuffered(folder: FolderTree) -> None:
    with folder.open(("sub", "file")) as file:
        assert file.read(2) == b"12"
        assert file.read(9) == b"345"


@needs_links
@pytest.mark.parametrize("place", [("sub",), ("sub", "pipe"), ("to-file",), ("sub", "nowhere"), ("absent",)])
def test_what_is_no_regular_file_is_not_opened_and_nobody_waits_for_it(folder: FolderTree, place: Place) -> None:
    with pytest.raises(OSError, match=r"file|directory|link"):
        folder.open(place)


@pytest.mark.parametrize("place", [("..", "root", "sub", "file"), (".", "sub"), ("sub", ""), ("sub/file",), ("/",)])
def test_what_is_not_one_name_is_not_there(folder: FolderTree, place: Place) -> None:
    assert folder.look(place) is None
    with pytest.raises(FileNotFoundError):
        list(folder.entries(place))
    with pytest.raises(FileNotFoundError):
        folder.open(place)


@pytest.mark.parametrize("name", ["sub\\file", "C:", "C:file", "file:stream"])
def test_what_is_several_names_or_a_drive_on_windows_is_not_there(
    folder: FolderTree, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_NEVER_IN_A_NAME", frozenset("/\\:"))
    if sys.platform != "win32":
        (folder.root / name).write_bytes(b"here it would be a name")
    assert folder.look((name,)) is None


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_can_have_is_an_error_of_the_medium(folder: FolderTree, name: str) -> None:
    for read in (folder.look, folder.open, folder.link, lambda place: list(folder.entries(place))):
        with pytest.raises(OSError, match="no file can have such a name") as caught:
            read((name,))
        assert caught.value.errno == errno.EINVAL
    assert folder.attribute((name,), "user.x") is None


def test_a_reparse_point_of_windows_is_a_link(folder: FolderTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A junction looks like a folder by its mode alone."""
    real = os.lstat

    def with_tags(path: str) -> Any:
        found = real(path)
        tag = 0xA0000003 if os.path.basename(path) == "sub" else 0  # noqa: PTH119
        return SimpleNamespace(st_mode=found.st_mode, st_size=found.st_size, st_reparse_tag=tag)

    monkeypatch.setattr(os, "lstat", with_tags)
    assert folder.look(("sub",)) == Entry(
        name="sub", kind=EntryKind.LINK, mode=stat.S_IMODE(real(folder.path(("sub",))).st_mode)
    )
    assert folder.look(("sub", "file")) is None
    assert find_plain(folder, ("sub", "file")) == (0, LINKED)
    with pytest.raises(NotADirectoryError):
        list(folder.entries(("sub",)))


def test_an_extended_attribute_is_read_where_there_is_one(folder: FolderTree) -> None:
    assert folder.attribute(("sub", "file"), "user.lockstick") is None
    assert folder.attribute(("absent",), "user.lockstick") is None
    try:
        os.setxattr(folder.path(("sub", "file")), "user.lockstick", b"\0known")
    except (AttributeError, OSError):
        pytest.skip("this file system or system has none")
    assert folder.attribute(("sub", "file"), "user.lockstick") == b"\0known"
    assert folder.attribute(("to-file",), "user.lockstick") is None


@needs_links
@pytest.mark.parametrize("kind", [FolderTree, DictTree.of])
def test_what_keeps_a_file_from_being_read_is_said_alike_of_every_tree(folder: FolderTree, kind: Any) -> None:
    tree: Tree = kind(folder.root)
    said: dict[Place, tuple[int, str]] = {
        ("sub", "file"): (5, ""),
        ("to-file",): (0, LINKED),
        ("to-sub", "file"): (0, LINKED),
        ("to-sub", "deep", "file"): (0, LINKED),
        ("sub", "nowhere"): (0, LINKED),
        ("sub", "nowhere", "file"): (0, LINKED),
        ("sub", "absent"): (0, MISSING),
        ("absent", "file"): (0, MISSING),
        ("sub", "file", "below"): (0, MISSING),
        ("sub", "pipe"): (0, OTHER_THING),
        ("sub",): (0, OTHER_THING),
    }
    assert {place: find_plain(tree, place) for place in said} == said
    linked = {place for place, (_, problem) in said.items() if problem == LINKED}
    assert {place for place in said if is_linked(tree, place)} == linked
    assert read_capped(tree, ("sub", "file"), 5) == (b"12345", "")
    assert read_capped(tree, ("sub", "file"), 4) == (b"", "it is larger than 4 bytes")
    assert read_capped(tree, ("to-sub", "file"), 5) == (b"", LINKED)


def test_a_file_that_comes_in_drops_is_read_and_hashed_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    (tmp_path / "file").write_bytes(data)
    tree = DictTree.of(tmp_path)
    assert read_capped(tree, ("file",), len(data)) == (data, "")
    assert hash_place(tree, ("file",), len(data), ("sha256", "sha512")) == hash_file(
        tmp_path / "file", ("sha256", "sha512")
    )
    assert hash_place(FolderTree(tmp_path), ("file",), len(data)) == hash_file(tmp_path / "file")


def test_no_more_of_a_file_is_hashed_than_was_seen_of_it(tmp_path: Path) -> None:
    (tmp_path / "seen").write_bytes(b"12345")
    (tmp_path / "grown").write_bytes(b"1234567890")
    assert hash_place(FolderTree(tmp_path), ("grown",), 5) == hash_file(tmp_path / "seen")


@pytest.mark.parametrize("way", ["open", "read"])
def test_a_medium_that_fails_is_told_by_the_name_of_the_tree(tmp_path: Path, way: str) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    tree = FailingTree(DictTree.of(tmp_path), way)
    with pytest.raises(MediaError) as caught:
        hash_place(tree, ("file",), 5)
    assert str(caught.value).startswith(f"{shown_in(tree, ('file',))} cannot be read")
    assert shown_in(tree, ("file",)) == os.path.join("a dictionary", "file")  # noqa: PTH118
    assert read_capped(tree, ("file",), 5) == (b"", "it cannot be read: Input/output error")


def test_what_lies_deeper_than_anybody_puts_it_is_not_read(tmp_path: Path) -> None:
    tree = FolderTree(tmp_path)
    tmp_path.joinpath(*["d"] * 65).mkdir(parents=True)
    assert [entry.name for entry in tree.entries(("d",) * 64)] == ["d"]
    for reach in (tree.look, tree.open, lambda place: list(tree.entries(place))):
        with pytest.raises(OSError, match="too long"):
            reach(("d",) * 65)
