from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from lockstick.cloud import Credentials, TokenSource
from lockstick.errors import NotAllowedError, TransferError
from lockstick.sandbox import Drip, Drop, Fault, Hang, Headers, Redirect, Replace, Sandbox, Stall, Status
from lockstick.secret import Secret
from lockstick.transfer import ClientFactory, Policy
from lockstick.transfer.http1.connection import Connection
from lockstick.transfer.line import Line
from lockstick.transfer.outgoing import GET, Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloud.ground import Clock, Watcher
    from lockstick.sandbox.faults import Kind
    from lockstick.transfer.http1.body import Body
    from lockstick.transfer.http1.head import Head

TOKEN_PATH = "/oauth2/token"
_POLICY = Policy(read_timeout=0.2, stall_timeout=5, attempts=3)


@pytest.fixture
def line(clients: ClientFactory, clock: Clock) -> Iterator[Line]:
    with Line(clients, policy=_POLICY, clock=clock.surroundings.clock) as opened:
        yield opened


@dataclass(frozen=True)
class Sent:
    """What went out over a line of ours."""

    headers: Mapping[str, str]
    form: bytes


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """The list to which every request will be added."""
    seen: list[Sent] = []
    ask = Connection.ask

    def noted(
        self: Connection, host: str, target: str, headers: Mapping[str, str], what: Outgoing = GET
    ) -> tuple[Head, Body]:
        seen.append(Sent(headers, b"".join(what.pieces())))
        return ask(self, host, target, headers, what)

    monkeypatch.setattr(Connection, "ask", noted)
    return seen


class Maker:
    """Makes token sources for the rehearsal cloud, with another client than the one it knows if asked for."""

    def __init__(self, credentials: Credentials, line: Line, clock: Clock, watcher: Watcher) -> None:
        self._credentials, self._line, self._clock, self._watcher = credentials, line, clock, watcher

    def __call__(self, **changes: Any) -> TokenSource:
        assert self._credentials.oauth is not None
        return TokenSource(
            replace(self._credentials.oauth, **changes),
            self._line,
            policy=_POLICY,
            surroundings=self._clock.surroundings,
            observer=self._watcher,
        )


@pytest.fixture
def make(credentials: Credentials, line: Line, clock: Clock, watcher: Watcher) -> Maker:
    return Maker(credentials, line, clock, watcher)


@pytest.fixture
def tokens(make: Maker) -> TokenSource:
    return make()


def asked(sandbox: Sandbox) -> int:
    return len(sandbox.requests.matching(TOKEN_PATH, method="POST"))


def answer(**members: object) -> Replace:
    return Replace(body=json.dumps({"access_token": "t0ken", "token_type": "Bearer", **members}).encode())


# --- getting one ------------------------------------------------------------------------------------


def test_the_token_is_good(tokens: TokenSource, sandbox: Sandbox) -> None:
    token = tokens.token()
    assert isinstance(token, Secret)
    assert sandbox.tokens.accepts(f"Bearer {token.reveal()}")


def test_http_basic_is_tried_first_and_suffices(tokens: TokenSource, sandbox: Sandbox) -> None:
    tokens.token()
    assert [request.had_authorization for request in sandbox.requests.matching(TOKEN_PATH)] == [True]


@pytest.mark.parametrize(
    "refusal",
    [
        Status(status=401, body=b'{"error": "invalid_client"}'),
        Status(status=400, body=b'{"error": "unauthorized_client"}'),
        Status(status=401),
        Status(status=400, body=b"<html>no</html>"),
    ],
)
def test_form_fields_are_used_where_http_basic_is_not_taken(
    refusal: Status, tokens: TokenSource, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=refusal))
    assert sandbox.tokens.accepts(f"Bearer {tokens.token().reveal()}")
    assert [request.had_authorization for request in sandbox.requests.matching(TOKEN_PATH)] == [True, False]


@pytest.mark.parametrize("secret", ["plain", "a+b&c=d %2B;/?", "ümläut", "with:colon"])
@pytest.mark.parametrize("refusals_of_basic", [0, 1])
def test_a_secret_with_any_characters_arrives_as_it_is(
    secret: str, refusals_of_basic: int, make: Maker, sandbox: Sandbox
) -> None:
    sandbox.state.add_client("another", secret)
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Status(status=401), times=refusals_of_basic))
    token = make(client_id="another", client_secret=Secret(secret)).token()
    assert sandbox.tokens.accepts(f"Bearer {token.reveal()}")


