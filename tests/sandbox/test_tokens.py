from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockstick.sandbox.publisher import CLIENT_ID
from sandbox.caller import DIRECTOR

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller
    from sandbox.conftest import Clock

GRANT = {"grant_type": "client_credentials"}


def test_a_client_in_the_form_gets_a_bearer_token_that_says_how_long_it_lives(caller: Caller) -> None:
    answer = caller.ask_token(scope="none")
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["access_token"]
    assert body["scope"] == "none"


def test_a_client_in_http_basic_gets_a_token(caller: Caller, cloud: Sandbox) -> None:
    url = f"{cloud.api_url}/oauth2/token"
    answer = caller.http.post(url, data=GRANT, auth=(CLIENT_ID, cloud.client_secret()))
    assert answer.status_code == 200


def test_a_wrong_secret_is_invalid_client_with_400_in_the_form_and_401_in_basic(caller: Caller, cloud: Sandbox) -> None:
    by_form = caller.ask_token(client_secret="wrong")
    by_basic = caller.http.post(f"{cloud.api_url}/oauth2/token", data=GRANT, auth=(CLIENT_ID, "wrong"))
    assert (by_form.status_code, by_basic.status_code) == (400, 401)
    assert {by_form.json()["error"], by_basic.json()["error"]} == {"invalid_client"}
    assert by_basic.headers["www-authenticate"].startswith("Basic")


def test_another_grant_type_is_refused(caller: Caller) -> None:
    answer = caller.ask_token(grant_type="password")
    assert answer.status_code == 400
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Bearer"])
def test_without_a_good_token_the_api_answers_a_bare_401(caller: Caller, cloud: Sandbox, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = caller.http.get(f"{cloud.api_url}{DIRECTOR}/root.json", headers=headers)
    assert answer.status_code == 401
    assert answer.content == b""


def test_a_token_dies_when_its_time_is_over(caller: Caller, clock: Clock) -> None:
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 200
    clock.advance(minutes=59)
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 200
    clock.advance(minutes=1)
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 401


def test_a_revoked_client_gets_no_token_and_its_old_ones_die_at_once(caller: Caller, cloud: Sandbox) -> None:
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 200
    secret = cloud.client_secret()
    cloud.revoke_client()
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 401
    assert caller.ask_token(client_secret=secret).json()["error"] == "invalid_client"


def test_forgotten_tokens_are_refused_and_the_client_may_get_another(caller: Caller, cloud: Sandbox) -> None:
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 200
    cloud.forget_tokens()
    assert caller.api(f"{DIRECTOR}/root.json").status_code == 401
    assert caller.ask_token().status_code == 200
