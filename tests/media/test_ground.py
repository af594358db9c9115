"""The sticks of the tests are what they say they are: what they prove rests on it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from media.ground import BadStick, Stick, bad_stick, ext4, squashfs
from media.ground.mounting import is_mounted

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIB = 1 << 20
_BLOCK = 4096


def _read(path: Path, offset: int = 0, length: int = -1) -> bytes:
    """Read past the kernel's cache, whole blocks."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(offset)
        return file.read(length)


def _write_more(fd: int) -> None:
    os.write(fd, b"more")
    os.fsync(fd)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@pytest.mark.parametrize("name", ["ext4_stick", "exfat_stick", "fat32_stick", "fuse_stick"])
def test_a_stick_keeps_what_is_written_until_it_is_inserted_again(name: str, request: pytest.FixtureRequest) -> None:
    stick: Stick | BadStick = request.getfixturevalue(name)
    data = os.urandom(3 * _MIB + 17)
    (stick.mount / "a folder").mkdir()
    if name == "fat32_stick":  # its program cannot rename a folder with something in it
        (stick.mount / "a folder").rename(stick.mount / "update")
        _write(stick.mount / "update" / "file", data)
    else:
        _write(stick.mount / "a folder" / "file", data)
        (stick.mount / "a folder").rename(stick.mount / "update")
    stick.eject()
    assert not any(stick.mount.iterdir())
    stick.insert()
    assert (stick.mount / "update" / "file").read_bytes() == data


@pytest.mark.parametrize("name", ["ext4_stick", "exfat_stick", "fat32_stick"])
def test_a_stick_can_be_write_protected(name: str, request: pytest.FixtureRequest) -> None:
    stick: Stick = request.getfixturevalue(name)
    _write(stick.mount / "file", b"here")
    stick.protect()
    assert (stick.mount / "file").read_bytes() == b"here"
    with pytest.raises(OSError, match=r"Read-only|Operation not") as caught:
        _write(stick.mount / "file", b"gone")
    assert caught.value.errno in (errno.EROFS, errno.EPERM)


@pytest.mark.parametrize("name", ["ext4_stick", "exfat_stick", "fat32_stick", "fuse_stick"])
def test_a_stick_that_is_yanked_fails_those_who_use_it(name: str, request: pytest.FixtureRequest) -> None:
    stick: Stick | BadStick = request.getfixturevalue(name)
    _write(stick.mount / "file", b"here")
    fd = os.open(stick.mount / "file", os.O_WRONLY)
    try:
        stick.yank()
        with pytest.raises(OSError, match=r"Input/output|not connected|No such device|Software caused"):
            _write_more(fd)
    finally:
        with suppress(OSError):  # closing flushes, where a file system is served by a program
            os.close(fd)
    assert not is_mounted(stick.mount)
    stick.insert()
    assert is_mounted(stick.mount)


def test_a_full_stick_says_so(tiny_stick: Stick) -> None:
    with pytest.raises(OSError, match="No space left"):
        _write(tiny_stick.mount / "file", bytes(8 * _MIB))


def test_a_squashfs_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "file").write_bytes(b"here")
    with squashfs(tmp_path / "sq", tmp_path / "content") as stick:
        assert (stick.mount / "file").read_bytes() == b"here"
        with pytest.raises(OSError, match="Read-only"):
            (stick.mount / "other").touch()
    assert not is_mounted(tmp_path / "sq" / "mount")


