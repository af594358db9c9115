"""What most tests of this room need: a rehearsal cloud, a session with it, and time that does not pass."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from cloud.ground import LOCKBOX, Clock, Watcher
from lockstick.cloud import CloudSession, Credentials, read_credentials
from lockstick.sandbox import Sandbox
from lockstick.transfer import ClientFactory, client_factory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rehearsal cloud's data, made once: its RSA keys take longer than most tests."""
    data = tmp_path_factory.mktemp("cloud") / "data"
    with Sandbox.start(data) as running:
        running.define_lockbox(LOCKBOX)
        running.director.root()
    return data


@pytest.fixture
def sandbox(made_before: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """A rehearsal cloud with one lockbox; the Director's root has been renewed for it and has version 3."""
    shutil.copytree(made_before, tmp_path / "cloud")
    with Sandbox.start(tmp_path / "cloud") as running:
        yield running


@pytest.fixture
def credentials(sandbox: Sandbox) -> Credentials:
    return read_credentials(sandbox.credentials_path)


@pytest.fixture(scope="session")
def clients() -> ClientFactory:
    """Clients that share one TLS configuration over the whole run, as making one takes a while."""
    return client_factory(trust_env=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def session(credentials: Credentials, clients: ClientFactory, clock: Clock) -> Iterator[CloudSession]:
    with CloudSession(credentials, clients=clients, surroundings=clock.surroundings) as opened:
        yield opened
