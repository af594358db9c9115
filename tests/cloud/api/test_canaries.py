"""Neither the secret of an API client nor its token turns up where it could be read."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from cloud.api.test_caller import ALL
from cloud.ground import LOCKBOX
from cloud.test_canaries import everything_about
from lockstick.errors import LockstickError
from lockstick.sandbox import Drop, Fault, Redirect, Replace, Status
from lockstick.sandbox.publisher import API_CLIENT_ID

if TYPE_CHECKING:
    from cloud.api.conftest import Maker
    from cloud.ground import Watcher
    from lockstick.cloud.api import ApiClient
    from lockstick.sandbox import Sandbox
    from lockstick.sandbox.faults import Kind


def secrets_of(api: ApiClient, sandbox: Sandbox) -> set[str]:
    """The client's secret and the token that it has now."""
    held = api._caller._tokens.held()
    return {sandbox.client_secret(API_CLIENT_ID)} | ({held.reveal()} if held is not None else set())


def test_a_client_and_all_it_holds_print_without_secrets(api: ApiClient, sandbox: Sandbox) -> None:
    api.lockboxes.names()
    secrets = secrets_of(api, sandbox)
    assert len(secrets) == 2
    for thing in (api, api._caller, api._caller._oauth, api._caller._tokens, api._caller._authority):
        shown = f"{thing} {thing!r} {vars(thing)}"
        assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize("operation", ALL)
def test_the_log_of_every_operation_has_no_secret_in_it(
    api: ApiClient, sandbox: Sandbox, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("probe").debug("the log is listening")
    ALL[operation](api)
    assert "the log is listening" in caplog.text
    assert not [secret for secret in secrets_of(api, sandbox) if secret in caplog.text]


ECHO = b"ECHO"


@pytest.mark.parametrize("path", ["/auth/*", "/api/*"])
@pytest.mark.parametrize(
    "kind",
    [
        *(Status(status=status, body=ECHO) for status in (400, 401, 403, 404, 405, 409, 413, 418, 420, 500, 502, 503)),
        Status(status=429, retry_after=100_000, body=ECHO),
        Drop(after=None),
        Drop(after=3),
        Redirect(location="http://127.0.0.1:9/?key=1"),
        Replace(body=ECHO),
        Replace(body=b"{"),
    ],
)
def test_no_failure_tells_a_secret_even_if_the_service_does(
    make: Maker, sandbox: Sandbox, watcher: Watcher, path: str, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = make()
    api.lockboxes.names()
    secrets = secrets_of(api, sandbox)
    if path == "/auth/*":
        sandbox.forget_tokens()
    if isinstance(kind, Status | Replace) and kind.body == ECHO:
        said = " ".join(secrets)
        echo = {"code": "echo", "msg": said, "error": said, "error_description": said, said: said}
        body = json.dumps(echo).encode()
        kind = (
            Replace(body=body)
            if isinstance(kind, Replace)
            else Status(status=kind.status, retry_after=kind.retry_after, body=body)
        )
    sandbox.faults.add(Fault(match=path, kind=kind, times=None))
    with pytest.raises(LockstickError) as caught:
        api.lockboxes.document(LOCKBOX)
    told = f"{everything_about(caught.value)} {caplog.text} {watcher.retries}"
    assert not [secret for secret in secrets if secret in told]
