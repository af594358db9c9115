from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from lockstick.sandbox import (
    Alter,
    Chunked,
    Drip,
    Drop,
    Fault,
    Hang,
    Headers,
    IgnoreRange,
    Meanwhile,
    Overpromise,
    Redirect,
    Replace,
    Resize,
    Retag,
    ShiftRange,
    Stall,
    Status,
)
from sandbox.caller import CONTENT, DIRECTOR

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller

ROOT = f"{DIRECTOR}/root.json"


def received(caller: Caller, target: str) -> tuple[bytes, bool]:
    """Read a package as far as it comes; say whether the answer ended in good order."""
    got = b""
    try:
        with caller.http.stream("GET", caller.locate(target).headers["location"]) as answer:
            for piece in answer.iter_raw():
                got += piece
    except (httpx.RemoteProtocolError, httpx.ReadTimeout):
        return got, False
    return got, True


@pytest.mark.parametrize("status", [420, 429, 500, 503])
def test_a_status_is_answered_as_often_as_asked_for_and_then_no_more(
    caller: Caller, cloud: Sandbox, status: int
) -> None:
    caller.token()
    cloud.faults.add(Fault(match=ROOT, kind=Status(status=status, retry_after=7), times=2))
    answers = [caller.api(ROOT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers["retry-after"] == "7"


def test_a_fault_can_let_some_requests_pass_and_last_for_ever(caller: Caller, cloud: Sandbox) -> None:
    caller.token()
    cloud.faults.add(Fault(match=ROOT, kind=Status(status=500), times=None, skip=1))
    assert [caller.api(ROOT).status_code for _ in range(4)] == [200, 500, 500, 500]
    cloud.faults.clear()
    assert caller.api(ROOT).status_code == 200


def test_a_fault_keeps_to_its_origin_method_and_path(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", method="HEAD", match="/objects/*", kind=Status(status=500), times=None))
    assert caller.object(target).status_code == 200
    assert caller.object(target, "HEAD").status_code == 500


def test_a_connection_can_be_dropped_after_so_many_bytes(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Drop(after=1000)))
    assert received(caller, target) == (CONTENT[:1000], False)
    assert received(caller, target) == (CONTENT, True)
    assert [entry.sent for entry in cloud.requests.matching(origin="store")] == [1000, len(CONTENT)]


def test_a_connection_can_be_closed_without_any_answer(caller: Caller, cloud: Sandbox) -> None:
    caller.token()
    cloud.faults.add(Fault(match=ROOT, kind=Drop(after=None)))
    with pytest.raises(httpx.RemoteProtocolError):
        caller.api(ROOT)
    assert caller.api(ROOT).status_code == 200


def test_a_request_can_be_left_without_answer(caller: Caller, cloud: Sandbox) -> None:
    caller.token()
    cloud.faults.add(Fault(match=ROOT, kind=Hang()))
    with pytest.raises(httpx.ReadTimeout):
        caller.api(ROOT, timeout=0.2)
    assert cloud.requests.matching(ROOT)[-1].status is None


def test_an_answer_can_stall_in_the_middle(caller: Caller, cloud: Sandbox, target: str) -> None:
    caller.http.timeout = httpx.Timeout(0.3)
    cloud.faults.add(Fault(origin="store", kind=Stall(after=100)))
    assert received(caller, target) == (CONTENT[:100], False)


def test_an_answer_can_drip(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Drip(size=500, pause=0.02)))
    began = time.monotonic()
    assert received(caller, target) == (CONTENT, True)
    assert time.monotonic() - began > 0.09, "five pauses"


def test_more_can_be_promised_than_comes(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Overpromise(by=5)))
    assert received(caller, target) == (CONTENT, False)


@pytest.mark.parametrize("by", [-1, -2560, 1, 4096])
def test_a_body_can_be_shorter_or_longer_in_good_order(caller: Caller, cloud: Sandbox, target: str, by: int) -> None:
    cloud.faults.add(Fault(origin="store", kind=Resize(by=by)))
    expected = CONTENT[: len(CONTENT) + by] if by < 0 else CONTENT + bytes(by)
    assert received(caller, target) == (expected, True)


def test_a_length_can_be_left_unsaid(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Chunked()))
    answer = caller.object(target)
    assert "content-length" not in answer.headers
    assert answer.content == CONTENT


def test_one_byte_can_be_altered_also_within_a_range(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Alter(offset=1234), times=2))
    whole, part = caller.object(target), caller.object(target, Range="bytes=1230-1239")
    expected = CONTENT[:1234] + bytes([CONTENT[1234] ^ 0xFF]) + CONTENT[1235:]
    assert whole.content == expected
    assert part.content == expected[1230:1240]


def test_a_range_can_be_ignored(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=IgnoreRange()))
    answer = caller.object(target, Range="bytes=5-")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert cloud.requests.matching(origin="store")[0].range == "bytes=5-"


def test_the_file_can_change_between_two_ranges(caller: Caller, cloud: Sandbox, target: str) -> None:
    etag = caller.object(target).headers["etag"]
    cloud.faults.add(Fault(origin="store", kind=Retag(etag='"new"'), times=None))
    stale = caller.object(target, Range="bytes=5-", If_Range=etag)
    assert (stale.status_code, stale.headers["etag"]) == (200, '"new"')
    fresh = caller.object(target, Range="bytes=5-", If_Range='"new"')
    assert (fresh.status_code, fresh.headers["etag"], fresh.content) == (206, '"new"', CONTENT[5:])
    careless = caller.object(target, Range="bytes=5-")
    assert (careless.status_code, careless.headers["etag"]) == (206, '"new"')


def test_a_partial_answer_can_lie_about_where_it_starts(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=ShiftRange(by=3)))
    assert caller.object(target, Range="bytes=5-").headers["content-range"] == "bytes 8-2559/2560"


def test_headers_can_be_set_and_removed(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Headers(put={"X-Odd": "1"}, remove=("etag",))))
    answer = caller.object(target)
    assert answer.headers["x-odd"] == "1"
    assert "etag" not in answer.headers


def test_a_redirect_can_go_in_a_circle(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(origin="store", kind=Redirect(), times=None))
    location = caller.locate(target).headers["location"]
    with pytest.raises(httpx.TooManyRedirects):
        caller.http.get(location, follow_redirects=True)


def test_a_redirect_can_go_anywhere(caller: Caller, cloud: Sandbox, target: str) -> None:
    cloud.faults.add(Fault(match="*/targets/*", kind=Redirect(location="http://example.invalid/x", status=307)))
    answer = caller.locate(target)
    assert (answer.status_code, answer.headers["location"]) == (307, "http://example.invalid/x")


def test_a_document_can_be_replaced_by_any_bytes(caller: Caller, cloud: Sandbox) -> None:
    caller.token()
    cloud.faults.add(Fault(match=ROOT, kind=Replace(body=b"\xef\xbb\xbf{")))
    assert caller.api(ROOT).content == b"\xef\xbb\xbf{"


def test_something_can_happen_between_two_requests(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk")
    cloud.faults.add(Fault(match="*/offline-snapshot.json", kind=Meanwhile(lambda: cloud.define_lockbox("kiosk"))))
    lockbox = caller.director("offline-updates/kiosk.json")
    snapshot = caller.director("offline-snapshot.json")
    assert lockbox["signed"]["version"] == 1
    assert snapshot["signed"]["meta"]["kiosk.json"]["version"] == 2


def test_hanging_and_dripping_answers_do_not_keep_the_cloud_from_stopping(
    caller: Caller, cloud: Sandbox, target: str
) -> None:
    cloud.faults.add(Fault(match="/objects/*", kind=Drip(size=1, pause=60)), Fault(match=ROOT, kind=Hang()))
    with ThreadPoolExecutor() as pool:
        dripping = pool.submit(received, caller, target)
        hanging = pool.submit(caller.api, ROOT)
        assert cloud.requests.wait_for(
            lambda entries: (
                {entry.path for entry in entries} >= {ROOT}
                and any(entry.origin == "store" and entry.sent for entry in entries)
            )
        )
        began = time.monotonic()
        cloud.stop()
        assert time.monotonic() - began < 5
        assert dripping.result() == (CONTENT[:1], False)
        with pytest.raises(httpx.RequestError):
            hanging.result()
