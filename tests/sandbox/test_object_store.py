from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from lockstick.sandbox import Package
from sandbox.caller import CONTENT

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller
    from sandbox.conftest import Clock


def test_every_seeded_package_arrives_with_its_signed_bytes(caller: Caller, cloud: Sandbox) -> None:
    packages = cloud.packages()
    assert packages
    for package in packages:
        content = caller.object(package.target).content
        assert (len(content), hashlib.sha256(content).hexdigest()) == (package.length, package.sha256)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_package_bytes_are_behind_a_redirect_to_a_presigned_address_elsewhere(
    caller: Caller, cloud: Sandbox, target: str, method: str
) -> None:
    answer = caller.locate(target, method)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(cloud.store_url + "/objects/")
    assert "X-Sig=" in answer.headers["location"]
    assert cloud.store_url != cloud.api_url


def test_a_request_with_a_token_is_refused_and_noted(caller: Caller, cloud: Sandbox, target: str) -> None:
    answer = caller.object(target, Authorization=f"Bearer {caller.token()}")
    assert answer.status_code == 400
    (entry,) = cloud.requests.matching(origin="store")
    assert entry.had_authorization


def test_an_address_whose_signature_or_expiry_was_touched_is_refused(caller: Caller, target: str) -> None:
    location = caller.locate(target).headers["location"]
    parts = urlsplit(location)
    for wrong in (location + "0", location.replace("X-Sig=", "X-Sig=0"), parts._replace(query="").geturl()):
        assert caller.http.get(wrong).status_code == 403


def test_a_presigned_address_is_good_for_a_quarter_of_an_hour(caller: Caller, target: str, clock: Clock) -> None:
    location = caller.locate(target).headers["location"]
    clock.advance(minutes=14)
    assert caller.http.get(location).status_code == 200
    clock.advance(minutes=1)
    assert caller.http.get(location).status_code == 403


def test_a_package_with_a_uri_is_at_a_plain_address_that_needs_no_token(caller: Caller, cloud: Sandbox) -> None:
    entry = caller.images("targets.json")["signed"]["targets"]["maps-2026.09.bin"]
    uri = entry["custom"]["uri"]
    assert uri == f"{cloud.store_url}/public/maps-2026.09.bin"
    content = caller.http.get(uri).content
    assert hashlib.sha256(content).hexdigest() == entry["hashes"]["sha256"]
    assert caller.http.get(uri, headers={"Authorization": "Bearer x"}).status_code == 400
    assert caller.locate("maps-2026.09.bin").headers["location"] == uri


def test_other_packages_have_no_plain_address(caller: Caller, cloud: Sandbox) -> None:
    assert caller.http.get(f"{cloud.store_url}/public/firmware-1.0.bin").status_code == 404


def test_an_unknown_target_is_404_and_one_without_bytes_is_417(caller: Caller, cloud: Sandbox) -> None:
    assert caller.locate("no/such thing").status_code == 404
    cloud.forget_bytes("firmware-1.0.bin")
    assert caller.locate("firmware-1.0.bin").status_code == 417


def test_a_whole_answer_says_that_ranges_are_welcome_and_which_file_this_is(caller: Caller, target: str) -> None:
    answer = caller.object(target)
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"].startswith('"')
    assert answer.content == CONTENT


def test_head_gives_the_headers_alone(caller: Caller, target: str) -> None:
    answer = caller.object(target, "HEAD")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "2560", b"")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("0-0", 0, 1), ("100-199", 100, 200), ("100-", 100, 2560), ("-60", 2500, 2560), ("2000-9999", 2000, 2560)],
)
def test_one_range_is_answered_with_206(caller: Caller, target: str, wanted: str, start: int, end: int) -> None:
    answer = caller.object(target, Range=f"bytes={wanted}")
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/2560"
    assert answer.content == CONTENT[start:end]


@pytest.mark.parametrize("wanted", ["2560-", "9999-10000", "-0"])
def test_a_range_beyond_the_end_is_416_and_says_how_long_the_file_is(caller: Caller, target: str, wanted: str) -> None:
    answer = caller.object(target, Range=f"bytes={wanted}")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */2560"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "lines=1-2", "bytes=a-b"])
def test_what_is_no_single_range_is_ignored(caller: Caller, target: str, wanted: str) -> None:
    answer = caller.object(target, Range=wanted)
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_if_range_gives_the_rest_of_the_same_file_and_all_of_another(caller: Caller, target: str) -> None:
    etag = caller.object(target).headers["etag"]
    assert caller.object(target, Range="bytes=9-", If_Range=etag).status_code == 206
    other = caller.object(target, Range="bytes=9-", If_Range='"other"')
    assert (other.status_code, other.content) == (200, CONTENT)


def test_other_bytes_than_the_signed_ones_come_with_another_etag(caller: Caller, cloud: Sandbox, target: str) -> None:
    etag = caller.object(target).headers["etag"]
    cloud.replace_bytes(target, b"evil")
    answer = caller.object(target)
    assert answer.content == b"evil"
    assert answer.headers["etag"] != etag
    assert caller.images("targets.json")["signed"]["targets"][target]["length"] == len(CONTENT)


def test_a_client_that_leaves_in_the_middle_does_not_keep_the_server_busy(caller: Caller, cloud: Sandbox) -> None:
    size = 64 << 20
    package = cloud.add_package(Package(name="big", version="1", hardware_ids=("big",), size=size))
    location = caller.locate(package.target).headers["location"]
    with caller.http.stream("GET", location) as answer:
        next(answer.iter_raw(1000))
    assert caller.http.get(location, headers={"Range": "bytes=0-0"}).status_code == 206
    assert cloud.requests.matching("/objects/*")[0].sent < size


def test_kept_alive_requests_do_not_wait_for_delayed_acknowledgements(cloud: Sandbox, target: str) -> None:
    record = cloud.state.package(target)
    assert record is not None
    assert record.blob is not None
    location = cloud.presigner.url(record.blob, cloud.now().replace(year=2040))
    with httpx.Client(trust_env=False, timeout=10) as http:
        times = sorted(http.get(location).elapsed.total_seconds() for _ in range(25))
    assert times[len(times) // 2] < 0.035, "the usual delay is 40 ms"
