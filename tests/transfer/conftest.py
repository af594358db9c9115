"""What most tests of the engine need: servers, a world whose waiting takes no time, and wanted files."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lockstick.transfer import ClientFactory, Download, client_factory
from transfer.ground import Want, World
from transfer.misbehaving import Server

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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
