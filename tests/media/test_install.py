"""What installs the programs for these tests asks for what is missing, where it may, and never fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[1] / "install.sh"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it does something on Linux only")


def _run(folder: Path, user: int, apt: str) -> tuple[str, str]:
    """Run it on a machine that has only what lies in the folder (and in /usr/sbin)."""
    programs = {"uname": "echo Linux", "id": f"echo {user}", "apt-get": f'echo "$@" >> {folder}/asked; {apt}'}
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", _SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True, check=False, cwd=os.sep
    )
    assert (done.returncode, done.stderr) == (0, "")
    asked = folder / "asked"
    return done.stdout, asked.read_text() if asked.exists() else ""


def test_root_gets_what_is_missing(tmp_path: Path) -> None:
    out, asked = _run(tmp_path, 0, "exit 0")
    assert "squashfs-tools" in out
    assert "--no-install-recommends squashfs-tools" in asked
    assert "update" not in asked
    assert "skipped" not in out


def test_what_cannot_be_installed_is_tried_with_fresh_lists_and_then_named(tmp_path: Path) -> None:
    out, asked = _run(tmp_path, 0, '[ "$1" = update ]')
    assert asked.count("squashfs-tools") == 2
    assert asked.count("update") == 1
    assert "skipped" in out.splitlines()[-1]
    assert "squashfs-tools" in out.splitlines()[-1]


def test_others_are_told_what_is_skipped(tmp_path: Path) -> None:
    out, asked = _run(tmp_path, 1000, "exit 0")
    assert asked == ""
    assert out.startswith("Not found, so tests that need them are skipped:")
    assert "squashfs-tools" in out
