"""A file system in a program of its own: a folder is passed through, and what is ordered goes wrong.

It is run as a script: ``passing_through.py FOLDER MOUNT SOCKET CLAIMED REAL BEYOND RESERVES``. Orders come over
the socket, one JSON document a line, each answered by one; :class:`media.ground.misbehaving.BadStick` says which.
"""

from __future__ import annotations

import ctypes
import errno
import fnmatch
import heapq
import json
import os
import socket
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from mfusepy import FUSE, FuseOSError, Operations

_BLOCK = 4096
_FOREVER = 1 << 62


class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: ``flip`` (bits differ), ``fill`` (bytes are replaced) or ``error``.
        times: How many reads of it go wrong before all is well again.
        heals: True if it is well once somebody has written there.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self.kind: str = order["kind"]
        self.pattern: str = order["file"]
        self.start: int = order["offset"]
        self.end: int = order["offset"] + order["length"]
        self.value: int = order["value"]
        self.times: int = _FOREVER if order["times"] is None else order["times"]
        self.heals: bool = order["heals"]
        self.on: str = order["on"]

    def concerns(self, path: str, start: int, end: int) -> bool:
        return (
            self.times > 0 and start < self.end and self.start < end and fnmatch.fnmatch(path.lstrip("/"), self.pattern)
        )

    def spoil(self, data: bytearray, offset: int) -> None:
        for at in range(max(self.start, offset), min(self.end, offset + len(data))):
            data[at - offset] = self.value if self.kind == "fill" else data[at - offset] ^ self.value


