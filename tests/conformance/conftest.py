"""A simulated repository and a client for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.driver import Driver
from conformance.simulator import Repository, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def repository() -> Repository:
    return Repository()


@pytest.fixture
def client(repository: Repository, tmp_path: Path) -> Iterator[Driver]:
    """A client that has not been initialised yet."""
    with serving(repository) as base:
        yield Driver(repository, base, tmp_path)
