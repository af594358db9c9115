"""A device that is a file or memory of this computer is no drive, and is not called one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.media.readback import How, PastCacheTree
from lockstick.media.readback.beneath import Beneath
from lockstick.media.readback.linux import LinuxReader
from lockstick.media.readback.under import Ground, grounds_of
from media.ground import ext4

if TYPE_CHECKING:
    from media.ground import BadStick, Stick

_MIB = 1 << 20


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read(tree: PastCacheTree) -> bytes:
    with tree.open(("file",)) as file:
        return file.readall()


def test_bytes_come_from_below_a_file_that_looks_like_a_drive(fuse_stick: BadStick, tmp_path: Path) -> None:
    """The file's own cache has what was written; what lies below it has something else."""
    with ext4(fuse_stick.mount / "inner", 16 * _MIB) as stick:
        data = os.urandom(_MIB)
        _write(stick.mount / "file", data)
        os.sync()
        at = (fuse_stick.folder / "inner" / "image").read_bytes().index(data[:4096])
        fuse_stick.flip("inner/image", at + 77)
        tree = PastCacheTree(stick.mount)
        found = _read(tree)
        assert found[77] == data[77] ^ 1
        assert tree.exclusion.how is How.DROPPED, "nobody can see what the program below keeps"
        assert "is the file" in tree.exclusion.words
        fuse_stick.heal()


def test_only_what_the_kernel_reads_past_every_cache_is_called_direct(ext4_stick: Stick) -> None:
    _write(ext4_stick.mount / "file", os.urandom(_MIB))
    if subprocess.run(["losetup", "--direct-io=on", ext4_stick.device], check=False, capture_output=True).returncode:
        pytest.skip("the file system that the tests lie on cannot be read past its cache")
    tree = PastCacheTree(ext4_stick.mount)
    _read(tree)
    assert tree.exclusion.files == {How.DIRECT: 1}
    assert tree.exclusion.to_json() == {"how": "direct", "files": {"direct": 1}, "reason": ""}
    subprocess.run(["losetup", "--direct-io=off", ext4_stick.device], check=True)
    tree = PastCacheTree(ext4_stick.mount)
    _read(tree)
    assert tree.exclusion.files == {How.CHECKED: 1}


def test_a_file_in_memory_that_looks_like_a_drive_is_memory(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", memory], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not mount memory for us")
    try:
        with ext4(memory / "stick", 16 * _MIB) as stick:
            _write(stick.mount / "file", b"here")
            tree = PastCacheTree(stick.mount)
            assert _read(tree) == b"here"
            assert tree.exclusion.how is How.NONE
            assert "memory" in tree.exclusion.words
    finally:
        subprocess.run(["umount", "-l", memory], check=True)


def test_what_others_stand_on_is_found_through_them(ext4_stick: Stick, tmp_path: Path) -> None:
    device = Path(ext4_stick.device)
    number = device.stat().st_rdev
    sysfs, nodes = tmp_path / "sys", tmp_path / "nodes"
    sysfs.mkdir()
    node = sysfs / f"{os.major(number)}:{os.minor(number)}"

    # An encrypted partition of a file, and memory beside it.
    part = nodes / "loop9" / "loop9p1"
    (nodes / "dm-0" / "slaves").mkdir(parents=True)
    (nodes / "loop9" / "loop").mkdir(parents=True)
    (nodes / "zram3").mkdir()
    part.mkdir()
    (part / "partition").write_text("1\n")
    (nodes / "loop9" / "loop" / "backing_file").write_text("/some where\n")
    (nodes / "loop9" / "loop" / "dio").write_text("1\n")
    (nodes / "dm-0" / "slaves" / "loop9p1").symlink_to(part)
    (nodes / "dm-0" / "slaves" / "zram3").symlink_to(nodes / "zram3")
    node.symlink_to(nodes / "dm-0")
    assert grounds_of(device, sysfs) == (
        Ground(device="loop9", file=Path("/some where"), is_direct=True),
        Ground(device="zram3"),
    )
    # Whatever it stands on in a circle, it comes to an end.
    (nodes / "dm-0" / "slaves" / "dm-0").symlink_to(nodes / "dm-0")
    assert 2 < len(grounds_of(device, sysfs)) < 20
    shutil.rmtree(nodes)
    assert grounds_of(device, sysfs) == ()
    assert grounds_of(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("ground", "how", "word"),
    [
        (Ground(device="zram0"), How.NONE, "memory"),
        (Ground(device="loop0", file=Path("/not there")), How.NONE, "may not empty"),
        (Ground(device="loop0", file=Path("/proc/version"), is_direct=True), How.DROPPED, "does not lie on a drive"),
    ],
)
def test_what_is_below_decides(monkeypatch: pytest.MonkeyPatch, ground: Ground, how: How, word: str) -> None:
    monkeypatch.setattr("lockstick.media.readback.linux.grounds_of", lambda _: (ground,))
    reader = LinuxReader(Path("/"), beneath=Beneath(file_system="ext4", device=Path("/dev/null")))
    reader.refresh()
    assert word in reader.reason
    assert reader.best is how