class Chip:
    """What the blocks of the files lie in: so many are claimed, so many are there.

    Each block of a file gets the lowest free address when it is first written. Of those beyond the real end nothing
    is kept (``drop``), or they are those at the beginning once more (``wrap``).
    """

    def __init__(self, claimed: int, real: int, beyond: str, *, reserves: bool) -> None:
        self.reserves = reserves
        self.claimed, self.real, self.wraps = claimed // _BLOCK, real // _BLOCK, beyond == "wrap"
        self._next = 0
        self._free: list[int] = []
        self._of: dict[int, dict[int, int]] = {}  # inode -> block of the file -> address
        self._owners: dict[int, set[tuple[int, int]]] = {}  # where it really lies -> (inode, block of the file)
        self._fds: dict[int, int] = {}

    @property
    def free(self) -> int:
        return self.claimed - self._next + len(self._free)

    def write(self, fd: int, data: bytes, offset: int) -> int:
        """Write what is kept of it; the file has its length in any case."""
        status = os.fstat(fd)
        inode = status.st_ino
        if status.st_size < offset + len(data):
            os.ftruncate(fd, offset + len(data))
        if inode not in self._fds:
            self._fds[inode] = os.dup(fd)
        at = offset
        while at < offset + len(data):
            end = min((at // _BLOCK + 1) * _BLOCK, offset + len(data))
            part = data[at - offset : end - offset]
            address = self._address(inode, at // _BLOCK)
            if address < self.real or self.wraps:
                for owner, block in self._owners.setdefault(address % self.real, set()) | {(inode, at // _BLOCK)}:
                    os.pwrite(self._fds[owner], part, block * _BLOCK + at % _BLOCK)
                self._owners[address % self.real].add((inode, at // _BLOCK))
            at = end
        return len(data)

    def reserve(self, inode: int, offset: int, size: int) -> None:
        """Give the blocks of a file their addresses without writing to them."""
        for block in range(offset // _BLOCK, -(-(offset + size) // _BLOCK)):
            self._address(inode, block)

    def blocks(self, inode: int) -> int:
        """How much room a file takes, as stat counts it."""
        return len(self._of.get(inode, {})) * _BLOCK // 512

    def cut(self, inode: int, length: int) -> None:
        """A file was made shorter, or deleted (length 0): its blocks are free."""
        blocks = self._of.get(inode, {})
        for block in [one for one in blocks if one * _BLOCK >= length]:
            address = blocks.pop(block)
            heapq.heappush(self._free, address)
            self._owners.get(address % self.real, set()).discard((inode, block))
        if not length and inode in self._fds:
            os.close(self._fds.pop(inode))

    def _address(self, inode: int, block: int) -> int:
        blocks = self._of.setdefault(inode, {})
        if block not in blocks:
            if not self.free:
                raise FuseOSError(errno.ENOSPC)
            if self._free:
                blocks[block] = heapq.heappop(self._free)
            else:
                blocks[block] = self._next
                self._next += 1
        return blocks[block]


class Orders:
    """What it was told to do wrong, and what it has seen."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.faults: list[Fault] = []
        self.rates: dict[str, float] = {"read": 0, "write": 0}
        self.gone = False
        self.refuses_direct = ""
        self.left: dict[str, int] = {"read": _FOREVER, "write": _FOREVER}
        self.read: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.synced: list[str] = []
        self._free_at = 0.0

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            match order["do"]:
                case "fault":
                    self.faults.append(Fault(order))
                case "heal":
                    self.faults.clear()
                case "slow":
                    self.rates = {"read": order["read"], "write": order["write"]}
                case "vanish":
                    self.left = {key: _FOREVER if order[key] is None else order[key] for key in self.left}
                    self.gone = all(value is None for value in (order["read"], order["write"]))
                case "return":
                    self.gone, self.left = False, {"read": _FOREVER, "write": _FOREVER}
                case "refuse-direct":
                    self.refuses_direct = order["when"]
                case "forget":
                    self.read, self.written, self.synced = {}, {}, []
            return {"read": self.read, "written": self.written, "synced": self.synced, "gone": self.gone}

    def present(self) -> None:
        if self.gone:
            raise FuseOSError(errno.ENODEV)

    def pass_by(self, way: str, path: str, count: int) -> None:
        """Let bytes pass: counted, at the pace that was ordered, until it vanishes."""
        with self.lock:
            self.present()
            if self.left[way] < count:
                self.gone = True
                self.present()
            self.left[way] -= count
            seen = self.read if way == "read" else self.written
            seen[path.lstrip("/")] = seen.get(path.lstrip("/"), 0) + count
            rate = self.rates[way]
            now = time.monotonic()
            if rate:
                self._free_at = max(self._free_at, now) + count / rate
            delay = self._free_at - now if rate else 0
        if delay > 0:
            time.sleep(delay)

    def fail(self, way: str, path: str, start: int, end: int) -> None:
        with self.lock:
            for fault in self.faults:
                if fault.kind == "error" and fault.on == way and fault.concerns(path, start, end):
                    fault.times -= 1
                    raise FuseOSError(fault.value)

    def spoil(self, path: str, data: bytearray, offset: int) -> None:
        with self.lock:
            for fault in self.faults:
                if fault.kind != "error" and fault.concerns(path, offset, offset + len(data)):
                    fault.times -= 1
                    fault.spoil(data, offset)

    def rewritten(self, path: str, start: int, end: int) -> None:
        with self.lock:
            self.faults = [one for one in self.faults if not (one.heals and one.concerns(path, start, end))]


class PassingThrough(Operations):  # type: ignore[misc]  # it has no types
    """The folder, as the file system shows it."""

    use_ns = True

    def __init__(self, folder: Path, orders: Orders, chip: Chip | None) -> None:
        self._folder, self._orders, self._chip = folder, orders, chip
        self._lock = threading.RLock()
        self._direct: set[int] = set()

    def _at(self, path: str) -> str:
        self._orders.present()
        return str(self._folder) + path

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        status = os.lstat(self._at(path))
        names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_ino", "st_blocks")
        found: dict[str, Any] = {name: getattr(status, name) for name in names}
        if self._chip and stat.S_ISREG(status.st_mode):
            found["st_blocks"] = self._chip.blocks(status.st_ino)
        return found | {f"st_{one}time": getattr(status, f"st_{one}time_ns") for one in "amc"}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._at(path))]  # noqa: PTH208 - names are what is wanted

    def readlink(self, path: str) -> str:
        return os.readlink(self._at(path))  # noqa: PTH115 - a Path would tidy it up

    def symlink(self, target: str, source: str) -> int:
        os.symlink(source, self._at(target))  # noqa: PTH211 - a Path would tidy it up
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._at(path), mode)  # noqa: PTH102 - the mode as it comes
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._at(path))  # noqa: PTH106
        return 0

    def unlink(self, path: str) -> int:
        with self._lock:
            status = os.lstat(self._at(path))
            os.unlink(self._at(path))  # noqa: PTH108
            if self._chip and stat.S_ISREG(status.st_mode):
                self._chip.cut(status.st_ino, 0)
        return 0

    def rename(self, old: str, new: str) -> int:
        with self._lock:
            replaced = os.lstat(self._at(new)).st_ino if os.path.isfile(self._at(new)) else None  # noqa: PTH113
            os.rename(self._at(old), self._at(new))  # noqa: PTH104
            if self._chip and replaced is not None:
                self._chip.cut(replaced, 0)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._at(path), mode)  # noqa: PTH101
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        os.chown(self._at(path), uid, gid)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._at(path), ns=times or (time.time_ns(), time.time_ns()))
        return 0

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self._lock:
            os.truncate(self._at(path), length)
            if self._chip:
                self._chip.cut(os.lstat(self._at(path)).st_ino, length)
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path: str, flags: int) -> int:
        # The kernel did what direct, appending and cutting need; the folder below has its own cache, which is no
        # concern of those above.
        if flags & os.O_DIRECT and self._orders.refuses_direct == "open":
            raise FuseOSError(errno.EINVAL)
        if flags & os.O_TRUNC:
            self.truncate(path, 0)
        access = os.O_RDONLY if flags & os.O_ACCMODE == os.O_RDONLY else os.O_RDWR
        fh = os.open(self._at(path), access)
        if flags & os.O_DIRECT and self._orders.refuses_direct == "read":
            self._direct.add(fh)
        return fh

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        if fh in self._direct:
            raise FuseOSError(errno.EINVAL)
        self._orders.fail("read", path, offset, offset + size)
        data = bytearray(os.pread(fh, size, offset))
        self._orders.pass_by("read", path, len(data))
        self._orders.spoil(path, data, offset)
        return bytes(data)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._orders.fail("write", path, offset, offset + len(data))
        self._orders.pass_by("write", path, len(data))
        with self._lock:
            count = self._chip.write(fh, data, offset) if self._chip else os.pwrite(fh, data, offset)
        self._orders.rewritten(path, offset, offset + count)
        return count

    def fallocate(self, path: str, mode: int, offset: int, size: int, fh: int) -> int:
        if self._chip is None or not self._chip.reserves:
            raise FuseOSError(errno.EOPNOTSUPP)
        with self._lock:
            self._chip.reserve(os.fstat(fh).st_ino, offset, size)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._orders.present()
        with self._orders.lock:
            self._orders.synced.append(path.lstrip("/"))
        return 0

    def flush(self, path: str, fh: int) -> int:
        self._orders.present()
        return 0

    def release(self, path: str, fh: int) -> int:
        self._direct.discard(fh)
        os.close(fh)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path))
        if self._chip is None:
            names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_frsize", "f_files", "f_ffree", "f_namemax")
            return {name: getattr(found, name) for name in names}
        sizes = {"f_bsize": _BLOCK, "f_frsize": _BLOCK, "f_blocks": self._chip.claimed, "f_namemax": 255}
        return sizes | {"f_bfree": self._chip.free, "f_bavail": self._chip.free}


def _listen(listener: socket.socket, orders: Orders) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as stream:
            for line in stream:
                stream.write(json.dumps(orders.obey(json.loads(line))) + "\n")
                stream.flush()


def _mourn(mount: str) -> NoReturn:
    """Wait until whoever started this is no more, then go too."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    ctypes.CDLL(None).umount2(os.fsencode(mount), 2)  # MNT_DETACH
    os._exit(0)


def main() -> None:
    folder, mount, control, claimed, real, beyond, reserves = sys.argv[1:]
    orders = Orders()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(control)
    listener.listen()
    threading.Thread(target=_listen, args=(listener, orders), daemon=True).start()
    threading.Thread(target=_mourn, args=(mount,), daemon=True).start()
    chip = Chip(int(claimed), int(real), beyond, reserves=reserves == "True") if int(claimed) else None
    operations = PassingThrough(Path(folder), orders, chip)
    FUSE(operations, mount, foreground=True, fsname="misbehaving", big_writes=True, max_read=131072)


if __name__ == "__main__":
    main()
