"""Putting a lockbox together: whatever step is the last one done, nothing half-done looks whole."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from forge import Forge
from lockstick.disk.lock import take_lock
from lockstick.errors import LockstickError, MediaError, UsageError
from lockstick.lockbox.workplace import open_workplace
from power_cut import is_done_before

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem

OLD = {("App.bin",): b"old app", ("keep.bin",): b"kept", ("dir", "gone.bin"): b"gone"}
NEW = {("app.bin",): b"new app!", ("keep.bin",): b"kept", ("dir", "deeper", "more.bin"): b"more"}


def put(output: Path, packages: dict[tuple[str, ...], bytes]) -> None:
    """Go through the steps of a build, with the engine's part played by hand."""
    with open_workplace(output) as place:
        moves = {}
        for path, data in packages.items():
            target = place.layout.package(path)
            if target.exists() and target.read_bytes() == data:
                continue
            destination = place.destination(path, "-".join(path))
            destination.write_bytes(data)
            if destination.parent == place.staged:
                moves[destination] = path
        place.write_metadata(Forge().evidence())
        obsolete = sorted(set(OLD) - set(packages)) if packages is NEW else ()
        place.publish(moves, obsolete, {path: len(data) for path, data in packages.items()})
        place.finished = True


def contents(output: Path) -> dict[str, bytes]:
    images = output / "images"
    return {path.relative_to(images).as_posix(): path.read_bytes() for path in images.rglob("*") if path.is_file()}


def expected(packages: dict[tuple[str, ...], bytes]) -> dict[str, bytes]:
    return {"/".join(path): data for path, data in packages.items()}


def test_a_successor_replaces_the_older_lockbox(tmp_path: Path) -> None:
    out = tmp_path / "out"
    put(out, OLD)
    put(out, NEW)
    assert contents(out) == expected(NEW)
    assert sorted(entry.name for entry in out.iterdir()) == ["images", "metadata"]


def test_where_case_does_not_count_a_renamed_package_is_not_removed(fs: FakeFilesystem) -> None:
    """On a stick, App.bin of the older lockbox and app.bin of the new one are one file."""
    fs.is_case_sensitive = False
    out = Path("/stick/out")
    fs.create_dir(out)
    put(out, OLD)
    put(out, NEW)
    assert (out / "metadata").is_dir()
    assert {name.casefold(): data for name, data in contents(out).items()} == expected(NEW)


def test_where_case_does_not_count_a_package_in_place_under_another_spelling_stays(fs: FakeFilesystem) -> None:
    fs.is_case_sensitive = False
    out = Path("/stick/out")
    fs.create_dir(out)
    same = {("APP.BIN",): OLD["App.bin",], ("keep.bin",): b"kept"}
    put(out, OLD)
    with open_workplace(out) as place:
        place.write_metadata(Forge().evidence())
        place.publish({}, sorted(set(OLD) - set(same)), {path: len(data) for path, data in same.items()})
    assert {name.casefold(): data for name, data in contents(out).items()} == {
        "app.bin": b"old app",
        "keep.bin": b"kept",
    }


@pytest.mark.parametrize("older", [False, True], ids=["fresh", "over-an-older-one"])
def test_a_power_cut_at_any_disk_call_leaves_all_or_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    older: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    """Cut before the first, second, third … disk call; afterwards: the old one, none, or the new one, whole."""
    cut = 0
    while True:
        out = tmp_path / f"out-{cut}"
        if older:
            put(out, OLD)
        finished = is_done_before(cut, partial(put, out, NEW), monkeypatch)
        if (out / "metadata").exists():
            shown = contents(out)
            is_new = all(shown.get(name) == data for name, data in expected(NEW).items())
            is_old = all(shown.get(name) == data for name, data in expected(OLD).items())
            assert is_new or (older and is_old), f"half a lockbox is visible after a cut at call {cut}"
        put(out, NEW)
        assert contents(out) == expected(NEW)
        if finished:
            break
        cut += 1
    assert cut > 20


def test_a_file_where_the_new_metadata_goes_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ".lockstick").mkdir(parents=True)
    (out / ".lockstick" / "metadata").write_text("in the way")
    put(out, NEW)
    assert contents(out) == expected(NEW)


@pytest.mark.parametrize("name", ["places.json", "places.new", "partial", "staged/x", "metadata", "lock"])
def test_a_link_planted_in_the_hidden_folder_is_refused(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    link = tmp_path / "out" / ".lockstick" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(MediaError, match="is a link"), open_workplace(tmp_path / "out"):
        pass
    assert elsewhere.read_text() == "precious"


def test_a_lockbox_with_a_missing_package_never_becomes_visible(tmp_path: Path) -> None:
    with open_workplace(tmp_path / "out") as place:
        place.write_metadata(Forge().evidence())
        with pytest.raises(MediaError, match="not there as it was written"):
            place.publish({}, (), {("missing.bin",): 5})
    assert not (tmp_path / "out" / "metadata").exists()


def test_two_builds_in_one_folder_exclude_each_other(tmp_path: Path) -> None:
    with (
        open_workplace(tmp_path / "out"),
        pytest.raises(UsageError, match="another build"),
        open_workplace(tmp_path / "out"),
    ):
        pass
    with open_workplace(tmp_path / "out"):
        pass


def test_a_lock_that_its_holder_removed_is_taken_anew(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with take_lock(lock, busy="busy"):
        lock.unlink()
        with take_lock(lock, busy="busy"), pytest.raises(LockstickError, match="busy"), take_lock(lock, busy="busy"):
            pass
