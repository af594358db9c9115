"""Help answers at once: it imports nothing that takes long (docs/adr/0003)."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("cryptography", "httpx", "keyring", "securesystemslib", "starlette", "uvicorn")

PROGRAM = """
import sys
from lockstick.cli.boundary import run
code = run(sys.argv[1:])
print("imported:", sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "build",
        "verify",
        "inspect",
        "drives",
        "trust",
        "trust add",
        "sandbox",
        "sandbox serve",
        "sandbox define",
        "login",
        "whoami",
        "logout",
        "lockboxes",
        "lockboxes define",
        "lockboxes diff",
        "packages upload",
        "updates launch",
    ],
)
def test_help_imports_nothing_heavy(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command.split(), "--help"], capture_output=True, text=True, check=True
    )
    shown, _, imported = done.stdout.partition("imported: ")
    assert shown.startswith(f"Usage: lockstick {command}".rstrip())
    assert "'click'" in imported
    assert [name for name in HEAVY if f"'{name}'" in imported] == []


def test_a_mistyped_command_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, "biuld"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert [name for name in HEAVY if f"'{name}'" in done.stdout] == []
