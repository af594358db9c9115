"""What most tests of the engine need: servers, a world whose waiting takes no time, and wanted files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.transfer import ClientFactory, Download, client_factory
from transfer.ground import Want, World
from transfer.misbehaving import Server
from transfer.secure import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def other_server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def clients() -> ClientFactory:
    """Clients that share one TLS configuration over the whole run, as making one takes a while."""
    return client_factory(trust_env=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(make_certificate())
    return path


@pytest.fixture
def want(tmp_path: Path, server: Server) -> Want:
    """Make a wanted file out of its right bytes."""

    def make(data: bytes, name: str = "file", **changes: Any) -> Download:
        values: dict[str, Any] = {
            "name": name,
            "url": server.url(f"/{name}"),
            "length": len(data),
            "digests": {"sha256": hashlib.sha256(data).hexdigest()},
            "destination": tmp_path / "out" / name,
            "partial": tmp_path / "parts" / name,
        }
        return Download(**{**values, **changes})

    return make
