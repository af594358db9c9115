"""A simulated repository and a client for each test."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.driver import Driver
from conformance.simulator import Repository, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_one_context = cache(httpx.create_ssl_context)


@pytest.fixture(autouse=True)
def _certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here speaks TLS, and reading the authorities anew for every client takes longer than the tests."""
    monkeypatch.setattr(httpx, "create_ssl_context", _one_context)


@pytest.fixture
def repository() -> Repository:
    return Repository()


@pytest.fixture
def client(repository: Repository, tmp_path: Path) -> Iterator[Driver]:
    """A client that has not been initialised yet."""
    with serving(repository) as base:
        yield Driver(repository, base, tmp_path)
