"""Which addresses of shared stores are read, and which are refused."""

from __future__ import annotations

import pytest

from lockstick.errors import UsageError
from lockstick.transfer.shared import BucketAddress

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("s3://team", "team", ""),
        ("s3://team/", "team", ""),
        ("s3://team/a", "team", "a/"),
        ("s3://te-am.x9/a/B_c.d/", "te-am.x9", "a/B_c.d/"),
        ("s3://team/..a", "team", "..a/"),
        (f"s3://{'b' * 63}/{'p' * 511}", "b" * 63, "p" * 511 + "/"),
    ],
)
def test_an_address_is_read(text: str, bucket: str, prefix: str) -> None:
    address = BucketAddress.parse(text)
    assert (address.bucket, address.prefix) == (bucket, prefix)
    assert str(address) == text.rstrip("/")
    assert address.key(DIGEST) == f"{prefix}sha256/{DIGEST}"
    assert address.digest(address.key(DIGEST)) == DIGEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3:/team",
        "https://team/x",
        "S3://team",
        "s3://",
        "s3:///x",
        "s3://te",
        "s3://Team",
        "s3://-team",
        "s3://te_am",
        f"s3://{'b' * 64}",
        "s3://key:canary@team/x",
        "s3://team/a//b",
        "s3://team//a",
        "s3://team/../x",
        "s3://team/./x",
        "s3://team/a?b",
        "s3://team/a b",
        "s3://team/ä",
        "s3://team/a\n",
        f"s3://team/{'p' * 512}",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError, match="address of a shared store is refused") as caught:
        BucketAddress.parse(text)
    assert "canary" not in f"{caught.value} {caught.value.remedy}"


def test_a_key_that_is_not_an_entrys_has_no_digest() -> None:
    address = BucketAddress.parse("s3://team/a")
    for key in (DIGEST, f"sha256/{DIGEST}", f"a/sha256/{DIGEST}0", "a/sha256/x", f"a/sha256/{DIGEST.upper()}"):
        assert address.digest(key) is None


def test_only_a_digest_has_a_key() -> None:
    for digest in ("", "../x", DIGEST.upper(), DIGEST + "0"):
        with pytest.raises(ValueError, match="not a SHA-256"):
            BucketAddress.parse("s3://team").key(digest)
