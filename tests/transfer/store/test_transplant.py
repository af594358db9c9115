"""From the store to the output: shared where that is possible, copied elsewhere, proven in every case."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.transfer.store.passage import Method, Passage, find_passage
from lockstick.transfer.store.reflink import clone
from lockstick.transfer.store.transplant import Damaged, Interrupted, transplant
from transfer.ground import noise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = noise(3_000_000)
DIGESTS = {name: hashlib.new(name, DATA).hexdigest() for name in ("sha256", "sha512")}
each_method = pytest.mark.parametrize("method", list(Method))


def cloned(source: Path, target: Path) -> None:
    """What a file system with clones would do."""
    shutil.copyfile(source, target)


def no_clones(source: Path, target: Path) -> None:
    raise OSError(errno.EOPNOTSUPP, "not here", str(target))


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    path = tmp_path / "entry"
    path.write_bytes(DATA)
    path.chmod(0o444)
    return path


def passage(method: Method) -> Passage:
    return Passage(method=method, mode=0o640)


def bring(entry: Path, target: Path, method: Method, **changes: object) -> None:
    options: dict[str, object] = {"length": len(DATA), "digests": DIGESTS, "copier": cloned} | changes
    transplant(entry, target, passage=passage(method), **options)  # type: ignore[arg-type]


@each_method
@pytest.mark.parametrize("is_proven", [False, True])
def test_the_bytes_arrive_by_every_way(entry: Path, tmp_path: Path, method: Method, *, is_proven: bool) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"left by a run that was killed")
    told: list[int] = []
    bring(entry, target, method, fresh=entry.lstat() if is_proven else None, advanced=told.append)
    assert target.read_bytes() == DATA
    assert sum(told) == len(DATA)
    assert target.samefile(entry) is (method is Method.LINK)


@each_method
@pytest.mark.parametrize("wrong", ["one bit", "shorter", "longer", "a link", "a folder", "nothing"])
def test_a_damaged_entry_never_becomes_a_target(entry: Path, tmp_path: Path, method: Method, wrong: str) -> None:
    target = tmp_path / "target"
    entry.unlink()
    if wrong == "a link":
        (tmp_path / "elsewhere").write_bytes(DATA)
        entry.symlink_to(tmp_path / "elsewhere")
    elif wrong == "a folder":
        entry.mkdir()
    elif wrong != "nothing":
        entry.write_bytes(
            {"one bit": DATA[:-1] + bytes([DATA[-1] ^ 1]), "shorter": DATA[:-1], "longer": DATA + b"x"}[wrong]
        )
    with pytest.raises(Damaged) as caught:
        bring(entry, target, method)
    assert not os.path.lexists(target)
    # Whoever removes it must be able to tell it from the one that another run puts in its place.
    assert (caught.value.seen is None) is (wrong == "nothing")
    assert caught.value.seen is None or os.path.samestat(caught.value.seen, entry.lstat())


def test_every_signed_digest_counts(entry: Path, tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="sha512"):
        bring(entry, tmp_path / "target", Method.COPY, digests={**DIGESTS, "sha512": "0" * 128})


@each_method
def test_who_wants_no_more_finds_nothing_left_behind(entry: Path, tmp_path: Path, method: Method) -> None:
    with pytest.raises(Interrupted):
        bring(entry, tmp_path / "target", method, stopped=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


@pytest.mark.parametrize("copier", [no_clones, clone])
def test_where_clones_fail_after_all_a_second_name_will_do(
    entry: Path, tmp_path: Path, copier: Callable[[Path, Path], None]
) -> None:
    target = tmp_path / "target"
    bring(entry, target, Method.CLONE, copier=copier)
    assert target.read_bytes() == DATA


def test_where_names_fail_after_all_a_copy_will_do(entry: Path, small_disk: Path) -> None:
    target = small_disk / "target"
    bring(entry, target, Method.LINK)
    assert target.read_bytes() == DATA
    assert not target.samefile(entry)


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_second_name_allows_what_other_files_of_the_output_allow(entry: Path, tmp_path: Path) -> None:
    bring(entry, tmp_path / "target", Method.LINK)
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o640


def test_a_full_disk_is_said_and_nothing_is_left(entry: Path, small_disk: Path) -> None:
    (small_disk / "other").write_bytes(bytes(shutil.disk_usage(small_disk).free - 1_000_000))
    with pytest.raises(MediaError, match="the disk is full"):
        bring(entry, small_disk / "target", Method.COPY)
    assert not (small_disk / "target").exists()


# --- which way ---------------------------------------------------------------------------------


def folders(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "store", tmp_path / "output"
    one.mkdir()
    other.mkdir()
    return one, other


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_the_best_way_is_tried_out(tmp_path: Path) -> None:
    one, other = folders(tmp_path)
    (tmp_path / "new").touch()
    usual = (tmp_path / "new").stat().st_mode & 0o777
    assert find_passage(one, other, "1", copier=cloned) == Passage(method=Method.CLONE, mode=usual)
    assert find_passage(one, other, "1", copier=no_clones) == Passage(method=Method.LINK, mode=usual)
    assert [*one.iterdir(), *other.iterdir()] == []


def test_another_file_system_gets_copies(tmp_path: Path, small_disk: Path) -> None:
    assert find_passage(tmp_path, small_disk, "1").method is Method.COPY
    assert sorted(path.name for path in small_disk.iterdir()) == ["lost+found"]


def test_a_file_system_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = folders(tmp_path)
    monkeypatch.setattr(os, "link", lambda *_, **__: no_clones(one, other))
    assert find_passage(one, other, "1", copier=no_clones).method is Method.COPY
    assert [*one.iterdir(), *other.iterdir()] == []


def test_a_real_clone_has_bytes_of_its_own_or_is_refused(entry: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    try:
        clone(entry, target)
    except OSError:
        assert not target.exists()
    else:
        assert target.read_bytes() == DATA
        target.write_bytes(b"changed")
        assert entry.read_bytes() == DATA


@each_method
def test_what_was_just_fetched_is_hashed_all_the_same_if_it_is_another_file_now(
    entry: Path, tmp_path: Path, method: Method
) -> None:
    fetched = entry.lstat()
    bring(entry, tmp_path / "one", method, fresh=fetched)
    entry.unlink()
    entry.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    with pytest.raises(Damaged):
        bring(entry, tmp_path / "two", method, fresh=fetched)
    assert not os.path.lexists(tmp_path / "two")


@each_method
def test_what_was_just_fetched_is_hashed_all_the_same_if_it_was_written_to_since(
    entry: Path, tmp_path: Path, method: Method
) -> None:
    fetched = entry.lstat()
    with entry.open("r+b") as file:
        file.write(bytes([DATA[0] ^ 1]))
    os.utime(entry, ns=(fetched.st_atime_ns, fetched.st_mtime_ns))
    with pytest.raises(Damaged):
        bring(entry, tmp_path / "target", method, fresh=fetched)


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_planted_second_name_of_a_private_file_leaves_it_private(entry: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.write_bytes(bytes(len(DATA)))
    private.chmod(0o600)
    entry.unlink()
    os.link(private, entry)
    with pytest.raises(Damaged):
        bring(entry, tmp_path / "target", Method.LINK)
    assert private.stat().st_mode & 0o777 == 0o600


def test_what_was_just_fetched_is_proven_if_it_is_written_to_while_it_is_copied(entry: Path, tmp_path: Path) -> None:
    def write(_: int) -> None:
        with entry.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(bytes([DATA[-1] ^ 1]))

    with pytest.raises(Damaged):
        bring(entry, tmp_path / "target", Method.COPY, fresh=entry.lstat(), advanced=write)
    assert not os.path.lexists(tmp_path / "target")


def test_another_build_may_use_what_was_just_fetched_while_it_is_copied(entry: Path, tmp_path: Path) -> None:
    told: list[int] = []

    def use(count: int) -> None:
        told.append(count)
        os.link(entry, tmp_path / f"theirs-{len(told)}")

    bring(entry, tmp_path / "target", Method.COPY, fresh=entry.lstat(), advanced=use)
    assert (tmp_path / "target").read_bytes() == DATA
    assert sum(told) == len(DATA)