def test_a_mount_does_not_outlive_a_test_that_was_killed(tmp_path: Path) -> None:
    with ext4(tmp_path / "probe", _MIB):
        pass  # skips where it cannot be done
    code = """
import os, pathlib, signal, sys
from media.ground import bad_stick, ext4
folder = pathlib.Path(sys.argv[1])
with ext4(folder / "e", 1 << 20) as one, bad_stick(folder / "f") as two:
    print(one.device, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False, env=environment
    )
    device = done.stdout.strip()
    assert done.returncode == -9, done.stderr
    end = time.monotonic() + 20
    while time.monotonic() < end and any(is_mounted(tmp_path / name / "mount") for name in "ef"):
        time.sleep(0.05)
    assert not is_mounted(tmp_path / "e" / "mount")
    assert not is_mounted(tmp_path / "f" / "mount")
    while time.monotonic() < end and str(tmp_path) in _backing(device):
        time.sleep(0.05)
    assert str(tmp_path) not in _backing(device)


def _backing(device: str) -> str:
    file = Path("/sys/block") / Path(device).name / "loop" / "backing_file"
    return file.read_text() if file.exists() else ""


def test_bytes_are_flipped_always_or_once_or_until_they_are_rewritten(fuse_stick: BadStick) -> None:
    names = ("always", "once", "healing")
    for name in names:
        _write(fuse_stick.mount / name, bytes(3 * _BLOCK))
    fuse_stick.flip("always", 5000, bits=0x80)
    fuse_stick.flip("once", 5000, times=1)
    fuse_stick.flip("healing", 5000, heals=True)
    wrong = bytes(5000) + b"\x80" + bytes(3 * _BLOCK - 5001)
    assert _read(fuse_stick.mount / "always") == wrong
    assert _read(fuse_stick.mount / "once")[5000] == 1
    assert _read(fuse_stick.mount / "healing")[5000] == 1
    with (fuse_stick.mount / "healing").open("r+b") as file:
        file.seek(_BLOCK)
        file.write(bytes(_BLOCK))
        file.flush()
        os.fsync(file.fileno())
    assert _read(fuse_stick.mount / "always") == wrong
    assert _read(fuse_stick.mount / "once") == bytes(3 * _BLOCK)
    assert _read(fuse_stick.mount / "healing") == bytes(3 * _BLOCK)


def test_a_sector_is_lost_and_an_error_reported(fuse_stick: BadStick) -> None:
    _write(fuse_stick.mount / "file", b"\x11" * 3 * _BLOCK)
    fuse_stick.fill("*", 512, value=0xFF)
    assert _read(fuse_stick.mount / "file").count(b"\xff") == 512
    fuse_stick.fail("file", _BLOCK, length=1)
    with pytest.raises(OSError, match="Input/output error"):
        _read(fuse_stick.mount / "file")
    fuse_stick.heal()
    assert _read(fuse_stick.mount / "file") == b"\x11" * 3 * _BLOCK


def test_it_counts_what_is_written_and_flushed_and_read(fuse_stick: BadStick) -> None:
    _write(fuse_stick.mount / "file", bytes(_MIB))
    assert fuse_stick.written() == {"file": _MIB}
    assert fuse_stick.synced() == ["file"]
    fuse_stick.forget()
    _read(fuse_stick.mount / "file")
    assert fuse_stick.read() == {"file": _MIB}
    assert fuse_stick.written() == {}


def test_it_is_as_slow_as_it_is_told(fuse_stick: BadStick) -> None:
    fuse_stick.slow(read=4 * _MIB, write=2 * _MIB)
    begin = time.monotonic()
    _write(fuse_stick.mount / "file", bytes(_MIB))
    written = time.monotonic()
    _read(fuse_stick.mount / "file")
    assert written - begin >= 0.45
    assert time.monotonic() - written >= 0.2


def test_it_vanishes_in_the_middle_and_comes_back(fuse_stick: BadStick) -> None:
    fuse_stick.vanish(after_written=_MIB)
    with pytest.raises(OSError, match="No such device"):
        _write(fuse_stick.mount / "file", bytes(2 * _MIB))
    with pytest.raises(OSError, match="No such device"):
        (fuse_stick.mount / "other").touch()
    fuse_stick.come_back()
    assert (fuse_stick.mount / "file").stat().st_size <= _MIB


def test_its_program_can_be_killed(fuse_stick: BadStick) -> None:
    fuse_stick.kill()
    with pytest.raises(OSError, match="not connected"):
        list(fuse_stick.mount.iterdir())
    fuse_stick.yank()
    fuse_stick.insert()
    assert not any(fuse_stick.mount.iterdir())


@pytest.fixture(params=["drop", "wrap"])
def lying(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BadStick]:
    with bad_stick(tmp_path / "lying", claimed=4 * _MIB, real=_MIB, beyond=request.param) as stick:
        yield stick


def test_a_stick_that_lies_about_its_size_loses_what_is_beyond(lying: BadStick, request: pytest.FixtureRequest) -> None:
    first, second = os.urandom(_MIB), os.urandom(_MIB)
    assert os.statvfs(lying.mount).f_bfree * os.statvfs(lying.mount).f_bsize == 4 * _MIB
    _write(lying.mount / "first", first)
    assert _read(lying.mount / "first") == first
    _write(lying.mount / "second", second)
    if "wrap" in request.node.callspec.id:
        assert _read(lying.mount / "first") == second
        assert _read(lying.mount / "second") == second
    else:
        assert _read(lying.mount / "first") == first
        assert _read(lying.mount / "second") == bytes(_MIB)


def test_a_stick_that_lies_about_its_size_is_full_where_it_says_so(lying: BadStick) -> None:
    with pytest.raises(OSError, match="No space left"):
        _write(lying.mount / "file", bytes(5 * _MIB))
    (lying.mount / "file").unlink()
    assert os.statvfs(lying.mount).f_bfree * os.statvfs(lying.mount).f_bsize == 4 * _MIB