def test_a_client_name_with_a_colon_never_goes_as_http_basic(make: Maker, sandbox: Sandbox) -> None:
    sandbox.state.add_client("a:b", "secret")
    token = make(client_id="a:b", client_secret=Secret("secret")).token()
    assert sandbox.tokens.accepts(f"Bearer {token.reveal()}")
    assert [request.had_authorization for request in sandbox.requests.matching(TOKEN_PATH)] == [False]


@pytest.mark.parametrize("scope", [None, "namespace-1 none"])
def test_the_scope_is_sent_where_the_credentials_have_one(
    scope: str | None, make: Maker, sent: list[Sent], sandbox: Sandbox
) -> None:
    make(scope=scope).token()
    form = parse_qs(sent[0].form.decode())
    assert form == {"grant_type": ["client_credentials"]} | ({} if scope is None else {"scope": [scope]})


# --- keeping and renewing it ------------------------------------------------------------------------


def test_one_token_serves_until_thirty_seconds_before_its_end(
    tokens: TokenSource, sandbox: Sandbox, clock: Clock
) -> None:
    first = tokens.token()  # lives an hour
    clock.seconds += 3600 - 30.5
    assert tokens.token() is first
    clock.seconds += 1
    assert tokens.token() is not first
    assert asked(sandbox) == 2


def test_a_short_lived_token_is_renewed_at_half_its_life(tokens: TokenSource, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=answer(expires_in=10), times=None))
    first = tokens.token()
    clock.seconds += 4.9
    assert tokens.token() is first
    clock.seconds += 0.2
    assert tokens.token() is not first


@pytest.mark.parametrize("lifetime", [None, 0, -5, "soon", True, [], 1e400, "1" * 400])
def test_a_lifetime_that_makes_no_sense_does_no_harm(
    lifetime: object, tokens: TokenSource, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=answer(expires_in=lifetime), times=None))
    first = tokens.token()
    assert tokens.token() is first
    clock.seconds += 31 * 86400
    assert tokens.token() is not first


def test_a_lifetime_written_as_text_is_read(tokens: TokenSource, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=answer(expires_in="7200"), times=None))
    first = tokens.token()
    clock.seconds += 7000
    assert tokens.token() is first


def test_many_threads_share_one_request(tokens: TokenSource, sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(16) as pool:
        given = list(pool.map(lambda _: tokens.token(), range(64)))
    assert len({id(token) for token in given}) == 1
    assert asked(sandbox) == 1


def test_a_refused_token_is_renewed_once(tokens: TokenSource, sandbox: Sandbox) -> None:
    first = tokens.token()
    assert tokens.refused(first)
    second = tokens.token()
    assert second is not first
    assert not tokens.refused(second)
    assert asked(sandbox) == 2


def test_threads_whose_token_was_renewed_meanwhile_do_not_renew_it_again(tokens: TokenSource, sandbox: Sandbox) -> None:
    first = tokens.token()
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(tokens.refused, [first] * 64))
    assert asked(sandbox) == 2


def test_a_token_refused_long_after_its_renewal_is_renewed_again(
    tokens: TokenSource, sandbox: Sandbox, clock: Clock
) -> None:
    tokens.refused(tokens.token())
    clock.seconds += 600
    assert tokens.refused(tokens.token())
    assert asked(sandbox) == 3


# --- being refused ----------------------------------------------------------------------------------


def test_a_wrong_secret_is_not_allowed_and_says_what_to_do(make: Maker, sandbox: Sandbox) -> None:
    with pytest.raises(NotAllowedError, match="invalid_client") as caught:
        make(client_secret=Secret("wrong-canary")).token()
    assert "download a fresh credentials.zip" in caught.value.remedy
    assert "wrong-canary" not in f"{caught.value}{caught.value.remedy}"
    assert asked(sandbox) == 2  # Basic and form, and no more


def test_a_secret_revoked_while_working_is_not_allowed(tokens: TokenSource, sandbox: Sandbox) -> None:
    token = tokens.token()
    sandbox.revoke_client()
    with pytest.raises(NotAllowedError):
        tokens.refused(token)


