"""Programs of others that write images: found with a word on how to install them, run so that Ctrl-C leaves nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from lockstick.disk.space import allocated
from lockstick.errors import MediaError
from lockstick.media.images.contents import FIXED_TIME
from lockstick.secret import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["find_program", "run_program"]

_LOOKS_EVERY = 0.2
_WORDS_SHOWN = 300
# Beside PATH, as these programs often lie where not everybody's PATH leads.
_ELSEWHERE = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/opt/homebrew/sbin", "/usr/local/bin")

_INSTALLED_BY = {
    "squashfs-tools": {"linux": "apt install squashfs-tools", "darwin": "brew install squashfs"},
    "dosfstools": {"linux": "apt install dosfstools", "darwin": "brew install dosfstools"},
    "mtools": {"linux": "apt install mtools", "darwin": "brew install mtools"},
}
_ON_WINDOWS = "it runs in the Windows Subsystem for Linux: wsl --install, then there: apt install {package}"
_SETTLED = {
    "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",  # names in an image are in Unicode
    "TZ": "UTC",
    "MTOOLSRC": os.devnull,
    "MTOOLS_SKIP_CHECK": "1",
}
_CLOCK = "SOURCE_DATE_EPOCH"


def find_program(name: str, package: str, *, platform: str = sys.platform) -> str:
    """Find a program.

    Args:
        name: What it is called.
        package: What is to be installed to have it.
        platform: The system, as Python calls it.

    Returns:
        Its path.

    Raises:
        MediaError: It is not there; the remedy says how to get it on this system.
    """
    # Folder by folder: Windows looks into the current one first, and that may be on a stranger's stick.
    for folder in (*os.get_exec_path(), *_ELSEWHERE):
        found = shutil.which(os.path.join(folder, name)) if os.path.isabs(folder) else None  # noqa: PTH117, PTH118
        if found is not None:
            return found
    known = _INSTALLED_BY[package]
    how = known.get(platform, known["linux"]) if platform != "win32" else _ON_WINDOWS.format(package=package)
    raise MediaError(
        f"the program {name} is not on this machine",
        why="it writes images of this format",
        remedy=f"Install it ({how}), or take --format tar, which needs no program.",
    )


def run_program(
    command: Sequence[str | Path],
    *,
    growing: Path,
    tick: Callable[[int], None],
    has_clock: bool = True,
    folder: Path | None = None,
) -> None:
    """Run a program that writes a file, and end it if this program is stopped.

    Args:
        command: The program and its arguments.
        growing: The file that it writes.
        tick: Told of every so many bytes more that the file takes.
        has_clock: True to hand the program the time of everything in images.
        folder: Where to run it; None for the present folder.

    Raises:
        MediaError: It failed; what it said last is in the error.
    """
    settled = {name: value for name, value in without_secrets(os.environ).items() if name != _CLOCK} | _SETTLED
    if has_clock:
        settled[_CLOCK] = str(FIXED_TIME)
    before = allocated(growing)
    with subprocess.Popen(  # noqa: S603 - no shell, and paths that are absolute
        [os.fspath(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=settled,
        cwd=folder,
    ) as process:
        try:
            said = _wait(process, growing, before, tick)
        except BaseException:
            process.kill()
            process.wait()  # after Ctrl-C the standard library would not; and what still writes cannot be removed
            raise
    if process.returncode:
        raise MediaError(
            f"{os.path.basename(os.fspath(command[0]))} could not write the image",  # noqa: PTH119 - it may be a text
            why=" ".join(said.split())[-_WORDS_SHOWN:] or f"it ended with {process.returncode}",
            remedy="Check that there is room on the disk, then run the same command again.",
        )


def _wait(process: subprocess.Popen[bytes], growing: Path, before: int, tick: Callable[[int], None]) -> str:
    while True:
        try:
            said, _ = process.communicate(timeout=_LOOKS_EVERY)
        except subprocess.TimeoutExpired:
            now = allocated(growing)
            tick(now - before)
            before = now
        else:
            tick(allocated(growing) - before)
            return said.decode("utf-8", "replace")
