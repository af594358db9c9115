"""Commits of an operating system: every object is what its name says, and nothing on a medium makes the walk raise."""

from __future__ import annotations

import json
import os
import struct
import sys
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import SHARED
from lockstick.disk.tree import FolderTree
from lockstick.payloads.gvariant import NotNormalError, array, split
from lockstick.payloads.ostree_objects import FileHeader, check_dirmeta, read_commit, read_dirtree
from lockstick.payloads.ostree_repo import (
    FETCH_FAILED,
    OSTREE_PLACE,
    OstreeProblem,
    check_commit,
    device_ostree_problem,
)
from payload_maker import Repository, sha256, variant, variant_array

if TYPE_CHECKING:
    from pathlib import Path

CASES = SHARED / "device-verdicts"


def problems(repository: Repository, commit: str) -> tuple[OstreeProblem, ...]:
    return check_commit(FolderTree(repository.root), OSTREE_PLACE, commit)


def rules(repository: Repository, commit: str) -> set[str]:
    return {problem.rule for problem in problems(repository, commit)}


def objects(repository: Repository) -> list[Path]:
    found = sorted(path for path in (repository.path / "objects").rglob("*") if path.is_file())
    assert found
    return found


def test_a_sound_commit_has_no_problem_for_verify_or_for_a_device(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commit = repository.sound()
    assert problems(repository, commit) == ()
    assert device_ostree_problem(FolderTree(tmp_path), commit) is None


def test_no_byte_of_any_object_can_be_changed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commit = repository.sound()
    assert len(objects(repository)) == 7
    for path in objects(repository):
        data = path.read_bytes()
        for position in range(len(data)):
            path.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
            assert "ostree-object-corrupt" in rules(repository, commit), (path.name, position)
        path.write_bytes(data)
    assert problems(repository, commit) == ()


def test_no_object_may_be_missing(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commit = repository.sound()
    for path in objects(repository):
        data = path.read_bytes()
        path.unlink()
        expected = "ostree-commit-missing" if path.suffix == ".commit" else "ostree-object-missing"
        assert rules(repository, commit) == {expected}
        path.write_bytes(data)


def test_objects_may_neither_be_cut_short_nor_have_anything_behind_them(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commit = repository.sound()
    for path in objects(repository):
        data = path.read_bytes()
        for changed in (data[:-1], data + b"\0", b""):
            path.write_bytes(changed)
            assert rules(repository, commit) == {"ostree-object-corrupt"}
        path.write_bytes(data)


@pytest.mark.parametrize("config", ["", "mode=archive", "[core]\nmode=strange\n", "[core]\nmode", "\xff", "[core"])
def test_a_repository_without_a_known_mode_is_refused(tmp_path: Path, config: str) -> None:
    repository = Repository(tmp_path)
    commit = repository.sound()
    (repository.path / "config").write_bytes(config.encode("latin-1"))
    assert rules(repository, commit) & {"ostree-repository", "ostree-object-missing"}


def test_a_repository_without_a_config_is_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commit = repository.sound()
    (repository.path / "config").unlink()
    assert rules(repository, commit) == {"ostree-repository"}


def test_the_commit_must_be_the_signed_one(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.sound()
    for other in ("0" * 64, "", "../../config", "Ü" * 64):
        assert rules(repository, other) == {"ostree-commit-missing"}


def test_a_tree_that_is_deeper_than_devices_walk_is_refused_without_recursion(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    tree = repository.dirtree({})
    for _ in range(sys.getrecursionlimit() + 200):
        tree = repository.dirtree({}, {"d": (tree, meta)})
    assert rules(repository, repository.commit(tree, meta)) == {"ostree-object-corrupt"}


def test_a_tree_of_shared_folders_is_walked_once_however_many_paths_lead_through_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    tree = repository.dirtree({"f": repository.file(b"f")})
    for _ in range(100):
        tree = repository.dirtree({}, dict.fromkeys("ab", (tree, meta)))
    assert problems(repository, repository.commit(tree, meta)) == ()


def test_a_folder_cannot_name_itself_because_its_digest_would_have_to_be_known_first(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    claimed = "1" * 64
    inner = variant(b"d\0", bytes.fromhex(claimed), bytes.fromhex(meta))
    repository.put(claimed, "dirtree", variant(b"", b"", variant_array(inner)))
    assert rules(repository, repository.commit(claimed, meta)) == {"ostree-object-corrupt"}


@pytest.mark.parametrize("name", ["..", ".", "", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    tree = repository.dirtree({name: repository.file(b"f")})
    assert rules(repository, repository.commit(tree, meta)) == {"ostree-object-corrupt"}


def test_a_name_that_stands_twice_in_a_folder_is_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    tree = repository.dirtree({"a": repository.file(b"f")}, {"a": (repository.dirtree({}), meta)})
    assert rules(repository, repository.commit(tree, meta)) == {"ostree-object-corrupt"}


@pytest.mark.parametrize("size", [0, 999, 1001, 2**40])
def test_a_file_must_hold_as_much_as_it_promises(tmp_path: Path, size: int) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    tree = repository.dirtree({"f": repository.file(b"x" * 1000, size=size)})
    assert rules(repository, repository.commit(tree, meta)) == {"ostree-object-corrupt"}


def test_a_file_that_would_grow_beyond_what_it_promises_is_left_at_once_and_fills_no_memory(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    compressor = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(512)) + compressor.flush()
    head = variant(struct.pack(">QIIII", 10, 0, 0, 0o100644, 0), b"\0", b"")
    digest = repository.put("2" * 64, "filez", struct.pack(">I4x", len(head)) + head + bomb)
    commit = repository.commit(repository.dirtree({"f": digest}), meta)
    tracemalloc.start()
    began = time.monotonic()
    assert rules(repository, commit) == {"ostree-object-corrupt"}
    assert time.monotonic() - began < 1
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    digest = repository.put("3" * 64, "filez", struct.pack(">I4x", 0xFFFFFFFF) + b"x" * 100)
    commit = repository.commit(repository.dirtree({"f": digest}), meta)
    assert rules(repository, commit) == {"ostree-object-corrupt"}


def test_problems_are_not_listed_without_end(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    meta = repository.dirmeta()
    tree = repository.dirtree({f"f{number}": sha256(b"%d" % number) for number in range(200)})
    assert len(problems(repository, repository.commit(tree, meta))) == 50


@pytest.mark.skipif(not hasattr(os, "symlink") or sys.platform == "win32", reason="links need rights on Windows")
def test_no_link_is_followed_to_an_object(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "box")
    commit = repository.sound()
    for path in objects(repository):
        elsewhere = tmp_path / "elsewhere"
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
        assert rules(repository, commit) == {"ostree-object-corrupt"}
        path.unlink()
        elsewhere.rename(path)


def loosened(repository: Repository, mode: str) -> str:
    """A commit in a repository that keeps files as they are."""
    (repository.path / "config").write_text(f"[core]\nrepo_version=1\nmode={mode}\n")
    meta = repository.dirmeta()
    script = Repository.file_digest(b"run me", mode=0o100755)
    link = Repository.file_digest(b"", mode=0o120777, target=b"../a//b")
    repository.put(script, "file", b"run me")
    place = repository.place(link, "file")
    place.parent.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        place.write_bytes(b"../a//b")
    else:
        place.symlink_to("../a//b")
    return repository.commit(repository.dirtree({"script": script, "link": link}), meta)


@pytest.mark.parametrize("mode", ["bare", "bare-user", "bare-user-only"])
def test_a_repository_that_keeps_files_as_they_are_is_checked_and_warned_of(tmp_path: Path, mode: str) -> None:
    repository = Repository(tmp_path)
    commit = loosened(repository, mode)
    assert rules(repository, commit) == {"ostree-not-archive"}
    assert device_ostree_problem(FolderTree(tmp_path), commit) is None
    for path in objects(repository):
        if path.suffix == ".file" and not path.is_symlink() and path.read_bytes() == b"run me":
            path.write_bytes(b"run it")
            assert rules(repository, commit) == {"ostree-not-archive", "ostree-object-corrupt"}
            path.unlink()
    assert rules(repository, commit) == {"ostree-not-archive", "ostree-object-missing"}


def test_links_of_a_plain_repository_survive_a_copy_to_a_file_system_without_links(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commit = loosened(repository, "bare-user-only")
    for path in objects(repository):
        if path.is_symlink():
            path.unlink()
            path.write_bytes(b"../a//b")
    assert rules(repository, commit) == {"ostree-not-archive"}


def recorded() -> list[str]:
    return sorted(path.name for path in CASES.glob("ostree-*"))


@pytest.mark.skipif(not CASES.is_dir(), reason="the recorded verdicts are not beside this checkout")
@pytest.mark.parametrize("name", recorded())
def test_the_device_is_said_to_say_what_it_said(name: str) -> None:
    case = json.loads((CASES / name / "case.json").read_text())
    box = json.loads((CASES / name / "update/metadata/director/mylockbox.json").read_text())
    (target,) = box["signed"]["targets"].values()
    problem = device_ostree_problem(FolderTree(CASES / name / "update"), target["hashes"]["sha256"])
    if case["verdict"] == "PASS":
        assert problem is None
    else:
        assert problem is not None
        assert (problem.stage, problem.reason) == (case["stage"], case["client_error"])
        assert problem.reason == FETCH_FAILED


@given(st.binary(max_size=400))
@settings(deadline=1000)
def test_no_bytes_make_a_reader_of_objects_raise_anything_else(data: bytes) -> None:
    for reader in (read_commit, read_dirtree, check_dirmeta, FileHeader.read, array, lambda one: split(one, 3)):
        try:
            reader(data)
        except NotNormalError:
            continue


@given(data=st.binary(max_size=300))
@settings(deadline=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_in_the_place_of_a_file_make_the_walk_raise(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "images"
    repository = Repository(tmp_path) if not path.exists() else Repository.__new__(Repository)
    repository.root, repository.path = tmp_path, path / "ostree"
    digest = repository.put("4" * 64, "filez", data)
    commit = repository.commit(repository.dirtree({"f": digest}), repository.dirmeta())
    assert rules(repository, commit) == {"ostree-object-corrupt"}
