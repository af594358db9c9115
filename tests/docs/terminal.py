"""Does what a reader of a page does: types its commands, one after another, and looks at what comes."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

START = "import sys; from lockstick.cli import main; sys.argv[0] = 'lockstick'; main()"
NOT_TYPED = ("make ", "lockstick demo")
"""Shown, and run by others: CI, and the tests of the command itself."""

_SUBSTITUTES = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( UTC|Z)"), "TIME"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "DIGEST-START"),
    (re.compile(r"127\.0\.0\.1:\d+"), "LOOPBACK"),
    (re.compile(r"\bin \d+\.\d s \(\d+\.\d [kMG]?B/s\)"), "in N s (SPEED)"),
    (re.compile(r"\bin \d+\.\d s\b"), "in N s"),
    (re.compile(r'"seconds": [0-9.]+'), '"seconds": N'),
    (re.compile(r"\bwritten \(\d+\.\d [kMG]?B/s\)"), "written (SPEED)"),
    # Which disk the reader's folder lies on, and how far its file system lets anybody see past the memory.
    (re.compile(r"\bit is a folder of \S+, and no stick"), "it is a folder of DISK, and no stick"),
    (re.compile(r"\bno-mount-point: /\S+"), "no-mount-point: FOLDER"),
    (re.compile(r"^  read (?!back)\S+ .*$", re.MULTILINE), "  read SOMEHOW"),
    (re.compile(r"\brecorded as [0-9a-f]{12}\b"), "recorded as STICK"),
    # Signed one after the other for the same time: the second may tick in between.
    (re.compile(r"image-repo/(?:snapshot|targets)\.json expires first"), "ONE OF TWO expires first"),
)


def plain(output: str) -> str:
    """Replace what differs from run to run: times, random keys, ports, durations."""
    for pattern, word in _SUBSTITUTES:
        output = pattern.sub(word, output)
    return output.strip()


class Terminal:
    """A window in one folder. Use as a context: servers that were started end with it.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[subprocess.Popen[str]] = []
        self.code = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)

    def type(self, command: str) -> str:
        """Type a command and give what it prints, on both channels."""
        if command == "echo $?":
            return str(self.code)
        if command.startswith("lockstick sandbox serve"):
            return self._serve(command)
        is_ours = command.startswith("lockstick ")
        command, _, file = command.partition(" > ") if is_ours else (command, "", "")
        words: list[str] | str = self._words(command) if is_ours else command
        done = subprocess.run(
            words,
            shell=isinstance(words, str),
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            timeout=120,
            check=False,
        )
        self.code = done.returncode
        if file:
            (self._folder / file).write_text(done.stdout, encoding="utf-8")
        return "" if file else done.stdout

    def _words(self, command: str) -> list[str]:
        return [sys.executable, "-c", START, *shlex.split(command)[1:]]

    def _serve(self, command: str) -> str:
        server = subprocess.Popen(
            self._words(command), cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._servers.append(server)
        assert server.stdout is not None
        said = ""
        while "Stop with Ctrl-C" not in said:
            line = server.stdout.readline()
            assert line, f"{command} ended: {said}"
            said += line
        return said
