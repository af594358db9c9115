from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud import Credentials, locate
from lockstick.errors import DistrustError, TransferError
from transfer.ground import fetch_document

if TYPE_CHECKING:
    from lockstick.cloud import CloudSession
    from lockstick.sandbox import Sandbox
    from lockstick.transfer import ClientFactory

ACCOUNT = Credentials(oauth=None, repo_url="https://api.test/repo", director_url="https://api.test/director")
TARGETS = "https://api.test/repo/api/v1/user_repo/targets/"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("firmware-1.0.bin", "firmware-1.0.bin"),
        ("sensors/co2 hub-2.3.1.bin", "sensors/co2%20hub-2.3.1.bin"),
        ("a+b&c=d?e#f%41", "a%2Bb%26c%3Dd%3Fe%23f%2541"),
        ("back\\slash:@", "back%5Cslash%3A%40"),
        ("a..b/...", "a..b/..."),
    ],
)
def test_a_stored_package_is_in_the_image_repository(target: str, path: str) -> None:
    source = locate(ACCOUNT, target, {})
    assert source.url == TARGETS + path
    assert source.authenticated


@pytest.mark.parametrize("uri", [None, "", "https://example.com", "https://example.com/"])
def test_no_uri_null_and_the_placeholder_mean_the_image_repository(uri: str | None) -> None:
    assert locate(ACCOUNT, "a", {"uri": uri}).url == f"{TARGETS}a"


@pytest.mark.parametrize(
    "uri",
    ["https://files.test/a?sig=1", "https://example.com/a", "https://api.test/repo/a", "http://127.0.0.1:8080/a"],
)
def test_a_uri_is_fetched_without_the_token(uri: str) -> None:
    source = locate(ACCOUNT, "a", {"uri": uri})
    assert source.url == uri
    assert not source.authenticated


@pytest.mark.parametrize(
    "uri",
    [
        "http://files.test/a",
        "ftp://files.test/a",
        "file:///etc/passwd",
        "files.test/a",
        "https://u:p@files.test/a",
        "//",
    ],
)
def test_a_uri_that_is_not_to_be_asked_is_refused(uri: str) -> None:
    with pytest.raises(TransferError, match="'a'") as caught:
        locate(ACCOUNT, "a", {"uri": uri})
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("uri", [5, ["https://files.test/a"], {}, False])
def test_a_uri_that_is_no_text_is_not_trusted(uri: object) -> None:
    with pytest.raises(DistrustError):
        locate(ACCOUNT, "a", {"uri": uri})


@pytest.mark.parametrize("target", ["", "/", "/a", "a/", "a//b", ".", "..", "../root.json", "a/../../b", "a/./b"])
def test_a_name_cannot_lead_to_another_place_on_the_server(target: str) -> None:
    with pytest.raises(DistrustError):
        locate(ACCOUNT, target, {})


def test_every_package_of_the_rehearsal_cloud_is_found_where_it_is_said_to_be(
    session: CloudSession, sandbox: Sandbox, clients: ClientFactory
) -> None:
    for record in sandbox.packages():
        custom = json.loads(json.dumps(sandbox.images.entries(record.role)))[record.target]["custom"]
        source = locate(session.credentials, record.target, custom)
        assert source.authenticated is not record.external
        authority = session.authority if source.authenticated else None
        content = fetch_document(source.url, limit=4 << 20, authority=authority, clients=clients)
        assert len(content) == record.length
    assert len(sandbox.packages()) == 4
    assert [request for request in sandbox.requests.matching(origin="store") if request.had_authorization] == []
