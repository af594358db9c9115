"""The examples do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import ROOT
from lockstick.cli.boundary import run
from lockstick.sandbox import Sandbox

EXAMPLES = ROOT / "examples"


@pytest.fixture
def with_lockstick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the program of this environment on the path, as the examples take it for granted."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)


def example(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, encoding="utf-8", check=False, timeout=120
    )


@pytest.mark.skipif(os.name != "posix", reason="it is a script for a POSIX shell")
@pytest.mark.usefixtures("with_lockstick")
def test_the_rehearsal_script_ends_in_a_verified_folder(tmp_path: Path) -> None:
    done = example("sh", EXAMPLES / "rehearse.sh", tmp_path / "rehearsal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("VERIFIED") == 2
    assert done.stdout.splitlines()[-1].startswith("Done: ")
    assert "erminated" not in done.stderr
    assert (tmp_path / "rehearsal" / "stick" / "update" / "metadata").is_dir()


@pytest.mark.skipif(os.name != "posix", reason="it is a script for a POSIX shell")
def test_the_rehearsal_script_says_so_where_lockstick_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = shutil.which("sh") or "sh"
    monkeypatch.setenv("PATH", str(tmp_path))
    done = example(shell, EXAMPLES / "rehearse.sh", tmp_path / "rehearsal")
    assert done.returncode == 1
    assert "lockstick is not on the path" in done.stderr
    assert not (tmp_path / "rehearsal").exists()


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built lockbox ``line-a`` in its second version, and a machine that believes its roots."""
    monkeypatch.setenv("LOCKSTICK_TRUST_STORE", str(tmp_path / "trust"))
    stick = tmp_path / "stick"
    with Sandbox.start(tmp_path / "cloud") as cloud:
        cloud.define_lockbox("line-a")
        cloud.define_lockbox("line-a")
        zip_file = str(cloud.credentials_path)
        assert run(["build", "line-a", "--credentials", zip_file, "--output", str(stick / "update")]) == 0
        assert run(["trust", "add", "plant", "--from", zip_file]) == 0
    return stick


@pytest.mark.usefixtures("with_lockstick")
@pytest.mark.parametrize(
    ("name", "version", "code", "answer"),
    [
        ("line-a", "2", 0, "YES: line-a version 2"),
        ("line-a", "3", 1, "NO: it is line-a version 2, not line-a version 3"),
        ("line-b", "1", 1, "NO: it is line-a version 2, not line-b version 1"),
    ],
)
def test_the_reader_of_verdicts_wants_the_right_lockbox(
    stick: Path, name: str, version: str, code: int, answer: str
) -> None:
    done = example(sys.executable, EXAMPLES / "read_verdict.py", stick, name, version)
    assert done.stdout.startswith(answer), done.stderr
    assert done.returncode == code


@pytest.mark.usefixtures("with_lockstick")
def test_the_reader_of_verdicts_refuses_a_damaged_stick_and_says_why(stick: Path) -> None:
    with (stick / "update" / "images" / "firmware-1.0.bin").open("ab") as file:
        file.write(b"!")
    done = example(sys.executable, EXAMPLES / "read_verdict.py", stick, "line-a", "2")
    assert done.stdout.startswith("NO: rejected")
    assert "package-length: firmware-1.0.bin" in done.stdout
    assert done.returncode == 3


@pytest.mark.usefixtures("with_lockstick")
def test_the_reader_of_verdicts_refuses_what_is_no_lockbox(tmp_path: Path) -> None:
    done = example(sys.executable, EXAMPLES / "read_verdict.py", tmp_path, "line-a", "2")
    assert done.stdout.startswith("NO: there is no lockbox in")
    assert done.returncode == 8
    done = example(sys.executable, EXAMPLES / "read_verdict.py", tmp_path / "nowhere", "line-a", "2")
    assert done.stdout.startswith("NO: Invalid value for 'DIR'")
    assert done.returncode == 2
