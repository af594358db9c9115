"""Nothing secret turns up where it could be read: logs, texts, representations, chains of errors."""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from cloud.ground import LOCKBOX, Watcher
from lockstick.cloud import CloudSession, Credentials, fetch_metadata, read_credentials
from lockstick.errors import LockstickError
from lockstick.sandbox import CANARY, Drop, Fault, Redirect, Replace, Resize, Sandbox, Status
from lockstick.transfer import ClientFactory, Policy, client_factory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud.ground import Clock
    from lockstick.sandbox.faults import Kind


@pytest.fixture
def patient(credentials: Credentials, clock: Clock, clients: ClientFactory) -> Iterator[CloudSession]:
    with CloudSession(
        credentials, policy=Policy(attempts=2), surroundings=clock.surroundings, clients=clients
    ) as opened:
        yield opened


def secrets_of(session: CloudSession, sandbox: Sandbox) -> set[str]:
    """The client's secret, in every form in which it travels, and the token."""
    secret = sandbox.client_secret()
    token = session.authority.headers(sandbox.api_url)["Authorization"].removeprefix("Bearer ")
    return {secret, token, CANARY}


def everything_about(error: BaseException) -> str:
    """All that a log or a report could say of an error, its whole chain included."""
    texts = traceback.format_exception(error)
    link: BaseException | None = error
    while link is not None:
        texts += [str(link), repr(link), repr(link.args), repr(vars(link))]
        if isinstance(link, LockstickError):
            texts += [link.what, link.why, link.remedy]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


def test_a_session_and_all_it_holds_print_without_secrets(session: CloudSession, sandbox: Sandbox) -> None:
    secrets = secrets_of(session, sandbox)
    fetched = fetch_metadata(session, LOCKBOX)
    tokens = session.authority._tokens
    for thing in (session, session.credentials, session.credentials.oauth, session.authority, tokens, fetched):
        shown = f"{thing} {thing!r} {vars(thing)}"
        assert not [secret for secret in secrets if secret in shown]
    assert vars(tokens)["_held"] is not None


def test_nothing_that_was_fetched_holds_a_secret(session: CloudSession, sandbox: Sandbox) -> None:
    secrets = secrets_of(session, sandbox)
    fetched = fetch_metadata(session, LOCKBOX)
    everything = b"\n".join([*fetched.director.values(), *fetched.image_repo.values()])
    assert not [secret for secret in secrets if secret.encode() in everything]


def test_credentials_cannot_be_written_as_json(credentials: Credentials) -> None:
    with pytest.raises(TypeError):
        json.dumps(vars(credentials), default=vars)


def test_the_log_of_a_whole_fetch_has_no_secret_in_it(
    credentials: Credentials, clock: Clock, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("probe").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    clients = client_factory(trust_env=False)  # after the level was set: it must hold nevertheless
    sandbox.faults.add(Fault(match="/director/*", kind=Status(status=401)))
    with CloudSession(credentials, surroundings=clock.surroundings, clients=clients) as session:
        secrets = secrets_of(session, sandbox)
        fetch_metadata(session, LOCKBOX)
        secrets |= secrets_of(session, sandbox)
    logging.getLogger("probe").debug("the log is listening")
    assert "the log is listening" in caplog.text
    assert len(secrets) == 4
    assert not [secret for secret in secrets if secret in caplog.text]


@pytest.mark.parametrize("path", ["/oauth2/token", "/director/*", "/repo/*"])
@pytest.mark.parametrize(
    "kind",
    [
        Status(status=400),
        Status(status=401),
        Status(status=403),
        Status(status=404),
        Status(status=500),
        Status(status=503, retry_after=100_000),
        Drop(after=None),
        Drop(after=3),
        Redirect(),
        Redirect(location="http://files.test/?key=1"),
        Replace(body=b"{"),
        Resize(by=20 << 20),
    ],
)
def test_no_failure_tells_a_secret(
    path: str, kind: Kind, patient: CloudSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = secrets_of(patient, sandbox)
    if path == "/oauth2/token":
        sandbox.forget_tokens()
    sandbox.faults.add(Fault(match=path, kind=kind, times=None))
    with pytest.raises(LockstickError) as caught:
        fetch_metadata(patient, LOCKBOX, observer=(watcher := Watcher()))
    told = f"{everything_about(caught.value)} {caplog.text} {watcher.retries}"
    assert not [secret for secret in secrets if secret in told]


def test_a_service_that_echoes_the_secret_back_finds_no_repeater(patient: CloudSession, sandbox: Sandbox) -> None:
    secret = sandbox.client_secret()
    for status in (400, 403, 500):
        echo = json.dumps({"error": secret, "error_description": secret}).encode()
        sandbox.faults.add(Fault(match="/oauth2/token", kind=Status(status=status, body=echo), times=2))
        with pytest.raises(LockstickError) as caught:
            fetch_metadata(patient, LOCKBOX)
        assert secret not in everything_about(caught.value)
        sandbox.faults.clear()


def test_the_private_members_of_the_zip_are_nowhere(sandbox: Sandbox) -> None:
    assert CANARY.encode() in sandbox.credentials_path.read_bytes()
    credentials = read_credentials(sandbox.credentials_path)
    assert CANARY not in repr(vars(credentials))