@pytest.mark.parametrize("status", [403, 404, 405, 410])
def test_a_service_that_is_closed_to_us_is_not_asked_again(status: int, tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Status(status=status), times=None))
    with pytest.raises(NotAllowedError, match=str(status)) as caught:
        tokens.token()
    assert "credentials.zip" in caught.value.remedy
    assert asked(sandbox) == 1


@pytest.mark.parametrize("echo", [b'{"error": "your secret was X9"}', b'{"error": ["X9"]}', b"X9"])
def test_what_the_service_says_is_not_passed_on(echo: bytes, tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Status(status=403, body=echo)))
    with pytest.raises(NotAllowedError) as caught:
        tokens.token()
    assert "X9" not in str(caught.value)


# --- servers that fail ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        Status(status=500),
        Status(status=502, body=b"<html>"),
        Status(status=503, retry_after=7),
        Status(status=420, retry_after=7),
        Status(status=429),
        Drop(after=None),
        Drop(after=5),
        Hang(),
        Stall(after=3),
    ],
)
def test_passing_trouble_is_tried_again(
    trouble: Kind, tokens: TokenSource, sandbox: Sandbox, clock: Clock, watcher: Watcher
) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=trouble))
    assert sandbox.tokens.accepts(f"Bearer {tokens.token().reveal()}")
    assert [name for name, _, _ in watcher.retries] == ["an access token"]
    if isinstance(trouble, Status) and trouble.retry_after:
        assert clock.pauses[0] >= 7


@pytest.mark.parametrize("trouble", [Status(status=500), Status(status=503), Drop(after=None)])
def test_lasting_trouble_is_a_failed_transfer(trouble: Kind, tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=trouble, times=None))
    with pytest.raises(TransferError, match="access token"):
        tokens.token()
    assert asked(sandbox) == 3


def test_a_server_that_is_gone_is_a_failed_transfer(tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.stop()
    with pytest.raises(TransferError, match="cannot reach http://127") as gone:
        tokens.token()
    assert "check the address, the network" in gone.value.remedy


def test_an_answer_that_trickles_is_given_up(tokens: TokenSource, sandbox: Sandbox, clock: Clock) -> None:
    clock.tick = 4.0
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Drip(size=4, pause=0.01), times=None))
    with pytest.raises(TransferError, match="too slowly"):
        tokens.token()


@pytest.mark.parametrize(
    "reply",
    [
        Replace(body=b""),
        Replace(body=b"<html>Sign in to the hotel's network</html>", content_type="text/html"),
        Replace(body=b"[]"),
        Replace(body=b"[" * 50_000),
        Replace(body=b"{}"),
        Replace(body=b"x" * 70_000),
        answer(access_token=None),
        answer(access_token=""),
        answer(access_token=7),
        answer(access_token="a b"),
        answer(access_token="a\r\nX-Header: 1"),
        answer(access_token="ümläut"),
        answer(access_token="a" * 20_000),
        answer(token_type="mac"),
        answer(token_type=5),
        Headers(put={"content-encoding": "gzip"}),
        Redirect(),
        Redirect(location="http://127.0.0.1:1/oauth2/token", status=307),
        Redirect(location="https://login.test/", status=308),
        Redirect(location="https:login", status=302),
        Status(status=418),
    ],
)
def test_an_answer_that_is_no_token_is_a_failed_transfer(reply: Kind, tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=reply))
    with pytest.raises(TransferError):
        tokens.token()
    assert asked(sandbox) == 1


def test_a_failure_does_not_hold_on_to_the_request(tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Drop(after=None), times=None))
    with pytest.raises(TransferError) as caught:
        tokens.token()
    link: BaseException | None = caught.value
    while link is not None:
        assert not hasattr(link, "request")
        link = link.__cause__ or link.__context__


def test_after_a_failure_the_next_asking_starts_afresh(tokens: TokenSource, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Status(status=500), times=3))
    with pytest.raises(TransferError):
        tokens.token()
    assert sandbox.tokens.accepts(f"Bearer {tokens.token().reveal()}")


def test_cookies_of_the_service_are_not_sent_back(tokens: TokenSource, sandbox: Sandbox, sent: list[Sent]) -> None:
    sandbox.faults.add(Fault(match=TOKEN_PATH, kind=Headers(put={"set-cookie": "session=1; Path=/"})))
    tokens.refused(tokens.token())
    assert ["cookie" in {name.lower() for name in request.headers} for request in sent] == [False, False]
