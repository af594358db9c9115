"""Opening a bucket: what it needs, and which servers it may be on."""

from __future__ import annotations

import sys

import pytest

from lockstick.errors import NotAllowedError, UsageError
from lockstick.transfer.shared import open_bucket


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.startswith(("boto3", "botocore", "lockstick.transfer.shared.")):
            monkeypatch.delitem(sys.modules, name)
    for name in ("boto3", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match="s3://team cannot be used") as caught:
        open_bucket("s3://team")
    assert caught.value.remedy == "In a clone of Lockstick: pip install '.[s3]'"


@pytest.mark.parametrize("endpoint", ["http://s3.example", "http://10.0.0.1:9000", "https://key:canary@s3.example"])
def test_plain_http_is_for_this_machine_alone_and_no_address_carries_a_password(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    with pytest.raises(UsageError, match="s3://team cannot be used") as caught:
        open_bucket("s3://team")
    assert "canary" not in f"{caught.value}"


@pytest.mark.parametrize("endpoint", ["https://s3.example", "http://127.0.0.1:9000", "http://localhost:9000"])
def test_other_servers_than_amazons_are_taken(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    store = open_bucket("s3://team/x")
    assert store.name == "s3://team/x"
    store.close()


def test_an_address_that_makes_no_sense_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "no address")
    with pytest.raises(UsageError):
        open_bucket("s3://team")


def test_a_profile_that_is_not_there_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises((UsageError, NotAllowedError)) as caught:
        open_bucket("s3://team")
    assert "profile" in caught.value.remedy
