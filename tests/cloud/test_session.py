from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cloud.ground import LOCKBOX
from lockstick import cloud
from lockstick.cloud import CloudSession, Credentials, api, fetch_metadata
from lockstick.errors import NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.sandbox import Sandbox


@pytest.fixture
def dead_proxy() -> Iterator[str]:
    """An address of this machine at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_plain_http_on_loopback_never_goes_through_a_proxy(
    credentials: Credentials, dead_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, dead_proxy)
    with CloudSession(credentials) as session:
        assert fetch_metadata(session, LOCKBOX).director


def test_nothing_is_asked_before_it_is_needed(credentials: Credentials, sandbox: Sandbox) -> None:
    with CloudSession(credentials):
        pass
    assert sandbox.requests.all() == []


def test_one_session_serves_many_fetches_with_one_token(session: CloudSession, sandbox: Sandbox) -> None:
    first, second = fetch_metadata(session, LOCKBOX), fetch_metadata(session, LOCKBOX)
    assert first.director == second.director
    assert len(sandbox.requests.matching("/oauth2/token")) == 1


def test_a_session_closes_its_connection(credentials: Credentials) -> None:
    with CloudSession(credentials) as session:
        session.authority.headers(f"{credentials.repo_url}/x")  # asks for a token
        assert session._token_line is not None
        (connection,) = session._token_line._sockets
        assert connection.fileno() != -1
    assert connection.fileno() == -1


def test_every_public_name_is_there() -> None:
    for name in cloud.__all__:
        assert getattr(cloud, name).__module__.startswith("lockstick.cloud.")
    with pytest.raises(AttributeError):
        _ = cloud.nothing


def test_every_public_name_of_the_api_is_there() -> None:
    for name in api.__all__:
        assert getattr(api, name) is not None
    with pytest.raises(AttributeError):
        _ = api.nothing


def test_an_api_client_is_told_that_fetching_needs_the_other_kind(sandbox: Sandbox, credentials: Credentials) -> None:
    wrong = replace(credentials, oauth=api.read_api_client(sandbox.api_client_path))
    with CloudSession(wrong) as session, pytest.raises(NotAllowedError) as refused:
        fetch_metadata(session, LOCKBOX)
    assert "403" in refused.value.why
    assert "credentials.zip of the account" in refused.value.remedy


def test_reading_nothing_but_the_rooms_name_loads_no_http_library() -> None:
    program = "import lockstick.cloud, lockstick.secret, sys; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
