"""The façade is exactly what it says, and costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import lockstick
from media.writing.boxes import lay, packages, write_roots

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_public_name_can_be_had() -> None:
    for name in lockstick.__all__:
        value = getattr(lockstick, name)
        assert getattr(value, "__module__", "").startswith("lockstick."), name


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(lockstick.__all__) == lockstick.__all__
    assert set(lockstick._HOME) == set(lockstick.__all__)
    assert not hasattr(lockstick, "anything_else")


def test_importing_the_package_imports_no_library() -> None:
    code = "import sys, lockstick; print([m for m in ('httpx', 'cryptography', 'click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_in_its_description_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, example = (lockstick.__doc__ or "").partition("::\n")
    assert "verify(" in example
    places = {"/media/stick": lay(tmp_path / "box", packages(1)), "roots": write_roots(tmp_path / "anchors")}
    for named, real in places.items():
        example = example.replace(f'Path("{named}")', f'Path("{real}")')
    exec(textwrap.dedent(example), {})  # noqa: S102 - it is ours
    assert capsys.readouterr().out == "verified []\n"
