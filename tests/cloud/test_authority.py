from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud import CloudAuthority, CloudSession, Credentials
from lockstick.cloud.authority import home_origins
from lockstick.transfer import Policy, origin_of
from transfer.ground import fetch_document

if TYPE_CHECKING:
    from cloud.ground import Clock
    from lockstick.sandbox import Sandbox
    from lockstick.transfer import ClientFactory

ROOT = "/director/api/v1/admin/repo/root.json"


@pytest.mark.parametrize("path", ["", "/", "/repo/api/v1/x", "/treehub/x?y=1", "/anything"])
def test_the_token_goes_to_the_origins_of_the_credentials(path: str, session: CloudSession, sandbox: Sandbox) -> None:
    headers = session.authority.headers(sandbox.api_url + path)
    assert list(headers) == ["Authorization"]
    assert sandbox.tokens.accepts(headers["Authorization"])


def test_the_token_goes_nowhere_else(session: CloudSession, sandbox: Sandbox) -> None:
    port = sandbox.api_url.rpartition(":")[2]
    foreign = [
        sandbox.store_url,
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.2:{port}",
        f"http://localhost:{port}",
        f"http://127.0.0.1:{port}1",
        f"http://127.0.0.1:{port}.evil.test",
        f"http://127.0.0.1:{port}@evil.test",
        f"http://evil.test/{sandbox.api_url}",
        "http://127.0.0.1",
        "https://api.torizon.io",
    ]
    shown = [url for url in foreign if _shows_something(session.authority, url)]
    assert shown == []
    assert sandbox.requests.matching("/oauth2/token") == []


def _shows_something(authority: CloudAuthority, url: str) -> bool:
    try:
        return bool(authority.headers(url))
    except Exception:  # noqa: BLE001 -- refusing the address is fine as well
        return False


def test_plain_http_to_another_machine_never_sees_it(session: CloudSession) -> None:
    tokens = session.authority._tokens
    authority = CloudAuthority(tokens, [origin_of("http://api.test"), origin_of("https://api.test")])
    assert authority.headers("http://api.test/repo") == {}
    assert "Authorization" in authority.headers("https://api.test/repo")


def test_its_origins_are_those_of_all_three_services(credentials: Credentials) -> None:
    three = replace(
        credentials,
        repo_url="https://a.test/repo",
        director_url="https://b.test:444/director",
        ostree_url="https://trees.test/x",
    )
    assert home_origins(three) == {
        origin_of("https://a.test"),
        origin_of("https://b.test:444"),
        origin_of("https://trees.test"),
    }


def test_without_a_client_nothing_is_sent(credentials: Credentials, clients: ClientFactory, sandbox: Sandbox) -> None:
    with CloudSession(replace(credentials, oauth=None), clients=clients) as session:
        assert session.authority.headers(sandbox.api_url) == {}
        assert not session.authority.refused(sandbox.api_url)


def test_a_token_that_the_servers_forgot_is_renewed_on_the_way(
    session: CloudSession, sandbox: Sandbox, clients: ClientFactory
) -> None:
    session.authority.headers(sandbox.api_url)
    sandbox.forget_tokens()
    assert fetch_document(sandbox.api_url + ROOT, limit=1 << 20, authority=session.authority, clients=clients)
    assert len(sandbox.requests.matching("/oauth2/token")) == 2


def test_every_thread_gets_through_when_the_token_is_forgotten_under_way(
    session: CloudSession, sandbox: Sandbox, clients: ClientFactory, clock: Clock
) -> None:
    policy = Policy()

    def fetch(_: int) -> bytes:
        return fetch_document(
            sandbox.api_url + ROOT,
            limit=1 << 20,
            authority=session.authority,
            clients=clients,
            policy=policy,
            surroundings=clock.surroundings,
        )

    session.authority.headers(sandbox.api_url)
    sandbox.forget_tokens()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(fetch, range(24)))) == 1
    assert len(sandbox.requests.matching("/oauth2/token")) == 2


def test_a_refusal_by_a_stranger_does_not_renew_the_token(session: CloudSession, sandbox: Sandbox) -> None:
    session.authority.headers(sandbox.api_url)
    session.authority.headers(sandbox.store_url)
    assert not session.authority.refused(sandbox.store_url)
    assert len(sandbox.requests.matching("/oauth2/token")) == 1
