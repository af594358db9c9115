"""A rehearsal cloud per test, and somebody to talk to it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from lockstick.sandbox import Package, Sandbox
from sandbox.caller import CONTENT, Caller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2027, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(tmp_path: Path, clock: Clock) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path / "cloud", now=clock) as running:
        yield running


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """Made once, because making it takes longer than most tests."""
    return ssl.create_default_context()


@pytest.fixture
def caller(cloud: Sandbox, tls: ssl.SSLContext) -> Iterator[Caller]:
    talking = Caller(cloud, tls)
    yield talking
    talking.close()


@pytest.fixture
def target(cloud: Sandbox) -> str:
    """The name of a package with known bytes."""
    return cloud.add_package(Package(name="x", version="1", hardware_ids=("x",), content=CONTENT)).target
