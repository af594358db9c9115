"""macOS and Windows: what is asked of them, in which order, and what is made of their answers."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from lockstick.media.readback import How, PastCacheTree
from lockstick.media.readback.macos import MacCalls, MacReader
from lockstick.media.readback.plain import PlainReader
from lockstick.media.readback.tree import reader_for
from lockstick.media.readback.windows import WindowsCalls, WindowsReader

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.readback.source import Reader

_CONTENT = b"some bytes of a lockbox" * 100_000


def _read(root: Path, reader: Reader) -> PastCacheTree:
    (root / "file").write_bytes(_CONTENT)
    tree = PastCacheTree(root, reader=reader)
    with tree.open(("file",)) as file:
        assert file.readall() == _CONTENT
    return tree


class _Mac:
    def __init__(self, *, left: int | None = 0, knows_no_cache: bool = True) -> None:
        self.left, self.knows_no_cache = left, knows_no_cache
        self.asked: list[str] = []

    def flush(self, fd: int) -> None:
        self.asked.append("flush")

    def forget(self, fd: int, size: int) -> int | None:
        assert size == len(_CONTENT)
        self.asked.append("forget")
        return self.left

    def no_cache(self, fd: int) -> None:
        self.asked.append("no cache")
        if not self.knows_no_cache:
            raise OSError(errno.ENOTSUP, "not here")


@pytest.mark.parametrize(
    ("calls", "how"),
    [
        (_Mac(), How.CHECKED),
        (_Mac(left=1), How.DROPPED),
        (_Mac(left=None), How.DROPPED),
        (_Mac(knows_no_cache=False), How.CHECKED),
        (_Mac(left=1, knows_no_cache=False), How.NONE),
    ],
)
def test_on_macos_a_file_is_flushed_then_forgotten_then_read_without_being_kept(
    calls: _Mac, how: How, tmp_path: Path
) -> None:
    tree = _read(tmp_path, MacReader(tmp_path, calls=calls))
    assert calls.asked == ["flush", "forget", "no cache"]
    assert tree.exclusion.files == {how: 1}


def test_on_macos_an_error_while_flushing_is_told(tmp_path: Path) -> None:
    class Failing(_Mac):
        def flush(self, fd: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        _read(tmp_path, MacReader(tmp_path, calls=Failing()))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX calls")
def test_the_calls_for_macos_that_posix_has_do_what_they_say(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(_CONTENT)
    with path.open("rb") as file:
        MacCalls().flush(file.fileno())
        left = MacCalls().forget(file.fileno(), len(_CONTENT))
        assert left is None or left >= 0
        assert MacCalls().forget(file.fileno(), 0) == 0


class _Windows:
    def __init__(self, *, refusal: int = 0) -> None:
        self.refusal = refusal
        self.asked: list[tuple[str, int]] = []

    def open(self, path: str, flags: int) -> int:
        self.asked.append(("open", flags))
        if self.refusal:
            error = OSError(errno.EINVAL, "refused", path)
            error.winerror = self.refusal  # type: ignore[attr-defined]
            raise error
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def flush(self, path: str) -> None:
        self.asked.append(("flush", 0))


def test_on_windows_a_file_is_flushed_and_opened_without_buffering(tmp_path: Path) -> None:
    calls = _Windows()
    tree = _read(tmp_path, WindowsReader(tmp_path, calls=calls))
    assert [what for what, _ in calls.asked] == ["flush", "open"]
    assert calls.asked[1][1] & 0x20000000  # FILE_FLAG_NO_BUFFERING
    assert tree.exclusion.files == {How.DIRECT: 1}
    assert tree.exclusion.reason == ""


def test_on_windows_a_file_system_that_refuses_is_read_as_usual_and_called_so(tmp_path: Path) -> None:
    tree = _read(tmp_path, WindowsReader(tmp_path, calls=_Windows(refusal=87)))
    assert tree.exclusion.files == {How.NONE: 1}
    assert "Windows" in tree.exclusion.words
    with pytest.raises(OSError, match="refused"):  # access denied is no reason to read in another way
        _read(tmp_path, WindowsReader(tmp_path, calls=_Windows(refusal=5)))


def test_on_windows_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"regular|denied|directory"):
        WindowsReader(tmp_path, calls=_Windows()).open(tmp_path / "folder")


def test_the_calls_for_windows_flush_what_may_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"here")
    WindowsCalls().flush(str(tmp_path / "file"))
    WindowsCalls().flush(str(tmp_path / "none"))
    assert (tmp_path / "file").read_bytes() == b"here"


@pytest.mark.skipif(sys.platform == "win32", reason="the other systems")
def test_the_calls_for_windows_are_not_made_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not Windows"):
        WindowsCalls().open(str(tmp_path), 0)


def test_a_system_without_a_known_way_is_read_as_usual_and_called_so(tmp_path: Path) -> None:
    tree = _read(tmp_path, PlainReader())
    assert tree.exclusion.files == {How.NONE: 1}
    assert tree.exclusion.reason == "no way past the cache of this system is known"
    with pytest.raises(OSError, match=r"regular|denied|directory"):
        PlainReader().open(tmp_path)


def test_each_system_has_its_way(tmp_path: Path) -> None:
    kinds = {name: type(reader_for(tmp_path, name)).__name__ for name in ("linux", "darwin", "win32", "freebsd14")}
    assert kinds == {
        "linux": "LinuxReader",
        "darwin": "MacReader",
        "win32": "WindowsReader",
        "freebsd14": "PlainReader",
    }
