"""A real lockbox, built once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from lockstick.cli.boundary import run
from lockstick.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lockbox; nobody writes to it."""
    folder = tmp_path_factory.mktemp("built")
    with Sandbox.start(folder / "cloud") as cloud:
        cloud.define_lockbox("line-a")
        account = str(cloud.credentials_path)
        assert run(["build", "line-a", "--credentials", account, "--output", str(folder / "out"), "--quiet"]) == 0
    return folder / "out"


@pytest.fixture
def mount(built: Path, tmp_path: Path) -> Path:
    """A stick with the lockbox in ``update/``."""
    folder = tmp_path / "mount"
    shutil.copytree(built, folder / "update", ignore=shutil.ignore_patterns(".lockstick*"))
    return folder
