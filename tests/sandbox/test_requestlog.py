from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.caller import DIRECTOR, IMAGES

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller


def test_every_request_is_noted_with_what_came_and_what_went(caller: Caller, cloud: Sandbox) -> None:
    answer = caller.object("sensors/co2 hub-2.3.1.bin", Range="bytes=0-9", If_Range='"x"')
    token, located, fetched = cloud.requests.all()
    assert (token.method, token.path, token.had_authorization) == ("POST", "/oauth2/token", False)
    assert (located.path, located.status) == (f"{IMAGES}/targets/sensors/co2 hub-2.3.1.bin", 302)
    assert located.had_authorization
    assert (fetched.origin, fetched.status, fetched.sent) == ("store", 200, len(answer.content))
    assert (fetched.range, fetched.if_range) == ("bytes=0-9", '"x"')
    assert not fetched.had_authorization


def test_requests_can_be_filtered_and_forgotten(caller: Caller, cloud: Sandbox) -> None:
    caller.director("root.json")
    assert len(cloud.requests.matching("*root.json", origin="api", method="GET")) == 1
    assert cloud.requests.matching("*root.json", origin="store") == []
    assert cloud.requests.matching(f"{DIRECTOR}/*", method="POST") == []
    cloud.requests.clear()
    assert cloud.requests.all() == []


def test_waiting_for_what_does_not_come_ends_after_the_time_given(cloud: Sandbox) -> None:
    assert not cloud.requests.wait_for(lambda entries: len(entries) > 0, timeout=0.01)
