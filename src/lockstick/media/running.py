"""The seam to the system's own programs: an argument list goes in, an exit code and text come out.

Programs are looked for in the system's folders only, never in the current one nor along a PATH that somebody set; no
shell is involved; there is a limit to the time they take and to what they may say.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.secret import without_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_OUTPUT", "PROGRAM_FOLDERS", "PROGRAM_SECONDS", "Ran", "Run", "run_program", "system_folder"]

MOST_OUTPUT = 8 * 1024 * 1024
"""The most bytes that a program may say on either stream."""

PROGRAM_SECONDS = 30.0
"""How long a program may take; a drive that is spinning up takes its time."""

PROGRAM_FOLDERS = (
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
    "/run/current-system/sw/bin",  # NixOS
)
"""Where programs are looked for on systems with such folders; only administrators can write to them."""

_BLOCK = 64 * 1024
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": ":".join(PROGRAM_FOLDERS)}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a program ended.

    Attributes:
        code: Its exit code; None if this machine has no such program.
        out: What it wrote to standard output; what was no UTF-8 is replaced.
        err: What it wrote to standard error.
    """

    code: int | None
    out: str = ""
    err: str = ""

    @property
    def is_missing(self) -> bool:
        """True if this machine has no such program."""
        return self.code is None

    @property
    def is_fine(self) -> bool:
        """True if it ran and had nothing to complain about."""
        return self.code == 0


Run = Callable[["Sequence[str]"], Ran]
"""Run a program: its name and its arguments. Raises :class:`MediaError` if it does not end or says too much."""


def run_program(argv: Sequence[str], *, seconds: float = PROGRAM_SECONDS, cap: int = MOST_OUTPUT) -> Ran:
    """Run one of the system's programs and wait for it.

    Args:
        argv: Its name without a folder (or, on Windows, its path) and its arguments.
        seconds: How long it may take.
        cap: The most bytes that it may say on either stream.

    Returns:
        How it ended.

    Raises:
        MediaError: It took too long, or said too much; it was stopped.
    """
    program = _located(argv[0])
    if program is None:
        return Ran(code=None)
    try:
        process = subprocess.Popen(  # noqa: S603 - a list, no shell, a program of the system
            [program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=without_secrets(os.environ) if sys.platform == "win32" else _ENVIRONMENT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise MediaError(f"the program {argv[0]!r} cannot be started", why=error.strerror or str(error)) from error
    streams = [_Stream(process, one, cap) for one in (process.stdout, process.stderr) if one is not None]
    try:
        process.wait(seconds)
        for stream in streams:
            stream.join(seconds)
    except subprocess.TimeoutExpired:
        raise MediaError(
            f"the program {argv[0]!r} does not end",
            why=f"it was stopped after {seconds:.0f} s; a drive may not be answering",
            remedy="Pull the drive that was put in last and try again.",
        ) from None
    finally:
        process.kill()
        process.wait()
    if any(stream.is_too_much for stream in streams):
        raise MediaError(f"the program {argv[0]!r} says more than {cap} bytes", why="no drives need so many words")
    out, err = (stream.text for stream in streams)
    return Ran(code=process.returncode, out=out, err=err)


def system_folder() -> Path:
    """Where Windows keeps its own programs; asked of the system, as a variable may say anything."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        room = ctypes.create_unicode_buffer(260)
        ctypes.windll.kernel32.GetSystemDirectoryW(room, len(room))
        return Path(room.value or r"C:\Windows\System32")
    return Path("C:/Windows/System32")


def _located(name: str) -> str | None:
    if sys.platform == "win32":
        place = system_folder() / name
        return str(place) if place.is_file() else None
    return shutil.which(name, path=":".join(PROGRAM_FOLDERS))


class _Stream(threading.Thread):
    """Reads what a program says, so that it never waits for a reader; stops the program if it says too much.

    It may outlive the program: somebody whom the program left behind may hold the other end.
    """

    def __init__(self, process: subprocess.Popen[bytes], stream: IO[bytes], cap: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._stream = stream
        self._cap = cap
        self._said = bytearray()
        self.start()

    @property
    def is_too_much(self) -> bool:
        return len(self._said) > self._cap

    @property
    def text(self) -> str:
        return self._said.decode("utf-8", "replace")

    def run(self) -> None:
        with self._stream as stream:
            while not self.is_too_much and (block := stream.read(_BLOCK)):
                self._said += block
        if self.is_too_much:
            self._process.kill()
