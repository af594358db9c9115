"""The credentials of API clients, and the addresses they are used at."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cloud.api import DEFAULT_TOKEN_URL, DEFAULT_URL, Endpoint, api_client, read_api_client
from lockstick.errors import MediaError, NotAllowedError, UsageError
from lockstick.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.sandbox import Sandbox

CANARY = "canary-Zq9+&%2B"
GOOD = {"client_id": "tzn_api_7f3a", "secret": CANARY, "token_endpoint": "https://login.test/token"}


def written(path: Path, content: Any) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_the_downloaded_file_is_read(tmp_path: Path) -> None:
    oauth = read_api_client(written(tmp_path / "client.json", {**GOOD, "name": "ci"}))
    assert (oauth.client_id, oauth.token_url) == ("tzn_api_7f3a", "https://login.test/token")
    assert oauth.client_secret == Secret(CANARY)
    assert read_api_client(written(tmp_path / "c", {**GOOD, "token_endpoint": None})).token_url == DEFAULT_TOKEN_URL


def test_the_secret_is_in_no_text_of_it(tmp_path: Path) -> None:
    oauth = read_api_client(written(tmp_path / "client.json", GOOD))
    assert CANARY not in f"{oauth!r} {oauth}"
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(oauth)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"secret": "canary-Zq9+&%2B"',
        {},
        {**GOOD, "secret": None},
        {**GOOD, "client_id": 1},
        {**GOOD, "token_endpoint": 1},
        {**GOOD, "token_endpoint": "http://elsewhere.test/token"},
        {**GOOD, "token_endpoint": f"https://user:{CANARY}@login.test/token"},
        {**GOOD, "secret": ""},
        {**GOOD, "secret": f"{CANARY}\n"},
        {**GOOD, "secret": CANARY * 1000},
        {**GOOD, "client_id": "a\x1b[31m"},
        {**GOOD, "padding": "x" * (64 << 10)},
    ],
)
def test_what_is_no_api_client_is_refused_and_not_quoted(tmp_path: Path, content: Any) -> None:
    with pytest.raises(NotAllowedError) as refused:
        read_api_client(written(tmp_path / "client.json", content))
    said = f"{refused.value} {refused.value.remedy}"
    assert CANARY not in said
    assert "\x1b" not in said


def test_the_other_kind_of_credentials_is_recognised(sandbox: Sandbox) -> None:
    with pytest.raises(NotAllowedError, match=r"credentials\.zip") as refused:
        read_api_client(sandbox.credentials_path)
    assert "two kinds" in refused.value.remedy


def test_a_file_that_is_missing_or_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="no file"):
        read_api_client(tmp_path / "missing")
    with pytest.raises(MediaError, match="cannot be read"):
        read_api_client(tmp_path)


def test_a_secret_that_was_pasted_with_blanks_is_noticed() -> None:
    with pytest.raises(NotAllowedError, match="secret of the API client") as refused:
        api_client("tzn_api_1", Secret(f" {CANARY}"))
    assert CANARY not in f"{refused.value}"
    assert api_client("tzn_api_1", Secret(CANARY)).token_url == DEFAULT_TOKEN_URL


# --- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "edition"),
    [
        (DEFAULT_URL, "v2beta"),
        ("https://app.torizon.io/api/v2/", "v2"),
        (" https://app.torizon.io/api/v2\n", "v2"),
        ("http://127.0.0.1:8080/v2beta", "v2beta"),
    ],
)
def test_the_last_part_of_the_address_says_the_edition(url: str, edition: str) -> None:
    endpoint = Endpoint.of(url)
    assert endpoint.edition == edition
    assert endpoint.url == url.strip().rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.torizon.io/api/v2",
        "https://app.torizon.io/api/v3",
        "https://app.torizon.io/api",
        "https://app.torizon.io/api/v2?x=1",
        "https://app.torizon.io/api/v2#x",
        "https://user:secret@app.torizon.io/api/v2",
        "http://app.torizon.io/api/v2",
        "ftp://app.torizon.io/api/v2",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="address of the API is refused") as refused:
        Endpoint.of(url)
    assert "secret" not in f"{refused.value}"
    assert DEFAULT_URL in refused.value.remedy


def test_names_are_percent_encoded_and_lead_nowhere_else() -> None:
    endpoint = Endpoint.of("https://a.test/v2")
    url = endpoint.address(("packages", "a b/../c+%2F?#ü"), [("name", "a&b=c+d /ü%"), ("name", "")])
    assert (
        str(url)
        == "https://a.test/v2/packages/a%20b%2F..%2Fc%2B%252F%3F%23%C3%BC?name=a%26b%3Dc%2Bd%20/%C3%BC%25&name="
    )
    for part in ("", ".", "..", "\ud800"):
        with pytest.raises(UsageError):
            endpoint.address(("packages", part))
    with pytest.raises(UsageError, match="too long"):
        endpoint.address(("packages",), [("name", "x" * (64 << 10))])
