from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.running import run_program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are those of POSIX")


def test_a_program_is_given_its_arguments_as_they_are() -> None:
    ran = run_program(("printf", "%s|", "a b", "$HOME", "`id`", "ü"))
    assert (ran.code, ran.out, ran.is_fine) == (0, "a b|$HOME|`id`|ü|", True)


def test_its_exit_code_and_its_complaint_come_back() -> None:
    ran = run_program(("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (ran.code, ran.out, ran.err, ran.is_fine, ran.is_missing) == (3, "out\n", "err\n", False, False)


def test_a_program_that_is_not_there_is_no_error() -> None:
    assert run_program(("lockstick-there-is-no-such-program",)).is_missing


def test_programs_of_the_current_folder_and_of_the_path_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "lockstick-planted"
    planted.write_text("#!/bin/sh\necho planted\n")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{tmp_path}:{os.environ['PATH']}")
    assert run_program(("lockstick-planted",)).is_missing


def test_nothing_of_the_users_environment_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSBLK_DEBUG", "all")
    assert "LSBLK_DEBUG" not in run_program(("env",)).out


def test_a_program_that_does_not_end_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(MediaError, match="does not end"):
        run_program(("sleep", "60"), seconds=0.2)
    assert time.monotonic() - began < 10


def test_a_program_that_leaves_another_one_behind_is_not_waited_for() -> None:
    began = time.monotonic()
    assert run_program(("sh", "-c", "sleep 5 & echo done"), seconds=0.5).out == "done\n"
    assert time.monotonic() - began < 4


def test_a_program_that_says_too_much_is_stopped() -> None:
    with pytest.raises(MediaError, match="says more than 1000 bytes"):
        run_program(("yes",), cap=1000)


def test_as_much_as_it_may_say_is_taken() -> None:
    assert len(run_program(("head", "-c", "100000", "/dev/zero"), cap=100_000).out) == 100_000


def test_what_is_no_utf_8_is_replaced() -> None:
    assert run_program(("printf", r"a\377b")).out == "a\ufffdb"


def test_nothing_is_read_from_the_users_keyboard() -> None:
    assert run_program(("cat",), seconds=10).out == ""
